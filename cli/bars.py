"""Progress bars: live on a terminal, one line for each new step on a pipe."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipelines import contract


class Bars:
    """Shows named progresses side by side."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.fields[name]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.description}"),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def progress(self, name: str) -> contract.Progress:
        """Return a progress that is shown under `name`."""
        task = self._bars.add_task("", name=name, total=1.0)
        said = ""

        def show(share: float, step: str) -> None:
            nonlocal said
            self._bars.update(task, completed=share, description=step)
            if step != said and not self._console.is_terminal:
                elapsed = time.monotonic() - self._began
                line = f"{elapsed:5.0f} s  {name}: {share:4.0%}  {step}"
                self._console.print(line, soft_wrap=True, markup=False)  # a line each
            said = step

        return show
