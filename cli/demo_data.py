"""`contender demo-data`: the generated shop, for a first look and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import screen
from cli.bars import Bars
from pipelines.settings import load_settings


@screen.plain_errors
def demo_data(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to write; by default var/demo of the home folder.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed writes the same shop.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write the demo shop: the rows of five models, pictures, and orders that come in.

    Example: `contender demo-data /tmp/shop --seed 11`
    """
    from features.demo.shop import write_demo

    target = folder or load_settings().var / "demo"
    with Bars(screen.progress_console()) as bars:
        try:
            files = write_demo(target, seed=seed, progress=bars.progress("demo data"))
        except OSError as error:
            raise screen.CommandFailed(f"{target} cannot be written to: {error}") from error
    if as_json:
        screen.print_json({name: str(path) for name, path in files.items()})
        return
    rows = [{"what": name, "path": path} for name, path in files.items()]
    screen.print_table("Demo shop", ("what", "path"), rows)
