"""One thread a worker, the order of tests, and `--cost`: what each test costs.

Tests that run whole pipelines come first, or a core would wait for them at the end.
"""

import csv
import ctypes
import os
import resource
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

import microexpr
from microexpr.core import arithmetic

arithmetic.pin()  # before anything is imported; workers run side by side, as jobs do
COST = ("worker", "test", "own_seconds", "child_seconds", "resident_mb", "peak_mb")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cost", metavar="CSV", help="append CPU seconds and memory of each test to this file")
    parser.addoption("--write-digests", action="store_true", help="record the bytes of the tiny run's stages")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test the code of another checkout, as an environment that was copied would. Fewer examples of what
    hypothesis makes up where slow tests are left out."""
    if (source := Path(microexpr.__file__).resolve()).parents[2] != (root := Path(__file__).resolve().parents[1]):
        raise pytest.UsageError(f"microexpr must be imported from {root / 'src'}, not from {source.parents[1]}")
    quick = config.option.markexpr == "not slow"
    settings.register_profile("examples", max_examples=6 if quick else 20, deadline=None, derandomize=True)
    settings.load_profile("examples")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files first that need a whole run of the pipeline, then those that start it; their own order stays.

    The longest other file is second, since a second worker would only wait for the first one's run."""
    runs = list(dict.fromkeys(item.path for item in items if "finished" in getattr(item, "fixturenames", ())))
    first = [*runs[:1], Path(__file__).with_name("unit") / "models/test_base.py", *runs[1:]]
    rank = {path: number for number, path in enumerate(first)}
    items.sort(key=lambda item: (rank.get(item.path, len(rank)), item.path.parent.name != "workflow"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure CPU time, which other programs on the machine hardly change, of a test with its fixtures."""
    if not item.config.option.cost:
        return (yield)
    before = cpu_seconds()
    outcome = yield
    seconds = [f"{after - start:.3f}" for start, after in zip(before, cpu_seconds(), strict=True)]
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    with Path(item.config.option.cost).open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if not file.tell():
            writer.writerow(COST)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        writer.writerow([worker, item.nodeid, *seconds, f"{resident:.0f}", f"{peak:.0f}"])
    return outcome


@pytest.fixture(autouse=True)
def give_memory_back() -> Generator[None]:
    """Hand freed memory back to the system after each test: what glibc keeps of large tensors adds up to gigabytes."""
    yield
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)


def cpu_seconds() -> tuple[float, float]:
    """Return the CPU seconds of this process, and those of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time(), children.ru_utime + children.ru_stime
