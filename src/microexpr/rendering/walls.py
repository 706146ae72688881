"""Sample the background of a laboratory's camera: walls, curtains, shelves, all out of focus. No face, no light."""

import cv2
import numpy as np

KINDS = {"plain": 0.35, "gradient": 0.3, "curtain": 0.15, "shelf": 0.2}  # probability
PAINTS = ((150, 146, 142), (186, 184, 178), (120, 124, 130), (168, 160, 148), (205, 205, 202), (98, 110, 128))
SCREENS = ((70, 110, 96), (84, 104, 140), (60, 62, 66))  # colours of cloth backgrounds, in addition to the paints


def wall(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Sample a background, uint8[height, width, 3], darker in the corners; `size` is width, height."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    paint = np.array(PAINTS[rng.integers(len(PAINTS))]) * rng.uniform(0.92, 1.06) + rng.normal(0, 2, 3)
    width, height = size
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    x *= width / height
    scene = np.ones((height, width, 3), np.float32) * paint.astype(np.float32)
    if kind == "gradient":
        scene *= _pool(x, y, rng)[..., None]
    elif kind == "curtain":
        cloth = np.array((*PAINTS, *SCREENS)[rng.integers(len(PAINTS) + len(SCREENS))], np.float32)
        scene = cloth * _pleats(x, y, rng)[..., None]
    elif kind == "shelf":
        scene = _shelf(scene, x, y, rng)
    scene *= (1.02 - rng.uniform(0.03, 0.1) * (x**2 + y**2) / 2)[..., None]
    return np.clip(scene + rng.random(scene.shape, np.float32), 0, 255).astype(np.uint8)  # dithered: no bands


def _pool(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample the brightness of a lamp's light on the wall."""
    at, wide = rng.uniform([-0.9, -0.9], [0.9, 0.2]), rng.uniform(0.8, 1.6)
    return 0.88 + 0.24 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / wide**2).astype(np.float32)


def _pleats(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample the brightness of the folds of a curtain, nearly upright."""
    bent = x + 0.03 * np.sin(1.7 * y + rng.uniform(0, 6))
    brightness = np.full_like(x, 0.9)
    for often, deep in ((9, 0.06), (17, 0.05)):
        brightness += deep * np.sin(often * bent + rng.uniform(0, 6) + 0.8 * np.sin(0.4 * often * bent))
    return brightness


def _shelf(scene: np.ndarray, x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample shelves with objects on them to one side of the head, out of focus."""
    height, width = x.shape
    side, edge = rng.choice([-1, 1]), rng.uniform(0.25, 0.7)
    within = side * x > edge
    scene[within] *= 0.8
    for board in np.arange(-1 + rng.uniform(0, 0.4), 1, 0.62):
        at = edge
        while at < width / height:
            thick, tall = rng.uniform(0.05, 0.16), rng.uniform(0.2, 0.5)
            is_object = within & (np.abs(side * x - at) < thick / 2) & (y < board) & (y > board - tall)
            scene[is_object] = np.clip(rng.uniform(45, 190) + rng.normal(0, 16, 3), 0, 255)
            at += thick + (rng.random() < 0.25) * rng.uniform(0.05, 0.2)
        scene[within & (np.abs(y - board) < 0.025)] = rng.uniform(90, 150)
    return cv2.GaussianBlur(scene, (0, 0), height * rng.uniform(0.02, 0.035))


def scenery(rng: np.random.Generator) -> np.ndarray:
    """Return a background uint8[480, 640, 3]: blotches of any colour, coarse or fine."""
    blotches = rng.integers(0, 256, (*rng.integers(2, 24, 2), 3), np.uint8)
    return np.asarray(cv2.resize(blotches, (640, 480), interpolation=cv2.INTER_CUBIC))
