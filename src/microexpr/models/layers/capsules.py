"""Capsules, vectors with the probability of an entity as length, and routing between two layers of them.

Sabour et al., Dynamic routing between capsules, 2017. Shapes: B clips, I capsules below of D values, J above of E.
"""

import torch
from torch import Tensor, nn

from microexpr.models.layers.portable import square_root

DOWN = 0.5  # lambda of eq. 4, the weight of absent classes
TINY = 1e-9  # under a root: a vector of zeros would have no gradient


def length(capsules: Tensor) -> Tensor:
    """Return the Euclidean length float[...] of capsules [..., D]."""
    return square_root(capsules.square().sum(-1) + TINY)


def squash(vectors: Tensor) -> Tensor:
    """Return vectors [..., D] of the same direction, with length n^2 / (1 + n^2) instead of n (eq. 1)."""
    square = vectors.square().sum(-1, keepdim=True)
    return vectors * square / (1 + square) * (square + TINY).rsqrt()


def primary(maps: Tensor, size: int) -> Tensor:
    """Return capsules [B, C / size * H * W, size]: groups of `size` channels at each pixel of maps [B, C, H, W]."""
    groups = maps.unflatten(1, (-1, size))  # [B, C / size, size, H, W]
    return squash(groups.movedim(2, -1).flatten(1, 3))


class Capsules(nn.Module):
    """A fully connected layer of `above` capsules on `below` ones, with one matrix for each pair."""

    def __init__(self, below: int, size: int, above: int, out_size: int, iterations: int, deviation: float = 0.1):
        """`size` and `out_size` are D and E; `deviation` is that of the initial weights."""
        super().__init__()
        self.iterations = iterations
        self.weight = nn.Parameter(deviation * torch.randn(below, above, size, out_size))

    def forward(self, capsules: Tensor) -> Tensor:
        """[B, I, D] -> [B, J, E], from the votes of each capsule below for each one above (Procedure 1).

        Agreement is computed from detached votes; the gradient flows through the last iteration alone."""
        votes = torch.einsum("bid,ijde->bije", capsules, self.weight)
        fixed = votes.detach()
        agreement = votes.new_zeros(votes.shape[:-1])  # b, [B, I, J]
        for _ in range(self.iterations - 1):
            above = squash((agreement.softmax(-1)[..., None] * fixed).sum(1))  # [B, J, E]
            agreement = agreement + (fixed * above[:, None]).sum(-1)
        return squash((agreement.softmax(-1)[..., None] * votes).sum(1))


def margin_loss(lengths: Tensor, label: Tensor, positive: float = 0.9, negative: float = 0.1) -> Tensor:
    """Return the mean of eq. 4 over clips, from lengths [B, J] and classes int64[B].

    The capsule of the clip's class should be longer than `positive`, the others shorter than `negative`."""
    is_label = label[:, None] == torch.arange(lengths.shape[1], device=lengths.device)
    too_short, too_long = (positive - lengths).relu().square(), (lengths - negative).relu().square()
    return torch.where(is_label, too_short, DOWN * too_long).sum(1).mean()
