"""One thread a worker, and the order of tests: those that run whole pipelines first, or a core would wait for them at
the end."""

import os

import pytest

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
os.environ.update(dict.fromkeys(THREADS, "1"))  # before anything is imported; workers run side by side, as jobs do
FIRST = (
    "test_dvc.py", "test_bad_input.py", "test_killed.py", "test_pull.py", "test_rerun.py", "test_base.py",
    "test_licensed.py", "test_paper_tables.py", "test_results.py", "test_flow_folders_table.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts by file alone, so that a file's own order stays."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))
