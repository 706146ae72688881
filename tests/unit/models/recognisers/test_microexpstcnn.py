"""MicroExpSTCNN's size, and one of its convolutions at a place by hand."""

import pytest
import torch
from pydantic import ValidationError

from microexpr.models.recognisers.microexpstcnn import MicroExpSTCNN, Network


def test_parameter_count():
    """82 x 62 x 62 places of a kernel, of which the pool keeps 27 x 20 x 20."""
    with torch.device("meta"):
        network = MicroExpSTCNN(MicroExpSTCNN.Params()).build({})["network"]
    convolution, dense = 32 * 15 * 3 * 3 + 32, (32 * 27 * 20 * 20 * 128 + 128) + (128 * 3 + 3)
    assert sum(p.numel() for p in network.parameters()) == convolution + dense == 44_241_667


def test_scores_by_hand():
    """Four pools of 3 x 3 x 3 places, each place a sum over 2 frames and 3 x 3 pixels."""
    network, video = Network(1, 2, 4, 5, 0.5, 3), torch.randn(1, 1, 4, 8, 8)
    weight, bias = network.convolve.weight[0, 0], network.convolve.bias
    index = torch.stack(
        [
            (video[0, 0, t : t + 2, y : y + 3, x : x + 3] * weight).sum() + bias[0]
            for t in range(3)
            for y in range(6)
            for x in range(6)
        ]
    ).view(3, 6, 6)
    pooled = [index[:, y : y + 3, x : x + 3].relu().max() for y in (0, 3) for x in (0, 3)]
    hidden = (network.hidden.weight @ torch.stack(pooled) + network.hidden.bias).relu()
    torch.testing.assert_close(network(video)[0], network.classify.weight @ hidden + network.classify.bias)


def test_film_must_outlast_a_kernel():
    with pytest.raises(ValidationError, match="frames must be >= 17"):
        MicroExpSTCNN.Params(frames=16)
