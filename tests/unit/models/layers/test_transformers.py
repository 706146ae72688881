"""Attention and layers against torch's own; areas, blocks and patches against slices and loops."""

import numpy as np
import pytest
import torch
from torch import nn

from microexpr.models.counter_rng import Stream
from microexpr.models.layers import transformers

LANDMARKS = ((9.528073, 11.062551), (21.396168, 10.919773), (10.255435, 22.121233), (20.583706, 22.25584))  # x, y


def test_published_areas_are_those_of_the_released_code_and_all_lie_within_the_flow():
    """x is used as the row and y as the column, after both are limited to 7..21 and cut to whole pixels."""
    flow = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 28, 28)))
    rows_columns = np.clip(np.array(LANDMARKS), 7, 21).astype(int)
    areas = [flow[:, :, row - 7 : row + 7, column - 7 : column + 7] for row, column in rows_columns]
    expected = torch.cat([torch.cat(areas[:2], 3), torch.cat(areas[2:], 3)], 2)
    assert torch.equal(transformers.cut_areas(flow, transformers.CENTRES["published"]), expected)
    assert all(transformers.cut_areas(flow, centres).shape == flow.shape for centres in transformers.CENTRES.values())


def test_attention_is_torchs():
    """The same weights in `nn.MultiheadAttention`, for each block of its own."""
    torch.manual_seed(0)
    ours, theirs = transformers.Attention(12, 3), nn.MultiheadAttention(12, 3, batch_first=True)
    theirs.in_proj_weight = ours.read.weight  # whose bias is 0
    theirs.out_proj.weight, theirs.out_proj.bias = ours.write.weight, ours.write.bias
    tokens = torch.randn(2, 4, 9, 12)
    expected = torch.stack([theirs(block, block, block, need_weights=False)[0] for block in tokens.unbind(1)], 1)
    torch.testing.assert_close(ours(tokens), expected, atol=1e-6, rtol=1e-5)


def test_a_level_without_layers_adds_its_positions_and_moves_no_pixel():
    level, image = transformers.Level(3, 1, 0, blocks=2, tokens=4), torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(level(image), image + level.position.view(2, 2).tile(2, 2))
    torch.manual_seed(0)
    level, image = transformers.Level(8, 2, 1, blocks=2, tokens=9), torch.randn(1, 8, 6, 6)
    other = image.clone()
    other[..., :3, 3:] += torch.randn(3, 3)  # the second block
    changed = (level(other) - level(image))[0].abs().amax(0) > 1e-6
    assert changed[:3, 3:].all() and changed.sum() == 9


def test_patches_are_embedded_row_by_row_pixels_before_channels():
    network, image = transformers.NestedTransformer(2, 4, 2, 5, 1, (0,)), torch.randn(1, 2, 4, 4)
    with torch.no_grad():
        network.levels[0].position.zero_()
    for row in range(2):
        for column in range(2):
            square = image[0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            expected = network.embed(square.permute(1, 2, 0).reshape(1, -1))[0]
            torch.testing.assert_close(network(image)[0, :, row, column], expected)


@pytest.mark.parametrize("gelu", ["none", "tanh"])
def test_a_layer_is_torchs(gelu):
    """The same weights in `nn.TransformerEncoderLayer`, which normalises first."""
    torch.manual_seed(0)
    ours = transformers.VisionLayer(12, 3, 20, gelu=gelu)
    theirs = nn.TransformerEncoderLayer(
        12, 3, 20, 0.0, nn.GELU(gelu), layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    names = {"read": "self_attn.in_proj_", "write": "self_attn.out_proj.", "hidden": "linear1.", "out": "linear2."}
    names |= {"norm1": "norm1.", "norm2": "norm2."}
    with torch.no_grad():
        for name, prefix in names.items():
            for tensor in ("weight", "bias"):
                theirs.get_parameter(prefix + tensor).copy_(getattr(ours.get_submodule(name), tensor).normal_())
    tokens = torch.randn(2, 7, 12)
    torch.testing.assert_close(ours(tokens), theirs(tokens), atol=2e-5, rtol=1e-5)


def test_whole_images_skip_a_layer_and_the_mean_stays():
    x = transformers.drop_images(torch.ones(4000, 3), 0.3, Stream(torch.tensor(5, dtype=torch.int32)))
    assert (x == x[:, :1]).all() and set(x.unique().tolist()) == {0.0, float(np.float32(1) / np.float32(0.7))}
    assert abs(float(x.mean()) - 1) < 0.05
    assert transformers.drop_images(x, 0.3, None) is x
