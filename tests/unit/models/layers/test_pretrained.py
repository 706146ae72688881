"""ResNet-18's and VGG-16's published tensor names, and their layers by hand; which tensors are refused."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.core.errors import StoreError
from microexpr.models.layers.pretrained import Block, ResNet18, load, vgg16_features, vgg16_relu3_3


def test_tensors_go_where_their_names_say():
    network = nn.Sequential(nn.Linear(2, 3))
    published = {"0.weight": torch.ones(3, 2), "0.bias": torch.zeros(3), "9.weight": torch.ones(1)}
    load(network, published, "some.pth")
    torch.testing.assert_close(network(torch.ones(1, 2)), torch.full((1, 3), 2.0))
    with pytest.raises(StoreError, match=r"some.pth: 0.weight must be of shape \(3, 2\), not \(2, 3\)"):
        load(network, published | {"0.weight": torch.ones(2, 3)}, "some.pth")
    with pytest.raises(StoreError, match=r"0.bias must be of shape \(3,\), not nothing"):
        load(network, {"0.weight": torch.ones(3, 2)}, "some.pth")


def test_tensors_are_called_and_shaped_as_published():
    """resnet18-f37072fd.pth has 122 tensors, 20 of which are the batch norms' counters, and 11,689,512 weights, as
    torchvision's documentation has it; two tensors of 513,000 weights are of ImageNet's classes."""
    with torch.device("meta"):
        network = ResNet18()
    assert sum(p.numel() for p in network.parameters()) == 11_689_512 - 513_000
    actual = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert len(actual) == 122 - 2 and sum(name.endswith("num_batches_tracked") for name in actual) == 20
    published = {
        "conv1.weight": (64, 3, 7, 7), "bn1.running_mean": (64,), "layer1.0.conv1.weight": (64, 64, 3, 3),
        "layer1.1.bn2.weight": (64,), "layer2.0.conv1.weight": (128, 64, 3, 3),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1), "layer2.0.downsample.1.bias": (128,),
        "layer3.1.conv2.weight": (256, 256, 3, 3), "layer4.0.downsample.0.weight": (512, 256, 1, 1),
        "layer4.1.bn1.running_var": (512,),
    }  # fmt: skip
    assert published.items() <= actual.items()
    assert not any(name.startswith("layer1.0.downsample") for name in actual)


def test_maps_have_the_papers_sizes():
    """Table 1 of He et al.: 56, 28, 14, 7 rows from 224; twice as many without the stem's pool."""
    image = torch.zeros(1, 3, 224, 224)
    for stages, side in ((1, 56), (2, 28), (3, 14), (4, 7)):
        assert ResNet18(8, stages=stages)(image).shape == (1, 8 * 2 ** (stages - 1), side, side)
    assert ResNet18(8, stages=3, pool=False)(image).shape == (1, 32, 28, 28)


def test_a_block_adds_its_short_cut():
    block = Block(2, 2, 1).eval()
    torch.nn.init.zeros_(block.conv2.weight)
    x = torch.randn(1, 2, 4, 4)
    torch.testing.assert_close(block(x), x.relu())
    wider = Block(2, 4, 2).eval()
    torch.nn.init.zeros_(wider.conv2.weight)
    expected = F.conv2d(x, wider.downsample[0].weight, stride=2).relu() / 1.00001**0.5
    torch.testing.assert_close(wider(x), expected, atol=1e-6, rtol=1e-5)


CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)  # torchvision's numbers
POOLS = (4, 9, 16, 23, 30)


def test_layers_follow_the_tensors_by_name_and_maps_end_where_the_stages_do():
    network, maps, x = vgg16_features(2), vgg16_relu3_3(2), torch.randn(2, 3, 32, 32)
    maps.features.load_state_dict({name: network.state_dict()[name] for name in maps.features.state_dict()})
    tensors, outputs, y = network.state_dict(), dict[int, Tensor](), x
    for i in range(31):
        if i in CONVOLUTIONS:
            y = F.conv2d(y, tensors[f"{i}.weight"], tensors[f"{i}.bias"], padding=1)
        else:
            y = F.max_pool2d(y, 2) if i in POOLS else y.relu()
        outputs[i] = y
    torch.testing.assert_close(network(x), outputs[30])
    torch.testing.assert_close(maps(x), outputs[15])
    assert list(maps.state_dict())[-1] == "features.14.bias"
