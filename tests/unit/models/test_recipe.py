"""Weights, means and schedules against their closed forms."""

import numpy as np
import pytest
import torch

from microexpr.models.recipe import class_weights, cosine, in_steps, linear_at_the_end, weighted_mean
from microexpr.models.recognisers import find


def test_class_weights_make_classes_weigh_alike():
    label = torch.tensor([0] * 6 + [1] * 3 + [2] * 1)
    weights = class_weights(label, 3)
    torch.testing.assert_close(weights * torch.tensor([6.0, 3.0, 1.0]), torch.full((3,), 10 / 3))
    assert class_weights(torch.tensor([0, 0, 2]), 3).isfinite().all()


def test_cosine_falls_from_one_to_zero():
    np.testing.assert_allclose([cosine(p) for p in (0, 1 / 3, 0.5, 1)], [1, 0.75, 0.5, 0], atol=1e-12)


def test_a_rate_falls_in_a_line_in_its_last_epochs_or_in_steps():
    np.testing.assert_allclose([linear_at_the_end(30, 10)(epoch / 30) for epoch in (0, 20, 25, 29)], [1, 1, 0.5, 0.1])
    assert linear_at_the_end(30, 0)(0.5) == 1
    schedule = in_steps(0.9, 100, 20)
    np.testing.assert_allclose(
        [schedule(epoch / 100) for epoch in (0, 19, 20, 39, 40, 99)], [1, 1, 0.9, 0.9, 0.81, 0.9**4]
    )
    np.testing.assert_allclose([in_steps(0.9, 30)(epoch / 30) for epoch in range(30)], 0.9 ** np.arange(30))


RATES = {  # over the first rate, after a number of epochs
    "capsulenet": lambda epoch: 0.9**epoch,
    "icegan": lambda epoch: 0.9 ** (epoch // 20),
    "mmnet": lambda epoch: 0.987 ** min(epoch, 50),
    "slstt": lambda epoch: 0.1 if epoch >= 29 else 1,  # from the 30th epoch
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
