"""Published weights that papers start from: which file, where it must lie, whether it is that file. Downloads nothing.

What may not come in: a network; each knows for itself which tensors it wants.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from microexpr.core.errors import StoreError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Weights:
    """One published file, under any of the names that it is known by."""

    files: tuple[str, ...]
    source: str  # a URL
    digest: str  # its SHA-256 begins so

    def path(self) -> Path | None:
        """Where the file lies; None where it does not. Raises StoreError if another file has its name."""
        for path in (folder() / name for name in self.files):
            if path.exists():
                found = hashlib.sha256(path.read_bytes()).hexdigest()
                if not found.startswith(self.digest):
                    again = f"not {found[:8]}; download it again from {self.source}"
                    raise StoreError(f"{path}: SHA-256 must begin with {self.digest}, {again}")
                return path
        return None


def folder() -> Path:
    """Where torch keeps downloaded weights: $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TORCH_HOME") or cache / "torch") / "hub/checkpoints"


def tensors(path: Path) -> "dict[str, Tensor]":
    """The tensors of a weights file. Raises StoreError if it is none; nothing else in it is ever unpickled."""
    import torch  # where files lie is asked without it, whenever the DAG is built

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the bytes lead to
        raise StoreError(f"{path}: must hold tensors by name: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise StoreError(f"{path}: must hold tensors by name, not {type(loaded).__name__}")
    return loaded


TORCHVISION = "https://download.pytorch.org/models"
INCEPTION = Weights(
    ("weights-inception-2015-12-05-6726825d.pth", "pt_inception-2015-12-05-6726825d.pth"),
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    "6726825d",
)
RESNET18 = Weights(("resnet18-f37072fd.pth",), f"{TORCHVISION}/resnet18-f37072fd.pth", "f37072fd")
VGG16 = Weights(("vgg16-397923af.pth",), f"{TORCHVISION}/vgg16-397923af.pth", "397923af")
PUBLISHED = {weights.files[0]: weights for weights in (INCEPTION, RESNET18, VGG16)}
