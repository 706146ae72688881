"""Differences from recordings that the models know, in words, and the shipped figures of the shipped weights."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from microexpr.apps.predict import limits, recognition
from microexpr.apps.predict.written import EVENTS
from microexpr.apps.read.take import Stretch, Take
from microexpr.core.files import file_digest
from microexpr.signals import spotting
from microexpr.signals.faces import FaceTrack
from microexpr.signals.faces.pose import HEAD, POSE_POINTS
from microexpr.videos import Video
from microexpr.videos.frames import Array
from microexpr.videos.timeline import Timeline

EXPRESSION = spotting.Interval("micro", 10, 20, 30, 0.9, {})
DIGEST = file_digest(recognition.SHIPPED)
FITTED_ON = ["generated/population/s0001/*"]


def face(scale=1.0, seen=1.0, others=0, roll=0):
    """Somebody's landmarks, `scale` times as large as in a frame of 640 x 480, rolled by degrees."""
    points, angle = np.zeros((68, 2)), np.radians(roll)
    points[list(POSE_POINTS)] = HEAD[:, :2] * scale * 1.3
    points = points @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + [320, 200]
    return FaceTrack(np.arange(50) < 50 * seen, np.tile(points, (50, 1, 1)), (480, 640), others)


def shown(track=None, frames=500, cuts=(), **changes):
    """A take of a video whose frames are not there, at 100 a second unless `changes` say otherwise."""
    timeline = replace(Timeline.even(np.ones(frames, bool)), cuts=cuts)
    defaults = {"fps": 100.0, "timeline": timeline, "size": (480, 640), "generated": True, "grey": False}
    video = Video(Array(np.zeros((0, 1, 1), np.uint8), 100, Path("take.avi")), **(defaults | changes))
    positions = video.timeline.positions
    tracked = np.linspace(0, frames - 1, 50).astype(int)
    return Take(video, [Stretch(part, tracked, track or face(), positions, video.fps) for part in timeline.stretches])


def test_what_is_unlike_the_models_people_is_warned_of():
    generated, both = ["generated/au_model/1/*"], ["generated/au_model/1/*", "licensed/samm/006/*"]
    assert limits.warnings(shown(), generated) == []
    for changed, seen, entries, words in (
        ({"fps": 20.0}, face(), generated, "20 frames a second"),
        ({}, face(0.3), generated, "the face is small: 32 pixels"),
        ({}, face(roll=25), generated, "the head is turned (yaw "),
        ({"grey": True}, face(), generated, "the video is grey"),
        ({"generated": False}, face(), generated, "not marked as generated, perhaps of a person"),
        ({"generated": False}, face(), both, "some of the models saw generated faces only"),
        ({}, face(), ["licensed/samm/006/*"], "models saw only licensed faces"),
        ({}, face(seen=0.8), generated, "no face in 20% of the frames"),
        ({}, face(others=2), generated, "2 more faces"),
    ):
        (warning,) = limits.warnings(shown(seen, **changed), entries)
        assert words in warning


def doubts(interval=EXPRESSION, others=(), take=None, fps=100.0):
    return [*limits.doubts(interval, [interval, *others], take or shown(), fps)]


def test_little_rest_next_to_another_expression_is_a_reason():
    first, second, third = (spotting.Interval("micro", n, n + 5, n + 10, 0.9, {}) for n in (100, 130, 200))
    (reason,) = doubts(first, [second, third])
    assert reason == "rest next to another expression 0.20 s, not 0.3 or more"
    assert doubts(third, [first, second]) == [] == doubts(first)
    assert doubts(first, [second], shown(fps=50.0)) == []  # frames at half the rate lie further apart
    assert doubts(first, [replace(second, kind="blink")]) == [] == doubts(first, [replace(second, kind="speech")])
    assert doubts(first, [replace(first, kind="speech")]) == ["the face speaks at the same time"]


@pytest.mark.parametrize(("step", "frames", "is_cut"), [(1, 31, True), (1, 32, False), (2, 32, True), (2, 33, False)])
def test_a_video_that_ends_before_a_movement_is_named(step, frames, is_cut):
    words = ["the video ends before the movement does"] * is_cut
    assert doubts(take=shown(frames=frames), fps=100 / step) == words
    before_cut = shown(frames=200, cuts=(frames,))
    assert doubts(take=before_cut, fps=100 / step) == ["a cut ends the movement"] * is_cut


def changed(**frames):
    """A take of a video in which arrays of the timeline differ in some frames."""
    take = shown()
    arrays = {name: getattr(take.video.timeline, name).copy() for name in frames}
    for name, numbers in frames.items():
        arrays[name][numbers] = ~arrays[name][numbers] if name == "damaged" else 0
    return replace(take, video=replace(take.video, timeline=replace(take.video.timeline, **arrays)))


@pytest.mark.parametrize(
    ("frames", "reasons"),
    [
        ({}, []),
        ({"damaged": [15]}, ["damaged frames"]),
        ({"damaged": [39]}, ["damaged frames"]),
        ({"damaged": [41]}, []),  # more than `AROUND` after
        ({"change": [*range(16, 30)]}, ["0.15 s without a new picture"]),
        ({"change": [*range(16, 25)]}, []),
        ({"change": [number for number in range(500) if number % 6]}, ["16.7 new pictures a second, not 20 or more"]),
    ],
)
def test_what_takes_away_belief_in_an_expression_or_its_frames_is_a_reason(frames, reasons):
    assert doubts(take=changed(**frames)) == reasons
    none = "perhaps none: probability 0.60, not 0.8 or more"
    assert doubts(replace(EXPRESSION, score=0.6), take=changed(**frames)) == [*reasons, none]


@pytest.mark.parametrize(
    ("units", "predicted", "words"),
    [
        ("AU1L AU12R", "positive", "AU1 moves most, which positive faces do not show"),
        ("AU12L AU4R", "positive", ""),
        ("AU14R AU12L AU2L", "surprise", "(AU14 moves more and belongs to no class)"),
        ("AU14R AU14L AU45L AU12L", "negative", "(AU14 and AU45 move more and belong to no class)"),
        ("AU14L", "positive", ""),
        ("", "surprise", ""),
        ("AU12L", "disgust", ""),  # no class of these
    ],
)
def test_a_unit_that_only_other_classes_show_speaks_against_a_class(units, predicted, words):
    more = f"AU12 moves, which {predicted} faces do not show " * words.startswith("(")
    assert limits.contradiction(units.split(), predicted) == (more + words,) * bool(words)


@pytest.mark.parametrize(("fps", "measured"), [(20, 25), (28, 30), (29.97, 30), (120, 100), (1000, 200)])
def test_the_nearest_rate_is_described(fps, measured):
    figures = limits.rate_figures(fps, DIGEST)
    assert figures["fps"] == measured and {*figures["errors"]} == {*EVENTS}
    assert figures["description"].startswith(f"at {measured} frames a second, in {figures['films']} rendered films: F1")
    assert f"{figures['right']} of {figures['hits']} classes right" in figures["description"]
    of_others = limits.rate_figures(fps, "0" * 64)  # classes of other weights were not measured
    assert of_others.keys().isdisjoint(limits.CLASSES) and "classes" not in of_others["description"]


def test_the_shipped_figures_are_of_the_shipped_weights() -> None:
    """After another fit: `python studies/real_faces.py --predict --write-docs`."""
    contents = json.loads(limits.RATES.read_text(encoding="utf-8"))
    assert contents["sha256"] == DIGEST, f"{limits.RATES.name} must be of the weights in {recognition.SHIPPED.name}"
    for rate in contents["rates"].values():
        assert 0 <= rate["f1"] <= 1 and rate["hits"] <= rate["micro"] and rate["sure_right"] <= rate["sure"]
    figures = limits.recorded_figures(recognition.SHIPPED)
    assert figures, f"{limits.RECORDED.name} must be of the weights in {recognition.SHIPPED.name}, not of others"
    for scope in (figures, *figures["datasets"].values()):
        for value, low, high in (scope["uf1"], scope["uar"]):
            assert 0 <= low < value < high <= 1
    for count in ("clips", "subjects"):
        assert figures[count] == sum(part[count] for part in figures["datasets"].values())


def test_other_weights_have_no_figures(tmp_path: Path) -> None:
    weights, path = tmp_path / "weights", tmp_path / "figures.json"
    weights.write_bytes(b"these")
    figures = {"clips": 7, "subjects": 2, "uf1": [0.5, 0.25, 0.75], "calibration_error": 0.125}
    path.write_text(json.dumps(figures | {"sha256": file_digest(weights)}))
    line = limits.describe_recorded(limits.recorded_figures(weights, path), FITTED_ON)
    assert line.startswith("on 7 recorded micro-expressions of 2 subjects") and "UF1 0.50 (0.25 to 0.75)" in line
    weights.write_bytes(b"others")
    assert limits.recorded_figures(weights, path) is None
    assert limits.describe_recorded(None, FITTED_ON) == "these weights were not measured on recorded faces"
    assert limits.describe_recorded(None, ["licensed/samm/006/006_1_2"]).endswith("on subjects left out")
