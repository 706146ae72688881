"""Build the hair on the head: shells of fur above the scalp, the pattern of strands, and lashes. No skin, no light."""

import cv2
import numpy as np

from microexpr.rendering.layers import Layer, join, make_layer, subdivide
from microexpr.rendering.locks import fringe, hanging, lining
from microexpr.rendering.raster import HAIR, LASH, SKIN, vertex_normals
from microexpr.rendering.rig import MAP_WIDTH, angle, rig
from microexpr.rendering.styles import Style, cut_short, density, height_above_hairline

SHELLS = (1, 0.88, 0.5)  # heights of the layers of fur, as shares of its thickness
EDGE = {"back": 0.07, "part": 0.025, "down": 0.07, "coils": 0.07}  # width over which hair sets in at the hairline, dm
STRANDS = (512, 1024)  # texels along and across strands of the pattern that all hair repeats: powers of two
TEXEL = 0.0036  # size of a texel, dm
MIDDLE = np.array([0.0, 7.3, 0.45])  # centre of the skull, about which strands run


def grain(rng: np.random.Generator, shape: tuple[int, int], high: float, wide: float) -> np.ndarray:
    """Sample smooth noise, float32 of `shape`, with standard deviation 1 and grains of `high` by `wide` texels."""
    rows, columns = shape
    coarse = rng.standard_normal((int(rows / high) + 2, int(columns / wide) + 2), np.float32)
    noise = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return noise / (noise.std() + 1e-6)


def build_layer(vertices: np.ndarray, style: Style, rng: np.random.Generator) -> Layer:
    """Return hair for a head of this shape (float32[V, 3]) in this style."""
    parts = [_shells(vertices, style, rng)]
    if style.fringe > 0.1:
        parts.insert(0, fringe(vertices, style, rng))
    if style.ends:
        parts = [hanging(vertices, style, rng), *parts, lining(vertices, style, rng)]
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
    rest, points, normals, ears, triangles = _scalp(vertices)
    dense = density(rest, ears, style, EDGE[style.flow])
    has_hair = dense[triangles].max(axis=1) > 0.03
    ids, local = np.unique(triangles[has_hair], return_inverse=True)
    triangles = local.reshape(-1, 3)
    rest, points, normals, dense = rest[ids], points[ids], normals[ids], dense[ids]
    u, v, along = flow(rest, style)
    along -= normals * np.sum(along * normals, axis=1, keepdims=True)
    full = _thickness(rest, style)
    thickness = 0.012 + full * (1 - np.exp(-np.maximum(0, height_above_hairline(rest, style)) / (0.03 + full)))
    clumps = 1 + 0.1 * np.sin(u * 31 + 3 * np.sin(v * 9))
    height = np.array(SHELLS)[:, None]
    shift = rng.uniform(-1, 1) * 0.012 * height
    thin = 190 * (1 - dense) + 90 * _parting(rest, style) + _threshold(height, full, style)
    count = np.arange(len(SHELLS))[:, None, None] * len(ids)
    broadcast = np.broadcast_to
    return make_layer(
        HAIR,
        points + normals * (height * thickness * clumps)[..., None],
        broadcast(normals, (len(SHELLS), *normals.shape)),
        np.stack([u + shift, v + 0.03 * height, thin], axis=-1),
        triangles + count,
        broadcast(along, (len(SHELLS), *along.shape)),
    )


def _threshold(height: np.ndarray, full: np.ndarray, style: Style) -> np.ndarray:
    """Return the alpha threshold of a layer at this share of the thickness: the inner layers hide the scalp."""
    maximum = 130 if style.flow == "coils" else 60 * np.clip(full / 0.1, 0.2, 1)
    threshold: np.ndarray = maximum * np.clip((height - 0.5) / 0.5, 0, 1) - 25
    return threshold


def _scalp(vertices: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the skin where hair may grow, finer than the rig: rest, points, normals, ears, triangles."""
    head = rig()
    skin = head.triangles[head.materials == SKIN]
    skin = skin[(head.vertices[skin, 1].min(axis=1) > 6.2) & (head.vertices[skin, 2].max(axis=1) < 1.5)]
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, np.ascontiguousarray(head.triangles[head.materials != LASH]), normals)
    ids, local = np.unique(skin, return_inverse=True)
    points, outward, triangles, edges = subdivide(vertices[ids], normals[ids], local.reshape(-1, 3))
    rest, ears = head.vertices[ids], head.ears[ids]
    rest = np.vstack([rest, rest[edges].mean(axis=1)])
    return rest, points, outward, np.concatenate([ears, ears[edges].max(axis=1)]), triangles


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


def _thickness(rest: np.ndarray, style: Style) -> np.ndarray:
    """Return the distance between the hair's surface and the scalp, dm."""
    top = np.clip((rest[:, 1] - 7.5) / 0.65, 0, 1)
    top = top * top * (3 - 2 * top)
    front = np.exp(-(((rest[:, 2] - 1.35) / 0.3) ** 2)) * top
    off = style.side + (style.top - style.side) * top
    off += (style.front - off) * front
    return off * (1 - 0.8 * cut_short(rest, style))


def _parting(rest: np.ndarray, style: Style) -> np.ndarray:
    """Return 1 in the parting, 0 a few millimetres away from it."""
    if style.flow != "part":
        return np.zeros(len(rest))
    near = np.exp(-(((rest[:, 0] - style.parting) / 0.03) ** 2))
    return near * (rest[:, 1] > 7.8) * np.clip((rest[:, 2] - 0.1) / 0.3, 0, 1)
