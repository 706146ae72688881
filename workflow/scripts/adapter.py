"""What every script starts with: its log, and errors as one line. Scripts only unpack the `snakemake` object."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from microexpr.errors import MicroexprError


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Everything printed goes to the job's log; a MicroexprError is its one line there, anything else a traceback."""
    with Path(path).open("w", buffering=1, encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            yield
        except MicroexprError as error:
            print(f"error: {error}", file=log)
            sys.exit(1)
        except MemoryError:
            print("error: out of memory; run with fewer --cores or on a larger machine", file=log)
            sys.exit(1)
        except Exception:
            traceback.print_exc(file=log)
            sys.exit(1)
