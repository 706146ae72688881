"""Pictures as numbers, and altered at random while a network trains on them. Draws from a `Stream` alone; no network.

Shapes: B pictures of C channels, H rows and W columns, values in 0..1.
"""

import torch
from torch import Tensor

from microexpr.models.counter_rng import Stream


def jittered(images: Tensor, rng: Stream, mirror: float = 0.0, shift: int = 0, brightness: float = 0.0) -> Tensor:
    """[B, C, H, W]: a share `mirror` of them left to right, moved by up to `shift` pixels, and brighter or darker.

    Edges are repeated where a picture was moved away from them; values are multiplied by 1 +- `brightness`.
    """
    count, _, rows, columns = images.shape
    images = torch.where(rng.uniform(count, 1, 1, 1) < mirror, images.flip(-1), images)
    for axis, size in ((2, rows), (3, columns)):
        moved = (rng.uniform(count, 1) * (2 * shift + 1)).floor() - shift
        place = (torch.arange(size, device=images.device) + moved).clamp(0, size - 1).long()  # [B, size]
        place = place[:, None, :, None] if axis == 2 else place[:, None, None, :]
        images = images.gather(axis, place.expand(images.shape))
    return images * (1 + brightness * (2 * rng.uniform(count, 1, 1, 1) - 1))


def scaled(pictures: Tensor) -> Tensor:
    """uint8 levels as numbers in 0..1."""
    return pictures.to(torch.get_default_dtype()) / 255
