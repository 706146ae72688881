"""Figures of papers: which clips, frames, boxes and curves they show, and no licensed face by accident."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import stage_files
from composites import clip
from matplotlib.figure import Figure
from PIL import Image

from microexpr.core.clip import LABELS
from microexpr.evaluation.read_back import SynthesisedClip
from microexpr.reporting.plots import augacn, drawing, famgan, localregions, mtmnet
from microexpr.reporting.plots.drawing import amplify_change
from microexpr.signals import inputs
from microexpr.signals.aus import ACTION_UNITS

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
    stage_files.face_files(root, CLIPS, lambda _: face, onset=ONSET, apex=APEX, offset=OFFSET)
    return root / "results"


def test_mtmnet_shows_nine_frames_from_onset_to_apex_of_the_first_of_each_emotion_faint_ones_above(results):
    chosen = mtmnet.choose_emotions(CLIPS)
    expected = [f"{name}/s01/{emotion}0" for name in ("casme2", "ckplus") for emotion in ("surprise", "happiness")]
    assert [clip.id for clip in chosen] == expected
    frames, numbers = mtmnet.read_frames(chosen[0], results)
    assert numbers.tolist() == list(range(ONSET, APEX + 1, 2))
    assert (frames == CROP + (numbers - 100)[:, None, None, None]).all()


def test_local_regions_show_five_frames_of_the_first_clip_of_an_emotion_or_of_any(results):
    assert localregions.first_clip(CLIPS[::-1], "casme2", "happiness").name == "happiness0"
    assert localregions.first_clip(CLIPS, "casme2", "disgust").name == "fear0"  # by name
    assert localregions.first_clip(CLIPS, "samm").id == "samm/s01/fear0"
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
    "fig5": lambda page, clips, results, show: localregions.fig5(page, clips, results, 4, show),
    "fig7": localregions.fig7,
}


@pytest.mark.parametrize("figure", FIGURES)
def test_the_order_of_clips_does_not_matter_and_licensed_faces_are_hidden(figure, results, tmp_path):
    first, second, hidden = (tmp_path / f"{name}.png" for name in ("first", "second", "hidden"))
    drawing.plot(FIGURES[figure], CLIPS, results, False, path=first)
    drawing.plot(FIGURES[figure], CLIPS[::-1], results, False, path=second)
    assert first.read_bytes() == second.read_bytes()
    licensed = [replace(clip, origin="licensed") for clip in CLIPS]
    drawing.plot(FIGURES[figure], licensed, tmp_path / "none", False, path=hidden)  # of which nothing is read
    assert hidden.stat().st_size < first.stat().st_size


def synthetic_clips(origin="generated"):
    """Three emotions of each of two people: AU2 goes up by 2, AU1 by 1."""
    target_aus = np.zeros((3, 17), np.float32)
    target_aus[:, 1], target_aus[:, 0] = (0, 2, 1), (0, 1, 0)
    film = np.broadcast_to(np.array([200, 100, 40], np.uint8), (3, 16, 16, 3)).copy()
    film[1] += 5
    return [
        SynthesisedClip(clip("casme2", subject, f"c{subject}", 0, origin), emotion, film, target_aus, 288)
        for subject in ("s1", "s2")
        for emotion in ("disgust", "fear", "happiness")
    ]


def test_one_clip_of_each_emotion_of_one_subject_after_another_with_its_changes():
    chosen = augacn.choose_clips(synthetic_clips()[::-1])
    keys = [(synthetic.emotion, synthetic.source.subject) for synthetic in chosen]
    assert keys == [("disgust", "s1"), ("fear", "s2"), ("happiness", "s1")]
    without_fear = [clip for clip in synthetic_clips() if (clip.emotion, clip.source.subject) != ("fear", "s2")]
    assert [synthetic.source.subject for synthetic in augacn.choose_clips(without_fear)] == ["s1", "s1", "s1"]
    synthetic = synthetic_clips()[0]
    assert augacn.dominant(synthetic) == [1, 0]
    film = amplify_change(synthetic.frames, synthetic.frames[:1], augacn.ENLARGED)
    assert film[0].max() == 128 == film[2].min() and film[1].min() == 128 + 8 * 5


def skin(page) -> bool:
    """Whether some pixel has the colour of a film."""
    red, _, blue = np.moveaxis(np.array(page.convert("RGB")).astype(int), -1, 0)
    return bool((red - blue > 140).any())


def test_the_same_animation_is_the_same_bytes_and_licensed_faces_stay_hidden_until_asked_for(tmp_path):
    for name in ("a.gif", "b.gif"):
        augacn.write_animation(tmp_path / name, synthetic_clips(), False)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
    for show in (False, True):
        augacn.write_animation(path := tmp_path / f"{show}.gif", synthetic_clips("licensed"), show)
        with Image.open(path) as page:
            assert (page.n_frames, skin(page)) == ((3, True) if show else (1, False))
        path = tmp_path / f"{show}.png"
        drawing.plot(augacn.draw_clips, synthetic_clips("licensed"), "Fig. 3", show, path=path)
        with Image.open(path) as page:
            assert skin(page) == show


def reenactment(dataset: str, emotion: str, closing: float = 0.0, opening: float = 0.0) -> SimpleNamespace:
    """A woman's reenactment with the apex at frame 2, whose driving clip closes the left eye until then or after."""
    changes = np.zeros((5, len(ACTION_UNITS), 2), np.float32)
    lid = changes[:, ACTION_UNITS.index("AU45"), 0]
    lid[1:] = closing
    lid[3:] += opening
    clip = SimpleNamespace(dataset=dataset, label=LABELS.index(emotion))
    return SimpleNamespace(driving=SimpleNamespace(clip=clip), face_name="woman", true_changes=changes, apex=2)


def test_a_driving_clip_that_blinks_gives_way_to_one_of_its_class():
    papers = reenactment("casme2", "negative")
    others = [reenactment("casme2", "surprise"), reenactment("samm", "negative")]
    assert famgan.choose([*others, papers], "fig3") is papers
    for closing in (3.0, -3.0):
        assert famgan.choose([*others, reenactment("casme2", "negative", closing)], "fig3") is others[1]
    after_the_apex = reenactment("casme2", "negative", opening=4.0)
    assert famgan.choose([*others, after_the_apex], "fig3") is after_the_apex
