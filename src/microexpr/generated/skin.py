"""A person's skin: the texture that is wrapped round the head, with brows, lips, beard, scalp and collar. No light.

Colours here are linear RGB, in planes float32[3, SKIN_HEIGHT, SKIN_WIDTH] (`albedo`); weights are float32 texels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from microexpr.generated import drawing
from microexpr.generated.hair import density, grain
from microexpr.generated.identity import Look, Traits
from microexpr.generated.rig import SKIN_HEIGHT, SKIN_WIDTH, SkinMap, angle, skin_map

SIZE = (SKIN_HEIGHT, SKIN_WIDTH)
LEVELS = 3  # of detail, each half as fine as the one before
TONES = np.array(
    [(235, 196, 174), (222, 172, 143), (201, 146, 112), (164, 110, 79), (116, 74, 52), (76, 49, 37)], np.float32
)  # sRGB of cheeks, light to dark
BEARDS = ((0.12, 0.45), (0.3, 0.25), (0.5, 0.18), (0.85, 0.12))  # cover, probability


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """Textures by level of detail, fine to coarse."""

    colour: tuple[np.ndarray, ...]  # uint8[h, w, 4]: square root of linear RGB, gloss; 255 is 1
    folds: tuple[np.ndarray, ...]  # uint8[h, w, 2]: relief of the two fold channels, 128 is flat


def painted(traits: Traits, look: Look, rng: np.random.Generator) -> Skin:
    """The skin of a person with these traits and this look."""
    place = skin_map()
    coarse, fine = grain(rng, SIZE, 30, 30), grain(rng, SIZE, 1, 1)
    albedo = _complexion(place, look, coarse, fine, rng)
    relief = drawing.folds(rng)
    creases = (0.42 * relief[0] + 0.3 * relief[1]) * np.float32(1.1 * max(0, traits.age - 0.15))
    albedo *= np.clip(1 + creases, 0.5, 1.3)
    _tint(albedo, drawing.spots(look.tone, rng), (0.45, 0.6, 0.65))
    lips = _lips(albedo, place, traits, look, rng)
    hair = np.square(np.array(look.hair, np.float32))
    if traits.is_male:
        _paint(albedo, _beard(place, lips, rng), hair * 0.8)
    brows = drawing.brows(traits, rng) * np.float32(0.92 if hair.mean() < 0.12 else 0.7)
    _paint(albedo, brows, hair * 0.3)
    scalp = _scalp(place, look, rng)
    _paint(albedo, scalp, hair * 0.55)
    cloth = _collar(place, rng)
    weave = 1 + 0.05 * fine + 0.06 * coarse
    _paint(albedo, cloth, [c**2 * weave for c in look.cloth])
    gloss = 0.16 + 0.12 * _spot(place, 0, 7.0, 0.13, 0.3) + 0.07 * _spot(place, 0, 7.8, 0.4, 0.2) + 0.06 * lips
    gloss = (gloss + 0.03 * fine) * (1 - cloth) * (1 - 0.8 * scalp) * (1 - 0.7 * brows)
    gloss *= np.float32((1 - 0.45 * look.tone) * rng.uniform(0.6, 1.2))
    colour = np.dstack([*np.sqrt(np.clip(albedo, 0, 1)), np.clip(gloss, 0, 1)]) * 255
    return Skin(_levels(colour), _levels(np.clip(128 + 170 * np.moveaxis(relief, 0, -1), 0, 255)))


def _levels(texture: np.ndarray) -> tuple[np.ndarray, ...]:
    finest = texture.astype(np.uint8)
    sizes = [(SKIN_WIDTH >> level, SKIN_HEIGHT >> level) for level in range(LEVELS)]
    return tuple(np.ascontiguousarray(cv2.resize(finest, size, interpolation=cv2.INTER_AREA)) for size in sizes)


def _spot(place: SkinMap, x: float, y: float, wide: float, high: float) -> np.ndarray:
    """A soft spot on both halves of the face."""
    p = place.position
    across, up = (np.abs(p[..., 0]) - x) / wide, (p[..., 1] - y) / high
    return np.exp(-(across**2) - up**2) * (p[..., 2] > 0.3)


def _tint(albedo: np.ndarray, weight: np.ndarray, absorbed: Sequence[float]) -> None:
    for plane, share in zip(albedo, absorbed, strict=True):
        plane *= 1 - share * weight


def _paint(albedo: np.ndarray, cover: np.ndarray, colour: Sequence[np.ndarray] | np.ndarray) -> None:
    for plane, value in zip(albedo, colour, strict=True):
        plane += cover * (value - plane)


def _complexion(
    place: SkinMap, look: Look, coarse: np.ndarray, fine: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Tone, blood under cheeks, nose, chin and ears, shadow about the eyes, blotches."""
    step = look.tone * (len(TONES) - 1)
    tone = [np.interp(step, np.arange(len(TONES)), TONES[:, c]) / 255 for c in range(3)]
    albedo = np.empty((3, *SIZE), np.float32)
    albedo[:] = np.square(tone)[:, None, None]
    blotches = grain(rng, SIZE, 4.5, 4.5)
    red = 0.9 * _spot(place, 0.5, 6.9, 0.22, 0.2) + 0.9 * _spot(place, 0, 6.93, 0.15, 0.14)
    red += 0.5 * _spot(place, 0, 6.35, 0.2, 0.12) + 0.8 * place.ears + 0.25 * coarse
    red += 0.3 * np.clip(blotches, 0, 2) * _spot(place, 0.45, 6.9, 0.3, 0.3)
    red = np.clip(red, -0.5, 2) * np.float32(rng.uniform(0.5, 1.2) * (1 - 0.5 * look.tone))
    _tint(albedo, red, (0.02, 0.15, 0.13))
    dark = rng.uniform(0.1, 0.5) * _spot(place, 0.3, 7.13, 0.17, 0.07)
    dark += 0.25 * _spot(place, 0.3, 7.36, 0.2, 0.06) + 0.2 * _spot(place, 0.12, 7.28, 0.06, 0.12)
    _tint(albedo, dark, (0.35, 0.45, 0.4))
    albedo *= 1 + 0.035 * coarse + 0.02 * blotches + 0.03 * fine
    return albedo


def _lips(albedo: np.ndarray, place: SkinMap, traits: Traits, look: Look, rng: np.random.Generator) -> np.ndarray:
    """Reddens the lips; returns how much each texel is lip."""
    cover = np.clip(cv2.GaussianBlur(place.lips, (0, 0), 1.25) * 1.1, 0, 1) * np.float32(rng.uniform(0.55, 1))
    colour = (1.02, 0.66, 0.66) if look.tone < 0.6 else (0.95, 0.7, 0.72)
    furrows = 1 + 0.08 * grain(rng, SIZE, 7, 1.25)
    strength = np.float32(1 if traits.is_male else rng.uniform(0.8, 1))
    for plane, factor in zip(albedo, colour, strict=True):
        plane *= 1 - cover + cover * factor * furrows * strength
    return cover


def _beard(place: SkinMap, lips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cover of beard or stubble, from a shadow to a full one."""
    x, y = np.abs(angle(place.position)), place.position[..., 1]
    chin = np.clip((6.78 - y) / 0.12, 0, 1) * np.clip((y - 6.2 - 0.1 * x) / 0.1, 0, 1)
    cheeks = np.clip((x - 0.85) / 0.25, 0, 1) * np.clip((7.1 - y) / 0.3, 0, 1) * (y > 6.2)
    grown = np.clip(chin + cheeks, 0, 1) * (x < 1.3) * (1 - np.clip(2 * lips, 0, 1))
    grown *= 1 - np.clip(3 * cv2.GaussianBlur(place.ears, (0, 0), 4.5), 0, 1)
    grown *= 1 - 0.8 * _spot(place, 0, 6.5, 0.06, 0.05)
    cover, share = zip(*BEARDS, strict=True)
    stubble = 0.6 + 0.35 * grain(rng, SIZE, 1.75, 1)
    thickness = np.float32(rng.choice(cover, p=share))
    return np.clip(cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 6) * thickness * stubble, 0, 0.9)


def _scalp(place: SkinMap, look: Look, rng: np.random.Generator) -> np.ndarray:
    """Cover of the hair's roots where it grows."""
    dense = density(place.position, place.ears, look)
    ragged = np.clip(dense + 0.12 * grain(rng, SIZE, 10, 3) * (place.position[..., 1] > 6.2), 0, 1)
    return ragged * (dense > 0.02) * np.float32(0.92)


def _collar(place: SkinMap, rng: np.random.Generator) -> np.ndarray:
    """Cover of the clothes: below a collar, and all that lies outside of the map of the head."""
    p = place.position
    collar = 5.72 - 0.17 * np.clip(np.cos(angle(p)), 0, 1) + rng.normal(0, 0.03)
    collar += 0.6 * np.clip(np.hypot(p[..., 0], p[..., 2] - 0.35) - 0.62, 0, 1)
    below = np.arange(SKIN_HEIGHT)[:, None] > 0.55 * SKIN_HEIGHT
    return np.maximum(np.clip((collar - p[..., 1]) / 0.02, 0, 1), (p[..., 1] == 0) & below).astype(np.float32)
