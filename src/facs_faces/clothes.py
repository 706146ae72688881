"""Build a person's clothes: a garment with a neckline and folds, spectacles that fit the head. No colour, no light."""

from dataclasses import dataclass

import numpy as np

from facs_faces.layers import Layer, grid, join, make_layer, subdivide
from facs_faces.raster import CLOTH, FRAME, LASH, SKIN, vertex_normals
from facs_faces.rig import angle, rig

AXIS = 0.1  # z of the neck's axis at the collar
TOP = 6.15  # height below which there may be cloth, dm
UNSEEN = 0.15  # distance from the neckline beyond which no skin is visible under it, dm
TUBE = 6  # sides of a wire of spectacles
ROUND = 36  # pieces of a rim
BENT = 0.3  # dm to the back at 1 dm to the side


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
SHARES = {"crew": 0.5, "round": 0.2, "v": 0.15, "high": 0.15}  # probability


def build_garment(vertices: np.ndarray, garment: Garment, rng: np.random.Generator) -> Layer:
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
    x, y, z = rest.T
    folds = np.zeros(len(rest))  # soft ones that run down from the shoulders
    for _ in range(7):
        slope, wide, at = rng.normal(0, 0.8), rng.uniform(0.09, 0.2), rng.uniform(-1.6, 1.6)
        folds += 0.03 * rng.uniform(0.4, 1) * np.exp(-(((x - at - slope * (y - 5)) / wide) ** 2))
    folds *= np.clip(z + 0.6, 0, 1)
    off = garment.off + 0.012 * hem + folds * np.clip(-over_neckline / 0.3, 0, 1)
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


def build_glasses(vertices: np.ndarray, rng: np.random.Generator) -> Layer:
    """Return spectacles for a head of this shape (float32[V, 3]): thin rims, a bridge and temples."""
    eyes = [vertices[eye].mean(axis=0) for eye in rig().eyes]
    half = abs(eyes[0][0] - eyes[1][0]) / 2
    wide, high = half * rng.uniform(0.7, 0.8), rng.uniform(0.16, 0.2)
    squareness, thick = rng.uniform(2.0, 3.6), rng.uniform(0.007, 0.013)
    middle = (eyes[0] + eyes[1]) / 2
    # z in the middle, just in front of brows, lids and the bridge of the nose
    skin = vertices[np.unique(rig().triangles[rig().materials == SKIN])] - [middle[0], middle[1] - 0.05, 0]
    x, y = np.abs(skin[:, :2]).T
    touched = (x < half + wide) & (y < high) & ((x > 0.14) | (skin[:, 1] > 0))  # without the nose
    front = float((skin[touched, 2] + BENT * x[touched] ** 2).max()) + 0.02
    parts = []
    for side in (-1, 1):
        turn = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
        x, y = (np.sign(f(turn)) * np.abs(f(turn)) ** (2 / squareness) for f in (np.cos, np.sin))
        away = half + wide * x
        rim = np.stack([middle[0] + side * away, middle[1] - 0.05 + high * y, front - BENT * away**2], axis=1)
        parts.append(_wire(rim, thick, closed=True))
        hinge = half + wide
        start = np.array([middle[0] + side * hinge, middle[1] + 0.06, front - BENT * hinge**2])
        ear = vertices[rig().landmarks[16 if side > 0 else 0]] * [1, 0, 1] + [side * 0.07, middle[1] + 0.06, -0.1]
        bow = start + np.linspace(0, 1, 8)[:, None] * (ear - start)
        parts.append(_wire(bow, thick * 0.9))
    x = np.linspace(-1, 1, 7)
    inner = half - wide
    bridge = np.stack([middle[0] + inner * x, middle[1] + 0.06 + 0.03 * (1 - x**2), front - BENT * (inner * x) ** 2], 1)
    parts.append(_wire(bridge, thick * 0.9))
    return join(parts)


def _wire(path: np.ndarray, thick: float, closed: bool = False) -> Layer:
    """Return a tube of radius `thick` along `path` [P, 3]."""
    along = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, [0.1, 0.2, 0.97])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    third = np.cross(along, across)
    turn = np.linspace(0, 2 * np.pi, TUBE, endpoint=False)[:, None, None]
    normals = np.cos(turn) * across + np.sin(turn) * third
    points = path + thick * normals
    order = np.concatenate([np.arange(TUBE), [0]])
    points, normals = points[order], normals[order]
    triangles = grid(len(order), len(path), closed)
    return make_layer(FRAME, points, normals, np.zeros_like(points), triangles)
