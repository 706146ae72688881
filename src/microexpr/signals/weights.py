"""Files of the networks that read faces: their tensors, what they were fitted on, and their errors."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from microexpr.core import store
from microexpr.core.errors import StoreError


def save(path: str | Path, network: nn.Module, fitted_on: Sequence[str], **metadata: str) -> None:
    """Write a network's tensors, what it was fitted on, and further metadata."""
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items() if tensor.is_floating_point()}
    store.write_tensors(path, tensors, fitted_on, **metadata)


def load(path: str | Path, network: nn.Module) -> tuple[str, ...]:
    """Fill a network, put it in eval() and return what it was fitted on.

    Raises StoreError if the file cannot be read or is of another network."""
    tensors, metadata = store.read_tensors(path)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items() if value.is_floating_point()}
    actual = {name: tensor.shape for name, tensor in tensors.items()}
    if actual != expected:
        differing = sorted(name for name in {*expected, *actual} if expected.get(name) != actual.get(name))
        raise StoreError(
            f"{path}: must hold the tensors of {type(network).__name__}, but {', '.join(differing[:3])} differ; "
            "`make shipped` makes it again"
        )
    network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()}, strict=False)
    network.eval().requires_grad_(False)
    _fuse(network)
    return tuple(metadata["fitted_on"].splitlines())


def _fuse(network: nn.Module) -> None:
    """Put each batch normalisation into the convolution before it: the same function in less time."""
    for part in [*network.modules()]:
        if isinstance(part, nn.Sequential):
            layer, normalisation = part[0], part[1]
            if isinstance(layer, nn.Conv2d) and isinstance(normalisation, nn.BatchNorm2d):
                part[0], part[1] = fuse_conv_bn_eval(layer, normalisation), nn.Identity()
