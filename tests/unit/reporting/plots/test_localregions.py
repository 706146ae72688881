"""Local regions' figures: whose clips are shown, which frames, where boxes lie, and no licensed face by accident."""

from dataclasses import replace

import face_files
import numpy as np
import pytest
from composites import clip
from matplotlib.figure import Figure

from microexpr.reporting.plots import localregions as plots
from microexpr.signals import inputs

CLIPS = [
    replace(clip(dataset, "s01", f"{emotion}{number}", 0), emotion=emotion)
    for dataset in ("smic", "casme2", "samm")
    for emotion in ("happiness", "disgust")
    for number in range(2)
]
ONSET, APEX, OFFSET = 102, 110, 116


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Stage files of all clips below a folder."""
    root, frame = tmp_path_factory.mktemp("results"), np.arange(100, 121)
    noise = np.random.default_rng(0).integers(60, 120, (1, 288, 288, 1))
    crop = (noise + np.arange(21)[:, None, None, None]).astype(np.uint8)
    points = np.random.default_rng(1).uniform(120, 170, (68, 2)).astype(np.float32)
    points[36], points[45] = (84, 80), (204, 80)  # outer eye corners
    face = {"frame": frame, "crop": crop, "landmarks_crop": np.broadcast_to(points, (21, 68, 2))}
    face_files.write(root, CLIPS, lambda _: face, onset=ONSET, apex=APEX, offset=OFFSET)
    return root


def test_the_first_disgust_and_where_there_is_none_the_first_clip():
    assert plots.first_clip(CLIPS[::-1], "casme2", "disgust").name == "disgust0"
    assert plots.first_clip(CLIPS, "casme2", "surprise").name == "disgust0"  # by name
    assert plots.first_clip(CLIPS, "samm").id == "samm/s01/disgust0"


def test_five_frames_from_onset_over_apex_to_offset(results):
    frames = plots.ClipFrames(plots.first_clip(CLIPS, "casme2", "disgust"), results)
    assert [int(frames.frame[step]) for step in frames.steps] == [ONSET, 106, APEX, 113, OFFSET]


def test_boxes_lie_where_the_patches_are_taken(results):
    """The rectangle of each region has its middle, and its size times 120 / 160."""
    frames, axes = plots.ClipFrames(CLIPS[0], results), Figure().add_subplot()
    for name, (rows, columns, points) in inputs.REGIONS.items():
        plots.draw_region(axes, name, frames, "blue")
        (box,) = (patch.get_bbox() for patch in axes.patches[-1:])
        around = frames.source.landmarks[list(points)]
        middle = (around.min(axis=0) + around.max(axis=0)) / 2
        assert (box.width, box.height) == pytest.approx((0.75 * columns, 0.75 * rows))
        assert ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) == pytest.approx(tuple(middle), abs=1e-3)


FIGURES = {
    "fig3": plots.fig3,
    "fig5": lambda path, clips, results, show: plots.fig5(path, clips, results, 4, show),
    "fig7": plots.fig7,
}


@pytest.mark.parametrize("figure", FIGURES)
def test_the_order_of_clips_does_not_matter_and_licensed_faces_are_hidden(figure, results, tmp_path):
    first, second, hidden = (tmp_path / f"{name}.png" for name in ("first", "second", "hidden"))
    FIGURES[figure](first, CLIPS, results, False)
    FIGURES[figure](second, CLIPS[::-1], results, False)
    assert first.read_bytes() == second.read_bytes()
    licensed = [replace(clip, origin="licensed") for clip in CLIPS]
    FIGURES[figure](hidden, licensed, tmp_path / "none", False)  # of which nothing is read
    assert hidden.stat().st_size < first.stat().st_size
