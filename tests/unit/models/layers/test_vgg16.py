"""VGG-16's published size and tensor names, and its maps against functions of the tensors by name."""

import torch
import torch.nn.functional as F
from torch import Tensor

from microexpr.models.layers.vgg16 import Maps, features

CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)  # torchvision's numbers
POOLS = (4, 9, 16, 23, 30)


def test_size_and_names_are_torchvisions():
    """The convolutions have all of the 138,357,544 weights but those of three fully connected layers."""
    with torch.device("meta"):
        network = features()
    dense = (7 * 7 * 512 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000
    assert sum(p.numel() for p in network.parameters()) == 138_357_544 - dense
    assert list(network.state_dict()) == [f"{n}.{part}" for n in CONVOLUTIONS for part in ("weight", "bias")]


def test_layers_follow_the_tensors_by_name_and_maps_end_where_the_stages_do():
    network, maps, x = features(2), Maps(("relu3_3", "relu1_2"), width=2), torch.randn(2, 3, 32, 32)
    maps.features.load_state_dict({name: network.state_dict()[name] for name in maps.features.state_dict()})
    tensors, outputs, y = network.state_dict(), dict[int, Tensor](), x
    for i in range(31):
        if i in CONVOLUTIONS:
            y = F.conv2d(y, tensors[f"{i}.weight"], tensors[f"{i}.bias"], padding=1)
        else:
            y = F.max_pool2d(y, 2) if i in POOLS else y.relu()
        outputs[i] = y
    torch.testing.assert_close(network(x), outputs[30])
    for map_, i in zip(maps(x), (15, 3), strict=True):
        torch.testing.assert_close(map_, outputs[i])
    assert list(maps.state_dict())[-1] == "features.14.bias"
