"""Layers of a vision transformer (Dosovitskiy et al. 2021): all tokens of an image attend to each other. No loss.

Shapes: B images, S tokens, M channels.
"""

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.linear import Linear
from microexpr.models.layers.nested_transformer import each_token, join_heads, split_heads

EPSILON = 1e-6  # of layer norms


class Layer(nn.Module):
    """Attention over all tokens, then two fully connected layers. Each adds to its input, which it reads normalised."""

    def __init__(
        self,
        channels: int,
        heads: int,
        hidden: int,
        dropout: float = 0.0,
        drop_path: float = 0.0,
        gelu: Literal["none", "tanh"] = "none",
    ):
        """`dropout` is of the attention's weights and of both results, `drop_path` the share of images without them."""
        super().__init__()
        self.heads, self.dropout, self.drop_path, self.gelu = heads, dropout, drop_path, gelu
        self.scale = (channels // heads) ** -0.5
        self.norm1, self.norm2 = nn.LayerNorm(channels, EPSILON), nn.LayerNorm(channels, EPSILON)
        self.read, self.write = Linear(channels, 3 * channels), Linear(channels, channels)
        self.hidden, self.out = Linear(channels, hidden), Linear(hidden, channels)

    def forward(self, tokens: Tensor, rng: Stream | None = None) -> Tensor:
        """[B, S, M] -> the same"""
        tokens = tokens + self._drop(self._attend(self.norm1(tokens), rng), rng)
        hidden = F.gelu(each_token(self.hidden, self.norm2(tokens)), approximate=self.gelu)
        return tokens + self._drop(each_token(self.out, hidden), rng)

    def _attend(self, tokens: Tensor, rng: Stream | None) -> Tensor:
        parts = each_token(self.read, tokens).chunk(3, -1)
        query, key, value = (split_heads(part, self.heads) for part in parts)
        weights = dropout((query @ key.mT * self.scale).softmax(-1), self.dropout, rng)
        return each_token(self.write, join_heads(weights @ value))

    def _drop(self, x: Tensor, rng: Stream | None) -> Tensor:
        return drop_images(dropout(x, self.dropout, rng), self.drop_path, rng)


def drop_images(x: Tensor, share: float, rng: Stream | None) -> Tensor:
    """Set x [B, ...] to 0 for that share of the images and scale the others up; return `x` itself without a stream."""
    if rng is None or share == 0:
        return x
    return x * (rng.uniform(len(x), *[1] * (x.ndim - 1)) >= share) / (1 - share)
