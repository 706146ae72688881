"""Transformers: inside blocks of an image, which a convolution joins four by four, or over all of its tokens. No loss.

HTNet and CausalNet have the nested one (after NesT, Zhang et al. 2022) on four areas of the face, SLSTT and MMNet the
vision transformer (Dosovitskiy et al. 2021). Shapes: B images, flow [B, channels, 28, 28], K blocks along a side of the
image, S tokens in a block or image, D or M channels.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from microexpr.models.base import FLOW_SIZE
from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.portable import Linear

AREA = FLOW_SIZE // 2  # rows and columns of an area
Centres = tuple[tuple[int, int], ...]
CENTRES: dict[str, Centres] = {  # rows and columns, in the order in which the areas are put together
    # The released codes' landmarks of a face that they do not detect, rows and columns exchanged, as they cut them: the
    # image's left eye, left mouth corner, right eye and right mouth corner.
    "published": ((9, 11), (21, 10), (10, 21), (20, 21)),
    # The mean landmarks of our crop: the eyes in the image's order, then the corners of the mouth.
    "crop": ((8, 10), (8, 18), (18, 11), (18, 17)),
}
Placement = Annotated[
    Literal["published", "crop"],
    Field(description="of the areas: those of the released code | the eyes and the mouth of our crop"),
]
Count = Annotated[int, Field(ge=1, le=32)]  # layers of a level
EXPANSION = 4  # units of a feed-forward layer's hidden layer, as a multiple of its inputs
EPSILON = 1e-6  # of layer norms


def cut_areas(flow: Tensor, centres: Centres) -> Tensor:
    """Put four areas of 14 x 14, each around its centre, together: two above, two below, [B, channels, 28, 28]."""
    areas = [flow[..., row - AREA // 2 :, column - AREA // 2 :][..., :AREA, :AREA] for row, column in centres]
    return torch.cat([torch.cat(areas[:2], -1), torch.cat(areas[2:], -1)], -2)


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """[..., S, D] -> [..., heads, S, D / heads]"""
    return tokens.unflatten(-1, (heads, -1)).movedim(-2, -3)


def join_heads(tokens: Tensor) -> Tensor:
    """[..., heads, S, D / heads] -> [..., S, D]"""
    return tokens.movedim(-3, -2).flatten(-2)


class Attention(nn.Module):
    """Self-attention of the tokens of each block; heads that do not divide D are of D // heads channels."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        size = width // heads
        self.heads, self.scale = heads, size**-0.5
        self.read = Linear(width, 3 * heads * size, bias=False)
        self.write = Linear(heads * size, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, K K, S, D] -> the same"""
        query, key, value = (split_heads(part, self.heads) for part in self.read(tokens).chunk(3, -1))
        return self.write(join_heads((query @ key.mT * self.scale).softmax(-1) @ value))


class Layer(nn.Module):
    """Attention, then two fully connected layers, each added to its normalised input."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.hidden, self.out = Linear(width, EXPANSION * width), Linear(EXPANSION * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, K K, S, D] -> the same"""
        tokens = tokens + self.attention(self.norm1(tokens))
        return tokens + self.out(F.gelu(self.hidden(self.norm2(tokens))))


class Join(nn.Module):
    """A 3x3 convolution, normalised over channels, and a pool that halves the image."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.convolve, self.norm = nn.Conv2d(channels, out, 3, padding=1), nn.LayerNorm(out)

    def forward(self, image: Tensor) -> Tensor:
        """[B, channels, H, H] -> [B, out, H / 2, H / 2]"""
        image = self.norm(self.convolve(image).movedim(1, -1)).movedim(-1, 1)
        return F.max_pool2d(image, 3, 2, 1)


class Level(nn.Module):
    """Layers with a position embedding, one number for each token of a block, on K x K blocks of an image."""

    def __init__(self, width: int, heads: int, layers: int, blocks: int, tokens: int):
        super().__init__()
        self.blocks = blocks
        self.position = nn.Parameter(torch.randn(tokens))
        self.layers = nn.Sequential(*(Layer(width, heads) for _ in range(layers)))

    def forward(self, image: Tensor) -> Tensor:
        """[B, D, H, H] -> the same"""
        size, blocks = image.shape[-1] // self.blocks, self.blocks
        tokens = image.unflatten(3, (blocks, size)).unflatten(2, (blocks, size))  # [B, D, K, size, K, size]
        tokens = tokens.permute(0, 2, 4, 3, 5, 1).flatten(3, 4).flatten(1, 2)  # [B, K K, S, D]
        tokens = self.layers(tokens + self.position[:, None])
        tokens = tokens.unflatten(2, (size, size)).unflatten(1, (blocks, blocks)).permute(0, 5, 1, 3, 2, 4)
        return tokens.flatten(4).flatten(2, 3)


class NestedTransformer(nn.Module):
    """Embedded patches of an image through levels of 4^(levels - 1), ..., 4 and 1 blocks, twice as wide each."""

    def __init__(self, channels: int, size: int, patch: int, width: int, heads: int, layers: Sequence[int]):
        """Build for images of `size` rows and columns in squares of `patch`, with `layers` layers in each level."""
        super().__init__()
        self.patch = patch
        self.embed = Linear(channels * patch**2, width)
        depth = len(layers)
        tokens = (size // patch // 2 ** (depth - 1)) ** 2  # of a block, in all levels
        self.levels = nn.ModuleList(
            Level(width * 2**i, heads * 2**i, count, 2 ** (depth - 1 - i), tokens) for i, count in enumerate(layers)
        )
        self.joins = nn.ModuleList(Join(width * 2**i, width * 2 ** (i + 1)) for i in range(depth - 1))
        self.out_channels = width * 2 ** (depth - 1)

    def forward(self, image: Tensor) -> Tensor:
        """[B, channels, H, H] -> [B, out_channels, h, h]; h rows and columns of tokens in the last level's block"""
        patch = self.patch
        squares = image.unflatten(3, (-1, patch)).unflatten(2, (-1, patch))  # [B, channels, h, patch, w, patch]
        squares = squares.permute(0, 2, 4, 3, 5, 1).flatten(3)  # [B, h, w, patch patch channels]
        x = self.embed(squares).movedim(-1, 1)
        for i, level in enumerate(self.levels):
            x = level(x)
            if i < len(self.joins):
                x = self.joins[i](x)
        return x


class VisionLayer(nn.Module):
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
        parts = self.read(self.norm1(tokens)).chunk(3, -1)
        query, key, value = (split_heads(part, self.heads) for part in parts)
        weights = dropout((query @ key.mT * self.scale).softmax(-1), self.dropout, rng)
        tokens = tokens + self._drop(self.write(join_heads(weights @ value)), rng)
        hidden = F.gelu(self.hidden(self.norm2(tokens)), approximate=self.gelu)
        return tokens + self._drop(self.out(hidden), rng)

    def _drop(self, x: Tensor, rng: Stream | None) -> Tensor:
        return drop_images(dropout(x, self.dropout, rng), self.drop_path, rng)


def drop_images(x: Tensor, share: float, rng: Stream | None) -> Tensor:
    """Set x [B, ...] to 0 for that share of the images and scale the others up; return `x` itself without a stream."""
    if rng is None or share == 0:
        return x
    return x * (rng.uniform(len(x), *[1] * (x.ndim - 1)) >= share) / (1 - share)
