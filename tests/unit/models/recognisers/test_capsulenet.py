"""CapsuleNet's layers' sizes as released, and its start from published weights."""

import pytest
import torch

from microexpr.models.layers.resnet18 import ResNet18
from microexpr.models.recognisers.capsulenet import Capsulenet


def network(**params):
    method = Capsulenet(Capsulenet.Params(**params))
    return method, method.build({})["network"]


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
    method.published_weights = ResNet18().state_dict()
    torch.manual_seed(1)
    stem = method.build({})["network"].stem.state_dict()
    assert all(torch.equal(value, method.published_weights[name]) for name, value in stem.items())
