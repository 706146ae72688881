"""How float32 products are computed, set for a while: IEEE float32, torch's default, TF32, bfloat16; and float64."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

# of convolutions and of matrix products. On CUDA torch's default is TF32 for the first and IEEE for the second.
STATES = {
    "float64": ("ieee", "ieee"),
    "float32": ("ieee", "ieee"),
    "default": ("tf32", "ieee"),
    "tf32": ("tf32", "tf32"),
    "bfloat16": ("tf32", "ieee"),
}


def state() -> dict[str, str]:
    """The precision that convolutions and matrix products have now."""
    return {
        "convolutions": torch.backends.cudnn.conv.fp32_precision,
        "products": torch.backends.cuda.matmul.fp32_precision,
    }


@contextmanager
def computed_in(name: str) -> Iterator[dict[str, str]]:
    """Set a state of `STATES` and the default dtype, then restore both. The params ask for bfloat16 themselves."""
    before = state()
    _set(*STATES[name])
    torch.set_default_dtype(torch.float64 if name == "float64" else torch.float32)
    try:
        yield {"params": "bfloat16" if name == "bfloat16" else "float32"}
    finally:
        torch.set_default_dtype(torch.float32)
        _set(before["convolutions"], before["products"])


def _set(convolutions: str, products: str) -> None:
    torch.backends.cudnn.conv.fp32_precision = convolutions
    torch.backends.cuda.matmul.fp32_precision = products
