"""Sample the conditions of a picture taken anywhere: head pose, light, distance and background. No face."""

from dataclasses import replace

import cv2
import numpy as np

from microexpr.rendering.performance import Performer
from microexpr.rendering.scene import Light

POSE = np.array([12.0, 7.0, 6.0])  # yaw, pitch, roll in degrees: standard deviations; values are cut at two of them
NEARER = 1.2  # factor to the zoom of a laboratory's camera, since pictures are cut around the face
ZOOM = 0.12  # standard deviation of its logarithm, cut in the same way
THINGS = 24  # objects behind the head, all out of focus


def vary_performer(performer: Performer, rng: np.random.Generator) -> Performer:
    """Return the same person in another pose and light, nearer or farther."""
    yaw, pitch, roll, nearness = (float(v) for v in np.clip(rng.standard_normal(4), -2, 2) * [*POSE, ZOOM])
    light = Light(
        azimuth=rng.uniform(-70, 70),
        elevation=rng.uniform(0, 60),
        key=rng.uniform(1.2, 2.6),
        fill=rng.uniform(0.45, 1.2),
        warmth=rng.uniform(-1, 1),
    )
    zoom = performer.zoom * NEARER * float(np.exp(nearness))
    return replace(performer, pose=(yaw, pitch, roll), light=light, zoom=zoom)


def backdrop(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Sample blurred discs, more grey than coloured, uint8[height, width, 3]; `size` is width, height."""
    width, height = size
    scene = np.empty((height, width, 3), np.uint8)
    scene[:] = _colour(rng)
    for _ in range(THINGS):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        radius = int(rng.integers(height // 16, height // 4))
        cv2.circle(scene, centre, radius, _colour(rng), -1)
    return cv2.GaussianBlur(scene, (0, 0), height * float(rng.uniform(0.03, 0.08)))


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = np.clip(rng.uniform(40, 215) + rng.normal(0, 18, 3), 0, 255)
    return int(red), int(green), int(blue)
