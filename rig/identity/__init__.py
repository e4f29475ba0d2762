"""Identity of adapters: serial, MAC, model, date and what the adapter itself shows, held against each other.

vendors   the rules, a row a vendor          words     every sentence of the evidence
serials   a serial against a form            vendor    whose adapter it is
mac       MACs and their owners              dates     production dates
texts     what User-Agents, pages, consoles and labels say
judge     all of it against each other: the verdict with its evidence
table     lists in and out                   codes     codes in photos
api       the page for the phone             shell     files, sockets, the simulated adapter
"""
