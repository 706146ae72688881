"""Show how far a command is: as bars in a terminal, else as a line on standard error every few seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from microexpr.core.errors import printable

SECONDS = 5.0  # between two lines

Report = Callable[[str, int, int], None]  # what is done, how much of it, how much in all


@contextmanager
def progress(quiet: bool = False, seconds: float = SECONDS) -> Iterator[Report]:
    """Yield a function to report to. In a terminal it has a bar for each thing that is done, gone at the end.

    If quiet, the function shows nothing."""
    if quiet:
        yield lambda *_: None
        return
    if not sys.stdout.isatty():
        yield _lines(seconds)
        return
    from rich import markup
    from rich.progress import Progress, TimeElapsedColumn

    with Progress(*Progress.get_default_columns(), TimeElapsedColumn(), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(markup.escape(printable(what)))
            bar.update(tasks[what], completed=done, total=total)

        yield report


def _lines(seconds: float) -> Report:
    """Return a function that prints a line where the last one is at least some seconds ago."""
    last = time.monotonic()

    def report(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            print(f"{printable(what)}: {done / max(total, 1):.0%}, {done} of {total}", file=sys.stderr, flush=True)

    return report
