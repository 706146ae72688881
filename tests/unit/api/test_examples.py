"""The examples of the API's docstrings and of docs/python.md, run as they stand, in one folder that begins empty."""

import doctest
from pathlib import Path

import pytest

import microexpr

PAGE = Path(__file__).parents[3] / "docs/python.md"
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
def test_the_page_gives_what_it_shows(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert failures(PAGE.read_text(encoding="utf-8"), PAGE.name) == ""


def test_a_wrong_example_fails():
    assert "Expected:\n    3" in failures(">>> 1 + 1\n3\n", "wrong")
