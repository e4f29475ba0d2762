"""The analogue port of an ATA: hook, ring, and the tones it plays."""
