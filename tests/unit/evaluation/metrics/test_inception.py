"""FID's network: that its published weights would fit, that it resizes as TensorFlow 1 did, and what it refuses."""

import numpy as np
import pytest
import torch

from microexpr.core.errors import StoreError
from microexpr.evaluation.metrics import inception

STEM = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 Conv2d_3b_1x1 Conv2d_4a_3x3"
BRANCHES = {  # as torchvision, and so the file, calls the layers of each block
    "5b 5c 5d": "1x1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 _pool",
    "6a": "3x3 3x3dbl_1 3x3dbl_2 3x3dbl_3",
    "6b 6c 6d 6e": "1x1 7x7_1 7x7_2 7x7_3 7x7dbl_1 7x7dbl_2 7x7dbl_3 7x7dbl_4 7x7dbl_5 _pool",
    "7a": "3x3_1 3x3_2 7x7x3_1 7x7x3_2 7x7x3_3 7x7x3_4",
    "7b 7c": "1x1 3x3_1 3x3_2a 3x3_2b 3x3dbl_1 3x3dbl_2 3x3dbl_3a 3x3dbl_3b _pool",
}
CONVOLUTIONS = 21_785_568  # weights of torchvision's inception_v3 (27,161,264) less auxiliary head and classifier


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return inception.Inception().eval()


def test_names_and_sizes_are_those_of_the_published_weights(network):
    tensors = network.state_dict()
    assert sum(weights.numel() for weights in network.parameters()) == CONVOLUTIONS + 2048 * 1008 + 1008
    blocks = [(block, layers) for blocks, layers in BRANCHES.items() for block in blocks.split()]
    inside = [f"Mixed_{block}.branch{layer}" for block, layers in blocks for layer in layers.split()]
    assert {name.rpartition(".conv.")[0] for name in tensors if ".conv." in name} == {*STEM.split(), *inside}
    assert len(tensors) == 94 * 6 + 2
    assert tensors["Conv2d_1a_3x3.conv.weight"].shape == (32, 3, 3, 3)
    assert tensors["Mixed_6c.branch7x7dbl_5.conv.weight"].shape == (192, 160, 1, 7)
    assert tensors["Mixed_7b.branch3x3dbl_3b.bn.running_var"].shape == (384,)
    assert tensors["Mixed_7c.branch_pool.conv.weight"].shape == (192, 2048, 1, 1)
    assert tensors["fc.weight"].shape == (1008, 2048)
    assert {layer.eps for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)} == {0.001}


def test_pictures_shrink_as_in_the_paper_and_pools_are_tensorflows(network):
    """299 to 149, 147, 73, 71, 35, 17 and 8 pixels, with 288, 768 and 2048 channels behind them.

    An average does not count the padding, so that of ones is one everywhere; the last block takes the largest."""
    seen = {}
    for name, layer in network.named_children():
        layer.register_forward_hook(lambda _, __, out, name=name: seen.update({name: tuple(out.shape[1:])}))
    with torch.no_grad():
        assert network(torch.zeros(1, 3, 299, 299)).shape == (1, 2048)
    sides = {"Conv2d_1a_3x3": (32, 149), "Conv2d_2a_3x3": (32, 147), "Conv2d_3b_1x1": (80, 73)}
    sides |= {"Conv2d_4a_3x3": (192, 71), "Mixed_5d": (288, 35), "Mixed_6e": (768, 17), "Mixed_7c": (2048, 8)}
    assert {name: seen[name] for name in sides} == {name: (c, side, side) for name, (c, side) in sides.items()}
    ones = torch.ones(1, 1, 4, 4)
    assert inception.average_pool(ones).equal(ones)
    pools = {name: layer.pool for name, layer in network.named_children() if name.startswith("Mixed")}
    assert {name for name, pool in pools.items() if pool is inception.halving_pool} == {"Mixed_6a", "Mixed_7a"}
    assert {name for name, pool in pools.items() if pool is inception.max_pool} == {"Mixed_7c"}


@pytest.mark.parametrize("side", [40, 299, 500])
def test_resizing_is_tensorflows(side):
    """One row by hand: place i * side / 299, between the pixels below and above, the last one going on."""
    row = np.random.default_rng(0).integers(256, size=side).astype(np.float32)
    places = np.arange(299) * side / 299
    expected = (np.interp(places, np.arange(side), row) - 128) / 128
    image = torch.from_numpy(row).expand(1, 3, side, side)
    assert inception.resize(image)[0, 1, 7].numpy() == pytest.approx(expected, abs=1e-3)
    assert inception.resize(image.transpose(2, 3))[0, 1, :, 7].numpy() == pytest.approx(expected, abs=1e-3)


def test_weights_are_read_by_name_grey_is_repeated_and_another_file_refused_in_one_line(network, tmp_path, monkeypatch):
    monkeypatch.setattr(inception, "BATCH", 1)
    torch.save(network.state_dict(), tmp_path / "weights.pth")
    loaded = inception.load_network(tmp_path / "weights.pth")
    grey = np.random.default_rng(0).integers(256, size=(2, 32, 48, 1), dtype=np.uint8)
    features = inception.features(loaded, grey)
    assert features.shape == (2, 2048)
    np.testing.assert_array_equal(features, inception.features(network, np.repeat(grey, 3, axis=3)))
    torch.save({"fc.weight": torch.zeros(2, 2)}, tmp_path / "weights.pth")
    with pytest.raises(StoreError, match=r"must hold the weights of FID's Inception: .*Missing key") as error:
        inception.load_network(tmp_path / "weights.pth")
    assert "\n" not in str(error.value)
