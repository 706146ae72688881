"""A trained generator of clips, as its file holds it: the modules that synthesise, and their training data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from microexpr.models import generators
from microexpr.models.base import Generator
from microexpr.models.layers.mover import WarpGenerator, by_column, paint_over, repeat, warp
from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.training import weights
from microexpr.training.weights import SHIPPED

__all__ = ["SHIPPED", "LoadedGenerator", "export", "load", "save"]


@dataclass(frozen=True, eq=False)
class LoadedGenerator(weights.Network):
    """A trained generator, ready to synthesise clips."""

    method: Generator

    @property
    def image_size(self) -> int:
        """Rows and columns of its faces."""
        size: int = self.method.params.image_size
        return size

    @property
    def warps(self) -> bool:
        """Whether it moves the pixels of a face, and so has `changes`."""
        return isinstance(self.modules.generator, WarpGenerator)

    @torch.no_grad()
    def frames(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return a face uint8[h, h, 3] with targets [K, 17, 2], float32[K, h, h, 3] in grey levels."""
        neutral = torch.from_numpy(np.moveaxis(face, -1, 0)[None].copy())
        (frames,) = self.method.synthesise_clips(self.modules, neutral, torch.from_numpy(target_aus[None]))
        return np.moveaxis(frames.numpy() * 255, 1, -1).astype(np.float32)

    @torch.no_grad()
    def changes(self, face: np.ndarray, target_aus: np.ndarray) -> np.ndarray:
        """Return flow in halves of the side and change of colour in halves of 255, float32[K, 2 + 3, h, h]."""
        graph = Changes(self.modules.generator)
        return graph(torch.from_numpy(face[None]), torch.from_numpy(target_aus))[1].numpy()


class Changes(nn.Module):
    """A warping generator as it is exported: from a face uint8[1, h, h, 3] and FACS intensities [K, 17, 2] to frames
    [K, h, h, 3] in grey levels, and to flow and change of colour [K, 2 + 3, h, h].

    The halves of the face have their own targets, which are blended about the middle."""

    def __init__(self, generator: WarpGenerator):
        super().__init__()
        self.generator = generator

    def forward(self, face: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        neutral = face.permute(0, 3, 1, 2).float() / 127.5 - 1
        flow, mask, paint = self.generator.parts(neutral, by_column(target / LARGEST, face.shape[2]))
        frames = paint_over(warp(repeat(neutral, flow.shape[0]), flow), mask, paint)
        return (frames.permute(0, 2, 3, 1) + 1) * 127.5, torch.cat([flow, mask * paint], 1)


def export(path: str | Path, model: LoadedGenerator) -> None:
    """Write a warping generator as an ONNX file."""
    size = model.image_size
    inputs = {"face": torch.zeros(1, size, size, 3, dtype=torch.uint8), "target": torch.rand(2, len(ACTION_UNITS), 2)}
    graph = Changes(model.modules.generator)
    weights.export(path, model, graph, inputs, ["frame", "change"], image_size=str(size))


def save(
    path: str | Path, method: Generator, tensors: Mapping[str, np.ndarray], fitted_on: Iterable[str], /, **metadata: str
) -> None:
    """Write the tensors, named `<module>.<tensor>`, of the modules that synthesise clips."""
    needed = {name: value for name, value in tensors.items() if name.split(".")[0] in method.inference_modules}
    weights.write(path, weights.GENERATOR, method, needed, fitted_on, metadata)


def load(path: str | Path) -> LoadedGenerator:
    """Read a file that `save` wrote. Raises StoreError for any other file, and for another version's network."""
    return LoadedGenerator.read(path, weights.GENERATOR, generators.find)
