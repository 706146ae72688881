"""Histograms of flows whose angle is known."""

import numpy as np
import pytest
import torch

from microexpr.models.recognisers.hoof import Hoof, histograms


def constant(degrees, length=1.0, size=20):
    """Everything moves alike: 0 is to the right, 90 upwards."""
    turn = np.radians(degrees)
    return np.full((3, size, size), 1.0) * np.array([np.cos(turn), -np.sin(turn), 0])[:, None, None] * length


def random(size=20):
    return np.random.default_rng(0).normal(size=(3, size, size))


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(80, 0), (50, 1), (20, 2), (-10, 3), (-40, 4), (-80, 5), (100, 0), (130, 1), (160, 2), (190, 3), (220, 4)],
)
def test_bins_go_from_straight_up_to_straight_down(degrees, expected):
    assert (histograms(constant(degrees), 6, 2) == np.tile(np.arange(6) == expected, 4)).all()


def test_left_and_right_are_one():
    flow = random()
    np.testing.assert_array_equal(histograms(flow, 30, 5), histograms(flow * [[[-1]], [[1]], [[1]]], 30, 5))
    assert (histograms(flow, 30, 5) != histograms(flow * [[[1]], [[-1]], [[1]]], 30, 5)).any()


def test_signed_bins_go_around_the_circle_as_those_of_bi_woof():
    flow = random()
    mirrored = flow * [[[-1]], [[1]], [[1]]]
    assert (histograms(flow, 8, 5, signed=True) != histograms(mirrored, 8, 5, signed=True)).any()
    for degrees, expected in ((-170, 0), (-10, 3), (10, 4), (170, 7), (180, 0)):
        actual = histograms(constant(-degrees), 8, 1, signed=True)
        assert actual.argmax() == expected and actual.sum() == pytest.approx(1)


def test_of_a_clip_that_sums_to_1_still_blocks_have_little():
    flow = constant(80)
    flow[:, :10, :10] *= 0.01
    shares = histograms(flow, 6, 2, sums="clip").reshape(4, 6).sum(1)
    np.testing.assert_allclose(shares, np.array([0.01, 1, 1, 1]) / 3.01, rtol=1e-5)


def test_up_and_down_are_opposite_ends():
    flow = random()
    turned = histograms(flow * [[[1]], [[-1]], [[1]]], 30, 2).reshape(4, 30)
    np.testing.assert_allclose(turned, histograms(flow, 30, 2).reshape(4, 30)[:, ::-1], atol=1e-7)


def test_a_pixel_counts_by_its_length():
    flow = constant(80)
    flow[:, :, 10:] = constant(-80, length=3)[:, :, 10:]
    np.testing.assert_allclose(histograms(flow, 6, 1), [0.25, 0, 0, 0, 0, 0.75], rtol=1e-6)


def test_the_length_of_all_flow_is_no_matter():
    np.testing.assert_allclose(histograms(7 * random(), 30, 5), histograms(random(), 30, 5), rtol=1e-5)


def test_each_block_has_its_own_histogram():
    flow = random()
    whole = histograms(flow, 8, 2).reshape(2, 2, 8)
    for row, column in np.ndindex(2, 2):
        part = flow[:, 10 * row : 10 * row + 10, 10 * column : 10 * column + 10]
        np.testing.assert_array_equal(whole[row, column], histograms(part, 8, 1))


def test_what_does_not_move_has_no_direction():
    flow = constant(80)
    flow[:, :10, :10] = 0
    assert histograms(flow, 6, 2).reshape(4, 6).sum(1).tolist() == [0, 1, 1, 1]


def test_features_by_default():
    method = Hoof(Hoof.Params())
    actual = method.features({"flow": torch.from_numpy(random(128)[None])})
    assert method.inputs == {"flow": (3, 128, 128)}
    assert actual.shape == (1, 5 * 5 * 30) and actual.dtype == np.float32
    assert actual.sum() == pytest.approx(5 * 5)
