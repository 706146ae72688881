"""CapsuleNet's size by hand, its layers' sizes as released, and its start from published weights."""

import math

import pytest
import torch

from microexpr.models.layers.resnet18 import ResNet18
from microexpr.models.recognisers.capsulenet import Capsulenet


def network(**params):
    method = Capsulenet(Capsulenet.Params(**params))
    return method, method.build({})["network"]


def test_parameter_count():
    """ResNet-18 without its last stage and classifier, 9x9 from 256 to 256 twice, 1152 x 3 matrices of 8 x 16."""
    with torch.device("meta"):
        count = sum(p.numel() for p in network()[1].parameters())
    last_stage = 512 * 256 * 9 + 3 * 512 * 512 * 9 + 512 * 256 + 5 * 2 * 512
    stem = 11_689_512 - last_stage - (512 * 1000 + 1000)
    assert count == stem + 2 * (256 * 256 * 81 + 256) + 1152 * 3 * 8 * 16


def test_primary_capsules_are_6_by_6_of_32_kinds_at_the_papers_size():
    assert Capsulenet.Params().side == 6
    assert network(width=2)[1].capsules.weight.shape[0] == 6 * 6 * 2 * 4 // 8
    lengths = network(width=2)[1](torch.rand(2, 3, 224, 224))
    assert lengths.shape == (2, 3) and lengths.min() > 0 and lengths.max() < 1


def test_a_kernel_too_large_for_the_picture_is_refused():
    with pytest.raises(ValueError, match="kernel must be <= 4 at this image_size"):
        Capsulenet.Params(image_size=64)
    assert Capsulenet.Params(image_size=64, kernel=4).side == 1


def test_published_weights_start_the_stem_alone():
    method = Capsulenet(Capsulenet.Params())
    assert method.weights_fit() and not Capsulenet(Capsulenet.Params(width=8)).weights_fit()
    assert not Capsulenet(Capsulenet.Params(initialisation="scratch")).uses_published_weights()
    method.published_weights = ResNet18(classes=3).state_dict()
    torch.manual_seed(1)
    stem = method.build({})["network"].stem.state_dict()
    assert all(torch.equal(value, method.published_weights[name]) for name, value in stem.items())


def test_the_rate_falls_by_a_tenth_after_each_epoch():
    (phase,) = Capsulenet(Capsulenet.Params()).phases()
    assert all(math.isclose(phase.schedule(epoch / 30), 0.9**epoch) for epoch in range(30))
