"""A face at rest and the very same picture with action units added, which only rendered people have.

Only the command that makes the shipped generator comes here; no stage imports this file. All people are strangers to
every corpus.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from microexpr.core.seeds import generator, spawn
from microexpr.rendering import display
from microexpr.rendering.camera import expose
from microexpr.rendering.face import Face
from microexpr.rendering.performance import GLANCE, LIDS_AT_REST, Performer
from microexpr.signals.aus import ACTION_UNITS, LARGEST
from microexpr.signals.faces import CROP, align, alignment

SEED = 0
SIDE = 128  # pixels of the faces that the generator paints
MICRO, MACRO = (0.15, 1.5), (1.5, 5.0)  # FACS intensity, log-uniform
UNITS_AT_ONCE = 4
MOVED = 14  # pictures to learn from of a scene, besides the one at rest
JITTER = np.array([1.5, 0.025, 3.0, 3.0])  # degrees, share of the scale, pixels of the crop: standard deviations
SCENERY = 0.5  # of all pictures have another background than the wall
WIDER = 1.5  # the head is turned more than a corpus lets it
NOISE, QUALITY = 3.0, 92  # of the camera, grey levels; of JPEG
READ = [display.ACTION_UNITS.index(unit) for unit in ACTION_UNITS]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One person in one pose and light, the first of 1 + m pictures at rest. No noise: each differs by its units alone.

    The alignment is that of the picture at rest, a little off as found landmarks are."""

    crops: np.ndarray  # uint8[1 + m, 288, 288, 3]
    landmarks_crop: np.ndarray  # float64[1 + m, 68, 2], the true ones
    added: np.ndarray  # float32[1 + m, 17]: FACS intensities since the first, the same on both sides
    photographed: np.ndarray  # uint8[288, 288, 3]: the first as a camera takes it, and as JPEG


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What the generator learns of a scene; of many scenes with an axis before."""

    faces: np.ndarray  # uint8[1 + m, 3, 128, 128]
    points: np.ndarray  # float32[1 + m, 68, 2]: landmarks in their pixels
    added: np.ndarray  # float32[1 + m, 17]


def pairs(scene: Scene) -> Pairs:
    points = (scene.landmarks_crop + 0.5) * SIDE / CROP - 0.5
    return Pairs(small(scene.crops), points.astype(np.float32), scene.added)


def scenes(name: str, number: int, asked: Callable[[np.random.Generator], np.ndarray]) -> Iterator[Scene]:
    """So many of the person of that name, of each of which is asked [1 + m, 17], at first nothing."""
    face = Face(spawn(SEED, name))
    rest = Performer.drawn(generator(SEED, name, "rest")).rest
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    for place in range(number):
        rng = generator(SEED, name, "scene", place)
        yield scene(face, resting, asked(rng), rng)


def scene(face: Face, resting: np.ndarray, asked: np.ndarray, rng: np.random.Generator) -> Scene:
    """One scene by chance; asked of it are intensities [1 + m, 17], as far as a face can go."""
    performer = Performer.drawn(rng)
    shown = np.repeat(resting[None], len(asked), 0)
    shown[:, READ] = np.minimum(shown[:, READ] + asked[:, :, None], LARGEST)
    picture = partial(
        face.render,
        pose=WIDER * np.array(performer.pose),
        light=performer.light,
        zoom=performer.zoom,
        gaze=GLANCE * rng.standard_normal(2),
        behind=scenery(rng) if rng.random() < SCENERY else None,
    )
    seen = [picture(units.astype(np.float32)) for units in shown]
    matrix = jittered(alignment(seen[0].landmarks[None]), rng)
    taken = expose(seen[0].image, rng, NOISE)
    coded = cv2.imencode(".jpg", taken[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    decoded = np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])
    return Scene(
        crops=np.stack([align(one.image, matrix) for one in seen]),
        landmarks_crop=np.stack([one.landmarks @ matrix[:, :2].T + matrix[:, 2] for one in seen]),
        added=(shown - shown[0])[:, READ, 0].astype(np.float32),
        photographed=align(decoded, matrix),
    )


def together(rng: np.random.Generator) -> np.ndarray:
    """FACS intensities [1 + 14, 17] to learn from: none, then some by chance."""
    return np.stack([np.zeros(len(READ)), *(drawn(rng) for _ in range(MOVED))])


def drawn(rng: np.random.Generator) -> np.ndarray:
    """FACS intensities [17]: of one to four units together, all micro or all macro."""
    asked = np.zeros(len(ACTION_UNITS))
    low, high = np.log((MICRO, MACRO)[rng.integers(2)])
    units = rng.choice(len(asked), rng.integers(1, UNITS_AT_ONCE + 1), replace=False)
    asked[units] = np.exp(rng.uniform(low, high, len(units)))
    return asked


def scenery(rng: np.random.Generator) -> np.ndarray:
    """uint8[480, 640, 3]: blotches of any colour, coarse or fine."""
    blotches = rng.integers(0, 256, (*rng.integers(2, 24, 2), 3), np.uint8)
    return np.asarray(cv2.resize(blotches, (640, 480), interpolation=cv2.INTER_CUBIC))


def jittered(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An alignment [2, 3], turned, scaled and shifted a little about the middle of the crop."""
    turn, scale, *shift = JITTER * rng.standard_normal(4)
    middle = (CROP - 1) / 2
    extra = cv2.getRotationMatrix2D((middle, middle), turn, 1 + scale)
    extra[:, 2] += shift
    return np.asarray(extra @ np.vstack([matrix, [0, 0, 1]]))


def small(crops: np.ndarray) -> np.ndarray:
    """uint8[n, 3, 128, 128] of crops [n, 288, 288, 3], each pixel the mean of what it covers."""
    return np.stack([cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for one in crops]).transpose(
        0, 3, 1, 2
    )
