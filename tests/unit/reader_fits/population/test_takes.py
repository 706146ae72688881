"""Long takes of the population, from which the spotter learns: what is planned is filmed, by three cameras."""

from itertools import pairwise

import numpy as np
import pytest

from facs_faces import take
from facs_faces.display import ACTION_UNITS, FULL
from facs_faces.performance import Performer
from microexpr.core.seeds import generator
from microexpr.videos import open_video
from reader_fits.population import Params, takes

PARAMS = Params()
SUBJECTS = PARAMS.training_subjects()[:60]
PLANS = {subject: takes.plan_take(PARAMS, subject) for subject in SUBJECTS}


def test_each_subject_has_a_take_of_its_own_of_every_sort():
    repeated = {subject: takes.plan_take(PARAMS, subject) for subject in SUBJECTS}
    assert [plan.shown for plan in PLANS.values()] == [plan.shown for plan in repeated.values()]
    assert len({tuple(plan.shown) for plan in PLANS.values()}) == len(SUBJECTS)
    assert {plan.settings.difficulty for plan in PLANS.values()} == {"easy", "standard", "hard"}
    assert {plan.settings.fps for plan in PLANS.values()} == {*takes.RATES}
    assert {kind for plan in PLANS.values() for kind, *_ in plan.shown} == {*take.SECONDS}
    for sort in (
        lambda p: p.turns,
        lambda p: p.covers,
        lambda p: p.flicker,
        lambda p: p.words,
        lambda p: p.settings.speech,
    ):
        assert 2 < sum(bool(sort(plan)) for plan in PLANS.values()) < len(PLANS) - 2


def test_events_are_within_the_take_and_words_apart():
    for plan in PLANS.values():
        assert all(0 <= onset <= apex <= offset <= takes.SECONDS for _, onset, apex, offset in plan.shown)
        assert all(stop < start for (_, stop), (start, _) in pairwise(plan.words))


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """The recordings of a take of two seconds, twice."""
    few = {"MICRO": (1, 1), "MACRO": (0, 0), "BLINKS": (0, 0), "GLANCES": (0, 0), "SECONDS": 2.0, "UNEVEN": 1.0}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (few | {"RATES": {25: 1.0}, "COVERS": 1.0, "TURNS": 1.0, "FLICKERS": 1.0}).items():
            patch.setattr(takes, name, value)
        patch.setattr(takes, "COVERED", (0.4, 0.6))
        return [takes.film_take(tmp_path_factory.mktemp("take"), PARAMS, "s0001") for _ in range(2)]


def test_a_take_is_stored_by_a_camera_and_sent_by_a_good_and_a_poor_connection(filmed):
    sizes = [path.stat().st_size for path in filmed[0]]
    assert [path.name for path in filmed[0]] == ["1.avi", "2.mp4", "3.mp4"] and sizes[0] > 3 * sizes[1] > 6 * sizes[2]
    first, again = ([[*open_video(path)] for path in paths] for paths in filmed)
    for images, others in zip(first, again, strict=True):
        assert images[0].shape == (*takes.SIZE[::-1], 3) and np.array_equal(images, others)
    stored, good, poor = first
    assert len(stored) == 50 and len(good) > 30 and len(poor) > 30
    errors = [np.abs(images[0].astype(float) - stored[0]).mean() for images in (good, poor)]
    assert 0 < errors[0] < errors[1] < 12


def test_a_camera_that_loses_frames_repeats_the_one_before_in_a_file_without_times(filmed):
    images = [*open_video(filmed[0][0])]
    repeated = [np.array_equal(first, second) for first, second in pairwise(images)]
    assert 0 < sum(repeated) < 0.4 * len(images)


def performance(seconds=6, fps=30):
    params = take.Params(seconds=seconds, fps=fps, micro=0, macro=0, blinks=0)
    return take.perform(Performer.sample(generator(1)), [], params, generator(2)), fps


def test_words_move_the_mouth_while_they_last_and_the_head_with_it():
    still, fps = performance()
    spoken = takes.speak(still, fps, [(2.0, 4.0)], generator(3))
    added = (spoken.action_units - still.action_units)[:, ACTION_UNITS.index("AU25")].max(1)
    assert (
        added[2 * fps : 4 * fps].max() > 0.2 and not added[: 2 * fps - 1].any() and not added[round(4.6 * fps) :].any()
    )
    assert (spoken.action_units <= FULL).all() and np.array_equal(spoken.shift, still.shift)
    moved = np.abs(spoken.pose - still.pose).max(1)
    assert moved[2 * fps : 4 * fps].max() > 0.3 and not moved[:fps].any()


def test_a_head_that_turns_does_so_slowly_about_where_it_was():
    still, fps = performance(16)
    turned = takes.turn(still, fps, generator(4))
    assert np.abs(turned.pose.mean(0) - still.pose.mean(0)).max() < 6
    assert turned.pose.std(0).max() > 2 * still.pose.std(0).max()
    assert np.abs(np.diff(turned.pose, axis=0)).max() < 3 and np.array_equal(turned.action_units, still.action_units)


def test_a_hand_rises_and_sinks_again():
    images = [np.zeros((240, 320, 3), np.uint8)] * 160
    covered = [image.any(axis=2).mean() for image in takes.pass_hands(images, 16, 10, generator(5))]
    assert max(covered) > 0.05 and covered.count(0) > 90 and not images[0].any()
