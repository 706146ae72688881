"""Rendered pairs to fit a generator to: a face at rest, and the same image with action units added.

Only the command that makes the shipped generator uses this module; no stage imports it. All subjects are of the
population.
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
SIDE = 128  # pixels of the faces that the generator makes
MICRO, MACRO = (0.15, 1.5), (1.5, 5.0)  # FACS intensity, log-uniform
UNITS_AT_ONCE = 4
MOVED = 14  # training images of a scene, in addition to the one at rest
JITTER = np.array([1.5, 0.025, 3.0, 3.0])  # degrees, share of the scale, pixels of the crop: standard deviations
SCENERY = 0.5  # share of images with another background than the wall
WIDER = 1.5  # factor by which the head turns more than in a corpus
NOISE, QUALITY = 3.0, 92  # noise of the camera in grey levels; JPEG quality
READ = [display.ACTION_UNITS.index(unit) for unit in ACTION_UNITS]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One subject in one pose and light: 1 + m images, the first at rest. Without noise, they differ in AUs only.

    The alignment is that of the image at rest, a little off, as detected landmarks are.
    """

    crops: np.ndarray  # uint8[1 + m, 288, 288, 3]
    landmarks_crop: np.ndarray  # float64[1 + m, 68, 2], ground truth
    added: np.ndarray  # float32[1 + m, 17]: changes of FACS intensity since the first, the same on both sides
    photographed: np.ndarray  # uint8[288, 288, 3]: the first as a camera records it, after JPEG


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Training data of one scene, or of many scenes with one more axis in front."""

    faces: np.ndarray  # uint8[1 + m, 3, 128, 128]
    points: np.ndarray  # float32[1 + m, 68, 2]: landmarks in pixels of `faces`
    added: np.ndarray  # float32[1 + m, 17]


def pairs(scene: Scene) -> Pairs:
    """Return a scene as training data."""
    points = (scene.landmarks_crop + 0.5) * SIDE / CROP - 0.5
    return Pairs(small(scene.crops), points.astype(np.float32), scene.added)


def scenes(name: str, count: int, sample: Callable[[np.random.Generator], np.ndarray]) -> Iterator[Scene]:
    """Render `count` scenes of the subject of that name.

    `sample` returns the AUs added to the face at rest, [1 + m, 17], the first of them all 0.
    """
    face = Face(spawn(SEED, name))
    rest = Performer.sample(generator(SEED, name, "rest")).rest
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    for i in range(count):
        rng = generator(SEED, name, "scene", i)
        yield scene(face, resting, sample(rng), rng)


def scene(face: Face, resting: np.ndarray, added: np.ndarray, rng: np.random.Generator) -> Scene:
    """Render one scene at random; `added` are FACS intensities [1 + m, 17], clipped to what a face can do."""
    performer = Performer.sample(rng)
    intensities = np.repeat(resting[None], len(added), 0)
    intensities[:, READ] = np.minimum(intensities[:, READ] + added[:, :, None], LARGEST)
    render = partial(
        face.render,
        pose=WIDER * np.array(performer.pose),
        light=performer.light,
        zoom=performer.zoom,
        gaze=GLANCE * rng.standard_normal(2),
        background=scenery(rng) if rng.random() < SCENERY else None,
    )
    rendered = [render(units.astype(np.float32)) for units in intensities]
    matrix = jitter(alignment(rendered[0].landmarks[None]), rng)
    exposed = expose(rendered[0].image, rng, NOISE)
    encoded = cv2.imencode(".jpg", exposed[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    decoded = np.ascontiguousarray(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))[..., ::-1])
    return Scene(
        crops=np.stack([align(frame.image, matrix) for frame in rendered]),
        landmarks_crop=np.stack([frame.landmarks @ matrix[:, :2].T + matrix[:, 2] for frame in rendered]),
        added=(intensities - intensities[0])[:, READ, 0].astype(np.float32),
        photographed=align(decoded, matrix),
    )


def sample_target_aus(rng: np.random.Generator) -> np.ndarray:
    """Return FACS intensities [1 + 14, 17] for training: none, then 14 random combinations."""
    return np.stack([np.zeros(len(READ)), *(sample_combination(rng) for _ in range(MOVED))])


def sample_combination(rng: np.random.Generator) -> np.ndarray:
    """Return FACS intensities [17] of one to four AUs together, all micro or all macro."""
    intensities = np.zeros(len(ACTION_UNITS))
    low, high = np.log((MICRO, MACRO)[rng.integers(2)])
    units = rng.choice(len(intensities), rng.integers(1, UNITS_AT_ONCE + 1), replace=False)
    intensities[units] = np.exp(rng.uniform(low, high, len(units)))
    return intensities


def scenery(rng: np.random.Generator) -> np.ndarray:
    """Return a background uint8[480, 640, 3]: blotches of any colour, coarse or fine."""
    blotches = rng.integers(0, 256, (*rng.integers(2, 24, 2), 3), np.uint8)
    return np.asarray(cv2.resize(blotches, (640, 480), interpolation=cv2.INTER_CUBIC))


def jitter(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an alignment [2, 3] that is turned, scaled and shifted a little about the middle of the crop."""
    turn, scale, *shift = JITTER * rng.standard_normal(4)
    middle = (CROP - 1) / 2
    extra = cv2.getRotationMatrix2D((middle, middle), turn, 1 + scale)
    extra[:, 2] += shift
    return np.asarray(extra @ np.vstack([matrix, [0, 0, 1]]))


def small(crops: np.ndarray) -> np.ndarray:
    """Return crops [n, 288, 288, 3] as uint8[n, 3, 128, 128], each pixel the mean of the area it covers."""
    faces = [cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for crop in crops]
    return np.stack(faces).transpose(0, 3, 1, 2)
