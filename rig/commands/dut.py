"""`rig dut`: our fax machine as a device for somebody else's tester."""

import typer

app = typer.Typer(help="Our fax machine as a device under anybody's test.", no_args_is_help=True)


@app.callback()
def dut() -> None:
    """Our fax machine as a device under anybody's test."""


@app.command()
def pipe() -> None:
    """Offer a fax machine on stdin and stdout; docs/conformance.md has the protocol."""
    from rig.conformance.pipe.shell import serve

    raise typer.Exit(serve())
