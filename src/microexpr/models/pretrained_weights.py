"""Published weights that methods start from: file names, folder and checksum. Downloads nothing.

No network comes in; each network knows which tensors it needs.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from microexpr.core.errors import StoreError
from microexpr.core.files import file_digest, regular

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Weights:
    """One published file, under any of its usual names."""

    files: tuple[str, ...]
    source: str  # a URL
    digest: str  # first digits of its SHA-256

    def path(self) -> Path | None:
        """Return the path of the file, or None if it is absent. Raises StoreError if another file has its name."""
        for path in (cache_folder() / name for name in self.files):
            if path.exists():
                digest = file_digest(regular(path, StoreError))
                if not digest.startswith(self.digest):
                    remedy = f"download it again from {self.source}"
                    raise StoreError(f"{path}: SHA-256 must begin with {self.digest}, not {digest[:8]}; {remedy}")
                return path
        return None


def cache_folder() -> Path:
    """Return the folder of torch's downloaded weights: $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TORCH_HOME") or cache / "torch") / "hub/checkpoints"


def load_tensors(path: Path) -> "dict[str, Tensor]":
    """Load a weights file as tensors by name. Raises StoreError for any other file; no other object is unpickled."""
    import torch  # imported here because the DAG needs the paths, but not torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds of errors on bad bytes
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
