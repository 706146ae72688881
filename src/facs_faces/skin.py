"""Paint a person's skin: the texture that is wrapped around the head, with brows, lips, beard and scalp. No light.

Colours are linear RGB, in planes float32[3, SKIN_HEIGHT, SKIN_WIDTH] (`albedo`); weights are float32 texels.
"""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np

from facs_faces import drawing
from facs_faces.hair import Style, cut_short, density
from facs_faces.identity import Look, Traits
from facs_faces.layers import grain
from facs_faces.raster import LASH
from facs_faces.rig import SKIN_HEIGHT, SKIN_WIDTH, SkinMap, angle, rig, skin_map

SIZE = (SKIN_HEIGHT, SKIN_WIDTH)
ROOTS = 0.168  # lash vertices within this distance of the eye's centre are roots, dm
LID = 0.022  # thickness of a lid's edge, dm
LEVELS = 3  # of detail, each half as fine as the one before
TONES = np.array(
    [(232, 198, 180), (220, 175, 150), (200, 150, 121), (162, 113, 86), (115, 77, 57), (76, 51, 41)], np.float32
)  # sRGB of cheeks, light to dark
LIPS_MEET = 6.605  # height at which the lips meet, dm
LIPSTICKS = ((178, 60, 70), (196, 92, 100), (150, 52, 58), (170, 30, 46), (188, 106, 92), (120, 44, 60))  # sRGB
MADE_UP = 0.45  # share of women
REDDER = (  # blood, x, y, half width and half height: nose, cheeks, lids, chin, wings of the nose, below the eyes
    (2.5, 0, 6.93, 0.17, 0.13), (1.5, 0.5, 6.88, 0.24, 0.2), (2.0, 0.3, 7.35, 0.18, 0.07), (1.4, 0, 6.35, 0.18, 0.12),
    (2.4, 0.15, 6.86, 0.05, 0.06), (0.9, 0.25, 7.14, 0.14, 0.06),
)  # fmt: skip
BEARDS = ((0.12, 0.45), (0.3, 0.25), (0.5, 0.18), (0.85, 0.12))  # cover, probability


# A texel is uint64; its bytes from the lowest on, where colours are square roots of linear RGB (255 is 1), folds the
# heights of the two fold channels and pores those of pores and lines (128 is flat):
CHANNELS = ("red", "fold 0", "green", "fold 1", "blue", "pores", "gloss")


def paint_skin(
    traits: Traits, look: Look, style: Style, rng: np.random.Generator, marks: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Sample the skin of a person with these traits, this look and this style of hair.

    `marks` samples the skin's details: blood and mottles, blemishes, creases of the lids, make-up.

    Returns textures uint64[h, w] of CHANNELS by level of detail, fine to coarse."""
    texels = skin_map()
    coarse, fine = grain(rng, SIZE, 30, 30), grain(rng, SIZE, 1, 1)
    albedo = _complexion(texels, look, coarse, fine, rng)
    _mottle(albedo, texels, look, marks)
    folds = drawing.folds(rng)
    lines = (folds[0] + 0.6 * folds[1]) * np.float32(max(0, traits.age - 0.15))
    albedo *= np.clip(1 + 0.22 * lines, 0.6, 1.2)
    _tint(albedo, drawing.spots(look.tone, rng), (0.45, 0.6, 0.65))
    made_up = not traits.is_male and marks.random() < MADE_UP
    lips = _lips(albedo, texels, look, made_up, rng, marks)
    hair = np.square(np.array(look.hair, np.float32))
    if traits.is_male:
        _paint(albedo, _beard(texels, lips, rng), hair * 0.5)
    brows = drawing.brows(traits, rng) * np.float32((1.05 if hair.mean() < 0.03 else 0.95) * marks.uniform(0.75, 1))
    _paint(albedo, brows, hair * 0.28 + 0.004)
    crease = _lid_colours(albedo, traits, made_up, hair, rng, marks)
    scalp = _scalp(texels, style, rng)
    _paint(albedo, scalp, hair * 0.6)
    # the relief of pores and fine lines, with deviation about 1 on nose and cheeks, where it is largest
    pits = np.minimum(0, grain(rng, SIZE, 1.3, 1.3) + 0.9) * 1.4
    wrinkles = 0.5 * grain(rng, SIZE, 1.6, 3.5) + 0.5 * grain(rng, SIZE, 3, 2)
    strength = 0.55 + 0.5 * _spot(texels, 0, 6.98, 0.2, 0.25) + 0.35 * _spot(texels, 0.35, 6.95, 0.2, 0.25)
    pores = (pits + wrinkles) * strength * np.float32(0.75 + 0.3 * traits.is_male + 0.3 * traits.age)
    albedo *= 1 + 0.012 * pores
    relief = 128 + 5.5 * pores * (1 - scalp) + 50 * lines - 25 * crease
    # largest on nose, forehead, cheekbones and lips, uneven
    gloss = 0.13 + 0.1 * _spot(texels, 0, 7.0, 0.13, 0.3) + 0.06 * _spot(texels, 0, 7.8, 0.4, 0.2) + 0.1 * lips
    gloss += 0.03 * _spot(texels, 0.42, 6.98, 0.14, 0.1)
    gloss = gloss * np.clip(1 + 0.14 * pores + 0.12 * fine, 0.2, 2)
    gloss = gloss * (1 - 0.8 * scalp) * (1 - 0.7 * brows) + 0.5 * _lids()[1]  # tears
    gloss *= np.float32((1 - 0.5 * look.tone) * rng.uniform(0.6, 1.2))
    red, green, blue = 255 * np.sqrt(np.clip(albedo, 0, 1))
    fold0, fold1 = 128 + 170 * folds[:2]
    return _levels([red, fold0, green, fold1, blue, relief, 255 * gloss])


def _mottle(albedo: np.ndarray, texels: SkinMap, look: Look, rng: np.random.Generator) -> None:
    """Sample blood and pigment in patches of 4 to 20 mm, redder nose, cheeks and lids, hollows, a few blemishes, a
    sallow or ruddy undertone."""
    undertone = rng.normal(0, 1, 2) * (1 - 0.4 * look.tone)
    for plane, share in zip(albedo, (0.0, 0.07 * undertone[0], 0.05 * undertone[0] + 0.08 * undertone[1]), strict=True):
        plane *= np.float32(1 - share)
    blood, pigment = np.zeros((2, *SIZE), np.float32)
    for size, share in ((5, 0.3), (11, 0.4), (24, 0.4)):
        blood += share * grain(rng, SIZE, size, size)
        pigment += share * grain(rng, SIZE, size, size)
    for height, x, y, wide, high in REDDER:
        blood += height * np.float32(np.exp(rng.normal(0, 0.3))) * _spot(texels, x, y, wide, high)
    blood += 1 + 2.5 * drawing.blemishes(rng)
    _tint(albedo, drawing.hollows(rng), (0.55, 0.66, 0.7))
    strength = np.exp(rng.normal(0, 0.35, 2)) * (1 - 0.5 * look.tone)
    _tint(albedo, np.clip(blood, -2, 5) * np.float32(0.1 * strength[0]), (0.25, 1.0, 0.8))
    _tint(albedo, np.clip(pigment, -2.5, 2.5) * np.float32(0.075 * strength[1]), (0.8, 1.0, 1.1))


def _lid_colours(
    albedo: np.ndarray, traits: Traits, made_up: bool, hair: np.ndarray, rng: np.random.Generator,
    marks: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Darken the roots of the lashes and the crease above the upper lid, with make-up also lids; return the crease."""
    upper, lower = _lids()
    deep = marks.uniform(0.2, 0.7) if traits.ancestry[2] > 0.6 else marks.uniform(0.6, 1)
    crease = drawing.creases(marks) * np.float32(deep)
    _tint(albedo, crease, (0.62, 0.78, 0.8))
    lined = marks.uniform(0.3, 0.9) if made_up else 0.0
    thick = (0.4 if traits.is_male else rng.uniform(0.35, 0.6)) + 0.25 * lined
    _paint(albedo, np.clip(upper * 1.6 - 0.6, 0, 1) * np.float32(min(0.95, thick + 0.4)), hair * 0.2 + 0.004)
    _tint(albedo, lower, (0.05, 0.3, 0.28))
    _paint(albedo, np.clip(lower - 0.35, 0, 1) * np.float32(0.3 * thick + 0.5 * lined), hair * 0.2 + 0.004)
    if made_up:
        shadow = _spot(skin_map(), 0.31, 7.36, 0.16, 0.055) * np.float32(marks.uniform(0, 0.6))
        _tint(albedo, shadow, tuple(marks.uniform(0.2, 0.9, 3)))
    return crease


@cache
def _lids() -> tuple[np.ndarray, np.ndarray]:
    """Return how near each texel is to the roots of the upper and of the lower lashes, float32 in 0..1."""
    head, position = rig(), skin_map().position
    lashes = np.unique(head.triangles[head.materials == LASH])
    middle = np.mean([np.abs(head.vertices[eye]).mean(axis=0) for eye in head.eyes], axis=0)
    away = np.abs(head.vertices[lashes]) - middle
    roots = lashes[np.linalg.norm(away, axis=1) < ROOTS]
    near_eyes = np.abs(np.abs(position) - middle).max(axis=2) < 0.3
    near = np.zeros((2, *SIZE), np.float32)
    points = head.vertices[roots]
    points = points[points[:, 0] > 0]
    for on, is_of_row in zip(near, (points[:, 1] > middle[1], points[:, 1] <= middle[1]), strict=True):
        row = points[is_of_row]
        row = row[np.argsort(row[:, 0])]
        x = np.linspace(row[0, 0], row[-1, 0], 40)
        places = position[near_eyes]
        places[:, 0] = np.abs(places[:, 0])
        for root in np.column_stack([x, *(np.interp(x, row[:, 0], row[:, k]) for k in (1, 2))]):
            # the map shows the upper lid in front of its edge, which has the same texels
            square = np.square((places - root) * [1, 1, 0.3]).sum(axis=1)
            on[near_eyes] = np.maximum(on[near_eyes], np.exp(-square / LID**2))
    # The map has no texels between the lids, but those next to the lids are mixed into their edges.
    column = np.ones((4, 1), np.uint8)
    return cv2.dilate(near[0], column, anchor=(0, 3)), cv2.dilate(near[1], column, anchor=(0, 0))


def _levels(channels: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Return a texture of eight channels in 0..255 at every level of detail."""
    levels = [np.zeros((SKIN_HEIGHT >> level, SKIN_WIDTH >> level, 8), np.uint8) for level in range(LEVELS)]
    for k, channel in enumerate(channels):
        finest = np.clip(channel, 0, 255).astype(np.uint8)
        for level in levels:
            level[..., k] = cv2.resize(finest, level.shape[1::-1], interpolation=cv2.INTER_AREA)
    return tuple(level.view("<u8")[..., 0] for level in levels)


def _spot(texels: SkinMap, x: float, y: float, wide: float, high: float) -> np.ndarray:
    """Return a soft spot on both halves of the face."""
    p = texels.position
    across, up = (np.abs(p[..., 0]) - x) / wide, (p[..., 1] - y) / high
    return np.exp(-(across**2) - up**2) * (p[..., 2] > 0.3)


def _tint(albedo: np.ndarray, weight: np.ndarray, absorbed: Sequence[float]) -> None:
    """Absorb shares of red, green and blue in proportion to a weight."""
    for plane, share in zip(albedo, absorbed, strict=True):
        plane *= 1 - share * weight


def _paint(albedo: np.ndarray, cover: np.ndarray, colour: Sequence[np.ndarray] | np.ndarray) -> None:
    """Blend a colour over the albedo."""
    for plane, value in zip(albedo, colour, strict=True):
        plane += cover * (value - plane)


def _complexion(
    texels: SkinMap, look: Look, coarse: np.ndarray, fine: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Sample the complexion: tone, blood in cheeks, nose, chin and ears, shadow around the eyes, blotches."""
    step = look.tone * (len(TONES) - 1)
    tone = [np.interp(step, np.arange(len(TONES)), TONES[:, c]) / 255 for c in range(3)]
    albedo = np.empty((3, *SIZE), np.float32)
    albedo[:] = np.square(tone)[:, None, None]
    blotches = grain(rng, SIZE, 4.5, 4.5)
    red = 0.9 * _spot(texels, 0.5, 6.9, 0.22, 0.2) + 0.9 * _spot(texels, 0, 6.93, 0.15, 0.14)
    red += 0.5 * _spot(texels, 0, 6.35, 0.2, 0.12) + 0.8 * texels.ears + 0.25 * coarse
    red += 0.3 * np.clip(blotches, 0, 2) * _spot(texels, 0.45, 6.9, 0.3, 0.3)
    red = np.clip(red, -0.5, 2) * np.float32(rng.uniform(0.5, 1.2) * (1 - 0.5 * look.tone))
    _tint(albedo, red, (0.02, 0.15, 0.13))
    dark = rng.uniform(0.1, 0.5) * _spot(texels, 0.3, 7.13, 0.17, 0.07)
    dark += 0.25 * _spot(texels, 0.3, 7.36, 0.2, 0.06) + 0.2 * _spot(texels, 0.12, 7.28, 0.06, 0.12)
    _tint(albedo, dark, (0.35, 0.45, 0.4))
    albedo *= 1 + 0.035 * coarse + 0.02 * blotches + 0.03 * fine
    return albedo


def _lips(
    albedo: np.ndarray, texels: SkinMap, look: Look, made_up: bool, rng: np.random.Generator,
    marks: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Redden the lips, the upper one more, darkest where they meet, and return their cover."""
    soft = np.clip(cv2.GaussianBlur(texels.lips, (0, 0), 0.9) * 1.1, 0, 1)
    cover = soft * np.float32(rng.uniform(0.65, 1))
    furrows = 1 + 0.07 * grain(rng, SIZE, 7, 1.25)
    colour = np.array((0.97, 0.62, 0.65) if look.tone < 0.6 else (0.84, 0.62, 0.64)) ** marks.uniform(1.4, 3)
    above = texels.position[..., 1] - LIPS_MEET
    upper = np.clip(0.5 + above / 0.03, 0, 1)
    inner = np.exp(-np.square(above / 0.022)) * (texels.position[..., 2] > 1.3)
    dark = 1 - cover * (0.13 * upper + 0.3 * inner)
    for plane, factor in zip(albedo, colour, strict=True):
        plane *= (1 - cover + cover * np.float32(factor) * furrows) * dark
    if made_up and marks.random() < 0.6:
        paint = np.square(np.array(LIPSTICKS[marks.integers(len(LIPSTICKS))]) / np.float32(255))
        _paint(albedo, soft * np.float32(marks.uniform(0.25, 0.8)) * dark, paint)
    return cover


def _beard(texels: SkinMap, lips: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample a beard, from stubble to a full one, and return its cover."""
    x, y = np.abs(angle(texels.position)), texels.position[..., 1]
    chin = np.clip((6.78 - y) / 0.12, 0, 1) * np.clip((y - 6.2 - 0.1 * x) / 0.1, 0, 1)
    cheeks = np.clip((x - 0.85) / 0.25, 0, 1) * np.clip((7.1 - y) / 0.3, 0, 1) * (y > 6.2)
    beard = np.clip(chin + cheeks, 0, 1) * (x < 1.3) * (1 - np.clip(2 * lips, 0, 1))
    beard *= 1 - np.clip(3 * cv2.GaussianBlur(texels.ears, (0, 0), 4.5), 0, 1)
    beard *= 1 - 0.8 * _spot(texels, 0, 6.5, 0.06, 0.05)
    cover, share = zip(*BEARDS, strict=True)
    stubble = 0.65 + 0.2 * grain(rng, SIZE, 1.4, 1)
    thickness = np.float32(rng.choice(cover, p=share))
    return np.clip(cv2.GaussianBlur(beard.astype(np.float32), (0, 0), 6) * thickness * stubble, 0, 0.9)


def _scalp(texels: SkinMap, style: Style, rng: np.random.Generator) -> np.ndarray:
    """Sample the cover of the hair's roots; between short hair the skin is visible."""
    dense = density(texels.position, texels.ears, style, 0.14)
    ragged = dense + (0.1 * grain(rng, SIZE, 7, 2) + 0.1 * grain(rng, SIZE, 1.2, 1.2)) * (dense < 0.9)
    return np.clip(ragged, 0, 1) * (dense > 0.02) * (0.9 - 0.45 * cut_short(texels.position, style)).astype(np.float32)
