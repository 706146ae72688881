"""Square roots and fully connected layers with the same digits on every CPU. No other layer comes in.

MKL gives the same digits on CPUs of Intel and AMD only by the instructions that all of them have
(`core/arithmetic.py`); oneDNN gives them with AVX2.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


def square_root(x: Tensor) -> Tensor:
    """Return the root of each element of x >= 0.

    `Tensor.sqrt` refines an estimate of the CPU, in which AMD's and Intel's differ; `rsqrt` is exactly rounded."""
    return x.rsqrt().reciprocal()


def is_by_onednn(x: Tensor, weight: Tensor) -> bool:
    """Return whether oneDNN computes the product: of float32 on a CPU, outside of torch.func's transforms."""
    is_plain = x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32 and x.ndim == 2
    return (
        is_plain
        and torch.backends.mkldnn.is_available()
        and not torch._C._are_functorch_transforms_active()
        and not torch.is_autocast_enabled("cpu")
    )


def multiply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return x [B, N] @ weight.T + bias, [B, M], for weight [M, N]."""
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


class _Linear(torch.autograd.Function):
    """`F.linear` of matrices, and its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return multiply(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x = multiply(gradient, weight.t()) if ctx.needs_input_grad[0] else None
        of_weight = multiply(gradient.t(), x.t()) if ctx.needs_input_grad[1] else None
        return of_x, of_weight, gradient.sum(0) if ctx.needs_input_grad[2] else None


class Linear(nn.Linear):
    """`nn.Linear`; on a CPU, the gradient of its gradient is not defined."""

    def forward(self, x: Tensor) -> Tensor:
        """[..., N] -> [..., M]"""
        if x.ndim > 2:
            return self(x.flatten(0, -2)).unflatten(0, x.shape[:-1])
        if is_by_onednn(x, self.weight):
            return _Linear.apply(x, self.weight, self.bias)
        return F.linear(x, self.weight, self.bias)
