"""Attention against torch's own; blocks and patches against loops over their pixels."""

import torch
from torch import nn

from microexpr.models.layers.nested_transformer import Attention, Level, NestedTransformer


def test_attention_is_torchs():
    """The same weights in `nn.MultiheadAttention`, for each block of its own."""
    torch.manual_seed(0)
    ours, theirs = Attention(12, 3), nn.MultiheadAttention(12, 3, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": ours.read.weight,
            "in_proj_bias": torch.zeros(36),
            "out_proj.weight": ours.write.weight,
            "out_proj.bias": ours.write.bias,
        }
    )
    tokens = torch.randn(2, 4, 9, 12)
    expected = torch.stack([theirs(block, block, block, need_weights=False)[0] for block in tokens.unbind(1)], 1)
    torch.testing.assert_close(ours(tokens), expected, atol=1e-6, rtol=1e-5)


def test_no_block_reads_another():
    torch.manual_seed(0)
    level, image = Level(8, 2, 1, blocks=2, tokens=9), torch.randn(1, 8, 6, 6)
    other = image.clone()
    other[..., :3, 3:] += torch.randn(3, 3)  # the second block
    changed = (level(other) - level(image))[0].abs().amax(0) > 1e-6
    assert changed[:3, 3:].all() and changed.sum() == 9


def test_a_level_without_layers_adds_its_positions_and_moves_no_pixel():
    level, image = Level(3, 1, 0, blocks=2, tokens=4), torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(level(image), image + level.position.view(2, 2).tile(2, 2))


def test_patches_are_embedded_row_by_row_pixels_before_channels():
    network, image = NestedTransformer(2, 4, 2, 5, 1, (0,)), torch.randn(1, 2, 4, 4)
    with torch.no_grad():
        network.levels[0].position.zero_()
    for row in range(2):
        for column in range(2):
            square = image[0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            expected = network.embed(square.permute(1, 2, 0).reshape(1, -1))[0]
            torch.testing.assert_close(network(image)[0, :, row, column], expected)
