"""What can go wrong in a device.

FirmwareError
  DecodeError           octets that are not what they should be; says where
  LocalProtocolError    our own code used a protocol wrongly
  RemoteProtocolError   the peer broke the protocol
  ConfigError           a device was told to be something it cannot be

A fax call that fails is none of these: it is an Outcome, a value with its cause.
"""


class FirmwareError(Exception):
    pass


class DecodeError(FirmwareError, ValueError):
    """Octets that cannot be read. *offset* is where, when that is known."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message if offset is None else f"{message} (at octet {offset})")
        self.offset = offset


class LocalProtocolError(FirmwareError):
    pass


class RemoteProtocolError(FirmwareError):
    pass


class ConfigError(FirmwareError):
    pass
