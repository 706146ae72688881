"""FAMGAN's Figures 2 to 5: the reenactment that each shows, and that no licensed face is shown without permission."""

from dataclasses import replace

import numpy as np
import pytest
from figure_contents import images
from performed import APEX, FRAMES, Brightener, painter, source, target, woman
from PIL import Image

from microexpr.apps.reenact import onto
from microexpr.reporting.papers.transfers import Task
from microexpr.reporting.plots import drawing, famgan
from microexpr.signals.aus import regressor

NOTHING = np.zeros((17, 2), np.float32)


def draw(name, path, reenactment, task, show):
    if name == "fig2":
        return drawing.plot(famgan.fig2, reenactment, task, show, path=path)
    return drawing.plot(famgan.sequence, name, reenactment, task, {"negative": ["AU4"]}, show, path=path)


def transfer(person=None, origin="generated", left_alone=True):
    driving = source(left_alone)
    driving = replace(driving, clip=replace(driving.clip, origin=origin))
    return onto.reenact(driving, target(), NOTHING, person or woman(), painter(Brightener()), "lanczos", most=4)


@pytest.fixture(scope="module")
def task():
    return Task((source(),), {"woman": (target(), woman())}, painter(Brightener()), "lanczos", regressor.load())


@pytest.fixture(scope="module")
def by_origin():
    """By origin of the source, and whether the target is somebody's picture."""
    return {"generated": transfer(), "licensed": transfer(origin="licensed"), "picture": transfer(person="man")}


def test_what_a_figure_names_or_the_nearest_or_what_is_asked_of_one_side_alone(by_origin):
    reenactment = by_origin["generated"]

    def like(person, label, dataset):
        clip = replace(reenactment.driving.clip, label=label, dataset=dataset)
        return replace(reenactment, face_name=person, driving=replace(reenactment.driving, clip=clip))

    reenactments = [like(*values) for values in (("man", 0, "casme2"), ("woman", 0, "samm"), ("woman", 0, "casme2"))]
    assert famgan.choose(reenactments, "fig3") is reenactments[2]
    assert famgan.choose(reenactments[:2], "fig3") is reenactments[1]  # the face, then the class, then the data set
    assert famgan.choose(reenactments, "fig4") is reenactments[2]  # no surprise here
    assert famgan.choose(reenactments, "fig5") is reenactments[0]
    assert famgan.most_asymmetric([transfer(left_alone=False), reenactment]) is reenactment


def test_halves_are_driven_by_one_sides_intensities(by_origin, task):
    reenactment = by_origin["generated"]
    films = {name: famgan.drive_by_side(reenactment, task, side) for side, name in enumerate(("left", "right"))}
    films["joined"] = reenactment.crops
    at, still = reenactment.apex, target().crop.astype(int)
    moved = {name: film[at].astype(int) - still for name, film in films.items()}
    left, right = slice(170, 250), slice(30, 110)  # the subject's own, in columns of a picture
    assert min(moved["left"][100:200, side].mean() for side in (left, right)) > 4
    assert max(abs(moved["right"][100:200, side].mean()) for side in (left, right)) < 1
    assert moved["joined"][100:200, left].mean() > 4 > 1 > abs(moved["joined"][100:200, right].mean())


def colours(path):
    with Image.open(path) as page:
        pixels = np.asarray(page.convert("RGB"), np.uint32)
    return page.size, len(np.unique(pixels @ np.array([1 << 16, 1 << 8, 1], np.uint32)))


@pytest.mark.parametrize("name", ["fig2", "fig3"])
def test_pages_are_the_same_bytes_again_and_hide_who_may_not_be_shown(name, by_origin, task, tmp_path):
    contents = {}
    for i, which in enumerate(("generated", "generated", "licensed", "licensed", "picture")):
        draw(name, path := tmp_path / f"{i}.png", by_origin[which], task, show=i == 2)
        contents[i] = path.read_bytes()
    assert contents[0] == contents[1] != contents[2] and contents[3] == contents[4]
    assert colours(tmp_path / "0.png")[1] > 2000 < colours(tmp_path / "2.png")[1]
    assert colours(tmp_path / "3.png")[1] < 300 and colours(tmp_path / "3.png")[0] == (1100, 165)


@pytest.mark.parametrize(("which", "word"), [("generated", famgan.WORD), ("licensed", famgan.MADE)])
def test_no_page_says_that_nobody_is_shown_where_somebody_is(which, word, by_origin, task):
    titles = [draw(name, None, by_origin[which], task, True).get_suptitle() for name in ("fig2", "fig3")]
    assert [text.splitlines()[-1] for text in titles] == [word, word]
    assert "the text sees" not in titles[0] and "the text sees AU4" in titles[1]


def test_the_apex_is_drawn(task):
    """Six of seven frames are shown, evenly spaced, and the fourth would not be among them."""
    reenactment = onto.reenact(source(), target(), NOTHING, "x", painter(Brightener()), "lanczos")
    page = drawing.plot(famgan.sequence, "fig3", reenactment, task, {}, True)
    crops = np.broadcast_to(reenactment.driving.crops, (FRAMES, 288, 288, 3))
    row = [i for _, image in images(page)[: famgan.FRAMES] for i in range(FRAMES) if np.array_equal(image, crops[i])]
    assert row == [0, 1, APEX, 4, 5, 6]
