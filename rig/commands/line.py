"""`rig line`: which impairments and channels there are, and what a line does to frequencies."""

import json as json_text
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="The analogue line: its impairments and its named channels.", no_args_is_help=True)

USAGE = 2


def _refuse(error: object) -> typer.Exit:
    sys.stderr.write(f"rig line: {error}\n")
    return typer.Exit(USAGE)


@app.command("list")
def list_(json: Annotated[bool, typer.Option("--json", help="JSON alone on stdout.")] = False) -> None:
    """Show every impairment with its parameters and limits, and every channel with its source."""
    found = _inventory()
    if json:
        sys.stdout.write(json_text.dumps(found, indent=2) + "\n")
        return
    sys.stdout.write("Impairments (name:parameter=value,...; joined by +)\n")
    for entry in found["impairments"]:
        sys.stdout.write(f"\n  {entry['name']}\n      {entry['what']}\n")
        for parameter in entry["parameters"]:
            sys.stdout.write(f"      {_parameter_line(parameter)}\n")
    sys.stdout.write("\nChannels\n\n")
    for channel in found["channels"]:
        sys.stdout.write(f"  {channel['name']:<20} {channel['what']}\n")
    for source in dict.fromkeys(channel["source"] for channel in found["channels"]):
        sys.stdout.write(f"\n  Source: {source}\n")


def _parameter_line(parameter: dict[str, Any]) -> str:
    name, default = parameter["name"], parameter["default"]
    if parameter["choices"]:
        choices = parameter["choices"]
        few = ", ".join(map(str, choices)) if len(choices) < 8 else "one of the channels below"
        return f"{name}={default}  ({few})"
    return f"{name}={default:g}  ({parameter['low']:g} to {parameter['high']:g})"


def _inventory() -> dict[str, Any]:
    from dataclasses import fields

    from rig.impairments import CHANNELS, REGISTRY

    def parameters(kind: Any) -> list[dict[str, Any]]:
        entries = [entry for entry in fields(kind) if entry.metadata]
        return [{"name": entry.name, "default": entry.default, **entry.metadata} for entry in entries]

    impairments = [
        {"name": name, "what": " ".join((kind.__doc__ or "").split()), "parameters": parameters(kind)}
        for name, kind in sorted(REGISTRY.items())
    ]
    channels = [{"name": name, "what": curve.title, "source": curve.source} for name, curve in CHANNELS.items()]
    return {"impairments": impairments, "channels": channels}


@app.command()
def plot(
    name: Annotated[str, typer.Argument(help='A channel, or a line as text: "eia-ll-4 + listener-echo:loss_db=12".')],
    out: Annotated[Path | None, typer.Option("--out", help="The PNG to write. Default: line.png here.")] = None,
) -> None:
    """Draw loss and group delay of a channel or of a line."""
    from rig.impairments import impairments
    from rig.impairments.measure import response

    target = out or Path("line.png")
    if target.suffix.lower() != ".png":
        raise _refuse(f"{target} does not end in .png: a PNG is what can be written")
    try:
        measured = response(impairments(name))
    except ValueError as error:
        raise _refuse(error) from None
    if not name.strip():
        raise _refuse("nothing to draw: name a channel or an impairment")
    from rig.commands.line_figure import draw

    try:
        draw(name, measured, target)
    except OSError as error:
        raise _refuse(f"{target} cannot be written: {error.strerror}") from None
    sys.stdout.write(f"{target}\n")
