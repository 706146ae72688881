"""Filling a network with tensors that were published for it, and what such networks want of images. No architecture."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from microexpr.core.errors import StoreError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue in 0..1


def load(network: nn.Module, published: Mapping[str, Tensor], file: str) -> None:
    """Fills all of a network. Raises StoreError, naming `file`, where a tensor is not there or has another shape."""
    own = network.state_dict()
    for name, tensor in own.items():
        if name not in published or published[name].shape != tensor.shape:
            found = tuple(published[name].shape) if name in published else "nothing"
            raise StoreError(f"{file}: {name} must be of shape {tuple(tensor.shape)}, not {found}")
    network.load_state_dict({name: published[name] for name in own})


def standardised(images: Tensor) -> Tensor:
    """[..., 3, H, W] in 0..1 as torchvision's networks were trained on them."""
    # not `new_tensor`, which vmap lacks on the `meta` device, where tests look for tensors of two devices
    mean, deviation = (
        torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None] for values in (MEAN, DEVIATION)
    )
    return (images - mean) / deviation
