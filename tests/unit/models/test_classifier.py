"""The recipe of training; the mirror against a flow that is known; normalisation against NumPy."""

import numpy as np
import pytest
import torch

from microexpr.models.base import ClipTensors
from microexpr.models.classifier import mirror_flow, normalise_flow
from microexpr.models.recognisers import find
from microexpr.models.recognisers.ststnet import Ststnet


def test_mirrored_flow_is_the_flow_of_the_mirrored_face():
    """Widening about the middle column is its own mirror image; a shift to the right becomes one to the left."""
    x = torch.linspace(-1, 1, 28).expand(28, 28)
    widening = torch.stack([x, torch.zeros(28, 28), torch.ones(28, 28)])
    torch.testing.assert_close(mirror_flow(widening), widening)
    shift = torch.stack([torch.ones(28, 28), x, x])
    torch.testing.assert_close(mirror_flow(shift), torch.stack([-torch.ones(28, 28), -x, -x]))


def test_training_flow_is_normalised_in_each_channel():
    flow = np.random.default_rng(3).normal([[[1.0]], [[-2.0]], [[5.0]]], [[[0.5]], [[2.0]], [[3.0]]], (12, 3, 28, 28))
    clips = ClipTensors({"flow": torch.tensor(flow)}, {"label": torch.arange(12) % 3})
    normalised = normalise_flow(clips.inputs["flow"], Ststnet(Ststnet.Params()).statistics(clips)).numpy()
    mean, deviation = flow.mean((0, 2, 3))[:, None, None], flow.std((0, 2, 3), ddof=1)[:, None, None]
    np.testing.assert_allclose(normalised, (flow - mean) / deviation, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "kind", "others"),
    [
        ("ststnet", torch.optim.Adam, {"weight_decay": 0}),
        ("sssnet", torch.optim.Adam, {"weight_decay": 1e-3}),
        ("flow_cnn", torch.optim.AdamW, {"weight_decay": 0.05}),
        ("microexpstcnn", torch.optim.SGD, {"momentum": 0.0}),
        ("slstt", torch.optim.SGD, {"momentum": 0.9, "weight_decay": 1e-4}),
    ],
)
def test_all_modules_are_trained_by_the_optimiser_that_the_params_ask_for(name, kind, others):
    method = find(name)(find(name).Params(lr=0.25))
    ((update,),) = (phase.updates for phase in method.phases())
    weight = torch.nn.Parameter(torch.zeros(1))
    assert [*update.trains] == (["encoder", "aggregator"] if name == "slstt" else ["network"])
    for make in update.trains.values():
        optimiser = make([weight])
        values = optimiser.param_groups[0]
        assert type(optimiser) is kind and values["lr"] == 0.25 and {key: values[key] for key in others} == others
