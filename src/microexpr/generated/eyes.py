"""Eyeballs: two spheres that replace those of the base mesh, and the pattern of an iris. No lids: these are skin."""

import numpy as np

from microexpr.generated.hair import grain
from microexpr.generated.rig import rig

MERIDIANS = 24
COLATITUDES = (0, 4, 8, 13, 18, 23, 28, 32, 37, 45, 55, 68, 80, 95, 110)  # degrees from the front, finer at the iris
IRIS = (256, 64)  # angle by radius


def sphere() -> tuple[np.ndarray, np.ndarray]:
    """A unit eyeball that looks ahead: points float32[N, 3], triangles int32[T, 3]."""
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, MERIDIANS + 1), np.deg2rad(COLATITUDES))
    points = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    row = MERIDIANS + 1
    corner = (np.arange(len(COLATITUDES) - 1)[:, None] * row + np.arange(MERIDIANS)).ravel()
    first = np.stack([corner, corner + row, corner + row + 1], axis=1)
    second = np.stack([corner, corner + row + 1, corner + 1], axis=1)
    return points.reshape(-1, 3).astype(np.float32), np.concatenate([first, second]).astype(np.int32)


def placed(vertices: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The two eyeballs in a head of this shape, left then right, float32[2 N, 3]."""
    balls = []
    for eye in rig().eyes:
        radius = np.ptp(vertices[eye], axis=0)[:2].mean() / 2 * 0.985  # a little in, so that closed lids cover it
        balls.append(vertices[eye].mean(axis=0) + points * radius)
    return np.concatenate(balls).astype(np.float32)


def iris(rng: np.random.Generator) -> np.ndarray:
    """Brightness of the fibres, float32[256, 64] by angle and radius."""
    return np.clip(0.8 + 0.25 * grain(rng, IRIS, 3, 30), 0.25, 1.5).astype(np.float32)
