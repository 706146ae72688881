"""MMNet's attention against the two maps that it multiplies, and its branches."""

import torch
import torch.nn.functional as F

from microexpr.models.recognisers.mmnet import AttentiveBlock, Mmnet


def test_attention_is_continued_from_block_to_block():
    """The attention of a block is its own times that of the block before, reduced to its size; it is less than both."""
    torch.manual_seed(0)
    block, x, before = AttentiveBlock(4, 8, 2).eval(), torch.randn(2, 4, 8, 8), torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        (own_maps, own), (maps, continued) = block(x), block(x, before)
    reduced = F.max_pool2d(before, 3, 2, 1)
    torch.testing.assert_close(continued, own * reduced)
    torch.testing.assert_close(maps, own_maps * reduced)
    assert ((own > 0) & (own < 1)).all()


def test_the_branch_of_motion_sees_the_change_alone():
    """Light that is added to both frames changes only the other branch."""
    network = Mmnet(Mmnet.Params(image_size=32, stem=6, width=4)).build({})["network"].eval()
    onset, apex = torch.rand(2, 2, 3, 32, 32)
    with torch.no_grad():
        difference = network(onset + 0.5, apex + 0.5) - network(onset, apex)
        positions = network.positions(onset + 0.5) - network.positions(onset)
    expected = positions.flatten(1) @ network.classify.weight.T
    torch.testing.assert_close(difference, expected, atol=1e-5, rtol=1e-4)
