"""What every script starts with: its log, and errors as one line. Scripts only unpack the `snakemake` object."""

import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TextIO

from microexpr.core.errors import MicroexprError

# as torch, CUDA, OpenCV and the loader of libraries say it
NO_MEMORY = re.compile("allocate memory|out of memory|insufficient memory|failed to map segment", re.IGNORECASE)


@contextmanager
def logged(path: str) -> Iterator[TextIO]:
    """Everything printed goes to the job's log; a MicroexprError is its one line there, anything else a traceback.

    Yields the terminal, for whoever shows progress."""
    terminal, under_way = sys.stderr, Path(path).with_suffix(".under_way")
    under_way.touch()  # stays where the job is killed
    with Path(path).open("w", buffering=1, encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            yield terminal
        except MicroexprError as error:
            print(f"error: {error}", file=log)
            raise SystemExit(1) from None
        except Exception as error:
            if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
                print("error: out of memory; run with fewer --cores or on a larger machine", file=log)
            else:
                traceback.print_exc(file=log)
                print(f"error: unexpected {type(error).__name__}: {error}", file=log)
            raise SystemExit(1) from None
        finally:
            under_way.unlink()


def each(output: Any) -> Iterator[dict[str, str]]:
    """By name the files of each thing that a rule makes: of one, or of as many as its named outputs list."""
    listed = [[paths] if isinstance(paths, str) else paths for _, paths in output.items()]
    for paths in zip(*listed, strict=True):
        yield dict(zip(output.keys(), paths, strict=True))


def progress_bar(terminal: TextIO, title: str) -> Callable[[int, int], None]:
    """Called with (done, total): a bar with the time left on a terminal, nothing where there is none."""
    from tqdm import tqdm

    bar = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:  # what was done before, by an earlier job, says nothing of this one's speed
            kind = {"unit": "epoch", "leave": False, "mininterval": 1}
            bar = tqdm(desc=title, file=terminal, disable=None, initial=done, total=total, **kind)
        bar.update(done - bar.n)

    return show
