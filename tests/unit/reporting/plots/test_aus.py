"""A clip's action units as a picture: halves made whole, what is drawn of the file's curves, same bytes."""

from pathlib import Path

import numpy as np
import pytest
from composites import clip
from figure_texts import drawn

from microexpr.core import store
from microexpr.core.seeds import generator
from microexpr.reporting.plots import aus, drawing
from microexpr.signals.aus import ACTION_UNITS

CLIP = clip()
FRAMES = np.arange(CLIP.first, CLIP.last + 1)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results with one clip, a noise that stays; AU12 rises on the left, AU4 falls on the right."""
    root, rng, frames = tmp_path_factory.mktemp("results"), generator(0, "tests", "plot aus"), len(FRAMES)
    relative = np.zeros((frames, len(ACTION_UNITS), 3))
    relative[20, ACTION_UNITS.index("AU12")] = [2, 0, 1]
    relative[20, ACTION_UNITS.index("AU4")] = [0, -1, -0.5]
    crop = np.broadcast_to(rng.integers(0, 256, (288, 288, 1), np.uint8), (frames, 288, 288, 1))
    points = np.broadcast_to(rng.uniform(50, 240, (68, 2)), (frames, 68, 2))
    events = {"onset": CLIP.onset, "apex": CLIP.apex, "offset": CLIP.offset}
    contents = {
        "faces": {"crop": crop, "landmarks_crop": points},
        "apex": events,
        "aus": {"raw": relative + 1, "smoothed": relative + 2, "relative": relative},
    }
    for stage, values in contents.items():
        with store.subject_file(root / stage / CLIP.dataset / f"{CLIP.subject}.h5", stage, [CLIP]) as file:
            if stage == "aus":
                file.put("fitted_on", ["generated/au_model/0/*"])
            file.group(CLIP.name).put_all(frame=FRAMES, **values)
    return root


def test_a_half_is_made_whole_by_its_mirror_image() -> None:
    left, right = drawing.mirror_halves(np.array([[1, 2, 3, 4]]))
    assert left.tolist() == [[4, 3, 3, 4]]  # the subject's left is at the right of the picture
    assert right.tolist() == [[1, 2, 2, 1]]


def test_curves_are_the_files_and_the_word_is_on_every_face(results: Path, monkeypatch) -> None:
    figure = drawn(aus, CLIP, results, monkeypatch)
    with drawing.clip_groups(CLIP, results, "aus") as (group,):
        curves = {name: group[name][()] for name in ("raw", "smoothed", "relative")}
    *pictures, sizes, intensity, change = figure.axes
    assert [text.get_text() for axes in pictures for text in axes.texts] == ["generated"] * 3
    unit = ACTION_UNITS.index("AU12")
    for axes, expected in (
        (intensity, [curves["raw"][:, unit, 2], curves["smoothed"][:, unit, 2]]),
        (change, [curves["relative"][:, unit, 0], curves["relative"][:, unit, 1]]),
    ):
        lines = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == len(FRAMES)]
        assert np.array_equal(lines[:2], expected)
    single, mean = (line.get_ydata() for line in sizes.lines if len(line.get_ydata()) == len(FRAMES))
    assert (np.asarray(mean) < np.asarray(single)).all()  # readings of noise at two sizes are independent
