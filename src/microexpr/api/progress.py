"""Show how far a slow function is, where somebody looks: in a terminal or a notebook, after two seconds."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import TqdmWarning

from microexpr.apps.predict import Progress

with warnings.catch_warnings():
    warnings.simplefilter("ignore", TqdmWarning)  # in a notebook without ipywidgets bars are text
    from tqdm.auto import tqdm

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
