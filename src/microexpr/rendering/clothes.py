"""What people wear below the neck: a garment over the rig's shoulders with a neckline, folds. No colour, no light."""

from dataclasses import dataclass

import numpy as np

from microexpr.rendering.layers import Layer, layer, subdivided
from microexpr.rendering.raster import CLOTH, LASH, SKIN, vertex_normals
from microexpr.rendering.rig import angle, rig

AXIS = 0.1  # z of the neck's axis at the collar


@dataclass(frozen=True, slots=True)
class Garment:
    """A cut. Lengths in dm."""

    front: float  # height of the neckline at the throat
    side: float  # on the shoulders
    point: float  # how far it comes to a point there: 0 round ... 1 a V
    off: float  # how far cloth stands off the skin
    band: float  # width of its hem or collar


GARMENTS: dict[str, Garment] = {
    "crew": Garment(5.54, 5.86, 0.0, 0.045, 0.07),
    "round": Garment(5.4, 5.8, 0.0, 0.04, 0.05),
    "v": Garment(5.24, 5.86, 1.0, 0.045, 0.05),
    "high": Garment(5.84, 6.0, 0.0, 0.05, 0.2),
}


SHARES = {"crew": 0.5, "round": 0.2, "v": 0.15, "high": 0.15}


def drawn(rng: np.random.Generator) -> Garment:
    """A garment by chance."""
    return GARMENTS[str(rng.choice(list(SHARES), p=list(SHARES.values())))]


def worn(vertices: np.ndarray, garment: Garment, rng: np.random.Generator) -> Layer:
    """The garment on a body of this shape (float32[V, 3])."""
    head = rig()
    skin = head.triangles[(head.materials == SKIN) & (head.vertices[head.triangles, 1].min(axis=1) < 6.15)]
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, np.ascontiguousarray(head.triangles[head.materials != LASH]), normals)
    ids, local = np.unique(skin, return_inverse=True)
    points, outward, triangles, rest = vertices[ids], normals[ids], local.reshape(-1, 3), head.vertices[ids]
    for _ in range(2):
        points, outward, triangles, edges = subdivided(points, outward, triangles)
        rest = np.vstack([rest, rest[edges].mean(axis=1)])
    above = rest[:, 1] - _neckline(rest, garment)
    hem = np.exp(-(((above + garment.band / 2) / (0.45 * garment.band)) ** 4))
    off = garment.off + 0.012 * hem + _folds(rest, rng) * np.clip(-above / 0.3, 0, 1)
    points = (points + outward * off[:, None]).astype(np.float32)
    ahead = (rest[:, 2] > 0) | (rest[:, 1] > 5.6)  # the back is never seen, nor what lies below the picture
    kept = (above[triangles].min(axis=1) < 0) & (ahead & (rest[:, 1] > 4.5))[triangles].all(axis=1)
    triangles = triangles[kept]
    normals = np.zeros_like(points)
    vertex_normals(points, triangles.astype(np.int32), normals)
    across = np.hypot(rest[:, 0], rest[:, 2] - AXIS)
    coordinates = np.stack([np.arctan2(rest[:, 0], rest[:, 2] - AXIS) * 0.8, rest[:, 1] - 0.6 * across, above], axis=1)
    return layer(CLOTH, points, normals, coordinates, triangles)


def _neckline(rest: np.ndarray, garment: Garment) -> np.ndarray:
    """Height of the neckline in the direction of each point."""
    turn = np.abs(angle(rest))
    ahead = np.clip(1 - turn / 1.9, 0, 1)
    sharp = ahead * garment.point + (1 - garment.point) * np.sin(ahead * np.pi / 2) ** 2
    arms = 2 * np.maximum(0, np.hypot(rest[:, 0], rest[:, 2] - AXIS) - 0.9)
    return garment.side + (garment.front - garment.side) * sharp + arms


def _folds(rest: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Soft folds that run down from the shoulders, dm."""
    x, y, z = rest.T
    height = np.zeros(len(rest))
    for _ in range(7):
        slope, wide, at = rng.normal(0, 0.8), rng.uniform(0.09, 0.2), rng.uniform(-1.6, 1.6)
        height += 0.03 * rng.uniform(0.4, 1) * np.exp(-(((x - at - slope * (y - 5)) / wide) ** 2))
    return height * np.clip(z + 0.6, 0, 1)
