"""Hair on the head: where it grows, shells of fur that carry it, a curtain where it is long. No skin, no light."""

from dataclasses import dataclass

import cv2
import numpy as np

from microexpr.generated.identity import Look
from microexpr.generated.raster import LASH, SKIN, vertex_normals
from microexpr.generated.rig import AXIS_Z, MAP_BOTTOM, MAP_HEIGHT, MAP_TOP, MAP_WIDTH, angle, rig

SHELLS = 6
THICKNESS = {"crop": 0.04, "short": 0.12, "medium": 0.2, "long": 0.1}  # of the fur, dm
HAIRLINE_ANGLE = (0, 0.45, 0.8, 0.95, 1.2, 1.45, 1.75, 2.2, 3.2)  # radians from the nose
HAIRLINE_HEIGHT = (8.02, 7.98, 7.8, 7.5, 7.12, 7.15, 6.95, 6.5, 6.3)  # of the head at rest, dm
CURTAIN_COLUMNS, CURTAIN_ROWS = 48, 15


@dataclass(frozen=True, slots=True, eq=False)
class Hair:
    """Layers of hair, all fixed to the skull: shells of fur above the scalp, a curtain that hangs from it.

    Triangles count vertices in the order: rig, shells, curtain.
    """

    roots: np.ndarray  # int64[S]: the vertex of the rig below each vertex of a shell
    rise: np.ndarray  # float32[S, 3]: how far above it
    curtain: np.ndarray  # float32[C, 3]; C may be 0
    curtain_normals: np.ndarray  # float32[C, 3]
    triangles: np.ndarray  # int32[T, 3], outermost first
    coordinates: np.ndarray  # float32[S + C, 3]: u, v, alpha threshold
    strands: np.ndarray  # uint8[MAP_HEIGHT, MAP_WIDTH]: alpha and brightness, about 128


def grain(rng: np.random.Generator, shape: tuple[int, int], high: float, wide: float) -> np.ndarray:
    """Smooth noise float32 of `shape` with deviation 1 and grains of this many texels."""
    rows, columns = shape
    coarse = rng.standard_normal((int(rows / high) + 2, int(columns / wide) + 2), np.float32)
    noise = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return noise / (noise.std() + 1e-6)


def density(position: np.ndarray, ears: np.ndarray, look: Look) -> np.ndarray:
    """How dense hair grows at points [..., 3] of the head at rest, float32 in 0..1."""
    turn = np.abs(angle(position))
    line = np.interp(turn, HAIRLINE_ANGLE, HAIRLINE_HEIGHT) + look.hairline * np.clip(1 - turn, 0, 1)
    line += look.temples * np.exp(-(((turn - 0.6) / 0.22) ** 2)) - look.peak * np.exp(-((turn / 0.14) ** 2))
    return (np.clip((position[..., 1] - line) / 0.16 + 0.3, 0, 1) * (ears < 0.3)).astype(np.float32)


def grown(vertices: np.ndarray, centre: np.ndarray, look: Look, rng: np.random.Generator) -> Hair:
    """Hair for a head of this shape (float32[V, 3]) with this look; `centre` is the head's."""
    strands = _strands(rng)
    dense = density(rig().vertices, rig().ears, look)
    roots, rise, triangles, coordinates = _shells(vertices, dense, look, rng)
    curtain, normals = np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)
    if look.cut == "long":
        count = len(vertices) + len(roots)
        curtain, normals, hanging, at = _curtains(vertices, centre, dense, rng)
        triangles = np.concatenate([hanging + count, triangles])
        coordinates = np.concatenate([coordinates, at])
    return Hair(roots, rise, curtain, normals, triangles.astype(np.int32), coordinates.astype(np.float32), strands)


def lashes(rng: np.random.Generator) -> np.ndarray:
    """Alpha of the lashes along the lid, uint8[1, MAP_WIDTH]."""
    coarse = rng.standard_normal((1, MAP_WIDTH // 12), np.float32)
    fine = cv2.resize(coarse, (MAP_WIDTH, 1), interpolation=cv2.INTER_CUBIC)
    return np.clip(125 + 82 * fine, 0, 255).astype(np.uint8)


def _strands(rng: np.random.Generator) -> np.ndarray:
    size = (MAP_HEIGHT, MAP_WIDTH)
    noise = 0.6 * grain(rng, size, 40, 1.6) + 0.45 * grain(rng, size, 60, 5) + 0.35 * grain(rng, size, 30, 24)
    return np.clip(128 + 62 * noise, 0, 255).astype(np.uint8)


def _shells(
    vertices: np.ndarray, dense: np.ndarray, look: Look, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Roots, rise, triangles and coordinates of copies of the scalp, one above the other."""
    head = rig()
    scalp = head.triangles[(head.materials == SKIN) & (head.vertices[head.triangles, 1].min(axis=1) > 6)]
    scalp = scalp[dense[scalp].max(axis=1) > 0.05]
    scalp = scalp[np.ptp(head.coordinates[scalp, 0], axis=1) < MAP_WIDTH / 2]  # not those across the map's seam
    ids, local = np.unique(scalp, return_inverse=True)
    roots = np.tile(ids, SHELLS)
    height = np.repeat(np.linspace(1, 0.4, SHELLS), len(ids))
    triangles = np.concatenate([local.reshape(-1, 3) + len(vertices) + k * len(ids) for k in range(SHELLS)])
    normals = np.zeros_like(vertices)
    vertex_normals(vertices, np.ascontiguousarray(head.triangles[head.materials != LASH]), normals)
    crown = np.clip((head.vertices[roots, 1] - 7.2) / 1.1, 0.25, 1)
    thickness = THICKNESS[look.cut] * rng.uniform(0.8, 1.3)
    rise = normals[roots] * (height * thickness * np.clip(dense[roots] * 1.3, 0, 1) * crown)[:, None]
    coordinates = head.coordinates[roots].copy()
    coordinates[:, 0] += rng.uniform(-6, 6) * height
    coordinates[:, 1] += 14 * height
    coordinates[:, 2] = 190 * (1 - dense[roots]) + 20 + 185 * np.clip((height - 0.5) / 0.5, 0, 1) ** 1.2
    return roots, rise.astype(np.float32), triangles, coordinates


def _curtains(
    vertices: np.ndarray, centre: np.ndarray, dense: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two sheets that hang from the crown, open at the face: vertices, normals, triangles, coordinates."""
    axis = np.array([centre[0], 0, centre[2] - 0.98 + AXIS_Z])
    turn = np.linspace(rng.uniform(0.95, 1.25), 2 * np.pi - rng.uniform(0.95, 1.25), CURTAIN_COLUMNS)
    radius = _radius(vertices - axis, dense, turn) + 0.03
    end = rng.uniform(4.9, 6.5)
    height = np.r_[np.linspace(8.15, 7.3, 6), np.linspace(7.2, end, CURTAIN_ROWS - 6)][:, None]
    crown = vertices[:, 1].max() - 8.49
    flare = (1 - 0.62 * np.clip((height - 7.45) / 0.95, 0, 1) ** 2) * (1 - 0.1 * np.clip((6.9 - height) / 1.2, 0, 1))
    edge = np.clip(1 - np.minimum(turn - turn[0], turn[-1] - turn) / 0.25, 0, 1)
    sheets, coordinates = [], []
    for gap in (0.0, 0.05):
        waves = 0.05 * np.sin(turn * 9 + gap * 40) * np.clip((7.4 - height) / 2, 0, 1)
        out = (radius - 0.03 + gap) * flare + waves
        sheets.append(axis + np.stack([out * np.sin(turn), height + crown + 0 * turn, out * np.cos(turn)], axis=-1))
        threshold = 40 + 500 * gap + 150 * edge + 190 * np.clip((end + 0.35 - height) / 0.4, 0, 1)
        u = (turn / (2 * np.pi) * MAP_WIDTH + 500 * gap) % MAP_WIDTH + 0 * height
        v = (MAP_TOP - height) / (MAP_TOP - MAP_BOTTOM) * MAP_HEIGHT + 0 * turn
        coordinates.append(np.stack([u, v, threshold], axis=-1))
    upward = 0.15 + 0.75 * np.clip((height - 7.4) / 0.8, 0, 1)
    normal = np.stack(np.broadcast_arrays(np.sin(turn), upward, np.cos(turn)), axis=-1).reshape(-1, 3)
    first = _grid(CURTAIN_ROWS, CURTAIN_COLUMNS)[:, ::-1]
    triangles = np.concatenate([first + CURTAIN_ROWS * CURTAIN_COLUMNS, first])  # the outer sheet first
    return (
        np.reshape(sheets, (-1, 3)).astype(np.float32),
        np.tile(normal, (2, 1)).astype(np.float32),
        triangles,
        np.reshape(coordinates, (-1, 3)),
    )


def _radius(away: np.ndarray, dense: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """How far out the scalp reaches at ear height in each direction, smoothed."""
    head = rig()
    side = (head.vertices[:, 1] > 6.9) & (head.vertices[:, 1] < 8.0) & (dense + head.ears > 0.2)
    at = np.arctan2(away[side, 0], away[side, 2])
    far = np.hypot(away[side, 0], away[side, 2])
    near = [np.abs(np.angle(np.exp(1j * (at - t)))) < 0.14 for t in turn]
    reach = np.array([np.sort(far[n])[-3:].mean() for n in near])
    return np.convolve(np.pad(reach, 3, "edge"), np.full(7, 1 / 7), "valid")


def _grid(rows: int, columns: int) -> np.ndarray:
    """Triangles int64[2 (rows - 1) (columns - 1), 3] of a grid of vertices numbered row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    below = corner + columns
    return np.concatenate([np.stack([corner, below, below + 1], 1), np.stack([corner, below + 1, corner + 1], 1)])
