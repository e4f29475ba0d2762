"""Every sentence of the evidence, in one place: Python and the page fill in the same ones."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    # what a verdict rests on
    "valid": "the rule for {vendor} and a second source agree: {text}",
    "plausible": "the form is right for {vendor}; nothing else confirms it",
    "plausible_warned": "the form is right for {vendor}, but {text}",
    "inconsistent": "{text}",
    "unknown": "{text}",
    # the form of the serial
    "no_serial": "no serial number to check",
    "fits": "has the form of {vendor}: {words}",
    "fits_sample": "looks like the public sample of {vendor} ({words}); more is not known",
    "fits_common": "has the form of {vendor}: {words}. Others use that form too",
    "length": "a {vendor} serial has {words}; this one has {count} characters",
    "place": "a {vendor} serial has {words}; character {place} is “{found}” and should be {wanted}",
    "sample_length": "differs from the public sample of {vendor} ({words}): {count} characters. Too little is known to "
    "call it wrong",
    "sample_place": "differs from the public sample of {vendor} ({words}): character {place} is “{found}”. "
    "Too little is known to call it wrong",
    "no_rule": "there is no public rule for serial numbers of {vendor}",
    "no_form": "no public rule has this form",
    "no_rule_for_owner": "there is no public rule for the owner of this MAC",
    "like_mac": "reads like a MAC of {owner}: see that it is the serial number",
    "forgiven": "read without {what}",
    "lower_case": "read as capital letters",
    "lookalike": "read {found} as {meant} in character {place}",
    # date
    "made": "made in {year}, week {week}",
    "week": "week {week} does not exist: a year has 01 to 53",
    "future": "would be made in {year}, week {week}: that is yet to come",
    "date_agrees": "the production date {date} fits week {week} of {year}",
    "date_near": "the production date {date} is close to week {week} of {year}",
    "date_disagrees": "the production date {date} does not fit the serial: it says week {week} of {year}",
    "date_alone": "a serial of this kind carries no date to compare {date} with",
    # MAC
    "mac_multicast": "{mac} is an address for groups; no adapter has such a MAC",
    "mac_local": "{mac} was set by hand or software; it tells no maker",
    "mac_no_owner": "the owner of {mac} is not public",
    "mac_owner": "{mac} belongs to {owner}",
    "mac_kin": "{mac} belongs to {owner}, which is found on {vendor} adapters too",
    "mac_disagrees": "{mac} belongs to {owner}, and everything else says {vendor}",
    "mac_not_form": "{mac} belongs to {owner}, but the serial has the form of {vendor}",
    "mac_is_serial": "the serial is the MAC, as it should be with {vendor}",
    "mac_not_serial": "with {vendor} the serial is the MAC; here the MAC is {mac}",
    "serial_owner": "with {vendor} the serial is the MAC, but this one belongs to {owner}",
    "serial_no_owner": "with {vendor} the serial is the MAC, but this one is not of {vendor}",
    "tail_agrees": "the serial ends like the MAC {mac}",
    "tail_warns": "the serial does not end like the MAC {mac}, as the public sample does",
    "mac_same": "shows the same MAC",
    "mac_differs": "shows the MAC {found}, not {mac}",
    "mac_lookalike": "the MAC was read as {mac}",
    # model and vendor
    "model_agrees": "{model} is a model of {vendor}",
    "model_shared": "{model} can be a model of {vendor}",
    "model_unknown": "nothing is known of the model {model}",
    "model_disagrees": "{model} is a model of {other}, and everything else says {vendor}",
    "model_not_form": "{model} is a model of {other}, but the serial has the form of {vendor}",
    "model_same": "shows the same model",
    "model_differs": "shows the model {found}, not {model}",
    "vendor_not_form": "names {other}, but the serial has the form of {vendor}",
    "vendor_differs": "names {other}, and everything else says {vendor}",
    "vendor_agrees": "names {vendor} too",
    "vendor_unknown": "there is no rule for the vendor “{other}”",
    # other sources
    "serial_same": "shows the same serial",
    "serial_lookalike": "shows {found}: the same but for O and 0 or I and 1",
    "serial_differs": "shows the serial {found}, not {serial}",
    # what cannot be read
    "bad_mac": "“{mac}” is not a MAC: it has 12 hexadecimal digits, such as 00:0B:82:12:34:56",
    "bad_date": "“{date}” is not a date: write 2020-11-03, 2020-11, 2020-W45 or 2020",
}


def say(code: str, /, **values: object) -> str:
    return WORDS[code].format_map(values)
