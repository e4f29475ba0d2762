"""The rules as one JSON document, for a page that must judge without network."""

import json
from dataclasses import asdict

from rig.identity import mac
from rig.identity.vendors import CHARACTER_WORDS, CHARACTERS, LOOKALIKES, USER_AGENTS, VENDORS
from rig.identity.words import WORDS

_NOT_NEEDED = ("source", "good", "bad")


def rules() -> str:
    vendors = [{name: value for name, value in asdict(rule).items() if name not in _NOT_NEEDED} for rule in VENDORS]
    data = {
        "vendors": vendors,
        "words": dict(WORDS),
        "characters": dict(CHARACTERS),
        "character_words": dict(CHARACTER_WORDS),
        "lookalikes": dict(LOOKALIKES),
        "user_agents": USER_AGENTS,
        "owners": {owner: "".join(ouis) for owner, ouis in mac.all_owners().items()},
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
