"""Print lines, rows and progress: as bars in a terminal, else as a line on standard error every few seconds."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr.core import outputs
from microexpr.core.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

SECONDS = 5.0  # between two lines

Report = Callable[[str, int, int], None]  # the step, how much of it is done, how much in all


def say(text: str, end: str = "\n") -> None:
    """Print a text that may hold names of a user's files."""
    print(printable(text), end=end)


def say_notes(notes: Iterable[str], to_stderr: bool = False) -> None:
    """Print notes, each once; `to_stderr` on the standard error, where the standard output is for a program."""
    for note in dict.fromkeys(notes):
        print(printable(f"note: {note}"), file=sys.stderr if to_stderr else sys.stdout)


def console(quiet: bool = False) -> "Console":
    """Return rich's console on standard output."""
    from rich.console import Console

    return Console(quiet=quiet)


def paragraphs(lines: Iterable[str]) -> None:
    """Print lines that may hold names of a user's files, broken between words alone."""
    out = console()
    for line in lines:
        if line := printable(line.rstrip("\n")):
            out.print(line, markup=False, highlight=False)


def print_rows(rows: Sequence[Mapping[str, Any]], as_json: bool, columns: Sequence[str] = ()) -> int:
    """Print the rows of a table as JSON, else as CSV, and nothing else; return 0.

    `columns` are those of a table that may have no rows."""
    if as_json:
        text = json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
    else:
        from microexpr.core import store

        text = store.csv_text(columns or list(rows[0]), rows)
    print(printable(text) if sys.stdout.isatty() else text, end="")  # a program gets names as they are
    return 0


@contextmanager
def progress(quiet: bool = False, seconds: float = SECONDS) -> Iterator[Report]:
    """Yield a function to report to. In a terminal it has a bar for each thing that is done, gone at the end; elsewhere
    it prints a line where the last one is at least some seconds ago.

    If quiet, the function shows nothing."""
    if quiet:
        yield lambda *_: None
        return
    if not sys.stdout.isatty():
        last = time.monotonic()

        def print_line(what: str, done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= seconds:
                last = time.monotonic()
                print(f"{printable(what)}: {done / max(total, 1):.0%}, {done} of {total}", file=sys.stderr, flush=True)

        yield print_line
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


@contextmanager
def output_picture(picture: Path, inputs: Iterable[Path], force: bool) -> Iterator[Path]:
    """Yield the path to write a picture to; it is moved to its name when the block ends."""
    out = outputs.file(picture, outputs.PICTURES, inputs, force)
    with outputs.publish(out) as part:
        yield part / out.names[0]
    say(f"written: {', '.join(map(str, out.paths))}")
