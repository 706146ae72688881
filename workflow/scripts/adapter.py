"""Log, errors in one line and progress bar of every script. Scripts only unpack the object that `logged` yields."""

import logging
import os
import platform
import re
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Protocol

import fork_server
from microexpr import __version__
from microexpr.core.errors import MicroexprError, printable
from microexpr.core.records import recorded

logger = logging.getLogger("microexpr")  # of all modules of the package

LOGS, TIMES = Path("work/logs"), Path("work/times")
UNDER_WAY = ".under_way"  # next to the log of a job that has not ended: its machine and the number of its process
MAIN = "MICROEXPR_MAIN"  # variable of the environment: the process on this machine that starts the jobs

# as torch, CUDA, OpenCV and the loader of libraries say it
NO_MEMORY = re.compile("allocate memory|out of memory|insufficient memory|failed to map segment", re.IGNORECASE)


class Snakemake(Protocol):
    """The object `snakemake` that Snakemake defines in every script: files, params and wildcards of its job."""

    input: Any
    output: Any
    params: Any
    wildcards: Any
    log: Any
    config: dict[str, Any]


class Prefixed(logging.Formatter):
    """Write a warning as `note: ...`, as the command line does, and other messages as they are."""

    def format(self, record: logging.LogRecord) -> str:
        record.msg, record.args = printable(record.getMessage()), ()
        message = super().format(record)
        return f"note: {message}" if record.levelno == logging.WARNING else message


@contextmanager
def logged(path: str = "", *outputs: str) -> Iterator[Snakemake]:
    """Yield what Snakemake tells the script. Send log messages and printed text to its log, or to `path`.

    Its outputs are recorded, or `outputs` where Snakemake tells nothing.

    An error ends the job with its last line there: a MicroexprError in one line, any other after a traceback. Where
    there is a server that has the libraries loaded, it runs the script, and nothing after this line happens here."""
    fork_server.hand_over()
    start = time.perf_counter()
    snakemake: Any = getattr(sys.modules["__main__"], "snakemake", None)
    path = path or snakemake.log[0]
    under_way = Path(path).with_suffix(UNDER_WAY)
    under_way.write_text(f"{platform.node()} {os.getpid()}", encoding="utf-8")  # stays where the job is killed
    if is_orphan():
        under_way.unlink()
        raise SystemExit(1)
    with Path(path).open("w", buffering=1, encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        handler = logging.StreamHandler(log)
        handler.setFormatter(Prefixed())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.info("microexpr %s, Python %s, %s", __version__, platform.python_version(), platform.platform())
        try:
            with recorded(*((snakemake.output, snakemake.config) if snakemake else (outputs,))):
                yield snakemake
        except MicroexprError as error:
            print(f"error: {error}", file=log)
            raise SystemExit(1) from None
        except Exception as error:
            if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
                print("error: out of memory; run with fewer --cores or on a larger machine", file=log)
            else:
                traceback.print_exc(file=log)
                print(f"error: unexpected {type(error).__name__}: {printable(str(error))}", file=log)
            raise SystemExit(1) from None
        else:
            write_times(path, time.perf_counter() - start)
        finally:
            logger.removeHandler(handler)
            under_way.unlink()


def is_orphan() -> bool:
    """Return whether the process that starts the jobs was killed: the next run may make the same outputs otherwise."""
    try:
        os.kill(int(os.environ.get(MAIN, os.getpid())), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it is there, of another user
        pass
    return False


def write_times(log: str, seconds: float) -> None:
    """Write what a job took next to its log in work/logs: work/times/<same>.tsv, with CPU seconds and most memory."""
    if not Path(log).is_relative_to(LOGS):
        return
    path = TIMES / Path(log).relative_to(LOGS).with_suffix(".tsv")
    usage, memory = resource.getrusage(resource.RUSAGE_SELF), 1024 if sys.platform == "linux" else 1024**2
    values = (seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / memory)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("s\tcpu_time\tmax_rss\n" + "\t".join(f"{value:.2f}" for value in values) + "\n", encoding="utf-8")


def progress_bar(title: str) -> Callable[[int, int], None]:
    """Return a function of (done, total) that shows a bar with the time left, if there is a terminal."""
    from tqdm import tqdm

    bar = None

    def show(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:  # epochs of an earlier job say nothing of this one's speed
            kind = {"unit": "epoch", "leave": False, "mininterval": 1}
            bar = tqdm(desc=title, file=sys.__stderr__, disable=None, initial=done, total=total, **kind)
        bar.update(done - bar.n)

    return show
