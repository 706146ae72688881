"""The face in a video and in each view of it; landmarks of heads that keep still or move; curves at even times."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from microexpr.apps import read as reading
from microexpr.apps.read import take
from microexpr.core.seeds import generator
from microexpr.signals.aus import filters
from microexpr.signals.aus.recording import Curves
from microexpr.signals.faces import FaceTrack
from microexpr.signals.faces.pose import HEAD, POSE_POINTS
from microexpr.videos import Scan, Video, from_array
from microexpr.videos.frames import Array
from microexpr.videos.timeline import Timeline, keep_time

RATE, FRAMES = 10.0, 80
SEEN = np.ones(FRAMES, bool)


def landmarks(shift=(0.0, 0.0), noise=0.2):
    """Landmarks [T, 68, 2] of a face whose eyes are 82 pixels apart, with noise of a detector."""
    points = np.zeros((68, 2))
    points[list(POSE_POINTS)] = HEAD[:, :2]
    rng = generator(0, "landmarks")
    return points + [200, 150] + np.broadcast_to(shift, (FRAMES, 2))[:, None] + rng.normal(0, noise, (FRAMES, 68, 2))


def test_a_still_head_is_averaged_over_seconds_but_not_where_it_was_not_found_and_a_moving_one_is_followed():
    steady = take.steady_landmarks(landmarks(), SEEN, RATE)
    assert steady[10:-10].std(axis=0).max() < 0.1
    assert steady == pytest.approx(filters.smooth_stretches(landmarks(), SEEN, RATE, take.STEADY))
    points, seen = landmarks(), SEEN.copy()
    seen[30:40] = False
    assert np.array_equal(take.steady_landmarks(points, seen, RATE)[30:40], points[30:40])
    path = 8 * np.sin(2 * np.pi * np.arange(FRAMES) / RATE / 2)[:, None] * [1, 0]
    steady = take.steady_landmarks(landmarks(path), SEEN, RATE)
    assert np.abs(steady - landmarks(path, 0))[5:-5].max() < 1.5  # the average of a second would be off by 8 pixels


FACE = data.astronaut()[:240, 110:350]  # Eileen Collins, by NASA


def filmed(*views, frames=15):
    """A video of 25 frames a second in which each view lasts some frames, with a little noise."""
    rng = generator(0, "views")
    images = [view for view in views for _ in range(frames)]
    noisy = (np.clip(image + rng.integers(-2, 3, image.shape, np.int16), 0, 255) for image in images)
    return np.stack([image.astype(np.uint8) for image in noisy])


def test_a_face_is_tracked_ten_times_a_second():
    reports = []
    followed = take.track(from_array(filmed(FACE, frames=25), 25), lambda *report: reports.append(report))
    (stretch,) = followed.stretches
    assert stretch.frames == range(25) and stretch.tracked.tolist() == [*range(0, 25, 2)]
    assert stretch.face.detected.all() and stretch.rate == 12.5 and followed.video.notes == ()
    assert [*{what for what, _, _ in reports}] == ["looking for the face"] and reports[-1][1:] == (24, 25)
    eyes = followed.landmarks([7])[0, 36:48].mean(axis=0)
    assert eyes == pytest.approx([115, 105], abs=15)  # of the photograph, by hand


def test_each_view_has_a_face_of_its_own_and_one_without_is_no_stretch():
    rng = generator(0, "no face")
    views = (FACE, rng.integers(0, 256, FACE.shape).astype(np.uint8), FACE[:, ::-1])
    scan = Scan(from_array(filmed(*views), 25).source)
    followed = take.track(scan)
    assert followed.video.timeline.cuts == (15, 30)
    assert [stretch.frames for stretch in followed.stretches] == [range(15), range(30, 45)]
    assert [followed.at(number).frames.start for number in (0, 14, 20, 30, 44)] == [0, 0, 0, 30, 30]
    first, second = (followed.landmarks([number])[0, 27:31].mean(axis=0) for number in (5, 35))  # bridge of the nose
    assert first == pytest.approx([FACE.shape[1] - 1 - second[0], second[1]], abs=3)
    repeated = take.track(followed.video)  # whose frames were all seen
    assert np.allclose(repeated.face.landmarks, followed.face.landmarks)


@pytest.mark.parametrize("is_scan", [True, False])
def test_a_video_on_its_side_is_turned(is_scan):
    video = from_array(filmed(np.rot90(FACE), frames=10), 25)
    followed = take.track(Scan(video.source) if is_scan else video)
    assert followed.video.notes == ("turned by 270 degrees to the left, so that the face is upright",)
    expected = take.track(from_array(filmed(FACE, frames=10), 25))
    assert np.abs(followed.face.landmarks - expected.face.landmarks).max() < 6  # noise is another
    assert np.abs(next(followed.video.read()).astype(int) - FACE).max() <= 2


def stretch_of(positions):
    """A stretch at 25 frames a second of a face of 100 pixels at these positions, None where there is none."""
    points = landmarks(noise=0)[0] * 100 / np.ptp(landmarks(noise=0)[0, :, 0])
    shift = np.array([position or 0.0 for position in positions])[:, None, None] * [1, 0]
    face = FaceTrack(np.array([p is not None for p in positions]), points + shift, (300, 400), 0)
    return take.Stretch(range(3 * len(positions)), np.arange(0, 3 * len(positions), 3), face, np.arange(999.0), 25.0)


@pytest.mark.parametrize(
    ("positions", "starts"),
    [
        ([1] * 40, [0]),
        ([*range(1, 400, 10)], [0]),  # walks past
        ([1] * 10 + [None] * 20 + [1] * 10, [0]),  # a hand, 2.4 s
        ([1] * 10 + [None] * 26 + [1] * 10, [0, 108]),  # away for more than 3 s
        ([1] * 10 + [None] * 5 + [90] * 10, [0, 45]),  # another chair
        ([1] * 10 + [None] * 2 + [90] * 10, [0]),  # a quick movement
        ([1] * 10 + [120] * 10 + [1] * 5, [0, 30, 60]),  # a second person, nearer for a while
    ],
)
def test_another_face_is_another_stretch(positions, starts):
    stretches = take.by_face(stretch_of(positions))
    assert [part.frames.start for part in stretches] == starts
    assert [part.tracked[0] for part in stretches] == starts
    assert sum(len(part.frames) for part in stretches) == 3 * len(positions)
    assert np.concatenate([part.face.landmarks for part in stretches]).shape == (len(positions), 68, 2)


def test_a_face_that_comes_back_elsewhere_is_another_with_a_note():
    wall = np.full((240, 480, 3), 120, np.uint8)
    left, right = wall.copy(), wall.copy()
    left[:, :240], right[:, 240:] = FACE, FACE
    shares = np.concatenate([np.ones(20), np.linspace(1, 0, 12), np.zeros(20), np.linspace(0, 1, 12), np.ones(20)])
    views = zip(shares, [left] * 42 + [right] * 42, strict=True)
    faded = [(share * view + (1 - share) * wall).astype(np.uint8) for share, view in views]
    followed = take.track(from_array(filmed(*faded, frames=1), 25), every=3)
    first, second = followed.stretches
    assert not followed.video.timeline.cuts and 50 < second.frames.start < 66 and second.frames.stop == 84
    since = followed.video.seconds[second.frames.start]
    assert followed.video.notes == (
        f"perhaps another face from {since:.2f} s on: each is read by itself, with its own face at rest",
    )
    assert followed.at(10) is first and followed.at(80) is second


def stretch(detected, positions):
    """Landmarks in frames 0, 4 and 8 of 9, which move to the right by a pixel a frame of the clock."""
    tracked = np.array([0, 4, 8])
    points = landmarks(noise=0)[:3] + positions[tracked][:, None, None] * [1, 0]
    return take.Stretch(range(9), tracked, FaceTrack(np.array(detected), points, (300, 400), 0), positions, 25)


@pytest.mark.parametrize("positions", [np.arange(9.0), np.array([0, 1, 2, 3, 4, 8, 12, 16, 20.0])])
def test_landmarks_between_tracked_frames_lie_at_their_times(positions):
    part = stretch((True, True, True), positions)
    expected = landmarks(noise=0)[:9] + positions[:, None, None] * [1, 0]
    assert part.landmarks(range(9)) == pytest.approx(expected)
    matrices = np.stack([part.matrix_at(number) for number in range(9)])
    assert np.abs(np.diff(matrices[..., 2], 2, axis=0)[[0, 1, 4, 5]]).max() < 1e-6  # a line between tracked frames
    on_crop = expected[4] @ matrices[4, :, :2].T + matrices[4, :, 2]
    assert np.ptp(on_crop, axis=0) == pytest.approx(np.ptp(part.landmarks_at(4), axis=0))
    part = stretch((True, True, False), positions)  # found between two detections alone
    assert [part.is_detected(number) for number in range(9)] == [True] * 4 + [False] * 5


FALLING = np.concatenate([np.arange(60) / 30, 2 + np.arange(40) / 20])  # 30 frames a second, then 20


def video(seconds: np.ndarray) -> Video:
    fps, positions, _ = keep_time(seconds, 30)
    every = np.ones(len(seconds), bool)
    source = Array(np.zeros((0, 1, 1), np.uint8), fps, Path("take.mkv"))
    return Video(source, fps, replace(Timeline.even(every), positions=positions), (1, 1), False, False)


def read(seconds: np.ndarray, numbers: np.ndarray, fps: float) -> Curves:
    """Curves whose values are lines in time."""
    times = seconds[numbers]
    intensity = np.broadcast_to(times[:, None, None], (len(times), 17, 2)).astype(np.float32)
    every = np.ones(len(times), bool)
    moved = np.broadcast_to(-times[:, None, None], (len(times), 22, 2)).astype(np.float32)
    return Curves(numbers, fps, intensity, moved, 2 * times, every, every, np.outer(times, [1, -1, 5]))


@pytest.mark.parametrize("step", [1, 3])
def test_a_line_at_uneven_times_is_the_same_line_at_even_ones(step):
    filmed, numbers = video(FALLING), np.arange(0, 100, step)
    even = reading.evened(read(FALLING, numbers, 30 / step), filmed)
    times = np.arange(len(even.gaze)) * step / 30
    assert len(times) == pytest.approx(3.95 * 30 / step, abs=1) and even.fps == 30 / step
    assert even.gaze == pytest.approx(2 * times) and even.turn == pytest.approx(np.outer(times, [1, -1, 5]))
    assert even.movement[:, 3, 0] == pytest.approx(-times, abs=1e-5)
    assert even.intensity[:, 16, 1] == pytest.approx(times, abs=1e-5) and even.intensity.dtype == np.float32
    assert np.abs(FALLING[even.numbers] - times).max() <= 0.025 * step + 1e-6  # the nearest frame that was read
    if step == 1:
        assert even.detected.all() and even.resting.all()
        assert even.numbers[[75, 78, 84]].tolist() == [70, 72, 76]  # at 2.5, 2.6 and 2.8 s
        assert filmed.seconds[[70, 72, 76]] == pytest.approx([2.5, 2.6, 2.8])


def test_nothing_is_seen_in_a_gap_that_is_too_long_to_be_bridged():
    seconds = np.arange(60) / 30
    seconds[20:] += 0.06  # 0.09 s without a frame
    seconds[40:] += 0.2
    even = reading.evened(read(seconds, np.arange(60), 30), video(seconds))
    times = np.arange(len(even.gaze)) / 30
    before, after = seconds[39], seconds[40]
    inside = (times > before + 1e-6) & (times < after - 1e-6)
    assert inside.sum() == 7 and np.array_equal(even.detected, ~inside) and np.array_equal(even.resting, ~inside)


def test_a_face_that_is_not_found_is_not_found_up_to_the_frames_next_to_it():
    curves = read(FALLING, np.arange(100), 30)
    curves.detected[70] = False
    even = reading.evened(curves, video(FALLING))
    times = np.arange(len(even.gaze)) / 30
    lost = (times > FALLING[69] + 1e-6) & (times < FALLING[71] - 1e-6)
    assert not even.detected[lost].any() and even.detected[~lost].all()
