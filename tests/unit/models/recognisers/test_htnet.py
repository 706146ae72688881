"""HTNet's size against the released code's, and what one token in each block means."""

import pytest
import torch
from pydantic import ValidationError

from microexpr.models.recognisers.htnet import Htnet

OF_RELEASED_CODE = 139_582_982  # trained weights of its main_HTNet.py, counted by running it


def test_parameter_count():
    """By the formula of each part, and as counted in the released code."""
    count = 3 * 49 * 256 + 256
    for width, heads, layers in ((256, 3, 2), (512, 6, 2), (1024, 12, 10)):
        inner = width // heads * heads
        attention = 3 * width * inner + inner * width + width
        feed_forward = 4 * width * width + 4 * width + 4 * width * width + width
        count += layers * (attention + feed_forward + 4 * width) + 1  # a block is one token: one position
    count += sum(9 * width * 2 * width + 2 * width + 4 * width for width in (256, 512)) + 2 * 1024 + 3 * 1024 + 3
    with torch.device("meta"):
        network = Htnet(Htnet.Params()).build({})["network"]
    assert sum(p.numel() for p in network.parameters()) == count == OF_RELEASED_CODE


def test_queries_and_keys_change_nothing_where_a_block_is_one_token():
    torch.manual_seed(0)
    network, flow = (
        Htnet(Htnet.Params(width=8, heads=2, layers=(1, 1, 1))).build({})["network"],
        torch.randn(2, 3, 28, 28),
    )
    before = network(flow)
    with torch.no_grad():
        for level in network.transformer.levels:
            read = level.layers[0].attention.read.weight
            read[: 2 * len(read) // 3].normal_()
    torch.testing.assert_close(network(flow), before, rtol=0, atol=0)


def test_patches_must_fill_blocks():
    with pytest.raises(ValidationError, match="multiple of 4 squares, not 14"):
        Htnet.Params(patch=14)
