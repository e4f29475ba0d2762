"""From the inventory's words to what the simulated devices and the PBX are built from."""

from firmware_sim.device.build import ATA, FAX_INTERFACE, DeviceConfig, MachineConfig
from firmware_sim.events import Address
from rig.errors import ScenarioError
from rig.inventory import Ata, FaxInterface, FaxMachine, Inventory


def devices(inventory: Inventory, registrar: Address) -> list[DeviceConfig]:
    """The SIP devices of the bench. Raises ScenarioError for what simulation cannot do yet."""
    interfaces = [_fax_interface(inventory, device, registrar) for device in inventory.devices_of(FaxInterface)]
    return interfaces + [_ata(inventory, device, registrar) for device in inventory.devices_of(Ata)]


def _fax_interface(inventory: Inventory, device: FaxInterface, registrar: Address) -> DeviceConfig:
    return DeviceConfig(
        kind=FAX_INTERFACE,
        name=device.name,
        user=device.user,
        password=inventory.secret_of(device),
        domain=inventory.pbx.domain,
        registrar=registrar,
        sip=Address(inventory.bench.host, device.sip_port),
        rtp=Address(inventory.bench.host, device.rtp_ports.first if device.rtp_ports else 0),
        station_id=device.station_id,
        level_dbm0=device.level_dbm0,
        clock_ppm=device.clock_ppm,
        ecm=device.ecm,
    )


def _ata(inventory: Inventory, device: Ata, registrar: Address) -> DeviceConfig:
    machine = inventory.device(machine_on(device), FaxMachine)
    return DeviceConfig(
        kind=ATA,
        name=device.name,
        user=device.user,
        password=inventory.secret_of(device),
        domain=inventory.pbx.domain,
        registrar=registrar,
        sip=Address(inventory.bench.host, device.sip_port),
        rtp=Address(inventory.bench.host, device.rtp_ports.first if device.rtp_ports else 0),
        clock_ppm=device.clock_ppm,
        machine=MachineConfig(
            machine.name,
            machine.station_id,
            machine.level_dbm0,
            machine.answer_after_rings,
            machine.ecm,
            next(port.line for port in device.fxs if port.machine == machine.name),
        ),
    )


def machine_on(device: Ata) -> str:
    """The name of the fax machine on a simulated ATA. Raises ScenarioError unless it has one, on one port."""
    machines = [port.machine for port in device.fxs if port.machine is not None]
    if len(machines) != 1:
        raise ScenarioError(
            f"{device.name} has {len(machines)} fax machines: a simulated ATA has one port with one machine; "
            "give another machine an ATA of its own"
        )
    return machines[0]


def ata_of(inventory: Inventory, machine: str) -> Ata:
    """The ATA that a fax machine is plugged into. Raises ScenarioError."""
    inventory.device(machine, FaxMachine)
    for device in inventory.devices_of(Ata):
        if machine in (port.machine for port in device.fxs):
            return device
    raise ScenarioError(f"{machine} is not plugged into any ATA: name it on an FXS port")


def number_of(inventory: Inventory, name: str) -> str:
    """The number at which a device is called. Raises ScenarioError."""
    device = inventory.device(name)
    if isinstance(device, FaxMachine):
        ata = ata_of(inventory, name)
        port = next(port for port in ata.fxs if port.machine == name)
        return port.number or inventory.account(ata.user).routes[0]
    return inventory.account(device.user).routes[0]
