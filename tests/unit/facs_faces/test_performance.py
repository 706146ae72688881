"""Courses of expressions: events at the given frames, amplitudes and drift as their formulas say."""

from dataclasses import replace

import numpy as np
import pytest

from facs_faces.display import ACTION_UNITS, DISPLAYS, GAIN, array, sample_display
from facs_faces.performance import DIFFICULTIES, RESIDUAL, Performer, envelope, perform, vary_performer
from microexpr.core.errors import DataError
from microexpr.core.seeds import generator

BLINK = ACTION_UNITS.index("AU45")


@pytest.fixture
def performer():
    return Performer.sample(generator(3, "performer"))


def test_expression_is_zero_to_onset_and_first_largest_at_apex():
    rng = np.random.default_rng(1)
    for difficulty in (*DIFFICULTIES.values(), replace(DIFFICULTIES["easy"], low=0.9, high=1.0, habit=1, blend=1)):
        for emotion in DISPLAYS:
            weights = sample_display(emotion, rng)
            onset = int(rng.integers(0, 10))
            apex = onset + int(rng.integers(1, 90))
            offset = apex + int(rng.integers(0, 60))
            performance = perform(Performer.sample(rng), weights, onset, apex, offset, offset + 8, 200, difficulty, rng)
            active = array(weights) > 0
            assert not performance.expression[:, ~active].any() and not performance.expression[: onset + 1].any()
            if difficulty.low:
                assert (performance.expression[:, active].argmax(axis=0) == apex).all()
            assert performance.action_units.min() >= 0 and performance.action_units.max() <= 5


def test_envelope_leaves_a_residual_at_offset():
    course = envelope(10, 20, 40, 60, 200)
    assert course[20] == 1 and course[40] == pytest.approx(RESIDUAL)
    assert course[15] == pytest.approx(0.5)  # a smooth rise is half way in the middle
    assert (np.diff(course[10:21]) > 0).all() and (np.diff(course[20:]) <= 0).all()


def test_null_difficulty_shows_nothing_but_the_resting_face_and_blinks(performer):
    weights, events = sample_display("surprise", generator(0)), (5, 15, 30, 40)
    performance = perform(performer, weights, *events, 200, DIFFICULTIES["null"], generator(0, "clip"))
    others = np.arange(len(ACTION_UNITS)) != BLINK
    assert not performance.expression.any()
    assert np.ptp(performance.action_units[:, others], axis=0).max() == 0
    assert performance.action_units[0, ACTION_UNITS.index("AU4")] == pytest.approx(performer.rest["AU4"])
    assert np.ptp(performance.pose, axis=0).min() > 0  # the control moves as all others do


def test_intensity_is_log_uniform_between_the_bounds_times_the_gains(performer):
    difficulty, unit = DIFFICULTIES["standard"], ACTION_UNITS.index("AU12")
    weights = {"AU12L": 1.0, "AU12R": 1.0}
    clips = (perform(performer, weights, 0, 3, 6, 8, 200, difficulty, generator(k)) for k in range(800))
    peaks = np.array([performance.expression[3, unit].mean() for performance in clips])
    expected = np.log(5 * GAIN["AU12"] * performer.gain["AU12"]) + np.log(difficulty.low * difficulty.high) / 2
    deviation = np.hypot(np.log(difficulty.high / difficulty.low) / np.sqrt(12), 0.2)
    assert np.log(peaks).mean() == pytest.approx(expected, abs=4 * deviation / np.sqrt(800))
    assert np.log(peaks).std() == pytest.approx(deviation, rel=0.1)


def test_easier_difficulties_show_more_and_blend_less():
    easy, standard, hard, null = (DIFFICULTIES[name] for name in ("easy", "standard", "hard", "null"))
    assert easy.high > standard.high > hard.high > null.high == 0
    assert easy.blend < standard.blend < hard.blend


def test_head_wanders_with_the_memory_and_size_of_its_formula(performer):
    performance = perform(performer, {"AU1L": 1.0}, 1, 9, 20, 20000, 200, DIFFICULTIES["easy"], generator(0))
    yaw = performance.pose[:, 0] - performer.pose[0]
    assert yaw.std() == pytest.approx(0.35 * performer.motion, rel=0.25)
    assert np.corrcoef(yaw[:-1], yaw[1:])[0, 1] == pytest.approx(np.exp(-1 / 80), abs=0.003)
    assert performance.exposure.mean() == pytest.approx(1, abs=0.003)
    assert performance.exposure.std() == pytest.approx(np.hypot(0.01 / np.sqrt(2), 0.006), rel=0.2)


def test_some_clips_hold_a_blink(performer):
    shot = performer, {"AU1L": 1.0}, 1, 9, 20, 60, 200, DIFFICULTIES["easy"]
    blinks = np.mean([np.ptp(perform(*shot, generator(k)).action_units[:, BLINK]) > 0.5 for k in range(600)])
    assert blinks == pytest.approx(0.15, abs=4 * np.sqrt(0.15 * 0.85 / 600))


@pytest.mark.parametrize("events", [(5, 5, 9, 10), (-1, 5, 9, 10), (2, 5, 4, 10), (2, 5, 10, 10)])
def test_events_out_of_order_are_refused(performer, events):
    with pytest.raises(DataError, match="onset < apex <= offset < frames must hold, not"):
        perform(performer, {"AU1L": 1.0}, *events, 200, DIFFICULTIES["easy"], generator(0))


def test_poses_of_pictures_spread_as_a_normal_distribution_cut_at_two_deviations_of_the_same_person(performer):
    rng = generator(1, "poses")
    poses = np.array([vary_performer(performer, rng).pose for _ in range(4000)])
    # variance of z held to -2..2: its part inside, plus 4 times the 4.55 % outside
    inside = 0.9545 - 2 * 2 * np.exp(-2) / np.sqrt(2 * np.pi)
    assert poses.std(axis=0) == pytest.approx(np.array([12, 7, 6]) * np.sqrt(inside + 4 * 0.0455), rel=0.05)
    assert np.abs(poses.mean(axis=0)).max() < 0.6
    assert (np.abs(poses).max(axis=0) <= [24, 14, 12]).all()

    other = vary_performer(performer, generator(2, "elsewhere"))
    assert other.light != performer.light
    assert replace(other, pose=performer.pose, light=performer.light, zoom=performer.zoom) == performer
