"""Spot events in synthetic curves: short and long bumps over noise, blinks, eyes that look elsewhere."""

from itertools import pairwise

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals import spotting
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.spotting import Params
from microexpr.signals.spotting.hits import overlap

SECONDS = 20


def spot(curves, gaze, fps, params, seen=None):
    """The events in these curves."""
    return spotting.spot(spotting.compute_signal(curves, gaze, fps, params, seen), fps, params)


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


@pytest.mark.parametrize("fps", [25, 50, 100])
def test_micro_macro_and_blink_are_told_apart(fps):
    curves, gaze = at_rest(fps, drift=0.3)
    true = {
        "micro": show(curves, fps, "AU12", 5, 0.4, 0.8, sides=(0,)),
        "macro": show(curves, fps, "AU4", 9, 1.6, 2.0),
        "blink": show(curves, fps, "AU45", 14, 0.25, 3.0),
    }
    events = spot(curves, gaze, fps, Params())
    assert [event.kind for event in events] == ["micro", "macro", "blink"]
    for event in events:
        assert overlap((event.onset, event.offset), true[event.kind]) >= 0.5
        assert abs(event.apex - np.mean(true[event.kind])) <= 0.1 * fps
    micro, macro, _ = events
    assert list(micro.action_units) == ["AU12L"] and micro.action_units["AU12L"] == pytest.approx(0.8, rel=0.2)
    assert {*macro.action_units} == {"AU4L", "AU4R"}


def test_nothing_is_found_where_nothing_happens():
    assert spot(*at_rest(100, drift=0.3), 100, Params()) == []
    assert spot(np.zeros((300, len(ACTION_UNITS), 2)), np.zeros(300), 100, Params()) == []  # a still picture


def test_what_a_blink_moves_around_the_eyes_is_the_blinks(monkeypatch):
    curves, gaze = at_rest(100)
    show(curves, 100, "AU45", 8, 0.25, 3.0)
    show(curves, 100, "AU6", 8, 0.25, 0.3)
    assert [event.kind for event in spot(curves, gaze, 100, Params())] == ["blink"]
    monkeypatch.setattr(spotting, "LEAK", 0)
    assert sorted(event.kind for event in spot(curves, gaze, 100, Params())) == ["blink", "micro"]


@pytest.mark.parametrize(
    ("unit", "rise", "turned", "kind"),
    [("AU5", 0.6, 3.0, "glance"), ("AU5", 0.6, 0.0, "micro"), ("AU5", 0.2, 0.0, "glance"), ("AU4", 0.2, 0.0, "micro")],
)
def test_lids_that_follow_the_eyes_are_a_glance(unit, rise, turned, kind):
    curves, gaze = at_rest(100)
    show(curves, 100, unit, 8, 0.4, rise)
    gaze[800:840] += turned
    assert [event.kind for event in spot(curves, gaze, 100, Params())] == [kind]


def test_the_nearest_frames_at_rest_bound_a_peak():
    along = np.array([0, 3, 0, 2, 10, 6, 1, 0, 4.0])
    assert spotting.extent(along, 4, 0.1, slice(0, 9)) == (2, 4, 6)
    assert spotting.extent(along, 4, 0.1, slice(3, 6)) == (3, 4, 5)  # none is at rest


def test_events_do_not_overlap_but_with_blinks():
    for seed in range(8):
        rng = generator(seed, "overlap")
        curves = 0.02 * rng.standard_normal((1500, 17, 2)) + 0.015 * rng.standard_normal((1500, 17, 2)).cumsum(axis=0)
        for *places, height in rng.uniform((0, 0, 0, 5, 0.3), (len(ACTION_UNITS), 2, 1300, 190, 3), (12, 5)):
            unit, side, start, length = map(int, places)
            curves[start : start + length, unit, side] += height * np.hanning(length)
        events = spot(curves, rng.standard_normal(1500), 100, Params())
        for is_blink in (True, False):
            others = [event for event in events if (event.kind == "blink") == is_blink]
            assert all(event.offset < following.onset for event, following in pairwise(others))
            assert all(event.onset <= event.apex <= event.offset for event in others)


def test_a_clip_of_one_micro_expression_shows_it_and_one_at_rest_nothing():
    curves, gaze = at_rest(100)
    first, last = show(curves, 100, "AU12", 5, 0.4, 0.4)
    for start, stop in ((first, last + 1), (first - 3, last + 3)):
        (event,) = spot(curves[start:stop], gaze[start:stop], 100, Params())
        assert event.kind == "micro" and overlap((event.onset + start, event.offset + start), (first, last)) > 0.5
    for start in range(600, 1900, 50):
        assert spot(curves[start : start + 45], gaze[start : start + 45], 100, Params()) == []


@pytest.mark.parametrize("end", [20, 40])
def test_what_a_video_cuts_off_is_no_micro_expression(end):
    curves, gaze = at_rest(100)
    first, last = show(curves, 100, "AU12", 9, 0.4, 1.0)
    assert spot(curves[: first + end // 2], gaze[: first + end // 2], 100, Params()) == []
    assert spot(curves[last - end // 2 :], gaze[last - end // 2 :], 100, Params()) == []


def test_a_smile_that_lasts_to_the_end_is_a_macro_expression():
    curves, gaze = at_rest(100)
    curves[1850:, ACTION_UNITS.index("AU12")] += 2 * np.minimum(np.arange(150) / 40, 1)[:, None]
    (smile,) = spot(curves, gaze, 100, Params())
    assert smile.kind == "macro" and abs(smile.onset - 1850) < 15 and smile.offset == len(curves) - 1


def test_frames_without_the_face_are_not_read_and_bound_what_is_seen():
    curves, gaze = at_rest(100)
    first, last = show(curves, 100, "AU12", 5, 0.4, 0.8)
    seen = np.ones(len(curves), bool)
    seen[700:1400] = False
    curves[~seen] = 40 * generator(1, "spotting").standard_normal((700, len(ACTION_UNITS), 2))
    curves[1400:] += 1.5  # the face comes back elsewhere, in another light
    show(curves, 100, "AU4", 13.9, 0.4, 0.8)  # half of it is not seen
    (event,) = spot(curves, gaze, 100, Params(), seen)
    assert event.kind == "micro" and overlap((event.onset, event.offset), (first, last)) > 0.5
    assert spot(curves, gaze, 100, Params(), np.zeros(len(curves), bool)) == []


def test_brows_that_move_while_the_mouth_speaks_are_speech_and_after_it_or_by_themselves_they_are_not():
    curves, gaze = at_rest(100)
    for i in range(7):
        show(curves, 100, "AU2", 8 + 0.3 * i, 0.25, 0.6)
    assert {event.kind for event in spot(curves, gaze, 100, Params())} == {"micro"}
    curves, _ = at_rest(100)
    units = ("AU26", "AU20", "AU23", "AU25", "AU17", "AU12", "AU26", "AU10", "AU25", "AU14")
    spans = [show(curves, 100, unit, 6 + 0.3 * i, 0.2, 0.4 + 0.1 * (i % 3)) for i, unit in enumerate(units)]
    show(curves, 100, "AU1", 7.5, 0.4, 1.0)
    alone = show(curves, 100, "AU1", 13, 0.4, 1.0)
    speech, micro = spot(curves, gaze, 100, Params())
    assert speech.kind == "speech" and overlap((speech.onset, speech.offset), (spans[0][0], spans[-1][1])) > 0.8
    assert micro.kind == "micro" and overlap((micro.onset, micro.offset), alone) > 0.6


def test_a_clip_may_end_at_the_apex():
    curves, gaze = (values[:60] for values in at_rest(100))
    show(curves, 100, "AU12", 0.1, 0.5, 0.4)
    (event,) = spot(curves[:35], gaze[:35], 100, Params())
    assert event.kind == "micro" and event.apex >= 32 and event.offset == 34


@pytest.mark.parametrize("seconds", [4, 2])
def test_a_smile_that_lasts_for_most_of_a_video_is_not_taken_for_the_resting_face(seconds):
    curves, gaze = (values[: seconds * 100] for values in at_rest(100))
    smile = np.clip((np.arange(len(curves)) - 100) / 20, 0, 1)
    curves[:, ACTION_UNITS.index("AU12")] += 3 * smile[:, None]
    signal = spotting.compute_signal(curves, gaze, 100, Params(), resting=smile == 0)
    assert signal.change[-50:, ACTION_UNITS.index("AU12")] == pytest.approx(3, abs=0.1)
    (event,) = spotting.spot(signal, 100, Params())
    assert event.kind == "macro" and abs(event.onset - 100) < 10 and event.offset > len(curves) - 5
    without = spotting.compute_signal(curves, gaze, 100, Params())
    assert without.change[-50:, ACTION_UNITS.index("AU12")].max() < 2
