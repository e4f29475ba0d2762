"""What can go wrong with the bench itself, apart from the devices on it.

RigError                the bench's fault: a case that meets one is ERROR, never FAIL
  InventoryError        hardware.yaml is wrong; carries every mistake found
  InstrumentError       an instrument or driver did not do what it was told
  ScenarioError         a case asks for what the bench does not have


class RigError(Exception):
    pass


class InventoryError(RigError):
    pass


class InstrumentError(RigError):
    pass


class ScenarioError(RigError):
    pass
