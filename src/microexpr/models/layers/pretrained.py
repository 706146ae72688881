"""Loading published tensors into networks, and the normalisation of their images. No architecture."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from microexpr.core.errors import StoreError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue in 0..1


def load(network: nn.Module, published: Mapping[str, Tensor], file: str) -> None:
    """Load all tensors of a network. Raises StoreError, naming `file`, if one is missing or has another shape."""
    state = network.state_dict()
    for name, tensor in state.items():
        if name not in published or published[name].shape != tensor.shape:
            shape = tuple(published[name].shape) if name in published else "nothing"
            raise StoreError(f"{file}: {name} must be of shape {tuple(tensor.shape)}, not {shape}")
    network.load_state_dict({name: published[name] for name in state})


def standardise(images: Tensor) -> Tensor:
    """Normalise images [..., 3, H, W] in 0..1 by ImageNet's statistics, as torchvision's networks expect."""
    # not `new_tensor`: vmap lacks it on the `meta` device, on which tests run
    mean, deviation = (
        torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None] for values in (MEAN, DEVIATION)
    )
    return (images - mean) / deviation
