"""A layer against torch's own; dropped images."""

import numpy as np
import pytest
import torch
from torch import nn

from microexpr.models.counter_rng import Stream
from microexpr.models.layers.vision_transformer import Layer, drop_images


@pytest.mark.parametrize("gelu", ["none", "tanh"])
def test_a_layer_is_torchs(gelu):
    """The same weights in `nn.TransformerEncoderLayer`, which normalises first."""
    torch.manual_seed(0)
    ours = Layer(12, 3, 20, gelu=gelu)
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
    x = drop_images(torch.ones(4000, 3), 0.3, Stream(torch.tensor(5, dtype=torch.int32)))
    assert (x == x[:, :1]).all() and set(x.unique().tolist()) == {0.0, float(np.float32(1) / np.float32(0.7))}
    assert abs(float(x.mean()) - 1) < 0.05
    assert drop_images(x, 0.3, None) is x
