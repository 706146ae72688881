"""MicroExpSTCNN's scores, layer by layer."""

import torch
import torch.nn.functional as F

from microexpr.models.recognisers.microexpstcnn import Network


def test_scores_by_hand():
    """One kernel of 2 frames and 3 x 3 pixels, four pools of 3 x 3 x 3 places."""
    torch.manual_seed(0)
    network, video = Network(1, 2, 4, 5, 0.5, 3), torch.randn(1, 1, 4, 8, 8)
    torch.nn.init.constant_(network.convolve.bias, -2)  # so that some maxima are below 0
    maps = F.conv3d(video, network.convolve.weight, network.convolve.bias)
    assert maps.shape == (1, 1, 3, 6, 6)
    hidden = network.hidden(F.max_pool3d(maps.relu(), 3).flatten(1)).relu()
    torch.testing.assert_close(network(video), network.classify(hidden))
