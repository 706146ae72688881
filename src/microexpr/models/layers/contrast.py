"""Local contrast of images, and the change of a face that neither head motion nor light explains. No network.

Shapes: B images of C channels, H rows; N terms of head motion and light.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from microexpr.models.layers.portable import square_root

SURROUND, NEIGHBOURHOOD = 9, 17  # pixels: windows of the mean that is subtracted, of the deviation that divides
FLOOR = 0.02  # of the range of grey levels, added to the deviation, or noise on a plain wall would be contrast
DEVIATIONS = 2.0  # of the Gaussian in half a window
RIDGE = 1e-4  # on each term, in units of its evidence: a flat picture tells nothing of motion
TINY = 1e-12  # for terms without any
SPREAD = 0.7  # deviation of the Gaussian that weighs pixels, in halves of the side


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


def gradient(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the central differences of images [B, C, H, H] to the right and down, edges repeated."""
    padded = F.pad(images, (1, 1, 1, 1), "replicate")
    right = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / 2
    down = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / 2
    return right, down


def steady_change(onset: Tensor, face: Tensor) -> Tensor:
    """Return face less onset, both [B, C, H, H], less the affine motion, gain and offset of light that fit it best.

    The fit is by least squares on the channels' mean, where pixels in the middle of the picture count most."""
    change = face - onset
    terms, weight = _terms(onset.mean(1, keepdim=True))  # [B, N, H H], [H H]
    weighted = terms * weight
    normal = weighted @ terms.mT  # [B, N, N]
    ridge = RIDGE * normal.diagonal(dim1=-2, dim2=-1) + TINY
    evidence = weighted @ change.mean(1).flatten(1)[..., None]  # [B, N, 1]
    amounts = torch.linalg.solve(normal + torch.diag_embed(ridge), evidence)
    return change - (amounts * terms).sum(1).view_as(change[:, :1])


def _terms(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return what each term adds to an image [B, 1, H, H], and the weights of its pixels."""
    right, down = gradient(image)
    across = torch.linspace(-1, 1, image.shape[-1], dtype=image.dtype, device=image.device).expand(image.shape[-2:])
    upright = across.T
    ones = torch.ones_like(image)
    terms = (right, right * across, right * upright, down, down * across, down * upright, image, ones)
    weight = torch.exp(-(across.square() + upright.square()) / (2 * SPREAD**2))
    return torch.cat(terms, 1).flatten(2), weight.flatten()
