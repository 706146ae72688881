"""VGG-16's published size and tensor names, and its maps against functions of the tensors by name."""

import torch
import torch.nn.functional as F

from microexpr.models.layers.vgg16 import VGG16, Maps

CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)  # torchvision's numbers


def test_size_and_names_are_torchvisions():
    with torch.device("meta"):
        network = VGG16(classes=1000)
    assert sum(p.numel() for p in network.parameters()) == 138_357_544
    layers = [f"features.{n}" for n in CONVOLUTIONS] + [f"classifier.{n}" for n in (0, 3, 6)]
    assert list(network.state_dict()) == [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]
    assert network.state_dict()["classifier.0.weight"].shape == (4096, 25088)


def by_name(tensors, x, pools=(4, 9, 16, 23, 30)):
    """Each layer's output by its number."""
    actual = {}
    for index in range(31):
        if index in CONVOLUTIONS:
            x = F.conv2d(x, tensors[f"features.{index}.weight"], tensors[f"features.{index}.bias"], padding=1)
        else:
            x = F.max_pool2d(x, 2) if index in pools else x.relu()
        actual[index] = x
    return actual


def test_scores_follow_the_tensors_by_name():
    network, x = VGG16(2, 5, 64, 4), torch.randn(3, 5, 64, 64)
    tensors = network.state_dict()
    expected = by_name(tensors, x)[30].flatten(1)
    for index in (0, 3, 6):
        expected = F.linear(expected, tensors[f"classifier.{index}.weight"], tensors[f"classifier.{index}.bias"])
        expected = expected if index == 6 else expected.relu()
    torch.testing.assert_close(network(x), expected)
    assert VGG16(2, 5, 64)(x).shape == (3, 128)


def test_maps_end_where_the_stages_do():
    maps, x = Maps(("relu3_3", "relu1_2"), width=2), torch.randn(2, 3, 16, 16)
    actual = by_name(VGG16(2, 3, 32).state_dict() | maps.state_dict(), x.repeat(1, 1, 2, 2))
    for map_, index in zip(maps(x.repeat(1, 1, 2, 2)), (15, 3), strict=True):
        torch.testing.assert_close(map_, actual[index])
    assert list(maps.state_dict())[-1] == "features.14.bias"
