"""What can go wrong with the bench itself, apart from the devices on it.

RigError                the bench's fault: a case that meets one is ERROR, never FAIL
  InventoryError        hardware.yaml is wrong; carries every mistake found
  InstrumentError       an instrument, driver or process did not do what it was told
  ScenarioError         a case asks for what the bench does not have

The fax service has its own tree, in `rig.service.errors`.
"""


class RigError(Exception):
    pass


class InventoryError(RigError):
    pass


class InstrumentError(RigError):
    pass


class ScenarioError(RigError):
    pass
