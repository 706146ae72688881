"""Build hanging hair: locks, each a curved ribbon, around the head and over the forehead. No scalp, no light."""

from dataclasses import replace

import numpy as np

from microexpr.rendering.layers import Layer, grid, join, make_layer
from microexpr.rendering.raster import HAIR
from microexpr.rendering.rig import AXIS_Z, angle, rig
from microexpr.rendering.styles import Style

LOCKS = 130
FRINGE = 48  # locks of the fringe
LINING = 40  # columns of the lining
BEHIND = 4  # rows of the lining, from the top, that are always behind the head
ROWS = 16  # points along a lock
OPEN = (0.98, 1.2)  # radians from the nose: range of the angle at which hanging hair begins
START = 8.15  # height at which locks leave the head, dm


def hanging(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
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
        locks.append(_lock(path, low, gaps[k], rng))
    return join(locks)


def lining(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
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


def _lock(path: np.ndarray, low: float, gap: float, rng: np.random.Generator) -> Layer:
    y = np.linspace(START, low, ROWS)
    turn = angle(path)
    outward = np.stack([np.sin(turn), 0.6 * np.clip((y - 7.4) / 0.7, 0, 1), np.cos(turn)], axis=1)
    width = rng.uniform(0.06, 0.11) * (1 - 0.6 * np.clip((low + 0.5 - y) / 0.5, 0, 1))
    thin = 190 * np.clip((low + 0.25 - y) / 0.25, 0, 1) + 190 * np.clip((y - START + 0.35) / 0.35, 0, 1)
    return _ribbon(path, outward, width, thin + 500 * gap, rng)


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


def fringe(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
    """Return locks from the crown down over the forehead, which end above the brows."""
    turns = np.linspace(-0.72, 0.72, FRINGE) + rng.normal(0, 0.012, FRINGE)
    return join([_over_forehead(vertices, style, turn, rng) for turn in turns])


def _over_forehead(vertices: np.ndarray, style: Style, turn: float, rng: np.random.Generator) -> Layer:
    low = 8.02 - style.fringe * (1 + 0.35 * (turn / 0.8) ** 2) + rng.normal(0, 0.018)
    y = np.linspace(8.36, low, 9)
    profile, lift = _profile(vertices, turn, y)
    inset = 0.06 * np.clip((abs(turn) - 0.45) / 0.25, 0, 1)
    radius = profile + 0.5 * style.front + 0.09 - inset - 0.03 * np.clip((8.0 - y) / 0.2, 0, 1) + rng.uniform(0, 0.025)
    theta = turn * (1 + 0.1 * np.clip((8.2 - y) / 0.3, 0, 1)) + rng.normal(0, 0.02) * np.clip((8.1 - y) / 0.2, 0, 1)
    path = np.stack([radius * np.sin(theta), y + lift, AXIS_Z + radius * np.cos(theta)], axis=1)
    outward = np.stack([np.sin(theta), np.clip((y - 7.85) / 0.4, 0, 1), np.cos(theta)], axis=1)
    width = 0.055 * (1 - 0.5 * np.clip((low + 0.15 - y) / 0.15, 0, 1))
    thin = 150 * np.clip((low + 0.1 - y) / 0.1, 0, 1) + 160 * np.clip((y - 8.2) / 0.16, 0, 1)
    return _ribbon(path, outward, width, thin, rng)


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
    return make_layer(
        HAIR,
        points,
        normals,
        np.stack([u, v, threshold], axis=-1),
        grid(len(path), 3),
        np.broadcast_to(along[:, None], points.shape),
    )
