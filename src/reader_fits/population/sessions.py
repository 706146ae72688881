"""Render sessions: one subject in one pose and light, as single images with random action units. No time.

The same action units, at rest and sampled, are those of all single images of the population.
"""

from collections.abc import Iterator

import numpy as np

from facs_faces import display
from facs_faces.camera import expose
from facs_faces.face import Face
from facs_faces.performance import DRIFT, FIXATION, GLANCE, GLANCES, Performer, resting_units
from microexpr.core.arrays import luma
from microexpr.core.seeds import generator
from microexpr.rendering.corpus import with_both_sides
from microexpr.signals import faces
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SHOWN
from reader_fits.population.clips import record

SESSIONS = 2  # of each subject, each in another pose and light
FRAMES = 12  # of each session: one at rest, then micro and macro in turn
MICRO, MACRO = (0.15, 1.5), (1.5, 5.0)  # FACS intensity, log-uniform
UNITS_AT_ONCE = 4
UNREAD = 0.3  # how often units occur that are not read, against those that are
NOISE = 3.0  # of the camera, grey levels
QUALITY = 92  # of JPEG
ORDER = [display.ACTION_UNITS.index(unit) for unit in SHOWN]
UNILATERAL = 0.3  # share of units on one side


def render_sessions(face: Face, performer: Performer, name: str, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """Render the sessions of a subject; yield the datasets of each by name, as schema `population` has them.

    `name` is of its random streams. A session has T frames, the first of them at rest: crop uint8[T, 288, 288, 1],
    landmarks_crop float32[T, 68, 2], intensity float32[T, 24, 3] of the units `SHOWN`, strength int64[T]."""
    resting = resting_units(performer.rest)
    for i in range(SESSIONS):
        rng = generator(seed, name, "session", i)
        scene = Performer.sample(rng)
        strength = np.array([0] + [1 + frame % 2 for frame in range(FRAMES - 1)])
        levels = [np.clip(resting + sample_intensities(level, rng), 0, LARGEST) for level in strength]
        intensities = np.stack(levels).astype(np.float32)
        frames = [render_frame(face, scene, units, rng) for units in intensities]
        tracked = faces.track(frames.copy, faces.Params(), f"{name}, session {i}")
        yield {
            "crop": luma(tracked.crop)[..., None],
            "landmarks_crop": tracked.landmarks_crop,
            "intensity": with_both_sides(intensities[:, ORDER]),
            "strength": strength,
        }


def sample_intensities(strength: int, rng: np.random.Generator) -> np.ndarray:
    """Sample FACS intensities [units of the face, 2] of one to four units together; zeros for strength 0."""
    if strength == 0:
        return np.zeros((len(display.ACTION_UNITS), 2))
    return sample_units((MICRO, MACRO)[strength - 1], UNITS_AT_ONCE, UNREAD, rng)


def render_frame(face: Face, scene: Performer, units: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Render one frame, uint8[H, W, 3], with small random offsets of head and eyes as between frames."""
    drift = DRIFT * rng.standard_normal(len(DRIFT))
    gaze = FIXATION * rng.standard_normal(2) + (rng.random() < GLANCES) * GLANCE * rng.standard_normal(2)
    rendering = face.render(units, scene.pose + drift[:3], drift[3:], scene.light, zoom=scene.zoom, gaze=gaze)
    return record(expose(rendering.image, rng, NOISE, 1 + 0.01 * rng.standard_normal()), QUALITY)


def sample_units(intensity: tuple[float, float], most: int, unread: float, rng: np.random.Generator) -> np.ndarray:
    """Sample FACS intensities [units of the face, 2] of one to `most` units together, log-uniform in a range.

    `unread` is how often units occur that are not read, against those that are."""
    low, high = np.log(intensity)
    weights = np.where(np.isin(display.ACTION_UNITS, ACTION_UNITS), 1.0, unread)
    count = rng.integers(1, most + 1)
    intensities = np.zeros((len(display.ACTION_UNITS), 2))
    for unit in rng.choice(len(intensities), count, replace=False, p=weights / weights.sum()):
        asymmetry = np.clip(rng.normal(0, 0.15), -0.6, 0.6)
        sides = np.array([1 + asymmetry, 1 - asymmetry])
        if rng.random() < UNILATERAL:
            sides[rng.integers(2)] = 0
        intensities[unit] = np.exp(rng.uniform(low, high)) * sides
    return intensities
