"""Sample hairstyles and where hair grows; build shells of fur above the scalp, hanging locks, strands and lashes.

A lock is a curved ribbon, around the head or over the forehead. No skin, no light.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from facs_faces.identity import Traits
from facs_faces.layers import Layer, grain, grid, join, make_layer, subdivide
from facs_faces.raster import HAIR, LASH, SKIN, vertex_normals
from facs_faces.rig import AXIS_Z, MAP_WIDTH, angle, rig

SHELLS = (1, 0.88, 0.5)  # heights of the layers of fur, as shares of its thickness
EDGE = {"back": 0.07, "part": 0.025, "down": 0.07, "coils": 0.07}  # width over which hair sets in at the hairline, dm
STRANDS = (512, 1024)  # texels along and across strands of the pattern that all hair repeats: powers of two
TEXEL = 0.0036  # size of a texel, dm
MIDDLE = np.array([0.0, 7.3, 0.45])  # centre of the skull, about which strands run
LOCKS = 130  # of hanging hair
FRINGE = 48  # locks of the fringe
LINING = 40  # columns of the lining
BEHIND = 4  # rows of the lining, from the top, that are always behind the head
ROWS = 16  # points along a lock
OPEN = (0.98, 1.2)  # radians from the nose: range of the angle at which hanging hair begins
START = 8.15  # height at which locks leave the head, dm
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


def sample_style(traits: Traits, rng: np.random.Generator) -> Style:
    """Sample a style, with probabilities by sex and ancestry; older men's hair recedes."""
    shares = (COILED if traits.ancestry[1] > 0.5 else STRAIGHT)[traits.is_male]
    style = STYLES[str(rng.choice(list(shares), p=list(shares.values())))]
    receding = rng.uniform(0.0, 0.2) * (traits.age > 0.35) if traits.is_male else 0.0
    if receding > 0.08:
        style = STYLES["crop" if style.flow == "down" else "slick" if style.flow != "coils" else "buzz"]
    thickness = rng.uniform(0.8, 1.25)
    return replace(
        style,
        **{name: getattr(style, name) * thickness for name in ("top", "side", "front")},
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


def build_layer(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
    """Return hair for a head of this shape (float32[V, 3]) in this style."""
    parts = [_shells(vertices, style, rng)]
    if style.fringe > 0.1:
        parts.insert(0, _fringe(vertices, style, rng))
    if style.ends:
        parts = [_hanging(vertices, style, rng), *parts, _lining(vertices, style, rng)]
    return join(parts)


def lashes(rng: np.random.Generator) -> np.ndarray:
    """Sample lashes; return their alpha along the lid, uint8[1, MAP_WIDTH]."""
    coarse = rng.standard_normal((1, MAP_WIDTH // 12), np.float32)
    fine = cv2.resize(coarse, (MAP_WIDTH, 1), interpolation=cv2.INTER_CUBIC)
    return np.clip(125 + 82 * fine, 0, 255).astype(np.uint8)


def strands(style: Style, levels: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Sample strands; return their alpha and brightness by level of detail, fine to coarse: uint8[h, w] about 128."""
    if style.flow == "coils":
        noise = 0.75 * grain(rng, STRANDS, 5, 5) + 0.45 * grain(rng, STRANDS, 12, 12) + 0.3 * grain(rng, STRANDS, 2, 2)
    else:
        noise = (
            0.75 * grain(rng, STRANDS, 90, 2.2) + 0.4 * grain(rng, STRANDS, 130, 7) + 0.25 * grain(rng, STRANDS, 60, 26)
        )
    finest = np.clip(128 + 58 * noise, 0, 255).astype(np.float32)
    rows, columns = STRANDS
    halves = (cv2.resize(finest, (columns >> k, rows >> k), interpolation=cv2.INTER_AREA) for k in range(levels))
    # averaging reduces contrast, and so the hair of the outer shells
    return tuple(np.clip(128 + 1.2**k * (half - 128), 0, 255).astype(np.uint8) for k, half in enumerate(halves))


def _shells(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
    """Return copies of the scalp, one above the other, with fewer hairs outwards."""
    head = rig()
    skin = head.triangles[head.materials == SKIN]  # where hair may grow, then finer than the rig
    skin = skin[(head.vertices[skin, 1].min(axis=1) > 6.2) & (head.vertices[skin, 2].max(axis=1) < 1.5)]
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, np.ascontiguousarray(head.triangles[head.materials != LASH]), normals)
    ids, local = np.unique(skin, return_inverse=True)
    points, normals, triangles, edges = subdivide(vertices[ids], normals[ids], local.reshape(-1, 3))
    rest, ears = head.vertices[ids], head.ears[ids]
    rest = np.vstack([rest, rest[edges].mean(axis=1)])
    ears = np.concatenate([ears, ears[edges].max(axis=1)])
    dense = density(rest, ears, style, EDGE[style.flow])
    has_hair = dense[triangles].max(axis=1) > 0.03
    ids, local = np.unique(triangles[has_hair], return_inverse=True)
    triangles = local.reshape(-1, 3)
    rest, points, normals, dense = rest[ids], points[ids], normals[ids], dense[ids]
    u, v, along = flow(rest, style)
    along -= normals * np.sum(along * normals, axis=1, keepdims=True)
    top = np.clip((rest[:, 1] - 7.5) / 0.65, 0, 1)
    top = top * top * (3 - 2 * top)
    front = np.exp(-(((rest[:, 2] - 1.35) / 0.3) ** 2)) * top
    full = style.side + (style.top - style.side) * top  # distance of the hair's surface from the scalp, dm
    full += (style.front - full) * front
    full = full * (1 - 0.8 * cut_short(rest, style))  # float64, as cut_short is
    thickness = 0.012 + full * (1 - np.exp(-np.maximum(0, height_above_hairline(rest, style)) / (0.03 + full)))
    clumps = 1 + 0.1 * np.sin(u * 31 + 3 * np.sin(v * 9))
    height = np.array(SHELLS)[:, None]
    shift = rng.uniform(-1, 1) * 0.012 * height
    thin = 190 * (1 - dense)
    if style.flow == "part":  # within a few millimetres
        near = np.exp(-(((rest[:, 0] - style.parting) / 0.03) ** 2))
        thin = thin + 90 * (near * (rest[:, 1] > 7.8) * np.clip((rest[:, 2] - 0.1) / 0.3, 0, 1))
    # the alpha threshold: the inner layers hide the scalp
    maximum = 130 if style.flow == "coils" else 60 * np.clip(full / 0.1, 0.2, 1)
    thin = thin + (maximum * np.clip((height - 0.5) / 0.5, 0, 1) - 25)
    count = np.arange(len(SHELLS))[:, None, None] * len(ids)
    coordinates = np.stack([u + shift, v + 0.03 * height, thin], axis=-1)
    points = points + normals * (height * thickness * clumps)[..., None]
    normals, along = (np.broadcast_to(vectors, points.shape) for vectors in (normals, along))
    return make_layer(HAIR, points, normals, coordinates, triangles + count, along)


def flow(rest: np.ndarray, style: Style) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return coordinates across and along the strands, in repeats of their pattern, and the strands' direction [N, 3].

    `rest` are points [N, 3] of the head at rest."""
    x, y, z = (rest - MIDDLE).T
    if style.flow == "back":
        turn, polar = np.arctan2(x, y), np.arctan2(np.hypot(x, y), z)
        along = np.stack([np.sin(turn) * np.cos(polar), np.cos(turn) * np.cos(polar), -np.sin(polar)], axis=1)
    elif style.flow == "part":
        away = x - style.parting * np.clip((y - 0.2) / 0.4, 0, 1)
        turn, polar = np.arctan2(z, y), np.arctan2(away, np.hypot(y, z))
        side = np.where(away > 0, 1, -1)
        along = np.stack([np.cos(polar) * side, *(-np.abs(np.sin(polar)) * f(turn) for f in (np.cos, np.sin))], axis=1)
    else:
        turn = angle(rest)
        polar = np.arctan2(np.hypot(x, z), y)
        along = np.stack([np.sin(turn) * np.cos(polar), -np.sin(polar), np.cos(turn) * np.cos(polar)], axis=1)
    rows, columns = STRANDS
    return turn * (0.85 / TEXEL / columns), polar * (0.95 / TEXEL / rows), along


def _hanging(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
    """Return locks around the head, except in front of the face."""
    assert style.ends
    left, right = rng.uniform(*OPEN, 2)
    turns = np.linspace(left, 2 * np.pi - right, LOCKS) + rng.normal(0, 0.02, LOCKS)
    turns = np.angle(np.exp(1j * turns))
    end = rng.uniform(*style.ends)
    gaps = rng.uniform(0, 0.045, LOCKS)
    locks = []
    for k in np.argsort(-gaps):
        path, low = _path(vertices, style, turns[k], gaps[k], end, rng)
        y, around = np.linspace(START, low, ROWS), angle(path)
        outward = np.stack([np.sin(around), 0.6 * np.clip((y - 7.4) / 0.7, 0, 1), np.cos(around)], axis=1)
        width = rng.uniform(0.06, 0.11) * (1 - 0.6 * np.clip((low + 0.5 - y) / 0.5, 0, 1))
        thin = 190 * np.clip((low + 0.25 - y) / 0.25, 0, 1) + 190 * np.clip((y - START + 0.35) / 0.35, 0, 1)
        locks.append(_ribbon(path, outward, width, thin + 500 * gaps[k], rng))
    return join(locks)


def _lining(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
    """Return the inner side of hanging hair, which is visible next to the neck, as one sheet."""
    assert style.ends
    straight = replace(style, wave=0.0)
    turns = np.linspace(1.25, 2 * np.pi - 1.25, LINING)
    turns = np.angle(np.exp(1j * turns))
    end = float(np.mean(style.ends))
    paths = np.stack([_path(vertices, straight, turn, 0.0, end, rng)[0][BEHIND:] for turn in turns], axis=1)
    y = np.linspace(START, end, ROWS)[BEHIND:, None]
    thin = 250 * np.clip((end + 0.2 - y) / 0.2, 0, 1) - 60
    u, v, thin = np.broadcast_arrays(turns * 0.23, y / 1.9, thin)
    inward = np.stack([-np.sin(turns), 0 * turns, -np.cos(turns)], axis=1)
    down = np.broadcast_to([0.0, -1, 0], paths.shape)
    normals = np.broadcast_to(inward, paths.shape)
    return make_layer(HAIR, paths, normals, np.stack([u, v, thin], axis=-1), grid(*paths.shape[:2])[:, ::-1], down)


def _path(
    vertices: np.ndarray, style: Style, turn: float, gap: float, end: float, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return the path of one lock, float64[ROWS, 3], and the height of its end."""
    low = end + abs(rng.normal(0, 0.06)) + 0.25 * (rng.random() < 0.1)
    y = np.linspace(START, low, ROWS)
    profile, lift = _profile(vertices, turn, y)
    phase, swing = rng.uniform(0, 2 * np.pi), style.wave * np.clip((7.3 - y) / 1.0, 0, 1)
    bob = 0.1 * np.clip((6.9 - y) / 0.6, 0, 1) if end > 5.8 else 0 * y  # short ends turn in
    radius = profile - 0.02 + gap + 0.5 * style.side + swing * np.sin(3.2 * y + phase) - bob
    theta = turn + 0.6 * swing * np.cos(3.2 * y + phase + rng.normal(0, 0.6))
    path = np.stack([radius * np.sin(theta), y + lift, AXIS_Z + radius * np.cos(theta)], axis=1)
    path[:, 2] += 0.3 * np.clip((6.2 - y) / 0.6, 0, 1) * (1 if np.cos(turn) > -0.25 else -1)  # past the shoulder
    return path, low


def _profile(vertices: np.ndarray, turn: float, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return radius of hanging hair at falling heights y of the head at rest; how much higher this head is. In dm."""
    rest = rig().vertices
    near = (np.abs(np.angle(np.exp(1j * (angle(rest) - turn)))) < 0.2) & (rest[:, 1] > 7.35)
    near &= np.hypot(rest[:, 0], rest[:, 2] - AXIS_Z) > 0.3
    crown = vertices[:, 1].max() - rest[:, 1].max()
    side = float((vertices - rest)[near & (rest[:, 1] < 7.9), 1].mean())
    lift = side + (crown - side) * np.clip((y - 7.6) / 0.8, 0, 1)
    order = np.argsort(rest[near, 1])
    far = np.hypot(vertices[near, 0], vertices[near, 2] - AXIS_Z)[order]
    radius = np.interp(y, rest[near, 1][order], np.maximum.accumulate(far[::-1])[::-1])
    radius *= np.sqrt(np.clip(1 - np.maximum(0, (y - 8.0) / 0.5) ** 2, 0.01, 1))  # the crown
    return np.convolve(np.pad(radius, 1, "edge"), [0.25, 0.5, 0.25], "valid"), lift


def _fringe(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
    """Return locks from the crown down over the forehead, which end above the brows."""
    turns = np.linspace(-0.72, 0.72, FRINGE) + rng.normal(0, 0.012, FRINGE)
    locks = []
    for turn in turns:
        low = 8.02 - style.fringe * (1 + 0.35 * (turn / 0.8) ** 2) + rng.normal(0, 0.018)
        y = np.linspace(8.36, low, 9)
        profile, lift = _profile(vertices, turn, y)
        inset = 0.06 * np.clip((abs(turn) - 0.45) / 0.25, 0, 1)
        radius = (
            profile + 0.5 * style.front + 0.09 - inset - 0.03 * np.clip((8.0 - y) / 0.2, 0, 1) + rng.uniform(0, 0.025)
        )
        theta = turn * (1 + 0.1 * np.clip((8.2 - y) / 0.3, 0, 1)) + rng.normal(0, 0.02) * np.clip((8.1 - y) / 0.2, 0, 1)
        path = np.stack([radius * np.sin(theta), y + lift, AXIS_Z + radius * np.cos(theta)], axis=1)
        outward = np.stack([np.sin(theta), np.clip((y - 7.85) / 0.4, 0, 1), np.cos(theta)], axis=1)
        width = 0.055 * (1 - 0.5 * np.clip((low + 0.15 - y) / 0.15, 0, 1))
        thin = 150 * np.clip((low + 0.1 - y) / 0.1, 0, 1) + 160 * np.clip((y - 8.2) / 0.16, 0, 1)
        locks.append(_ribbon(path, outward, width, thin, rng))
    return join(locks)


def _ribbon(
    path: np.ndarray, outward: np.ndarray, width: np.ndarray, thin: np.ndarray, rng: np.random.Generator
) -> Layer:
    """Return a lock along `path` [R, 3], `width` to each side, with normals that turn aside to make it look round."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(outward, along)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    side = np.array([-1.0, 0.0, 1.0])[:, None]
    points = path[:, None] + width[:, None, None] * side * across[:, None]
    normals = outward[:, None] + 0.7 * side * across[:, None]
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    start, length = rng.random(2), np.linalg.norm(np.diff(path, axis=0), axis=1)
    u = start[0] + 0.018 * side.T + 0 * width[:, None]
    v = start[1] + np.r_[0, np.cumsum(length)][:, None] / 1.9 + 0 * side.T
    threshold = 25 + thin[:, None] + 45 * np.abs(side.T)
    coordinates, tangents = np.stack([u, v, threshold], axis=-1), np.broadcast_to(along[:, None], points.shape)
    return make_layer(HAIR, points, normals, coordinates, grid(len(path), 3), tangents)
