"""Figures of MTMNet and of local regions: which clips, frames and boxes, and no licensed face by accident."""

from dataclasses import replace

import face_files
import numpy as np
import pytest
from composites import clip
from matplotlib.figure import Figure

from microexpr.reporting.plots import localregions, mtmnet
from microexpr.signals import inputs

CLIPS = [
    replace(clip(dataset, "s01", f"{emotion}{number}", 0), emotion=emotion)
    for dataset in ("ckplus", "smic", "casme2", "samm")
    for emotion in ("surprise", "happiness", "fear")
    for number in range(2)
]
ONSET, APEX, OFFSET = 102, 118, 120
CROP = np.random.default_rng(0).integers(60, 120, (288, 288, 1))  # brighter by 1 in each frame, from 100 on


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Stage files of all clips below a folder."""
    root, frame = tmp_path_factory.mktemp("results"), np.arange(100, 121)
    crop = (CROP + np.arange(21)[:, None, None, None]).astype(np.uint8)
    points = np.random.default_rng(1).uniform(120, 170, (68, 2)).astype(np.float32)
    points[36], points[45] = (84, 80), (204, 80)  # outer eye corners
    face = {"frame": frame, "crop": crop, "landmarks_crop": np.broadcast_to(points, (21, 68, 2))}
    face_files.write(root, CLIPS, lambda _: face, onset=ONSET, apex=APEX, offset=OFFSET)
    return root


def test_mtmnet_shows_the_first_of_each_emotion_faint_ones_above():
    assert [clip.id for clip in mtmnet.choose_clips(CLIPS)] == [
        "casme2/s01/surprise0", "casme2/s01/happiness0", "ckplus/s01/surprise0", "ckplus/s01/happiness0",
    ]  # fmt: skip


def test_mtmnet_shows_nine_frames_from_onset_to_apex(results):
    frames, numbers = mtmnet.read_frames(mtmnet.choose_clips(CLIPS)[0], results)
    assert numbers.tolist() == list(range(ONSET, APEX + 1, 2))
    assert (frames == CROP + (numbers - 100)[:, None, None, None]).all()


def test_local_regions_show_the_first_of_an_emotion_and_where_there_is_none_the_first_clip():
    assert localregions.first_clip(CLIPS[::-1], "casme2", "happiness").name == "happiness0"
    assert localregions.first_clip(CLIPS, "casme2", "disgust").name == "fear0"  # by name
    assert localregions.first_clip(CLIPS, "samm").id == "samm/s01/fear0"


def test_local_regions_show_five_frames_from_onset_over_apex_to_offset(results):
    frames = localregions.ClipFrames(localregions.first_clip(CLIPS, "casme2"), results)
    assert [int(frames.frame[step]) for step in frames.steps] == [ONSET, 110, APEX, 119, OFFSET]


def test_boxes_lie_where_the_patches_are_taken(results):
    """The rectangle of each region has its middle, and its size times 120 / 160."""
    frames, axes = localregions.ClipFrames(CLIPS[0], results), Figure().add_subplot()
    for name, (rows, columns, points) in inputs.REGIONS.items():
        localregions.draw_region(axes, name, frames, "blue")
        box = axes.patches[-1].get_bbox()
        around = frames.source.landmarks[list(points)]
        middle = (around.min(axis=0) + around.max(axis=0)) / 2
        assert (box.width, box.height) == pytest.approx((0.75 * columns, 0.75 * rows))
        assert ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) == pytest.approx(tuple(middle), abs=1e-3)


FIGURES = {
    "fig1": mtmnet.fig1,
    "fig3": localregions.fig3,
    "fig5": lambda path, clips, results, show: localregions.fig5(path, clips, results, 4, show),
    "fig7": localregions.fig7,
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
