"""Simulate a camera: the background out of focus (walls, curtains, shelves, blotches), then the sensor's noise.

Knows nothing about faces.
"""

from functools import cache

import cv2
import numpy as np

from facs_faces.raster import kernel
from microexpr.core.seeds import generator

KINDS = {"plain": 0.35, "gradient": 0.3, "curtain": 0.15, "shelf": 0.2}  # probability
PAINTS = ((150, 146, 142), (186, 184, 178), (120, 124, 130), (168, 160, 148), (205, 205, 202), (98, 110, 128))
SCREENS = ((70, 110, 96), (84, 104, 140), (60, 62, 66))  # colours of cloth backgrounds, in addition to the paints
THINGS = 24  # objects in a backdrop
FIELD = 1 << 20  # length of the noise table


def wall(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Sample a background, uint8[height, width, 3], darker in the corners; `size` is width, height."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    paint = np.array(PAINTS[rng.integers(len(PAINTS))]) * rng.uniform(0.92, 1.06) + rng.normal(0, 2, 3)
    width, height = size
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    x *= width / height
    scene: np.ndarray = np.ones((height, width, 3), np.float32) * paint.astype(np.float32)
    if kind == "gradient":  # a lamp's light on the wall
        at, wide = rng.uniform([-0.9, -0.9], [0.9, 0.2]), rng.uniform(0.8, 1.6)
        pool = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / wide**2).astype(np.float32)
        scene *= (0.88 + 0.24 * pool)[..., None]
    elif kind == "curtain":
        cloth = np.array((*PAINTS, *SCREENS)[rng.integers(len(PAINTS) + len(SCREENS))], np.float32)
        bent = x + 0.03 * np.sin(1.7 * y + rng.uniform(0, 6))
        pleats = np.full_like(x, 0.9)
        for often, deep in ((9, 0.06), (17, 0.05)):
            pleats += deep * np.sin(often * bent + rng.uniform(0, 6) + 0.8 * np.sin(0.4 * often * bent))
        scene = cloth * pleats[..., None]
    elif kind == "shelf":  # shelves with objects on them to one side of the head, out of focus
        side, edge = rng.choice([-1, 1]), rng.uniform(0.25, 0.7)
        within = side * x > edge
        scene[within] *= 0.8
        for board in np.arange(-1 + rng.uniform(0, 0.4), 1, 0.62):
            left = edge
            while left < width / height:
                thick, tall = rng.uniform(0.05, 0.16), rng.uniform(0.2, 0.5)
                is_object = within & (np.abs(side * x - left) < thick / 2) & (y < board) & (y > board - tall)
                scene[is_object] = np.clip(rng.uniform(45, 190) + rng.normal(0, 16, 3), 0, 255)
                left += thick + (rng.random() < 0.25) * rng.uniform(0.05, 0.2)
            scene[within & (np.abs(y - board) < 0.025)] = rng.uniform(90, 150)
        scene = cv2.GaussianBlur(scene, (0, 0), height * rng.uniform(0.02, 0.035))
    scene *= (1.02 - rng.uniform(0.03, 0.1) * (x**2 + y**2) / 2)[..., None]
    return np.clip(scene + rng.random(scene.shape, np.float32), 0, 255).astype(np.uint8)  # dithered: no bands


def scenery(rng: np.random.Generator) -> np.ndarray:
    """Return a background uint8[480, 640, 3]: blotches of any colour, coarse or fine."""
    blotches = rng.integers(0, 256, (*rng.integers(2, 24, 2), 3), np.uint8)
    return np.asarray(cv2.resize(blotches, (640, 480), interpolation=cv2.INTER_CUBIC))


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


def expose(image: np.ndarray, rng: np.random.Generator, noise: float, gain: float = 1.0) -> np.ndarray:
    """Return the exposed image uint8[H, W, C]: brightness times `gain`, plus noise of `noise` grey levels at level 128.

    The standard deviation grows with the root of the level, from 0.6 `noise` at black (read noise) to 1.16 `noise` at
    white (shot noise)."""
    flat = np.ascontiguousarray(image).reshape(len(image), -1)
    starts = rng.integers(0, FIELD - flat.shape[1], len(flat))
    exposed = np.empty_like(flat)
    _add_noise(flat, np.float32(gain), np.float32(noise), _noise_table(), starts, exposed)
    return exposed.reshape(image.shape)


@cache
def _noise_table() -> np.ndarray:
    """Return normal deviates, sampled once. Each row of a frame takes a random window: 0.6 ms a frame, not 8."""
    return generator(0, "generated", "sensor noise").standard_normal(FIELD, np.float32)


@kernel
def _add_noise(flat, gain, noise, table, starts, exposed):  # type: ignore[no-untyped-def]
    for y in range(flat.shape[0]):
        row, deviates, noisy = flat[y], table[starts[y] : starts[y] + flat.shape[1]], exposed[y]
        for x in range(row.shape[0]):
            level = min(np.float32(row[x]) * gain, np.float32(255))
            deviation = noise * (np.float32(0.6) + np.float32(0.4) * np.sqrt(level * np.float32(1 / 128)))
            value = level + deviation * deviates[x] + np.float32(0.5)
            noisy[x] = np.uint8(np.int32(min(max(value, np.float32(0)), np.float32(255))))
