"""Read portraits, the rendered images from which networks learn to read faces, and simulate how a camera records one.

Rendered images are cleaner than any that is recorded: light, covers, blur, noise and compression are added.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import store

SCENE = 8  # images of a scene, the first at rest
SIZE, SIDE = 224, 128  # pixels of an image, and of the box around its face


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """N images of many subjects, scene by scene."""

    image: np.ndarray  # uint8[N, 224, 224]
    points: np.ndarray  # float32[N, 70, 2], pixels: iBUG's 68 landmarks and the pupils, the subject's left first
    intensity: np.ndarray  # float32[N, 24, 2], FACS 0..5: units that are read first, then the others; left, right

    @property
    def scenes(self) -> int:
        """Number of scenes."""
        return len(self.image) // SCENE


def read(paths: Iterable[str | Path]) -> Portraits:
    """Read the portraits of subjects, a file each."""
    parts: list[tuple[np.ndarray, ...]] = []
    for path in paths:
        with store.open_file(path, "portraits") as file:
            parts.append(tuple(file[name][()] for name in ("image", "points", "intensity")))
    return Portraits(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@dataclass(frozen=True, slots=True)
class Cover:
    """Something plain in front of a face, as a hand or a strand of hair are. Lengths in sides of the image."""

    shape: str  # ellipse, stroke or box
    centre: tuple[float, float]
    size: tuple[float, float]
    angle: float  # degrees
    level: float  # brightness, 0..1


@dataclass(frozen=True, slots=True)
class Conditions:
    """The changes that a camera makes to an image. The images of one recording share all of it but noise."""

    gamma: float = 1.0
    gain: float = 1.0
    offset: float = 0.0  # of full brightness
    gradient: tuple[float, float] = (0.0, 0.0)  # of the logarithm of brightness, from side to side, top to bottom
    covers: tuple[Cover, ...] = ()
    blur: float = 0.0  # standard deviation, pixels
    motion: tuple[float, float] = (0.0, 0.0)  # length in pixels and angle in degrees of blur by movement
    reduction: float = 1.0  # share of the size at which the image was recorded
    noise: float = 0.0  # standard deviation, of full brightness
    quality: int = 0  # of JPEG; 0: none


def sample(rng: np.random.Generator, is_close: bool) -> Conditions:
    """Sample conditions; those of a close view are of a camera that was pointed at the face to record it."""
    covered, moved, reduced = (0.06, 0.03, 0.25) if is_close else (0.2, 0.08, 0.4)
    blurred, width = (0.4, (0.3, 1.2)) if is_close else (0.5, (0.3, 1.8))
    noise = np.exp(rng.uniform(*np.log([0.002, 0.025]))) if is_close else rng.uniform(0, 0.05) * (rng.random() < 0.6)
    conditions = Conditions(
        gamma=float(np.exp(rng.normal(0, 0.25))),
        gain=float(np.exp(rng.normal(-0.05, 0.2))),
        offset=float(rng.normal(0, 0.06)),
        gradient=tuple((rng.uniform(0, 0.8) * rng.standard_normal(2)).tolist()),
        blur=float(rng.uniform(*width)) if rng.random() < blurred else 0.0,
        motion=(float(rng.uniform(1, 6)), float(rng.uniform(0, 180))) if rng.random() < moved else (0.0, 0.0),
        reduction=float(rng.uniform(0.4 if is_close else 0.25, 0.95)) if rng.random() < reduced else 1.0,
        noise=float(noise),
        quality=int(rng.integers(25, 92)) if rng.random() < 0.4 else 0,
    )
    if rng.random() < covered:
        covers = []
        for _ in range(rng.integers(1, 3)):
            (x, y), (width, height) = rng.uniform(0, 1, 2), rng.uniform(0.05, 0.25, 2)
            shape = ("ellipse", "stroke", "box")[rng.integers(3)]
            angle, level = float(rng.uniform(0, 180)), float(rng.uniform(0, 1))
            covers.append(Cover(shape, (x, y), (width, height), angle, level))
        conditions = replace(conditions, covers=tuple(covers))
    return conditions


def record(image: np.ndarray, conditions: Conditions, rng: np.random.Generator) -> np.ndarray:
    """Return a grey image uint8[H, H] as it is recorded; `rng` is of its noise."""
    side = len(image)
    light: np.ndarray = image.astype(np.float32) / 255
    for cover in conditions.covers:
        mask = np.zeros((side, side), np.uint8)
        (x, y), (width, height) = (tuple(round(side * value) for value in pair) for pair in (cover.centre, cover.size))
        if cover.shape == "ellipse":
            cv2.ellipse(mask, (x, y), (width, height), cover.angle, 0, 360, 255, -1)
        elif cover.shape == "stroke":
            along = np.deg2rad(cover.angle)
            end = round(x + side * np.cos(along)), round(y + side * np.sin(along))
            cv2.line(mask, (x, y), end, 255, max(1, width // 6))
        else:
            corners = cv2.boxPoints(((x, y), (width, height), cover.angle))
            cv2.fillPoly(mask, [corners.astype(np.int32)], 255)
        hidden = cv2.GaussianBlur(mask, (0, 0), 1).astype(np.float32) / 255
        light += hidden * (np.float32(cover.level) - light)
    ramp = np.linspace(-0.5, 0.5, side, dtype=np.float32)
    right, down = (np.float32(slope) for slope in conditions.gradient)
    light = light ** np.float32(conditions.gamma) * np.float32(conditions.gain)
    light = light * np.exp(right * ramp + down * ramp[:, None]) + np.float32(conditions.offset)
    if conditions.blur:
        light = cv2.GaussianBlur(light, (0, 0), conditions.blur)
    if conditions.motion[0]:
        length, angle = conditions.motion
        kernel, along = np.zeros((9, 9), np.float32), np.deg2rad(angle)
        for position in np.linspace(-length / 2, length / 2, 25):
            kernel[round(4 + position * np.sin(along)), round(4 + position * np.cos(along))] += 1
        light = cv2.filter2D(light, -1, kernel / kernel.sum())
    if conditions.reduction < 1:
        small = (max(20, round(side * conditions.reduction)),) * 2
        light = cv2.resize(light, small, interpolation=cv2.INTER_AREA)
        light = cv2.resize(light, (side, side), interpolation=cv2.INTER_LINEAR)
    if conditions.noise:
        light = light + np.float32(conditions.noise) * rng.standard_normal(light.shape, np.float32)
    recorded = np.clip(255 * light, 0, 255).astype(np.uint8)
    if not conditions.quality:
        return recorded
    encoded = cv2.imencode(".jpg", recorded, [cv2.IMWRITE_JPEG_QUALITY, conditions.quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))
