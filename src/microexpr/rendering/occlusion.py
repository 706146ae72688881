"""Compute how much light reaches each vertex of the resting face: open sky, and soft shadows of the key light.

Both are computed once for a person or a light; an expression moves too little to change them.
"""

import numpy as np

from microexpr.core.seeds import generator
from microexpr.rendering.raster import LASH, Samples, rasterise
from microexpr.rendering.scene import Light, direction

RESOLUTION = 144  # of a shadow map, over EXTENT dm
EXTENT = 3.4
SKY_DIRECTIONS = 48
KEY_SAMPLES = 20
BIAS, SLOPE = 0.09, 60.0  # a vertex BIAS dm behind the nearest surface is half in shadow


def open_sky(points: np.ndarray, normals: np.ndarray, triangles: np.ndarray, materials: np.ndarray) -> np.ndarray:
    """Return how much of the room's light reaches each vertex, float32[V] in 0.08..1.

    points float32[V, 3] about the head's centre, triangles and materials as for `rasterise`."""
    k = np.arange(SKY_DIRECTIONS) + 0.5
    polar, turn = np.arccos(1 - 1.4 * k / SKY_DIRECTIONS), np.pi * (1 + 5**0.5) * k  # a golden spiral, 114 deg wide
    directions = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1)
    visible, total = np.zeros(len(points)), np.full(len(points), 1e-3)
    triangles, materials = _without_lashes(triangles, materials)
    for towards in directions:
        facing = np.clip(normals @ towards, 0, 1)
        visible += _visible(points, triangles, materials, towards) * facing
        total += facing
    return (np.clip(visible / total, 0.12, 1) ** 1.2).astype(np.float32)


def key_light(points: np.ndarray, triangles: np.ndarray, materials: np.ndarray, light: Light) -> np.ndarray:
    """Return how much of the key light reaches each vertex, float32[V] in 0..1: the mean over the lamp's width."""
    rng = generator(0, "generated", "key light")  # the same points of the lamp for every face
    spread = rng.normal(0, 40 * light.softness, (KEY_SAMPLES, 2))
    visible = np.zeros(len(points))
    triangles, materials = _without_lashes(triangles, materials)
    for azimuth, elevation in spread + [light.azimuth, light.elevation]:
        visible += _visible(points, triangles, materials, direction(azimuth, elevation))
    return (visible / KEY_SAMPLES).astype(np.float32)


def _without_lashes(triangles: np.ndarray, materials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    shades = materials != LASH
    return triangles[shades], materials[shades]


def _visible(points: np.ndarray, triangles: np.ndarray, materials: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Return whether each vertex is visible from far away in this direction, softly in 0..1, by a shadow map."""
    ahead = towards / np.linalg.norm(towards)
    right = np.cross([0, 1, 0.01], ahead)
    right /= np.linalg.norm(right)
    rotated = points @ np.stack([right, -np.cross(ahead, right), ahead], axis=1).astype(np.float32)
    rotated[:, :2] = (rotated[:, :2] + EXTENT / 2) * (RESOLUTION / EXTENT)
    shape = RESOLUTION, RESOLUTION
    samples = Samples.of(*shape)
    everywhere, nowhere = np.full((1, 1), 255, np.uint8), np.zeros((len(points), 3), np.float32)
    rasterise(rotated, triangles, materials, nowhere, everywhere, everywhere, 0.0, shape, samples)
    x, y = np.clip(np.rint(rotated[:, :2]), 0, RESOLUTION - 1).astype(int).T
    behind = samples.images(*shape)[0][y, x] - rotated[:, 2] - BIAS
    return 1 / (1 + np.exp(np.clip(behind * SLOPE, -50, 50)))
