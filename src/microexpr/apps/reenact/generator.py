"""The generator that moves a face: the shipped one, an ONNX file, or one of FAMGAN's that this project trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np

from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.weights import shipped

SHIPPED = shipped("reenact.onnx")  # FAMGAN's, fitted on the population


class Generator(Protocol):
    """A trained generator. `target_aus` are float32[K, 17, 2], FACS intensities by left and right."""

    @property
    def fitted_on(self) -> frozenset[str]:
        """Clips that it was fitted on, as in `provenance`."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """Metadata of its file."""

    @property
    def image_size(self) -> int:
        """Rows and columns of its faces."""

    @property
    def warps(self) -> bool:
        """Whether it has `changes`."""

    def frames(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return a face uint8[h, h, 3] with these targets, float32[K, h, h, 3] in grey levels."""

    def changes(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return flow in halves of the side and change of colour in halves of 255, float32[K, 2 + 3, h, h]."""


class OnnxGenerator:
    """The warping generator of an ONNX file."""

    warps = True

    def __init__(self, network: onnx.Network):
        self.network, self.metadata, self.fitted_on = network, network.metadata, frozenset(network.fitted_on)
        self.image_size = int(network.metadata["image_size"])

    def frames(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return frames, float32[K, h, h, 3]."""
        return self.network(face=face[None], target=np.asarray(target_aus, np.float32))[0]

    def changes(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return flow and change of colour, float32[K, 5, h, h]."""
        return self.network(face=face[None], target=np.asarray(target_aus, np.float32))[1]


def load(path: Path | None) -> Generator:
    """Return FAMGAN's generator in a file, None for the shipped one. Raises StoreError for any other file."""
    if path is None or path.suffix == ".onnx":
        network = onnx.load(path or SHIPPED, ["face", "target"])
        return OnnxGenerator(network)
    from microexpr.models.generators.famgan import Famgan  # with torch
    from microexpr.training import generator_file

    model = generator_file.load(path)
    if not isinstance(model.method, Famgan):
        raise StoreError(f"{path}: must be a generator of FAMGAN's, not {model.metadata['network']}")
    return model
