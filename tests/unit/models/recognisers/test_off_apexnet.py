"""OFF-ApexNet's layers against NumPy."""

import numpy as np
import torch

from microexpr.models.recognisers.off_apexnet import Network


def correlated(picture, layer):
    """[k, H, W] of a picture [c, H, W] by a layer's weights [k, c, 5, 5], shifted picture by shifted picture."""
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    rows, columns = picture.shape[1:]
    wide = np.pad(picture, [(0, 0), (2, 2), (2, 2)])
    shifts = [
        np.tensordot(weight[..., i, j], wide[:, i : i + rows, j : j + columns], 1) for i in range(5) for j in range(5)
    ]
    return sum(shifts) + bias[:, None, None]


def test_each_stream_sees_its_own_component():
    network = Network(32, 0.5, 3)
    flow = np.random.default_rng(0).normal(size=(2, 3, 28, 28)).astype(np.float32)
    maps = []
    for clip in flow:
        row = []
        for picture, stream in zip(clip[:2], network.streams, strict=True):
            x = picture[None]
            for layer in (stream[0], stream[3]):
                x = np.maximum(correlated(x, layer), 0)
                x = x.reshape(len(x), x.shape[1] // 2, 2, -1, 2).max((2, 4))
            row.append(x.ravel())
        maps.append(np.concatenate(row))
    x = np.array(maps)
    for layer in (network.first, network.second, network.classify):
        x = np.maximum(x, 0) @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    np.testing.assert_allclose(network(torch.tensor(flow)).detach().numpy(), x, atol=1e-5)
