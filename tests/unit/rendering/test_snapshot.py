"""Pictures taken anywhere: how far poses spread, and that nothing but the circumstances changes."""

from dataclasses import replace

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.rendering import snapshot
from microexpr.rendering.performance import Performer

PERFORMER = Performer.sample(generator(0, "someone"))


def test_poses_spread_as_a_normal_distribution_cut_at_two_deviations():
    rng = generator(1, "poses")
    poses = np.array([snapshot.vary_performer(PERFORMER, rng).pose for _ in range(4000)])
    # variance of z held to -2..2: its part inside, plus 4 times the 4.55 % outside
    inside = 0.9545 - 2 * 2 * np.exp(-2) / np.sqrt(2 * np.pi)
    assert poses.std(axis=0) == pytest.approx(np.array([12, 7, 6]) * np.sqrt(inside + 4 * 0.0455), rel=0.05)
    assert np.abs(poses.mean(axis=0)).max() < 0.6
    assert (np.abs(poses).max(axis=0) <= [24, 14, 12]).all()


def test_the_person_stays_the_same():
    other = snapshot.vary_performer(PERFORMER, generator(2, "elsewhere"))
    assert other.light != PERFORMER.light
    assert replace(other, pose=PERFORMER.pose, light=PERFORMER.light, zoom=PERFORMER.zoom) == PERFORMER


def test_backdrops_differ_and_are_out_of_focus():
    first, second = (snapshot.backdrop((320, 240), generator(3, name)) for name in "ab")
    assert first.shape == second.shape == (240, 320, 3)
    assert np.abs(first.astype(int) - second).mean() > 20
    for scene in (first, second):
        steps = np.abs(np.diff(scene.astype(int), axis=1))
        assert scene.std() > 10
        assert steps.max() < 25  # a disc's edge, of up to 175 grey levels, is spread over many pixels
    assert np.array_equal(first, snapshot.backdrop((320, 240), generator(3, "a")))
