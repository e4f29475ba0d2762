"""What User-Agents, pages, consoles and the codes of labels say."""

import pytest

from rig.identity.model import CONSOLE, INFORM, WEB_PAGE, Reading
from rig.identity.texts import of_codes, of_page, of_user_agent
from rig.identity.vendors import USER_AGENT_EXAMPLES


def parts(reading: Reading) -> dict[str, str]:
    values = {name: getattr(reading, name) for name in ("vendor", "model", "serial", "mac", "date")}
    return {name: value for name, value in values.items() if value}


@pytest.mark.parametrize(("text", "expected"), USER_AGENT_EXAMPLES, ids=[text for text, _ in USER_AGENT_EXAMPLES])
def test_a_user_agent_is_read(text, expected):
    assert parts(of_user_agent(text)) == expected


@pytest.mark.parametrize("text", ["", "faxrig", "Asterisk PBX 18", "(((", "Cisco", "x" * 5000])
def test_a_user_agent_that_no_row_knows_says_nothing(text):
    assert not of_user_agent(text).says_something


WHOLE = {"serial": "FCH2443D9R4", "mac": "00:02:FD:12:34:56", "model": "ATA191"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "<html><style>td{}</style><table><tr><td>Serial Number:</td><td>FCH2443D9R4</td></tr><tr><td>MAC Address"
            "</td><td><b>00:02:FD:12:34:56</b></td></tr><tr><th>Product Name</th><td>ATA191&nbsp;</td></tr></table>",
            WHOLE,
        ),
        ("Model: ATA191\r\nSerial number : FCH2443D9R4\r\nMAC address is 00:02:FD:12:34:56\r\n", WHOLE),
        ("S/N  FCH2443D9R4\nMAC=00:02:FD:12:34:56\nP/N: ATA191", WHOLE),
        (
            "<cwmp:Inform><DeviceId><Manufacturer>Cisco</Manufacturer><OUI>0002FD</OUI><ProductClass>ATA191"
            "</ProductClass><SerialNumber>FCH2443D9R4</SerialNumber></DeviceId></cwmp:Inform>",
            {"serial": "FCH2443D9R4", "model": "ATA191", "vendor": "Cisco"},
        ),
        ("nothing to see", {}),
        ("", {}),
    ],
)
def test_a_page_a_console_or_an_inform_is_read(text, expected):
    for source in (WEB_PAGE, CONSOLE, INFORM):
        assert parts(of_page(source, text)) == expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["SN:FCH2443D9R4;MAC:0002FD123456;PN:ATA191"], {**WHOLE, "mac": "0002FD123456"}),
        (["0002FD123456", "FCH2443D9R4"], {"serial": "FCH2443D9R4", "mac": "0002FD123456"}),
        (["S/N: FCH2443D9R4", "MAC: 0002FD123456"], {"serial": "FCH2443D9R4", "mac": "0002FD123456"}),
        (["00A0BA08933C"], {"serial": "00A0BA08933C", "mac": "00A0BA08933C"}),
        (["88019FA42805", "000E08123456"], {"serial": "88019FA42805", "mac": "000E08123456"}),
        (["https://example.com/help", "FCH2443D9R4"], {"serial": "FCH2443D9R4"}),
        (["SN:FCH2443D9R4;PN:ATA191", "FCH2443D9R4"], {"serial": "FCH2443D9R4", "model": "ATA191"}),
        (["hello, world"], {}),
        ([], {}),
    ],
)
def test_the_codes_of_a_label_are_put_in_their_places(codes, expected):
    assert parts(of_codes(codes)) == expected
