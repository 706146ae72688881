"""Deviations of synthetic curves from their noise, and events where scores are high."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals import spotting
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.aus.recording import COURSES, Curves
from microexpr.signals.spotting import LENGTHS

SECONDS = 20
SMILE, LIDS = ACTION_UNITS.index("AU12"), ACTION_UNITS.index("AU45")


def curves_of(intensity, gaze, fps, **changes) -> Curves:
    """What was read of a head that keeps still, always seen and at rest."""
    frames = len(gaze)
    every, still = np.ones(frames, bool), np.zeros((frames, COURSES, 2), np.float32)
    curves = Curves(np.arange(frames), fps, intensity, still, gaze, every, every, np.zeros((frames, 3)))
    return replace(curves, **changes)


def at_rest(fps, drift=0.0):
    """Curves [T, 17, 2] of noise, and a gaze of noise; every unit may wander slowly."""
    rng, frames = generator(0, "spotting"), SECONDS * fps
    slow = drift * np.sin(2 * np.pi * np.arange(frames) / (9 * fps))[:, None, None]
    return 0.02 * rng.standard_normal((frames, len(ACTION_UNITS), 2)) + slow, 0.2 * rng.standard_normal(frames)


def show(curves, fps, unit, start, seconds, height, sides=(0, 1)):
    """A bump on a unit; its first and last frame."""
    first, length = round(start * fps), round(seconds * fps)
    for side in sides:
        curves[first : first + length, ACTION_UNITS.index(unit), side] += height * np.hanning(length)
    return first, first + length - 1


@pytest.mark.parametrize("fps", [25, 100])
def test_what_moves_stands_out_by_deviations_of_its_noise_and_what_drifts_does_not(fps):
    curves, gaze = at_rest(fps, drift=0.3)
    micro = show(curves, fps, "AU12", 5, 0.4, 0.8, sides=(0,))
    macro = show(curves, fps, "AU4", 9, 1.6, 2.0)
    signal = spotting.compute_signal(curves_of(curves, gaze, fps))
    apex = sum(micro) // 2
    assert signal.transient[apex].argmax() == 2 * SMILE and signal.transient[apex, SMILE, 0] > 15
    assert signal.change[apex, SMILE] == pytest.approx([0.8, 0], abs=0.2)
    assert signal.sustained[sum(macro) // 2].max() > 15
    quiet = np.ones(len(gaze), bool)
    for first, last in (micro, macro):
        quiet[first - fps : last + fps] = False
    assert np.quantile(signal.transient[quiet], 0.99) < 5


def test_what_a_blink_moves_around_the_eyes_is_the_blinks():
    curves, gaze = at_rest(100)
    first, last = show(curves, 100, "AU45", 8, 0.25, 3.0)
    show(curves, 100, "AU6", 8, 0.25, 0.3)
    signal = spotting.compute_signal(curves_of(curves, gaze, 100))
    middle = (first + last) // 2
    assert signal.transient[middle, LIDS].min() > 50 and signal.transient[middle, ACTION_UNITS.index("AU6")].max() < 1


def test_frames_without_the_face_are_not_read():
    curves, gaze = at_rest(100)
    seen = np.ones(len(curves), bool)
    seen[700:1400] = False
    curves[~seen] = 40 * generator(1, "spotting").standard_normal((700, len(ACTION_UNITS), 2))
    curves[1400:] += 1.5  # the face comes back elsewhere, in another light
    signal = spotting.compute_signal(curves_of(curves, gaze, 100, detected=seen))
    assert not signal.change[~seen].any() and np.abs(signal.change[seen]).max() < 0.2
    nothing = spotting.compute_signal(curves_of(curves, gaze, 100, detected=np.zeros(len(gaze), bool)))
    assert not nothing.transient.any()


@pytest.mark.parametrize("seconds", [4, 2])
def test_a_smile_that_lasts_for_most_of_a_video_is_not_taken_for_the_resting_face(seconds):
    curves, gaze = (values[: seconds * 100] for values in at_rest(100))
    smile = np.clip((np.arange(len(curves)) - 100) / 20, 0, 1)
    curves[:, SMILE] += 3 * smile[:, None]
    signal = spotting.compute_signal(curves_of(curves, gaze, 100, resting=smile == 0))
    assert signal.change[-50:, SMILE] == pytest.approx(3, abs=0.1)
    assert spotting.compute_signal(curves_of(curves, gaze, 100)).change[-50:, SMILE].max() < 2


def probability(fps=50, **spans):
    """Probabilities [T, 5]: bumps of a height from a first to a last second, by kind."""
    values = np.zeros((SECONDS * fps, len(LENGTHS)))
    for name, (first, last, height) in spans.items():
        start, stop = round(first * fps), round(last * fps)
        column = [*LENGTHS].index(name.rstrip("s"))
        values[start:stop, column] = np.maximum(values[start:stop, column], height * np.hanning(stop - start))
    return values


def find(values, fps=50, surest=1.0):
    curves, gaze = at_rest(fps)
    show(curves, fps, "AU12", 5, 0.6, 1.0, sides=(1,))
    signal = spotting.compute_signal(curves_of(curves, gaze, fps))
    return spotting.find(values - 0.2, surest * values, signal, fps)


def test_an_event_is_where_its_score_is_above_0_if_its_peak_is_likely():
    (event,) = find(probability(micro=(5, 5.8, 0.9)))
    assert event.kind == "micro" and event.score == pytest.approx(0.9, abs=0.01)
    assert (event.onset, event.offset) == (257, 282) and [*event.action_units] == ["AU12R"]
    assert abs(event.apex - 265) <= 2 and event.action_units["AU12R"] == pytest.approx(1, abs=0.2)
    assert find(probability(micro=(5, 5.8, 0.9)), surest=0.5) == []  # not likely
    assert find(probability(micro=(5, 7, 0.9))) == [] != find(probability(macro=(5, 7, 0.9)))  # too long for a micro


def test_what_a_video_or_a_gap_cuts_off_is_no_micro_expression_except_in_a_clip():
    for cut in (slice(0, 15), slice(-15, None)):
        values = probability()
        values[cut, 0] = 0.9
        assert find(values) == [] and len(find(np.roll(values, 30, axis=0))) == 1
    curves, gaze = at_rest(50)
    seen = np.ones(len(gaze), bool)
    seen[265:300] = False
    values = probability(micro=(5, 5.8, 0.9)) * seen[:, None]
    signal = spotting.compute_signal(curves_of(curves, gaze, 50, detected=seen))
    assert spotting.find(values - 0.2, values, signal, 50) == []
    clip = spotting.compute_signal(curves_of(curves[:50], gaze[:50], 50))
    (event,) = spotting.find(values[250:300] - 0.2, values[250:300], clip, 50)
    assert event.kind == "micro" and event.offset == 14


def test_expressions_do_not_overlap_the_likelier_stays_and_all_else_with_it():
    spans = {"micro": (5, 5.8, 0.8), "macro": (4.8, 6, 0.9), "blink": (5.2, 5.6, 0.99), "speech": (4, 7, 0.99)}
    assert [event.kind for event in find(probability(**spans))] == ["speech", "macro", "blink"]
    spans["macro"] = (4.8, 6, 0.7)
    assert [event.kind for event in find(probability(**spans))] == ["speech", "micro", "blink"]
    for seed in range(8):
        rng = generator(seed, "overlap")
        values = np.abs(np.cumsum(rng.normal(0, 0.04, (1000, len(LENGTHS))), axis=0)) % 1
        events = find(values)
        assert len(events) > 3
        others = [event for event in events if event.kind in spotting.EXPRESSIONS]
        assert all(event.offset < following.onset for event, following in pairwise(others))
        assert all(event.onset <= event.apex <= event.offset for event in events)
