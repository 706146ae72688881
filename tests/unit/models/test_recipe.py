"""Weights, schedules and samplers against closed forms and counts; augmented images against images that are known."""

import numpy as np
import pytest
import torch

from microexpr.models import recipe
from microexpr.models.counter_rng import Stream
from microexpr.models.labels import class_weights, weighted_mean
from microexpr.models.recipe import jitter, mirror_share
from microexpr.models.recognisers import find


def test_class_weights_make_classes_weigh_alike():
    label = torch.tensor([0] * 6 + [1] * 3 + [2] * 1)
    weights = class_weights(label, 3)
    torch.testing.assert_close(weights * torch.tensor([6.0, 3.0, 1.0]), torch.full((3,), 10 / 3))
    assert class_weights(torch.tensor([0, 0, 2]), 3).isfinite().all()


RATES = {  # over the first rate, after a number of epochs
    "capsulenet": lambda epoch: 0.9**epoch,
    "flow_cnn": lambda epoch: (1 + np.cos(np.pi * epoch / 40)) / 2,
    "icegan": lambda epoch: 0.9 ** (epoch // 20),
    "mmnet": lambda epoch: 0.987 ** min(epoch, 50),
    "slstt": lambda epoch: 0.1 if epoch >= 29 else 1,  # from the 30th epoch
    "ststnet": lambda epoch: 1,
}


@pytest.mark.parametrize("name", RATES)
def test_rates_fall_as_in_the_papers(name):
    kind = find(name)
    phase = kind(kind.Params()).phases()[-1]
    factors = [phase.schedule(epoch / phase.epochs) for epoch in range(phase.epochs)]
    np.testing.assert_allclose(factors, [RATES[name](epoch) for epoch in range(phase.epochs)])


def test_a_mean_of_some():
    values = torch.tensor([1.0, 2.0, 6.0])
    assert weighted_mean(values, torch.tensor([1.0, 0.0, 1.0])) == 3.5 and weighted_mean(values, torch.zeros(3)) == 0


TARGETS = {"label": np.array([0] * 12 + [1] * 3 + [2]), "macro": np.array([0, 1] * 8)}


def test_balanced_draws_every_class_equally_often():
    order = recipe.balanced(TARGETS, 300, 16, np.random.default_rng(0))
    assert order.shape == (300, 16)
    share = np.bincount(TARGETS["label"][order.ravel()]) / order.size
    np.testing.assert_allclose(share, 1 / 3, atol=0.03)
    assert set(order.ravel()) == set(range(16))
    two = recipe.balanced({"label": np.array([0, 2, 2])}, 300, 16, np.random.default_rng(0))  # no clip of class 1
    np.testing.assert_allclose((two == 0).mean(), 0.5, atol=0.03)


def test_only_one_kind_each_of_them_once_before_any_comes_twice():
    for macro in (False, True):
        order = (recipe.macro_only if macro else recipe.micro_only)(TARGETS, 4, 4, np.random.default_rng(0)).ravel()
        assert set(TARGETS["macro"][order]) == {int(macro)}
        assert len(set(order[:8])) == len(set(order[8:])) == 8


def test_half_of_a_batch_is_of_a_kind_where_there_are_both():
    marks = np.array([1, 0, 1, 1, 1, 1, 0])
    targets = {"label": np.zeros(7), "macro": marks}
    order = recipe.half_and_half(targets, 6, 5, np.random.default_rng(0))
    assert order.shape == (6, 5) and (marks[order] == [0, 0, 0, 1, 1]).all()
    assert {*order[:, :3].ravel()} == {1, 6} and {*order[:, 3:].ravel()} == {0, 2, 3, 4, 5}
    for all_of in (0, 1):
        alone = {"label": np.zeros(4), "macro": np.full(4, all_of)}
        order = recipe.half_and_half(alone, 2, 4, np.random.default_rng(0))
        assert [sorted(batch) for batch in order] == [[0, 1, 2, 3]] * 2


KEY = torch.tensor(5)
RAMP = torch.arange(16.0).expand(64, 1, 16, 16) / 16  # rises to the right


def test_jitter_moves_a_ramp_repeats_its_edge_mirrors_half_and_multiplies_brightness():
    moved = jitter(RAMP, Stream(KEY), shift=3)
    by = (moved[:, 0, 0, 8] - RAMP[:, 0, 0, 8]) * 16
    assert sorted(set(by.tolist())) == [-3, -2, -1, 0, 1, 2, 3]
    for picture, pixels in zip(moved, by, strict=True):
        torch.testing.assert_close(picture, (RAMP[0] + pixels / 16).clamp(0, 15 / 16))
    downwards = jitter(RAMP.mT, Stream(KEY), shift=3)
    assert len(set((downwards[:, 0, 8, 0] * 16).tolist())) == 7 and torch.equal(jitter(RAMP, Stream(KEY)), RAMP)
    mirrored = jitter(RAMP, Stream(KEY), mirror=0.5)
    flipped = [torch.equal(image, RAMP[0].flip(-1)) for image in mirrored]
    assert all(flip or torch.equal(image, RAMP[0]) for flip, image in zip(flipped, mirrored, strict=True))
    assert 16 < sum(flipped) < 48
    factor = jitter(RAMP, Stream(KEY), brightness=0.2)[:, 0, 0, 4] / RAMP[:, 0, 0, 4]
    assert 0.8 <= factor.min() < 0.85 and 1.15 < factor.max() <= 1.2


def test_a_share_of_clips_is_mirrored_in_training_and_none_in_scoring():
    mirrored = mirror_share(RAMP, 0.5, Stream(KEY))
    assert 16 < sum(torch.equal(clip, RAMP[0].flip(-1)) for clip in mirrored) < 48
    assert torch.equal(mirror_share(RAMP, 1.0, Stream(KEY), torch.neg), -RAMP)
    assert torch.equal(mirror_share(RAMP, 0.0, Stream(KEY)), RAMP) and torch.equal(mirror_share(RAMP, 1.0, None), RAMP)
