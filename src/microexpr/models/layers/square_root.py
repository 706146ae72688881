"""Compute square roots that are the same on every CPU. Nothing but a tensor comes in."""

from torch import Tensor


def square_root(x: Tensor) -> Tensor:
    """Return the root of each element of x >= 0.

    `Tensor.sqrt` refines an estimate of the CPU, in which AMD's and Intel's differ; `rsqrt` is exactly rounded."""
    return x.rsqrt().reciprocal()
