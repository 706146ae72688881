"""Build a garment over the rig's shoulders, with a neckline and folds. No colour, no light."""

from dataclasses import dataclass

import numpy as np

from microexpr.rendering.layers import Layer, make_layer, subdivide
from microexpr.rendering.raster import CLOTH, LASH, SKIN, vertex_normals
from microexpr.rendering.rig import angle, rig

AXIS = 0.1  # z of the neck's axis at the collar
TOP = 6.15  # height below which there may be cloth, dm
UNSEEN = 0.15  # distance from the neckline beyond which no skin is visible under it, dm


@dataclass(frozen=True, slots=True)
class Garment:
    """The cut of a garment. Lengths in dm."""

    front: float  # height of the neckline at the throat
    side: float  # height on the shoulders
    point: float  # shape of the neckline: 0 round ... 1 a V
    off: float  # distance between cloth and skin
    band: float  # width of hem or collar


GARMENTS: dict[str, Garment] = {
    "crew": Garment(5.54, 5.86, 0.0, 0.045, 0.07),
    "round": Garment(5.4, 5.8, 0.0, 0.04, 0.05),
    "v": Garment(5.24, 5.86, 1.0, 0.045, 0.05),
    "high": Garment(5.84, 6.0, 0.0, 0.05, 0.2),
}


SHARES = {"crew": 0.5, "round": 0.2, "v": 0.15, "high": 0.15}


def sample(rng: np.random.Generator) -> Garment:
    """Sample a garment."""
    return GARMENTS[str(rng.choice(list(SHARES), p=list(SHARES.values())))]


def build_layer(vertices: np.ndarray, garment: Garment, rng: np.random.Generator) -> Layer:
    """Return the garment on a body of this shape (float32[V, 3])."""
    head = rig()
    skin = head.triangles[(head.materials == SKIN) & (head.vertices[head.triangles, 1].min(axis=1) < TOP)]
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, np.ascontiguousarray(head.triangles[head.materials != LASH]), normals)
    ids, local = np.unique(skin, return_inverse=True)
    points, outward, triangles, rest = vertices[ids], normals[ids], local.reshape(-1, 3), head.vertices[ids]
    for _ in range(2):
        points, outward, triangles, edges = subdivide(points, outward, triangles)
        rest = np.vstack([rest, rest[edges].mean(axis=1)])
    over_neckline = rest[:, 1] - _neckline(rest, garment)
    hem = np.exp(-(((over_neckline + garment.band / 2) / (0.45 * garment.band)) ** 4))
    off = garment.off + 0.012 * hem + _folds(rest, rng) * np.clip(-over_neckline / 0.3, 0, 1)
    points = (points + outward * off[:, None]).astype(np.float32)
    in_front = (rest[:, 2] > 0) | (rest[:, 1] > 5.6)  # the back is never visible, nor parts below the image
    is_cloth = over_neckline[triangles].min(axis=1) < 0
    is_visible = is_cloth & (in_front & (rest[:, 1] > 4.5))[triangles].all(axis=1)
    triangles = triangles[is_visible]
    normals = np.zeros_like(points)
    vertex_normals(points, triangles.astype(np.int32), normals)
    across = np.hypot(rest[:, 0], rest[:, 2] - AXIS)
    around = np.arctan2(rest[:, 0], rest[:, 2] - AXIS) * 0.8
    coordinates = np.stack([around, rest[:, 1] - 0.6 * across, over_neckline], axis=1)
    return make_layer(CLOTH, points, normals, coordinates, triangles)


def covered(garment: Garment) -> np.ndarray:
    """Return which vertices of the rig are under the garment, well away from its hem, bool[V]."""
    rest = rig().vertices
    return (rest[:, 1] < TOP) & (_neckline(rest, garment) - rest[:, 1] > UNSEEN)


def _neckline(rest: np.ndarray, garment: Garment) -> np.ndarray:
    """Return the height of the neckline in the direction of each point, dm."""
    turn = np.abs(angle(rest))
    ahead = np.clip(1 - turn / 1.9, 0, 1)
    sharp = ahead * garment.point + (1 - garment.point) * np.sin(ahead * np.pi / 2) ** 2
    arms = 2 * np.maximum(0, np.hypot(rest[:, 0], rest[:, 2] - AXIS) - 0.9)
    return garment.side + (garment.front - garment.side) * sharp + arms


def _folds(rest: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the height of soft folds that run down from the shoulders, dm."""
    x, y, z = rest.T
    height = np.zeros(len(rest))
    for _ in range(7):
        slope, wide, at = rng.normal(0, 0.8), rng.uniform(0.09, 0.2), rng.uniform(-1.6, 1.6)
        height += 0.03 * rng.uniform(0.4, 1) * np.exp(-(((x - at - slope * (y - 5)) / wide) ** 2))
    return height * np.clip(z + 0.6, 0, 1)
