"""HTNet: what one token in each block means."""

import torch

from microexpr.models.recognisers.htnet import Htnet


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
