"""One of MicroExpSTCNN's convolutions at a place by hand."""

import torch

from microexpr.models.recognisers.microexpstcnn import Network


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
