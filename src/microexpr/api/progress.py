"""Show how far a slow function is, where somebody looks: in a terminal or a notebook, after two seconds."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tqdm.auto import tqdm

Progress = Callable[[str, int, int], None]  # what is done, how much, of how much
Value = TypeVar("Value")
DELAY = 2.0  # seconds


@contextmanager
def shown(progress: Progress | None) -> Iterator[Progress]:
    """Yield the caller's function, or else one that draws a bar for each thing that is done."""
    if progress is not None:
        yield progress
        return
    bars: dict[str, Any] = {}
    hidden = not (sys.stderr.isatty() or "ipykernel" in sys.modules)

    def report(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = tqdm(desc=what, total=total, delay=DELAY, disable=hidden, leave=False)
        bars[what].total = total  # another input may have more frames
        bars[what].update(done - bars[what].n)

    try:
        yield report
    finally:
        for bar in bars.values():
            bar.close()


def counted(values: Iterable[Value], what: str, total: int, progress: Progress) -> Iterator[Value]:
    """Yield values, and report each."""
    for done, value in enumerate(values, 1):
        yield value
        progress(what, done, max(done, total))
