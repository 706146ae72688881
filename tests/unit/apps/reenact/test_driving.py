"""Movements for photographs: shipped samples, videos, and clips of a run as their stage files have them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from performed import FRAMES, SMILE, rise
from recorded import BEFORE, CLIP, RAW, film, stages

from facs_faces import display
from facs_faces.performance import DIFFICULTIES
from microexpr import videos
from microexpr.apps import driving_name, predict
from microexpr.apps.read import take
from microexpr.apps.reenact import driving, source
from microexpr.core.errors import DataError, ParamsError, StoreError
from microexpr.signals import aus
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.recording import Curves
from microexpr.signals.faces import FaceTrack
from microexpr.signals.spotting import network
from microexpr.videos import from_array


@pytest.mark.parametrize(
    ("label", "units"), [("negative", {"AU4", "AU9"}), ("positive", {"AU12"}), ("surprise", {"AU1", "AU2"})]
)
def test_a_sample_is_a_micro_expression_of_its_class(label, units):
    curves = driving.read_sample(label)
    seconds = len(curves.changes) / curves.fps
    assert curves.origin == "generated" and "generated" in curves.description and 0.2 < seconds <= 0.5
    assert not curves.changes[0].any() and curves.apex == driving.SAMPLE_APEX
    moving = np.flatnonzero(curves.changes.any((0, 2)))
    assert {ACTION_UNITS[unit] for unit in moving} == units
    full = max(display.GAIN[unit] for unit in units) * display.FULL
    assert curves.changes.max() == pytest.approx(DIFFICULTIES["standard"].high * full, abs=1e-3)


def test_strength_multiplies_up_to_the_largest_intensity():
    curves = driving.read_sample("surprise")
    assert not curves.target_aus(0).any()
    assert np.allclose(curves.target_aus(2), 2 * curves.changes)
    assert curves.target_aus(5).max() == 5 < 5 * curves.changes.max()


def test_a_clip_of_a_run_moves_from_onset_to_offset(tmp_path):
    """The reader follows a rendered smile of the left half; the resting intensity is not part of it."""
    stages(tmp_path)
    curves = driving.read_clip(CLIP, tmp_path / "results")
    assert curves.changes.shape == (FRAMES, 17, 2) and not curves.changes[0].any() and curves.clip == CLIP
    left, right = curves.changes[:, SMILE].T
    assert np.corrcoef(left, rise())[0, 1] > 0.9 and right.max() < 0.5 * left.max()


def read(seconds, height):
    """Read a video of noise at 100 frames a second: AU12 twitches after a second, the other units are noise."""
    frames, rng = round(seconds * 100), np.random.default_rng(0)
    values = rng.normal(0, 0.01, (frames, 17, 2)).astype(np.float32)
    values[100:140, SMILE] += height * np.sin(np.linspace(0, np.pi, 40))[:, None].astype(np.float32)
    video = replace(from_array(rng.integers(0, 256, (frames, 4, 4), np.uint8), 100, "take.avi"), generated=True)
    face = FaceTrack(np.ones(frames, bool), np.zeros((frames, 68, 2)), (4, 4), 0)
    stretch = take.Stretch(range(frames), np.arange(frames), face, video.timeline.positions, 100)
    every, numbers = np.ones(frames, bool), np.arange(frames)
    still = np.zeros((frames, 22, 2), np.float32)
    curves = Curves(numbers, 100, values, still, np.zeros(frames), every, every, np.zeros((frames, 3)))
    score = np.full((frames, 5), -9.0)
    score[100:140, 0] = 9 if height else -9
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predict, "track", lambda *arguments: take.Take(video, [stretch]))
        patch.setattr(predict, "read_curves", lambda *arguments: curves)
        patch.setattr(network, "on_frames", lambda *arguments: score)
        patch.setattr(videos, "Scan", lambda path, fps: video)
        return driving.read_video(Path("take.avi"), None)


def test_of_a_video_the_most_distinct_expression_is_taken_and_of_a_short_one_without_any_all():
    curves = read(4, 1.0)
    assert not curves.changes[0].any() and 30 <= len(curves.changes) <= 60 and "micro-expression" in curves.description
    assert {*np.flatnonzero(curves.changes.any((0, 2)))} == {SMILE}
    assert curves.changes[curves.apex, SMILE] == pytest.approx(1, abs=0.1)
    curves = read(2, 0.0)
    assert len(curves.changes) == 201 and not curves.changes[0].any() and curves.changes.any((0, 2)).all()
    with pytest.raises(DataError, match=r"take.avi: must show an expression; .* short enough \(3 s\)"):
        read(4, 0.0)


@pytest.mark.parametrize(
    ("emotion", "style", "units"),
    [("sadness", 2, {"AU1", "AU15"}), ("happiness", 1, {"AU12"}), ("happiness", 3, {"AU12"}), ("contempt", 1, None)],
)
def test_an_emotion_is_performed_in_each_of_its_styles(emotion, style, units):
    """The most frequent display of a class is the shipped sample; a one-sided one leaves the right side at rest."""
    curves = driving.read_emotion(emotion, style)
    moved = {ACTION_UNITS[unit] for unit in np.flatnonzero(curves.changes.any((0, 2)))}
    assert moved == (units or {"AU12", "AU14"}) and not curves.changes[0].any() and curves.apex == driving.SAMPLE_APEX
    one_sided = (emotion, style) in (("happiness", 3), ("contempt", 1))
    assert curves.changes[..., 1].any() != one_sided and ("of the left side" in curves.description) == one_sided
    if (emotion, style) == ("happiness", 1):
        np.testing.assert_allclose(curves.changes, driving.read_sample("positive").changes, atol=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ((driving.read_emotion, "sadnes", 1), r"--emotion must be one of .*, not sadnes \(did you mean 'sadness"),
        ((driving.read, driving_name.choose(None, "Fear", None), None, None), "--emotion must be one of .*, not Fear"),
        ((driving.read_emotion, "fear", 4), "--style of fear must be 1 to 3, not 4"),
        ((driving_name.choose, "surprise", "fear", None), "--emotion must stand in place of --driving"),
        ((driving_name.choose, None, None, 2), "--style must be of an --emotion"),
    ],
)
def test_another_emotion_or_style_is_named(call, message):
    with pytest.raises(ParamsError, match=message):
        call[0](*call[1:])


def test_an_emotion_stands_in_place_of_a_driving_clip():
    name = driving_name.choose(None, "fear", 2)
    assert driving_name.files(name, Path()) == []
    expected = driving.read_emotion("fear", 2)
    np.testing.assert_array_equal(driving.read(name, None, Path()).changes, expected.changes)
    assert driving_name.choose(None, None, None) == "surprise" and driving_name.choose("a.avi", None, None) == "a.avi"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return stages(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def clip(files):
    return source.read(CLIP, files, files["truth"])


def test_the_reader_looks_at_one_size_and_at_five_from_onset_to_offset(clip):
    assert np.array_equal(clip.crops, film()[BEFORE : BEFORE + FRAMES])
    assert (clip.apex, clip.onset) == (FRAMES // 2, BEFORE)
    assert clip.clip == CLIP and clip.params == aus.Params()
    values, once = clip.values, clip.at_one_size
    assert values.shape == once.shape == (CLIP.frames, 17, 3)
    assert not np.array_equal(values, once) and np.abs(values - once).max() < 1
    change = values[BEFORE + FRAMES // 2, SMILE] - values[BEFORE, SMILE]
    assert change[0] > 0.5 * rise().max() and abs(change[1]) < 0.3 * rise().max()  # the left alone smiles
    assert change[2] == pytest.approx(change[:2].mean(), abs=1e-5)


def test_what_was_performed_is_the_change_since_the_onset(clip):
    true = clip.true_changes()
    np.testing.assert_allclose(true[:, SMILE, 0], rise(), atol=1e-6)
    assert true.shape == (FRAMES, 17, 2) and not np.delete(true, SMILE, 1).any() and not true[..., 1].any()


def test_what_others_have_read_is_taken_as_it_is(tmp_path):
    clip = source.read(CLIP, stages(tmp_path, params=aus.Params(backend="openface", half_window=0.02)))
    assert (clip.values == RAW).all() and clip.at_one_size is None
    assert clip.params.half_window == 0.02


def test_another_clip_and_another_file_are_refused(files):
    with pytest.raises(DataError, match=r"clip must be one of 006_1_5, not 006_1_6 \(.*faces/samm/006.h5\)"):
        source.read(replace(CLIP, name="006_1_6"), files)
    with pytest.raises(StoreError, match=r"apex/samm/006\.h5"):
        source.read(CLIP, files | {"faces": files["apex"]})
    with pytest.raises(StoreError, match=r"none\.h5: does not exist"):
        source.read(CLIP, files | {"aus": "none.h5"})
