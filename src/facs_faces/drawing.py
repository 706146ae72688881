"""Draw brows, folds, freckles and moles on the front of a face, as masks without colour. No mesh.

A canvas holds values in 0..1 at PEN pixels per decimetre; `texels` maps it to the skin's texture.
"""

import cv2
import numpy as np

from facs_faces.identity import Traits
from facs_faces.layers import grain
from facs_faces.rig import skin_map

LEFT, TOP, WIDTH, HEIGHT = -1.05, 8.25, 2.1, 2.35  # extent of a canvas, decimetres
PEN = 480  # pixels per decimetre
_SUBPIXEL = 4  # bits of OpenCV's fixed-point coordinates

Point = tuple[float, float]


def canvas() -> np.ndarray:
    """Return an empty canvas, float32."""
    return np.zeros((int(HEIGHT * PEN), int(WIDTH * PEN)), np.float32)


def line(on: np.ndarray, points: list[Point], value: float, thickness: int) -> None:
    """Draw a line through points (decimetres), `thickness` canvas pixels wide."""
    cv2.polylines(
        on, [np.array([_fixed_point(p) for p in points], np.int32)], False, value, thickness, cv2.LINE_AA, _SUBPIXEL
    )


def dot(on: np.ndarray, at: Point, radius: float, value: float) -> None:
    """Draw a filled circle of `radius` canvas pixels."""
    cv2.circle(on, _fixed_point(at), int(radius * 2**_SUBPIXEL), value, -1, cv2.LINE_AA, _SUBPIXEL)


def _fixed_point(point: Point) -> tuple[int, int]:
    """Return a point in OpenCV's fixed-point canvas coordinates."""
    scale = PEN * 2**_SUBPIXEL
    return int((point[0] - LEFT) * scale), int((TOP - point[1]) * scale)


def blur(on: np.ndarray, sigma: float) -> np.ndarray:
    """Return a canvas blurred by a Gaussian of `sigma` pixels."""
    return cv2.GaussianBlur(on, (0, 0), sigma)


def texels(on: np.ndarray) -> np.ndarray:
    """Return a canvas on the skin's texture, float32[SKIN_HEIGHT, SKIN_WIDTH]; 0 at the back."""
    # halved first, so that fine lines do not fall between texels
    half = cv2.resize(on, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    position = skin_map().position
    x = (position[..., 0] - LEFT) * (PEN / 2) - 0.5
    y = (TOP - position[..., 1]) * (PEN / 2) - 0.5
    return cv2.remap(half, x, y, cv2.INTER_LINEAR) * (position[..., 2] > 0.55)


def brows(traits: Traits, rng: np.random.Generator) -> np.ndarray:
    """Sample brows, hair by hair; return their cover, float32 texels in 0..1."""
    on = canvas()
    x = np.linspace(0.11, 0.56, 9)
    arch, lift = rng.normal(0.02 if traits.is_male else 0.025, 0.012), rng.normal(0, 0.012)
    thickness = rng.uniform(0.75, 1.25) * (1.15 if traits.is_male else 0.68)
    share = (x - 0.11) / 0.45
    ridge = 7.455 + lift + arch * np.sin(share * np.pi * 0.8) + 0.03 * np.clip(share * 1.5, 0, 1)
    ridge -= 0.075 * np.clip((x - 0.4) / 0.16, 0, 1) ** 1.5
    for side in (-1, 1):
        for _ in range(int(520 * rng.uniform(0.8, 1.1))):
            # upright near the nose, along the brow at its tail
            along = rng.beta(1.0, 1.15)
            at = 0.11 + 0.45 * along + rng.normal(0, 0.012)
            middle = float(np.interp(at, x, ridge))
            height = 0.036 * thickness * (1 - 0.75 * along**1.8) * (0.65 + 0.35 * min(1, along * 6))
            y = middle + rng.normal(0, 0.48) * height
            turn = np.deg2rad(72 - 75 * min(1, along * 1.5) - 18 * (y > middle) * along + rng.normal(0, 9))
            length = rng.uniform(0.035, 0.06) * (1 - 0.3 * along)
            points = [
                (side * at, y),
                (side * (at + length / 2 * np.cos(turn)), y + length / 2 * np.sin(turn)),
                (side * (at + length * np.cos(turn - 0.2)), y + length * np.sin(turn - 0.2)),
            ]
            line(on, points, rng.uniform(0.5, 1), 1)
    return texels(np.clip(1.15 * blur(on, 2.4) + 0.6 * blur(on, 5) + 0.2 * blur(on, 11), 0, 0.93))


def folds(rng: np.random.Generator) -> np.ndarray:
    """Sample expression folds; return their relief, float32[2, ...texels], below 0 in a fold, above 0 next to it.

    Channel 0: forehead, crow's feet, lower lid, nasolabial; channel 1: glabella, nose, dimple, chin."""
    first, second = canvas(), canvas()

    def jitter() -> float:
        return rng.normal(0, 0.012)

    for y in (7.62, 7.74, 7.85, 7.95):
        line(first, [(x, y + 0.02 * np.cos(x * 5) + jitter()) for x in np.linspace(-0.5, 0.5, 12)], 1, 3)
    for side in (-1, 1):
        nasolabial = [(0.2, 6.95), (0.27 + jitter(), 6.86), (0.325, 6.75), (0.365 + jitter(), 6.64), (0.375, 6.55)]
        line(first, _mirror(nasolabial, side), 1, 5)
        for d in (-0.07, 0.0, 0.07):
            line(first, _mirror([(0.53, 7.28 + d / 2), (0.6, 7.275 + d), (0.68, 7.26 + d * 1.7)], side), 0.8, 2)
        for d in (0.0, 0.045):
            lid = [(x, 7.165 - d - 0.05 * np.sin((x - 0.15) / 0.35 * np.pi)) for x in np.linspace(0.15, 0.5, 9)]
            line(first, _mirror(lid, side), 0.6, 2)
        line(second, _mirror([(0.06 + jitter(), 7.4), (0.055 + jitter(), 7.5), (0.08 + jitter(), 7.62)], side), 1, 4)
        for d in (0.0, 0.05, 0.1):
            line(second, _mirror([(0.0, 7.23 + d), (0.07, 7.21 + d)], side), 0.8, 2)
        line(second, _mirror([(0.385, 6.68), (0.4, 6.62), (0.385, 6.56)], side), 1, 4)
    for _ in range(60):
        x, y = rng.normal(0, 0.1), rng.normal(6.36, 0.05)
        line(second, [(x, y), (x + jitter(), y + jitter())], 0.7, 3)
    for on in (first, second):  # the depth of a fold varies along it
        depth = cv2.resize(grain(rng, (64, 32), 2, 2), on.shape[::-1], interpolation=cv2.INTER_LINEAR)
        on *= np.clip(0.7 + 0.4 * depth, 0.1, 1.1)
    return np.stack([texels(blur(on, 9) * 1.6 - blur(on, 4.5) * 1.8 - blur(on, 2.2) * 0.2) for on in (first, second)])


def _mirror(points: list[Point], side: int) -> list[Point]:
    return [(side * x, y) for x, y in points]


def spots(tone: float, rng: np.random.Generator) -> np.ndarray:
    """Sample freckles on light skin and a few moles on any; return their cover, float32 texels in 0..1."""
    on = canvas()
    freckles = rng.poisson(500 * max(0, rng.random() - 0.6)) if tone < 0.35 else 0
    for _ in range(freckles):
        dot(on, (rng.normal(0, 0.42), rng.normal(7.0, 0.2)), rng.uniform(1, 4), rng.uniform(0.1, 0.3))
    for _ in range(rng.poisson(2.5)):
        dot(on, (rng.uniform(-0.6, 0.6), rng.uniform(6.4, 7.9)), rng.uniform(2, 6), 0.8)
    return texels(blur(on, 1))


def blemishes(rng: np.random.Generator) -> np.ndarray:
    """Sample spots of blood, soft and on some people many; return their cover, float32 texels in 0..1."""
    on = canvas()
    for _ in range(rng.poisson(rng.gamma(0.6, 25))):
        dot(on, (rng.normal(0, 0.42), rng.normal(6.9, 0.42)), rng.uniform(3, 9), rng.uniform(0.2, 1))
    return texels(blur(on, 3))


def creases(rng: np.random.Generator) -> np.ndarray:
    """Sample the crease above each upper lid, dark at the line and fading upwards; return float32 texels in 0..1."""
    on, soft = canvas(), canvas()
    rise, outer = rng.uniform(0.025, 0.05), rng.uniform(-0.01, 0.02)
    x = np.array([0.19, 0.215, 0.27, 0.31, 0.35, 0.4, 0.45, 0.47])
    lid = np.array([7.27, 7.295, 7.323, 7.332, 7.33, 7.305, 7.27, 7.255])
    above = rise * np.array([0.25, 0.6, 1.0, 1.0, 1.0, 1.0, 0.8, 0.5]) + outer * np.linspace(0, 1, 8)
    for side in (-1, 1):
        points = list(zip(side * x, lid + above, strict=True))
        line(on, points, 1, 5)
        line(soft, [(px, py + 0.02) for px, py in points], 1, 18)
    return texels(np.clip(1.2 * blur(on, 2) + 0.4 * blur(soft, 7), 0, 1))


HOLLOWS = (  # points in decimetres, width in canvas pixels and depth: shade that the mesh is too smooth for
    ([(0.17, 7.2), (0.23, 7.15), (0.32, 7.13)], 16, 0.5),  # below the inner corner of the eye
    ([(0.2, 6.93), (0.27, 6.85), (0.32, 6.75), (0.34, 6.67)], 12, 0.45),  # from nose to mouth
    ([(0.155, 6.93), (0.18, 6.88), (0.165, 6.83)], 9, 0.7),  # around the wing of the nose
    ([(0.25, 6.62), (0.285, 6.59), (0.29, 6.54)], 12, 0.5),  # at the corner of the mouth
    ([(0.0, 6.425), (0.07, 6.43), (0.13, 6.45)], 14, 0.5),  # between lip and chin
    ([(0.05, 6.47), (0.12, 6.5), (0.19, 6.55)], 12, 0.35),  # below the lower lip
    ([(0.035, 6.69), (0.035, 6.76)], 7, 0.25),  # philtrum
    ([(0.12, 7.28), (0.145, 7.36), (0.2, 7.41)], 16, 0.45),  # between eye and nose
)


def hollows(rng: np.random.Generator) -> np.ndarray:
    """Sample how deep the hollows of a face are; return their shade, float32 texels in 0..1."""
    on = canvas()
    for points, width, depth in HOLLOWS:
        strokes = canvas()
        for side in (-1, 1):
            line(strokes, _mirror(points, side), float(depth * np.exp(rng.normal(0, 0.35))), width)
        on = np.maximum(on, 1.15 * blur(strokes, 0.95 * width))
    return texels(np.clip(on, 0, 0.8))
