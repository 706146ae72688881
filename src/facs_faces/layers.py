"""Define the meshes that complete the rig: rigid layers (hair, clothes, glasses) and eyeballs. No colour.

The eyeballs replace those of the base mesh; the lids are part of the skin.
"""

from dataclasses import dataclass
from itertools import accumulate

import cv2
import numpy as np

from facs_faces.rig import rig
from facs_faces.scene import rotation

CELL = 0.1  # side of the cells by which `row_order` sorts, dm
MERIDIANS = 24  # of an eyeball
COLATITUDES = (0, 4, 8, 13, 18, 23, 28, 32, 37, 45, 55, 68, 80, 95, 110)  # degrees from the pupil, finer at the iris


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A mesh that no expression moves: if fine hair moved with the skin, it would flicker, a cue no real face gives."""

    material: int  # one of those that `raster` lists
    points: np.ndarray  # float32[N, 3], about the same origin as the rig
    normals: np.ndarray  # float32[N, 3]
    tangents: np.ndarray  # float32[N, 3]: direction of the strands of hair; 0 for other materials
    coordinates: np.ndarray  # float32[N, 3]: u, v, threshold, see `raster.rasterise`
    triangles: np.ndarray  # int64[T, 3]: indices of points


def make_layer(
    material: int, points: np.ndarray, normals: np.ndarray, coordinates: np.ndarray, triangles: np.ndarray,
    tangents: np.ndarray | None = None,
) -> Layer:  # fmt: skip
    """Return a layer; its arrays may have any shape [..., 3] and any type, and are flattened and cast."""
    vectors = points, normals, np.zeros_like(points) if tangents is None else tangents, coordinates
    a, b, c, d = (np.ascontiguousarray(np.reshape(array, (-1, 3)), np.float32) for array in vectors)
    return Layer(material, a, b, c, d, np.reshape(triangles, (-1, 3)).astype(np.int64))


def join(parts: list[Layer]) -> Layer:
    """Join layers of one material into one."""
    starts = accumulate((len(part.points) for part in parts[:-1]), initial=0)
    names = "points", "normals", "tangents", "coordinates"
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    triangles = np.concatenate([part.triangles + start for part, start in zip(parts, starts, strict=True)])
    return Layer(parts[0].material, triangles=triangles, **arrays)


def row_order(points: np.ndarray) -> np.ndarray:
    """Return the order of points [N, 3], int64[N]: by rows of cells from the lower left, in a cell from near to far.

    Points that are drawn together then lie together in memory."""
    column, row = np.floor(points[:, :2] / CELL).T
    return np.lexsort([-points[:, 2], column, row])


def sort_points(layer: Layer) -> Layer:
    """Return the layer with its points in the order that `row_order` gives."""
    order = row_order(layer.points)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    points, normals, tangents = layer.points[order], layer.normals[order], layer.tangents[order]
    return Layer(layer.material, points, normals, tangents, layer.coordinates[order], rank[layer.triangles])


def grid(rows: int, columns: int, closed: bool = False) -> np.ndarray:
    """Return triangles int64[T, 3] between points numbered row by row; `closed` joins the last column to the first."""
    row, column = np.mgrid[: rows - 1, : columns - (not closed)].reshape(2, -1)
    corner, right = row * columns + column, row * columns + (column + 1) % columns
    below, opposite = corner + columns, right + columns
    return np.concatenate([np.stack([corner, below, opposite], 1), np.stack([corner, opposite, right], 1)])


def subdivide(points: np.ndarray, normals: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, ...]:
    """Halve every edge of a mesh; return points, unit normals, triangles, and the halved edges as points int64[E, 2].

    The new points follow the old ones, one for each edge; it bulges from the middle as far as the normals turn."""
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    edges, edge_ids = np.unique(edges, axis=0, return_inverse=True)
    first, second, third = edge_ids.reshape(3, -1) + len(points)
    a, b = points[edges].swapaxes(0, 1)
    na, nb = normals[edges].swapaxes(0, 1)
    between = na + nb
    between /= np.linalg.norm(between, axis=1, keepdims=True) + 1e-9
    bulge = np.sum((b - a) * (nb - na), axis=1, keepdims=True) / 8
    x, y, z = triangles.T
    parts = [(x, first, third), (first, y, second), (third, second, z), (first, second, third)]
    finer = np.concatenate([np.stack(part, axis=1) for part in parts])
    return np.vstack([points, (a + b) / 2 + bulge * between]), np.vstack([normals, between]), finer, edges


def grain(rng: np.random.Generator, shape: tuple[int, int], height: float, width: float) -> np.ndarray:
    """Sample smooth noise, float32 of `shape`, with standard deviation 1 and grains of `height` by `width` texels."""
    rows, columns = shape
    coarse = rng.standard_normal((int(rows / height) + 2, int(columns / width) + 2), np.float32)
    noise = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return noise / (noise.std() + 1e-6)


def unit_eyeball() -> tuple[np.ndarray, np.ndarray]:
    """Return an eyeball of radius 1 that looks ahead, without its back: points float32[N, 3], triangles int32[T, 3]."""
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, MERIDIANS + 1), np.deg2rad(COLATITUDES))
    points = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    return points.reshape(-1, 3).astype(np.float32), grid(len(COLATITUDES), MERIDIANS + 1).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """The two eyeballs of one head, left then right. N points each."""

    points: np.ndarray  # float32[N, 3], of `unit_eyeball`
    centres: np.ndarray  # float32[2, 1, 3]
    radii: np.ndarray  # float32[2, 1, 1]

    @classmethod
    def fit(cls, vertices: np.ndarray, points: np.ndarray) -> "Eyes":
        """Return the eyeballs of a head with vertices of the rig [V, 3]; `points` are those of `unit_eyeball`."""
        balls = [vertices[eye] for eye in rig().eyes]
        centres = np.array([ball.mean(axis=0) for ball in balls], np.float32)[:, None]
        # slightly smaller, so that closed lids cover them
        radii = np.array([np.ptp(ball, axis=0)[:2].mean() / 2 * 0.985 for ball in balls], np.float32)[:, None, None]
        return cls(points, centres, radii)

    def rotate(self, yaw: float, pitch: float) -> tuple[np.ndarray, np.ndarray]:
        """Return points and normals, float32[2 N, 3] each, of both eyes turned by yaw and pitch in degrees."""
        normals = self.points @ rotation(yaw, pitch, 0).T
        return (self.centres + normals * self.radii).reshape(-1, 3), np.tile(normals, (2, 1))
