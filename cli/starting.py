"""The live view of a stack that starts or stops."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli.stack import StackView

MARKS = {
    "waiting": "[dim]·[/dim]",
    "starting": "[yellow]…[/yellow]",
    "restarting": "[red]↻[/red]",
    "healthy": "[green]✓[/green]",
    "done": "[green]✓[/green]",
    "stopping": "[yellow]…[/yellow]",
    "stopped": "[dim]✓[/dim]",
}


class StartingView:
    """Shows each service and its phase; on a pipe, one line for each change."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=False)
        self._began = time.monotonic()
        self._said: dict[str, str] = {}

    def __enter__(self) -> StartingView:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, view: StackView) -> None:
        """Show where the services stand."""
        if self._console.is_terminal:
            self._live.update(self._table(view))
            return
        if not self._said and view.phase == "stopping":
            self._said = {service.name: "healthy" for service in view.services}
        for service in view.services:
            if service.phase != self._said.get(service.name, "waiting"):
                self._said[service.name] = service.phase
                self._console.print(f"{self._elapsed():5.0f} s  {service.name}: {service.phase}")

    def _table(self, view: StackView) -> Table:
        table = Table.grid(padding=(0, 2))
        for service in view.services:
            table.add_row(MARKS.get(service.phase, " "), service.name, service.phase)
        table.add_row("", f"[dim]{self._elapsed():.0f} s[/dim]", "")
        return table

    def _elapsed(self) -> float:
        return time.monotonic() - self._began
