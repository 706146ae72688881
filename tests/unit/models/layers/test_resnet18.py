"""ResNet-18's size, tensor names and shapes against those that torchvision publishes, and its layers by hand."""

import torch
import torch.nn.functional as F

from microexpr.models.layers.resnet18 import Block, ResNet18


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
    torch.testing.assert_close(
        wider(x), F.conv2d(x, wider.downsample[0].weight, stride=2).relu() / 1.00001**0.5, atol=1e-6, rtol=1e-5
    )
