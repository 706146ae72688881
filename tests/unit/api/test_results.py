"""How results are shown: short texts, pictures, plots, progress; examples of docstrings and docs/ run as they stand."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

import microexpr
from microexpr.api import results

SHORT = 120  # characters


def pixels(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_each_result_is_a_short_line_with_a_plot(path, tracked, tmp_path):
    Image.fromarray(next(iter(microexpr.read_video(path)))).save(tmp_path / "face.png")
    events, predicted = microexpr.find_apex(tracked), microexpr.predict(path)
    results = {
        "TrackedFaces(120 frames, 120 with a face, RGB crops of 288 x 288)": tracked,
        f"FoundEvents(onset {events.onset}, apex {events.apex}, offset {events.offset} of 120 frames)": events,
        f"PredictedVideo({str(path)!r}, 2 s: 1 micro (negative))": predicted,
        "driven by surprise, strengths 2)": microexpr.reenact(tmp_path / "face.png", strength=2),
    }
    for text, result in results.items():
        assert repr(result).endswith(text) and len(repr(result).replace(str(tmp_path), "")) < SHORT
        assert "data:image/png;base64," in result._repr_html_() and np.ptp(pixels(result.plot())) > 100
    assert "generated" in [text.get_text() for axes in tracked.plot().get_axes() for text in axes.texts]


def test_arrays_and_tables_are_plotted_too(tracked):
    field = microexpr.flow(tracked.crop[47], tracked.crop[55])
    table = microexpr.action_units(tracked, fps=60, onset=47, curve="relative")
    still = pixels(microexpr.plot(np.zeros_like(field)))
    assert not np.array_equal(pixels(microexpr.plot(field)), still)
    (axes,) = microexpr.plot(table).subfigs[0].get_axes()
    assert axes.get_legend().get_texts()[0].get_text() == "AU15"


def test_an_evaluation_is_its_figures():
    result = microexpr.evaluate(["a", "b", "a"], ["a", "b", "b"], [1, 2, 3])
    assert repr(result).startswith("Evaluation(UF1 0.667 (") and len(repr(result)) < SHORT
    assert result._repr_html_().count("<table") == 3


def test_progress_counts_every_frame_of_each_step(path):
    reports: dict[str, list[tuple[int, int]]] = {}
    microexpr.action_units(path, onset=47, progress=lambda what, *counts: reports.setdefault(what, []).append(counts))
    assert reports.keys() == {"tracking the face", "aligning the face", "reading action units"}
    for counts in reports.values():
        assert [done for done, _ in counts] == [*range(1, counts[-1][1] + 1)]


def test_progress_is_a_bar_where_somebody_looks(monkeypatch, capsys):
    monkeypatch.setattr(results, "DELAY", 0)
    with results.shown(None) as report:
        report("reading", 1, 2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with results.shown(None) as report:
        report("reading", 1, 2)
        report("reading", 2, 2)
    assert "reading:   0%" in capsys.readouterr().err


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
