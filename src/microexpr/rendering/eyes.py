"""Build eyeballs, which replace those of the base mesh, and the pattern of an iris. Lids are part of the skin."""

from dataclasses import dataclass

import numpy as np

from microexpr.rendering.hair import grain
from microexpr.rendering.layers import grid
from microexpr.rendering.rig import rig
from microexpr.rendering.scene import rotation

MERIDIANS = 24
COLATITUDES = (0, 4, 8, 13, 18, 23, 28, 32, 37, 45, 55, 68, 80, 95, 110)  # degrees from the front, finer at the iris
IRIS = (256, 64)  # angle by radius


def sphere() -> tuple[np.ndarray, np.ndarray]:
    """Return a unit eyeball that looks ahead: points float32[N, 3], triangles int32[T, 3]."""
    turn, tilt = np.meshgrid(np.linspace(0, 2 * np.pi, MERIDIANS + 1), np.deg2rad(COLATITUDES))
    points = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    return points.reshape(-1, 3).astype(np.float32), grid(len(COLATITUDES), MERIDIANS + 1).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """The two eyeballs of one head, left then right. N points each."""

    points: np.ndarray  # float32[N, 3], of the unit eyeball
    centres: np.ndarray  # float32[2, 1, 3]
    radii: np.ndarray  # float32[2, 1, 1]

    @classmethod
    def fit(cls, vertices: np.ndarray, points: np.ndarray) -> "Eyes":
        """Return eyeballs that fit a head of this shape."""
        balls = [vertices[eye] for eye in rig().eyes]
        centres = np.array([ball.mean(axis=0) for ball in balls], np.float32)[:, None]
        # slightly smaller, so that closed lids cover them
        radii = np.array([np.ptp(ball, axis=0)[:2].mean() / 2 * 0.985 for ball in balls], np.float32)[:, None, None]
        return cls(points, centres, radii)

    def rotate(self, yaw: float, pitch: float) -> tuple[np.ndarray, np.ndarray]:
        """Return points and normals, float32[2 N, 3] each, of eyes turned by yaw and pitch in degrees."""
        normals = self.points @ rotation(yaw, pitch, 0).T
        return (self.centres + normals * self.radii).reshape(-1, 3), np.tile(normals, (2, 1))


def iris(rng: np.random.Generator) -> np.ndarray:
    """Sample an iris; return the brightness of its fibres, float32[256, 64] by angle and radius."""
    return np.clip(0.8 + 0.25 * grain(rng, IRIS, 3, 30), 0.25, 1.5).astype(np.float32)
