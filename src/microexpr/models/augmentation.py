"""Conversion of images to numbers and random augmentation, by a `Stream` alone. No network.

Shapes: B images of C channels, H rows and W columns, values in 0..1.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from microexpr.models.counter_rng import Stream


def jitter(images: Tensor, rng: Stream, mirror: float = 0.0, shift: int = 0, brightness: float = 0.0) -> Tensor:
    """Mirror a share `mirror` of the images [B, C, H, W], shift them by up to `shift` pixels, and change brightness.

    Shifted images repeat their edges; values are multiplied by a factor in 1 +- `brightness`.
    """
    count, _, rows, columns = images.shape
    mirrored = rng.uniform(count, 1) < mirror
    for axis, size in ((2, rows), (3, columns)):
        offset = (rng.uniform(count, 1) * (2 * shift + 1)).floor() - shift
        index = (torch.arange(size, device=images.device) + offset).clamp(0, size - 1).long()  # [B, size]
        index = index[:, None, :, None] if axis == 2 else torch.where(mirrored, size - 1 - index, index)[:, None, None]
        images = images.gather(axis, index.expand(images.shape))
    return images * (1 + brightness * (2 * rng.uniform(count, 1, 1, 1) - 1))


def flip(images: Tensor) -> Tensor:
    """Reverse the columns of images [..., W]."""
    return images.flip(-1)


def mirror_share(clips: Tensor, share: float, rng: Stream | None, mirror: Callable[[Tensor], Tensor] = flip) -> Tensor:
    """Mirror a share of the clips [B, ...]; none without a stream, as in scoring."""
    if rng is None:
        return clips
    return torch.where(rng.uniform(len(clips), *[1] * (clips.ndim - 1)) < share, mirror(clips), clips)


def to_unit_range(images: Tensor) -> Tensor:
    """Convert uint8 grey levels to numbers in 0..1."""
    return images.to(torch.get_default_dtype()) / 255


def to_signed_range(images: Tensor) -> Tensor:
    """Convert uint8 grey levels to numbers in -1..1."""
    return 2 * to_unit_range(images) - 1
