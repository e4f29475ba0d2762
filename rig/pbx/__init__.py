"""The embedded PBX: a registrar and a B2BUA that passes session descriptions from end to end."""
