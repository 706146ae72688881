"""FAMGAN's Figures 2 to 5: which transfer each shows, and that nobody is shown who may not be."""

from dataclasses import replace

import numpy as np
import pytest
from performed import APEX, FRAMES, Brightener, painter, source, target, woman
from PIL import Image

from microexpr.apps.reenact import onto
from microexpr.reporting.papers.transfers import Task
from microexpr.reporting.plots import famgan
from microexpr.reporting.plots.drawing import enlarged
from microexpr.signals.aus import regressor

PAGES = {
    "fig2": lambda path, one, task, show: famgan.fig2(path, one, task, show),
    "fig3": lambda path, one, task, show: famgan.sequence(path, "fig3", one, task, {"negative": ["AU4"]}, show),
    "fig5": lambda path, one, task, show: famgan.sequence(path, "fig5", one, task, {}, show),
}
NOTHING = np.zeros((17, 2), np.float32)


def transfer(person=None, origin="generated", left_alone=True):
    one = source(left_alone)
    one = replace(one, clip=replace(one.clip, origin=origin))
    return onto.transferred(one, target(), NOTHING, person or woman(), painter(Brightener()), "lanczos", most=4)


@pytest.fixture(scope="module")
def task():
    return Task((source(),), {"woman": (target(), woman())}, painter(Brightener()), "lanczos", regressor.load())


@pytest.fixture(scope="module")
def shown():
    """By origin of the source, and whether the target is somebody's picture."""
    return {
        "generated": transfer(),
        "licensed": transfer(origin="licensed"),
        "picture": transfer(person="man"),
    }


def test_what_a_figure_names_or_the_nearest(shown):
    one = shown["generated"]

    def like(person, label, dataset):
        clip = replace(one.source.clip, label=label, dataset=dataset)
        return replace(one, person=person, source=replace(one.source, clip=clip))

    found = [like(*own) for own in (("man", 0, "casme2"), ("woman", 0, "samm"), ("woman", 0, "casme2"))]
    assert famgan.chosen(found, "fig3") is found[2]
    assert famgan.chosen(found[:2], "fig3") is found[1]  # the face, then the class, then the data set
    assert famgan.chosen(found, "fig4") is found[2]  # no surprise here
    assert famgan.chosen(found, "fig5") is found[0]


def test_most_asymmetric_is_what_is_asked_of_one_side_alone(shown):
    even = transfer(left_alone=False)
    assert famgan.asymmetric([even, shown["generated"]]) is shown["generated"]


def test_halves_are_driven_by_one_sides_intensities(shown, task):
    one = shown["generated"]
    films = {name: famgan.driven(one, task, side) for side, name in enumerate(("left", "right"))}
    films["joined"] = one.result.crops
    at, still = one.apex, target().crop.astype(int)
    moved = {name: film[at].astype(int) - still for name, film in films.items()}
    left, right = slice(170, 250), slice(30, 110)  # the subject's own, in columns of a picture
    assert min(moved["left"][100:200, side].mean() for side in (left, right)) > 4
    assert max(abs(moved["right"][100:200, side].mean()) for side in (left, right)) < 1
    assert moved["joined"][100:200, left].mean() > 4 > 1 > abs(moved["joined"][100:200, right].mean())


def test_a_mirrored_half_is_symmetric_and_its_own():
    crop = np.arange(6)[None, :, None].repeat(2, 0)
    halves = famgan.mirrored(crop)
    assert halves["left"][0, :, 0].tolist() == [5, 4, 3, 3, 4, 5]
    assert halves["right"][0, :, 0].tolist() == [0, 1, 2, 2, 1, 0]


def test_differences_are_around_grey():
    still = np.full((4, 4, 3), 100, np.uint8)
    film = np.stack([still, still + 5, still - 50])
    assert [int(one.max()) for one in enlarged(film, still, famgan.ENLARGED)] == [128, 128 + 5 * famgan.ENLARGED, 0]


def colours(path):
    with Image.open(path) as page:
        return page.size, len(page.convert("RGB").getcolors(1 << 24))


@pytest.mark.parametrize("name", ["fig2", "fig3", pytest.param("fig5", marks=pytest.mark.slow)])
def test_pages_are_the_same_bytes_again_and_hide_who_may_not_be_shown(name, shown, task, tmp_path):
    made = {}
    for number, (which, show) in enumerate(
        [("generated", False), ("generated", False), ("licensed", True), ("licensed", False), ("picture", False)]
    ):
        PAGES[name](path := tmp_path / f"{number}.png", shown[which], task, show)
        made[number] = path.read_bytes()
    assert made[0] == made[1] != made[2] and made[3] == made[4]
    assert colours(tmp_path / "0.png")[1] > 2000 < colours(tmp_path / "2.png")[1]
    assert colours(tmp_path / "3.png")[1] < 300 and colours(tmp_path / "3.png")[0] == (1100, 165)


@pytest.mark.parametrize(("which", "word"), [("generated", famgan.WORD), ("licensed", famgan.MADE)])
def test_no_page_says_that_nobody_is_shown_where_somebody_is(which, word, shown, task, tmp_path, monkeypatch):
    said = []
    title = famgan.Figure.suptitle
    monkeypatch.setattr(
        famgan.Figure, "suptitle", lambda page, text, **how: said.append(text) or title(page, text, **how)
    )
    for name in ("fig2", "fig3"):
        PAGES[name](tmp_path / f"{name}.png", shown[which], task, True)
    assert len(said) == 2 and all(text.splitlines()[-1] == word for text in said)
    assert "the text sees" not in said[0] and "the text sees AU4" in said[1]


def test_the_apex_is_drawn(task, tmp_path, monkeypatch):
    """Of seven frames six are, evenly spread, and the fourth was not among them."""
    one, drawn = onto.transferred(source(), target(), NOTHING, "x", painter(Brightener()), "lanczos"), []
    monkeypatch.setattr(famgan, "picture", lambda axes, shown, title: drawn.append(shown))
    famgan.sequence(tmp_path / "page.png", "fig3", one, task, {}, True)
    row = [
        place for shown in drawn[: famgan.FRAMES] for place in range(FRAMES) if (shown == one.source.crops[place]).all()
    ]
    assert row == [0, 1, APEX, 4, 5, 6]
