"""CapsuleNet's start from published weights."""

import torch

from microexpr.models.layers.resnet18 import ResNet18
from microexpr.models.recognisers.capsulenet import Capsulenet


def test_published_weights_start_the_stem_alone():
    method = Capsulenet(Capsulenet.Params())
    assert method.weights_fit() and not Capsulenet(Capsulenet.Params(width=8)).weights_fit()
    assert not Capsulenet(Capsulenet.Params(initialisation="scratch")).uses_published_weights()
    method.published_weights = ResNet18().state_dict()
    torch.manual_seed(1)
    stem = method.build({})["network"].stem.state_dict()
    assert all(torch.equal(value, method.published_weights[name]) for name, value in stem.items())
