"""Read portraits, the rendered images from which networks learn to read faces. Arrays out of files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store

SCENE = 8  # images of a scene, the first at rest
SIZE, SIDE = 224, 128  # pixels of an image, and of the box around its face


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """N images of many subjects, scene by scene."""

    image: np.ndarray  # uint8[N, 224, 224]
    points: np.ndarray  # float32[N, 70, 2], pixels: iBUG's 68 landmarks and the pupils, the subject's left first
    intensity: np.ndarray  # float32[N, 24, 2], FACS 0..5: units that are read first, then the others; left, right

    @property
    def scenes(self) -> int:
        """Number of scenes."""
        return len(self.image) // SCENE


def read(paths: Iterable[str | Path]) -> Portraits:
    """Read the portraits of subjects, a file each."""
    parts: list[tuple[np.ndarray, ...]] = []
    for path in paths:
        with store.open_file(path, "portraits") as file:
            parts.append(tuple(file[name][()] for name in ("image", "points", "intensity")))
    return Portraits(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
