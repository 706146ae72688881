"""The examples of the API's docstrings and of pages of docs/, run as they stand, in a folder that begins empty."""

import doctest
from pathlib import Path

import pytest

import microexpr

DOCS = Path(__file__).parents[3] / "docs"
NAMES = [name for name in microexpr.__all__ if name != "__version__"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("examples")


def failures(text, name):
    """Run the examples of a text that has some, and return what differs."""
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert test.examples
    report = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=report.append)
    return "".join(report)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_name_gives_what_it_shows(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert failures(getattr(microexpr, name).__doc__, name) == ""


@pytest.mark.filterwarnings("ignore:F1 of class:RuntimeWarning")
@pytest.mark.parametrize("page", ["python.md", "quickstart.md", "measures.md"])
def test_a_page_gives_what_it_shows(page, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert failures((DOCS / page).read_text(encoding="utf-8"), page) == ""


def test_a_wrong_example_fails():
    assert "Expected:\n    3" in failures(">>> 1 + 1\n3\n", "wrong")
