"""Sample hairstyles, and define where hair grows. No mesh, no colour."""

from dataclasses import dataclass, replace

import numpy as np

from microexpr.rendering.identity import Traits
from microexpr.rendering.rig import angle

# The hairline: radians from the nose, heights in dm. Men have sideburns, women a rounder line.
HAIRLINE_ANGLE = (0, 0.3, 0.55, 0.72, 0.88, 1.0, 1.12, 1.3, 1.5, 1.75, 2.2, 3.2)
HAIRLINE_MALE = (8.0, 8.0, 7.98, 7.9, 7.68, 7.46, 7.2, 7.05, 7.25, 6.95, 6.5, 6.3)
HAIRLINE_FEMALE = (7.97, 7.95, 7.9, 7.8, 7.64, 7.5, 7.34, 7.22, 7.3, 6.95, 6.5, 6.3)


@dataclass(frozen=True, slots=True)
class Style:
    """One hairstyle. Lengths in dm."""

    flow: str  # direction of the strands: "back", "part" (away from a parting), "down" (from the crown), "coils"
    top: float  # thickness on the crown
    side: float  # thickness at the temples
    front: float  # thickness at the edge of the forehead
    ends: tuple[float, float] | None = None  # range of heights at which hanging hair ends; None: no hair hangs
    wave: float = 0.0  # amplitude of the waves of hanging hair
    fringe: float = 0.0  # how far it hangs down over the forehead
    parting: float = 0.0  # x of the parting; its side is random
    hairline: float = 0.0  # height of the hairline over the forehead, above the usual
    temples: float = 0.0  # how far it recedes at the temples
    peak: float = 0.0  # how far it comes down in the middle of the forehead
    fade: float = 0.0  # how short the sides are, 0..1
    male: bool = False  # which of the two hairlines


STYLES: dict[str, Style] = {
    "buzz": Style("coils", 0.02, 0.015, 0.015, fade=0.3),
    "crop": Style("back", 0.09, 0.03, 0.08, fade=0.6),
    "side parting": Style("part", 0.15, 0.05, 0.16, parting=0.28, fade=0.25),
    "quiff": Style("back", 0.14, 0.04, 0.17, fade=0.6),
    "slick": Style("back", 0.07, 0.04, 0.06),
    "mop": Style("down", 0.18, 0.12, 0.1, fringe=0.13),
    "coils": Style("coils", 0.1, 0.05, 0.09, fade=0.4),
    "tied": Style("back", 0.05, 0.035, 0.045),
    "tied parting": Style("part", 0.05, 0.035, 0.045, parting=0.12),
    "long": Style("part", 0.1, 0.09, 0.07, ends=(4.6, 5.4), wave=0.015),
    "long side": Style("part", 0.13, 0.1, 0.1, ends=(4.6, 5.6), wave=0.03, parting=0.25),
    "waves": Style("part", 0.13, 0.1, 0.1, ends=(4.9, 5.6), wave=0.07, parting=0.15),
    "bob": Style("part", 0.12, 0.1, 0.08, ends=(6.05, 6.35), wave=0.01, parting=0.2),
    "long fringe": Style("down", 0.12, 0.08, 0.08, ends=(4.8, 5.6), wave=0.015, fringe=0.2),
    "pixie": Style("part", 0.14, 0.06, 0.12, parting=0.3, fringe=0.04),
    "afro": Style("coils", 0.34, 0.3, 0.24),
}
# Style -> probability, by sex, for hair that is mostly straight and for mostly African ancestry.
STRAIGHT = {
    True: {"buzz": 0.12, "crop": 0.24, "side parting": 0.26, "quiff": 0.2, "slick": 0.08, "mop": 0.1},
    False: {
        "tied": 0.12, "tied parting": 0.08, "long": 0.2, "long side": 0.18, "waves": 0.16, "bob": 0.15,
        "long fringe": 0.07, "pixie": 0.04,
    },
}  # fmt: skip
COILED = {
    True: {"buzz": 0.45, "coils": 0.5, "afro": 0.05},
    False: {"tied": 0.3, "afro": 0.25, "coils": 0.1, "waves": 0.15, "long": 0.1, "bob": 0.1},
}


def sample(traits: Traits, rng: np.random.Generator) -> Style:
    """Sample a style, with probabilities by sex and ancestry; older men's hair recedes."""
    shares = (COILED if traits.ancestry[1] > 0.5 else STRAIGHT)[traits.is_male]
    style = STYLES[str(rng.choice(list(shares), p=list(shares.values())))]
    receding = rng.uniform(0.0, 0.2) * (traits.age > 0.35) if traits.is_male else 0.0
    if receding > 0.08:
        style = STYLES["crop" if style.flow == "down" else "slick" if style.flow != "coils" else "buzz"]
    thickness = rng.uniform(0.8, 1.25)
    return replace(
        style,
        top=style.top * thickness,
        side=style.side * thickness,
        front=style.front * thickness,
        fringe=style.fringe * rng.uniform(0.7, 1.2),
        parting=style.parting * rng.uniform(0.7, 1.2) * rng.choice([-1, 1]),
        hairline=float(np.clip(rng.normal(0, 0.04), -0.06, 0.08)) + receding,
        temples=rng.uniform(0.02, 0.12) + receding / 4 if traits.is_male else rng.uniform(0, 0.06),
        peak=max(0.0, rng.normal(0, 0.03)),
        fade=style.fade * rng.uniform(0.3, 1.2),
        male=traits.is_male,
    )


def height_above_hairline(position: np.ndarray, style: Style) -> np.ndarray:
    """Return the height above the hairline of points [..., 3] of the head at rest, dm."""
    turn = np.abs(angle(position))
    line = np.interp(turn, HAIRLINE_ANGLE, HAIRLINE_MALE if style.male else HAIRLINE_FEMALE)
    line += style.hairline * np.clip(1.1 - turn, 0, 1)
    line += style.temples * np.exp(-(((turn - 0.6) / 0.2) ** 2)) - style.peak * np.exp(-((turn / 0.14) ** 2))
    return position[..., 1] - line


def density(position: np.ndarray, ears: np.ndarray, style: Style, soft: float) -> np.ndarray:
    """Return the density of hair at points [..., 3] of the head at rest, float32 in 0..1; it rises over `soft` dm."""
    return (np.clip(height_above_hairline(position, style) / soft + 0.3, 0, 1) * (ears < 0.3)).astype(np.float32)


def cut_short(position: np.ndarray, style: Style) -> np.ndarray:
    """Return how short hair is cut at points [..., 3], in 0..1; only the sides are."""
    low = np.clip((7.85 - position[..., 1]) / 0.6, 0, 1) * np.clip((np.abs(angle(position)) - 0.6) / 0.3, 0, 1)
    return np.minimum(1, style.fade) * low
