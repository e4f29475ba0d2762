"""The T.30 procedure: signals in, signals out, one deadline; no line, no clock, no modem, no page codec."""
