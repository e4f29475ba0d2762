"""A capture of a fax call, made readable: its T.30 ladder, its pages, its faults, and the likely cause."""
