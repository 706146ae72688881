"""The order of tests: those that run whole pipelines first, or a core would wait for them at the end."""

import pytest

FIRST = ("test_dvc.py", "test_bad_input.py", "test_rerun.py", "test_paper_tables.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts by file alone, so that a file's own order stays."""
    items.sort(key=lambda item: FIRST.index(item.path.name) if item.path.name in FIRST else len(FIRST))
