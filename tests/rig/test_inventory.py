"""hardware.yaml: what is read, and that every mistake is told at its place."""

import contextlib
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rig import data
from rig.errors import InventoryError, RigError, ScenarioError
from rig.inventory import Ata, FaxInterface, FaxMachine, load, schema

SHIPPED = data.path("hardware.yaml")
TEXT = SHIPPED.read_text(encoding="utf-8")


def load_text(folder: Path, text: str):
    path = folder / "bench.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def mistakes(folder: Path, text: str) -> list[str]:
    """Each mistake as line:column: message."""
    with pytest.raises(InventoryError) as caught:
        load_text(folder, text)
    return [str(problem).removeprefix(f"{folder / 'bench.yaml'}:") for problem in caught.value.problems]


def only_mistake(folder: Path, text: str) -> str:
    (found,) = mistakes(folder, text)
    return found


def test_the_shipped_file_is_right():
    bench = load(SHIPPED)
    assert [device.name for device in bench.devices] == ["fax-interface-1", "ata-1", "fax-machine-1"]
    assert bench.device("ata-1", Ata).fxs[0].machine == "fax-machine-1"
    assert bench.devices_of(FaxMachine) == (bench.device("fax-machine-1"),)
    assert bench.secret_of(bench.device("ata-1", Ata)) == "ata-secret"
    assert bench.service_data == SHIPPED.parent / "state/service"


def test_what_is_read_cannot_be_changed():
    bench = load(SHIPPED)
    with pytest.raises(ValidationError):
        bench.bench.seed = 2


def test_no_password_is_shown_by_accident():
    assert "secret" not in repr(load(SHIPPED))


def test_a_case_that_asks_for_a_missing_device_is_told_the_nearest():
    bench = load(SHIPPED)
    with pytest.raises(ScenarioError, match=r'no device ata-2 on this bench; did you mean "ata-1"\?'):
        bench.device("ata-2")
    with pytest.raises(ScenarioError, match='ata-1 is of kind "ata", not "fax interface"'):
        bench.device("ata-1", FaxInterface)


def test_three_mistakes_are_three_lines_with_their_places(tmp_path):
    text = """\
bench: {name: lab, sed: 7}
pbx:
  port: 70000
  accounts: [{user: "200", password: x}]
devices:
  - name: ata-1
    kind: ata
    user: "20"
"""
    assert mistakes(tmp_path, text) == [
        '1:20: unknown key "sed"; did you mean "seed"?',
        "3:9: port must be at most 65535, not 70000",
        '8:11: the PBX has no account "20"; did you mean "200"?',
    ]
    with pytest.raises(InventoryError) as caught:
        load_text(tmp_path, text)
    assert str(caught.value).count("\n") == 2
    assert str(caught.value).startswith(f"{tmp_path / 'bench.yaml'}:1:20: ")


ACCOUNTS = 'pbx: {accounts: [{user: "1", password: a}, {user: "2", password: b, numbers: ["2", "3"]}]}\n'
MACHINE = '  - {name: m1, kind: fax machine, station_id: "1"}\n'

WRONG = {
    "unquoted user": (
        "pbx: {accounts: [{user: 200, password: x}]}",
        '1:25: user must be text: write it in quotes, "200"',
    ),
    "quoted port": ('pbx: {port: "5060"}', '1:13: port must be a whole number without quotes, not "5060"'),
    "broken port": ("pbx: {port: 5060.5}", "1:13: port must be a whole number without quotes, not 5060.5"),
    "yes is no number": ("pbx: {port: true}", "1:13: port must be a whole number without quotes, not true"),
    "nothing": ("pbx: {port: }", "1:12: port must be a whole number without quotes, not nothing"),
    "unknown section": ("benhc: {}", '1:1: unknown key "benhc"; did you mean "bench"?'),
    "a key of another kind": (
        "devices: [{name: m, kind: fax machine, station_id: '1', fxs: []}]",
        '1:57: unknown key "fxs"; there is: station_id, level_dbm0, ecm, name, driver, tags, kind, answer_after_rings',
    ),
    "kind": ("devices: [{name: a, kind: at}]", '1:27: unknown kind "at"; did you mean "ata"?'),
    "no kind": ("devices: [{name: a}]", '1:11: "kind" is missing; one of: fax interface, ata, fax machine'),
    "missing": ("service: {}", '1:10: "interface" is missing; add interface: fax-interface-1'),
    "driver": (
        "devices: [{name: m, kind: fax machine, station_id: '1', driver: real}]",
        '1:65: driver must be simulated, not "real"',
    ),
    "station id": (
        "devices: [{name: m, kind: fax machine, station_id: abc}]",
        '1:52: station_id must be digits, spaces and +, as T.30 sends it, not "abc"',
    ),
    "long station id": (
        "devices: [{name: m, kind: fax machine, station_id: '123456789012345678901'}]",
        "1:52: station_id must have at most 20 characters, not 21",
    ),
    "list": ("devices: {name: a}", "1:10: devices must be a list, [like, this], not a group of keys"),
    "group": ("bench: 3", '1:8: bench must hold "key: value" pairs, not 3'),
    "infinity": (
        "devices: [{name: m, kind: fax machine, station_id: '1', level_dbm0: .nan}]",
        "1:69: level_dbm0 must be a number without quotes, not nan",
    ),
    "no password": (
        'pbx: {accounts: [{user: "1"}]}',
        "1:18: a password is missing; add password: ..., or password_env: NAME_OF_A_VARIABLE",
    ),
    "two passwords": (
        'pbx: {accounts: [{user: "1", password: a, password_env: PATH}]}',
        "1:57: password and password_env exclude each other; remove one",
    ),
    "unset variable": (
        'pbx: {accounts: [{user: "1", password_env: NO_SUCH_VARIABLE_1}]}',
        "1:44: the environment variable NO_SUCH_VARIABLE_1 is not set; export it first",
    ),
    "one number twice": (
        'pbx: {accounts: [{user: "1", password: a, numbers: ["5", "5"]}]}',
        '1:58: number "5" already rings at account 1',
    ),
    "one name twice": (
        f"devices:\n{MACHINE}{MACHINE}",
        '3:12: "m1" may stand once only; there is already a device of that name',
    ),
    "one user twice": (
        ACCOUNTS + 'devices: [{name: a, kind: ata, user: "1"}, {name: b, kind: ata, user: "1"}]',
        '2:71: "1" may stand once only; there is already device a with that user',
    ),
    "one port twice": (
        ACCOUNTS + 'devices: [{name: a, kind: ata, user: "1", fxs: [{port: 1}, {port: 1}]}]',
        "2:67: port 1 is already in this list; each port may stand once only",
    ),
    "no such machine": (
        ACCOUNTS + 'devices:\n  - {name: a, kind: ata, user: "1", fxs: [{port: 1, machine: m2}]}\n' + MACHINE,
        '3:62: there is no fax machine "m2"; there is: m1',
    ),
    "one machine in two ports": (
        ACCOUNTS
        + 'devices:\n  - {name: a, kind: ata, user: "1", fxs: [{port: 1, machine: m1}, {port: 2, machine: m1}]}\n'
        + MACHINE,
        "3:86: m1 is already plugged into port 1 of a",
    ),
    "a line that no one can make": (
        ACCOUNTS + 'devices: [{name: a, kind: ata, user: "1", fxs: [{port: 1, line: "agwn"}]}]',
        r"2:65: line is not one: .*agwn.*awgn.*",
    ),
    "two machines on a simulated ATA": (
        ACCOUNTS
        + 'devices:\n  - {name: a, kind: ata, user: "1", fxs: [{port: 1, machine: m1}, {port: 2, machine: m2}]}\n'
        + MACHINE
        + MACHINE.replace("m1", "m2"),
        "3:86: a simulated ATA has one fax machine, here m1; give this machine an ATA of its own",
    ),
    "a number that goes elsewhere": (
        ACCOUNTS + 'devices: [{name: a, kind: ata, user: "1", fxs: [{port: 1, number: "3"}]}]',
        '2:67: the PBX does not route "3" to this device; add "3" to the numbers of account 1',
    ),
    "interface that is none": (
        f"devices:\n{MACHINE}service: {{interface: m1}}",
        '3:22: there is no fax interface "m1"',
    ),
    "one SIP port twice": (
        'pbx: {port: 6000, accounts: [{user: "1", password: a}]}\n'
        'devices: [{name: a, kind: ata, user: "1", sip_port: 6000}]',
        "2:53: port 6000 already used by the PBX; choose others, or 0 for any free one",
    ),
    "media range backwards": (
        ACCOUNTS + 'devices: [{name: a, kind: ata, user: "1", rtp_ports: {first: 20, last: 10}}]',
        "2:72: last must not be below first, 20",
    ),
    "key twice": ("bench: {}\npbx: {}\nbench: {}", '3:1: "bench" is already in line 1; remove one of them'),
    "tab": ("bench:\n\tseed: 1", r"2:1: not YAML: .*"),
    "open bracket": ("bench: {seed: 1", r"1:16: not YAML: .*"),
    "second document": ("bench: {}\n---\npbx: {}", r"2:1: not YAML: .*"),
    "reference": ("bench: &b {}\npbx: *b", "2:1: a .reference .*"),
    "tag": ("bench: !!python/object:os.system {}", "1:8: the tag .*os.system is not used here; remove it"),
    "no keys": ("- 1", '1:1: the file must consist of "key: value" lines, beginning with "bench:"'),
    "empty": ("# nothing\n", "1:1: the file is empty; copy the hardware.yaml that comes with the project"),
    "strange character": ("bench: {}\n\x07", r"2:1: not YAML: the character U+0007 is not allowed; remove it"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_at_its_place_with_the_remedy(tmp_path, name):
    text, expected = WRONG[name]
    found = only_mistake(tmp_path, text)
    assert found == expected or re.fullmatch(expected, found)


def test_a_device_may_take_its_password_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_PASSWORD", "from outside")
    text = TEXT.replace("password: ata-secret", "password_env: BENCH_PASSWORD")
    bench = load_text(tmp_path, text)
    assert bench.secret_of(bench.device("ata-1", Ata)) == "from outside"


def test_a_missing_file_says_where_to_get_one(tmp_path):
    with pytest.raises(InventoryError, match=r"copy the hardware\.yaml that comes with the project"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize("octets", [b"bench: \xff", b"\xfe\xff\x00b", b"\x00"])
def test_a_file_that_is_not_text(tmp_path, octets):
    (tmp_path / "bench.yaml").write_bytes(octets)
    with pytest.raises(InventoryError):
        load(tmp_path / "bench.yaml")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InventoryError, match="cannot be read"):
        load(tmp_path)


def test_an_inventory_error_is_the_benchs_fault():
    assert issubclass(InventoryError, RigError)


@pytest.mark.parametrize("depth", [50, 100_000])
def test_deep_nesting_is_a_mistake_and_no_crash(tmp_path, depth):
    assert mistakes(tmp_path, "bench: " + "[" * depth + "]" * depth)


TOKENS = [
    *sorted(set(re.findall(r"\w+|[^\w\s]", TEXT))),
    "\t",
    "\n",
    "  ",
    "&a",
    "*a",
    "!!x",
    "0x1F",
    "1e999",
    ".inf",
    "2020-13-45",
]


def mutated(rng: random.Random) -> str:
    text = TEXT
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(text) + 1), rng.choice([0, 1, 1, 5, 40])
        insert = rng.choice(["", rng.choice(TOKENS), chr(rng.randrange(0x3000)), text[at : at + rng.randrange(80)]])
        text = text[:at] + insert + text[at + length :]
    return text


@given(seed=st.integers(0, 1 << 32))
def test_whatever_is_changed_the_answer_is_an_inventory_or_its_mistakes(tmp_path_factory, seed):
    path = tmp_path_factory.getbasetemp() / "mutated.yaml"
    path.write_bytes(mutated(random.Random(seed)).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(InventoryError):
        load(path)


@given(octets=st.binary(max_size=200))
def test_any_octets(tmp_path_factory, octets):
    path = tmp_path_factory.getbasetemp() / "octets.yaml"
    path.write_bytes(octets)
    with contextlib.suppress(InventoryError):
        load(path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "bench",
                        "pbx",
                        "devices",
                        "service",
                        "accounts",
                        "kind",
                        "ata",
                        "fxs",
                        "user",
                        "rtp_ports",
                        "first",
                        "x",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_any_shape_of_data(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "shape.yaml"
    path.write_text(json.dumps({"devices": [value, {"kind": "ata", "fxs": value}], "pbx": value, "service": value}))
    with contextlib.suppress(InventoryError):
        load(path)


def test_the_schema_is_json_and_knows_every_kind():
    text = json.dumps(schema())
    assert all(f'"const": "{kind}"' in text for kind in ("fax interface", "ata", "fax machine"))
