"""What the models refuse, in plain words with the remedy."""

from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from rig.inventory.models import FORMS, Device, Inventory
from rig.inventory.source import KEY, Place
from rig.inventory.words import did_you_mean, listing

KINDS: dict[str, type[BaseModel]] = {
    str(get_args(kind.model_fields["kind"].annotation)[0]): kind for kind in get_args(Device)
}


def explain(error: ErrorDetails, data: Any) -> tuple[Place, str]:
    """Where in the file, and what to say. *error* is one of pydantic's, *data* what was in the file."""
    location = error["loc"]
    # Behind the number of a device pydantic names the kind that it chose; the file has no such step.
    place: Place = (*location[:2], *location[3:]) if location[:1] == ("devices",) else location
    what = str(place[-1]) if place else "the file"
    match error["type"]:
        case "extra_forbidden":
            return (*place, KEY), f'unknown key "{what}"{did_you_mean(what, _model_at(place[:-1], data).model_fields)}'
        case "missing":
            return place, f'"{what}" is missing; add {what}: {_example(place, data)}'
        case "union_tag_not_found":
            return place, f'"kind" is missing; one of: {listing(KINDS)}'
        case "union_tag_invalid":
            kind = str(error["ctx"]["tag"])
            return (*place, "kind"), f'unknown kind "{kind[:40]}"{did_you_mean(kind, KINDS)}'
    if isinstance(place[-1] if place else None, int):
        what = f"item {int(place[-1]) + 1} of {place[-2]}" if len(place) > 1 else what
    return place, f"{what} {_wrong(error)}"


def _wrong(error: ErrorDetails) -> str:
    value, context = error["input"], error.get("ctx", {})
    shown = _shown(value)
    match error["type"]:
        case "value_error":
            return f"is not one: {context['error']}"
        case "string_type":
            quoted = isinstance(value, int | float) and not isinstance(value, bool)
            return f'must be text: write it in quotes, "{value}"' if quoted else f"must be text, not {shown}"
        case "string_pattern_mismatch":
            return f"must be {FORMS[context['pattern']]}, not {shown}"
        case "string_too_short":
            return "must not be empty"
        case "string_too_long":
            return f"must have at most {context['max_length']} characters, not {len(str(value))}"
        case "int_type" | "int_from_float" | "int_parsing":
            return f"must be a whole number without quotes, not {shown}"
        case "float_type" | "finite_number" | "float_parsing":
            return f"must be a number without quotes, not {shown}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}, not {shown}"
        case "less_than_equal":
            return f"must be at most {context['le']}, not {shown}"
        case "less_than":
            return f"must be less than {context['lt']}, not {shown}"
        case "literal_error":
            return f"must be {context['expected'].replace(chr(39), '')}, not {shown}"
        case "tuple_type":
            return f"must be a list, [like, this], not {shown}"
        case "model_type" | "model_attributes_type":
            return f'must hold "key: value" pairs, not {shown}'
    return f"is wrong: {error['msg'].lower()}"


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + '..."'


def _model_at(place: Place, data: Any) -> type[BaseModel]:
    """The model that the mapping at *place* had to fit."""
    model: type[BaseModel] = Inventory
    if place[:1] == ("devices",):
        model = KINDS[data["devices"][place[1]]["kind"]]
        place = place[2:]
    for step in place:
        if isinstance(step, str):
            model = _inner(model.model_fields[step].annotation) or model
    return model


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation like tuple[Account, ...] or Service | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _inner(part))), None)


def _example(place: Place, data: Any) -> str:
    field = _model_at(place[:-1], data).model_fields[str(place[-1])]
    return str(field.examples[0]) if field.examples else "..."
