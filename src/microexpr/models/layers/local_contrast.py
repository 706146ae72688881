"""Local contrast of images: edges as strong in shade as in light. No network.

Shapes: B images of C channels, H rows.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from microexpr.models.layers.square_root import square_root

SURROUND, NEIGHBOURHOOD = 9, 17  # pixels: windows of the mean that is subtracted, of the deviation that divides
FLOOR = 0.02  # of the range of grey levels, added to the deviation, or noise on a plain wall would be contrast
DEVIATIONS = 2.0  # of the Gaussian in half a window


def local_contrast(images: Tensor) -> Tensor:
    """Return images [B, C, H, H] in 0..1 less their local mean, divided by their local deviation."""
    edges = images - blur(images, SURROUND)
    return edges / (square_root(blur(edges.square(), NEIGHBOURHOOD) + FLOOR**2) + FLOOR)


def blur(images: Tensor, size: int) -> Tensor:
    """Return images [B, C, H, H] averaged over a Gaussian window of `size` pixels, edges repeated."""
    weights = torch.exp(-torch.linspace(-DEVIATIONS, DEVIATIONS, size).square() / 2).to(images)
    weights, channels, half = weights / weights.sum(), images.shape[1], size // 2
    padded = F.pad(images, (half, half, half, half), "replicate")
    across = F.conv2d(padded, weights.expand(channels, 1, 1, size), groups=channels)
    return F.conv2d(across, weights[:, None].expand(channels, 1, size, 1), groups=channels)
