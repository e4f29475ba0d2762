"""Who uses the fax service and what they may do: resellers, domains, users, numbers, fax accounts, licences.

model      values                            tables     how they lie in the database
rules      what is allowed; pure             book       reading and writing them in one transaction
numbering  numbers as a domain writes them   passwords  passwords and tokens
access     who asks, and what is theirs      people     users, groups, licences, tokens
numbers    DIDs and fax accounts             importing  fax accounts from a list
plant      domains and fax interfaces        boxes      faxes of a user, of a box; deleted and purged ones
devices    what an ATA's serial is held against
"""
