"""OFF-ApexNet's streams, layer by layer."""

import torch
import torch.nn.functional as F

from microexpr.models.recognisers.off_apexnet import Network


def test_each_stream_sees_its_own_component():
    network, flow = Network(32, 0.5, 3), torch.randn(2, 3, 28, 28)
    maps = []
    for channel, stream in enumerate(network.streams):
        x = flow[:, channel : channel + 1]
        for layer in (stream[0], stream[3]):
            x = F.max_pool2d(F.conv2d(x, layer.weight, layer.bias, padding=2).relu(), 2)
        maps.append(x.flatten(1))
    x = torch.cat(maps, 1)
    for layer in (network.first, network.second, network.classify):
        x = F.linear(x.relu(), layer.weight, layer.bias)
    assert len(maps) == 2
    torch.testing.assert_close(network(flow), x)
