"""Render subjects of the population, on which the action-unit model is fitted and measured, as single images.

Only the command that fits the model imports this module; no stage does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from microexpr.core.grayscale import luma
from microexpr.core.seeds import generator, spawn
from microexpr.rendering import display
from microexpr.rendering.camera import expose
from microexpr.rendering.corpus import with_both_sides
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DRIFT, FIXATION, GLANCE, GLANCES, LIDS_AT_REST, Performer
from microexpr.signals import faces
from microexpr.signals.aus import ACTION_UNITS, LARGEST

SEED = 0
SESSIONS = 2  # of each subject, each in another pose and light
FRAMES = 12  # of each session: one at rest, then micro and macro in turn
MICRO, MACRO = (0.15, 1.5), (1.5, 5.0)  # FACS intensity, log-uniform
UNILATERAL = 0.3  # of all displays
NOISE = 3.0  # of the camera, grey levels
QUALITY = 92  # of JPEG
# Range of the factor of head motion between frames, log-uniform, one a session.
TYPICAL_MOTION, LARGE_MOTION = (1.0, 1.0), (0.5, 4.0)
# All units of the renderer, those that are read first.
UNITS = (*ACTION_UNITS, *(unit for unit in display.ACTION_UNITS if unit not in ACTION_UNITS))
ORDER = [display.ACTION_UNITS.index(unit) for unit in UNITS]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One subject in one pose and light. T frames, the first of them at rest."""

    crops: np.ndarray  # uint8[T, 288, 288]
    landmarks_crop: np.ndarray  # float32[T, 68, 2]
    intensity: np.ndarray  # float32[T, 24, 3], by `UNITS` and `SIDES`
    kind: np.ndarray  # int64[T]: 0 at rest, 1 micro, 2 macro


def render_sessions(name: str, motion: tuple[float, float] = TYPICAL_MOTION) -> Iterator[Session]:
    """Render the sessions of the subject of that name."""
    face = Face(spawn(SEED, name))
    rest = Performer.sample(generator(SEED, name, "rest")).rest
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    for i in range(SESSIONS):
        rng = generator(SEED, name, "session", i)
        scene = Performer.sample(rng)
        motion_scale = float(np.exp(generator(SEED, name, "motion", i).uniform(*np.log(motion))))
        kinds = np.array([0] + [1 + frame % 2 for frame in range(FRAMES - 1)])
        intensities = np.stack([np.clip(resting + sample_intensities(kind, rng), 0, LARGEST) for kind in kinds]).astype(
            np.float32
        )
        frames = [render_frame(face, scene, units, motion_scale, rng) for units in intensities]
        tracked = faces.track(frames.copy, faces.Params(), f"{name}, session {i}")
        yield Session(luma(tracked.crop), tracked.landmarks_crop, with_both_sides(intensities[:, ORDER]), kinds)


def sample_intensities(kind: int, rng: np.random.Generator) -> np.ndarray:
    """Sample FACS intensities [units of the face, 2] of one to four units together; zeros for kind 0."""
    intensities = np.zeros((len(display.ACTION_UNITS), 2))
    if kind == 0:
        return intensities
    low, high = np.log((MICRO, MACRO)[kind - 1])
    readable = np.isin(display.ACTION_UNITS, ACTION_UNITS)
    weights = np.where(readable, 1.0, 0.3)  # units that are not read occur more rarely
    for unit in rng.choice(len(intensities), rng.integers(1, 5), replace=False, p=weights / weights.sum()):
        asymmetry = np.clip(rng.normal(0, 0.15), -0.6, 0.6)
        sides = np.array([1 + asymmetry, 1 - asymmetry])
        if rng.random() < UNILATERAL:
            sides[rng.integers(2)] = 0
        intensities[unit] = np.exp(rng.uniform(low, high)) * sides
    return intensities


def render_frame(
    face: Face, scene: Performer, units: np.ndarray, motion_scale: float, rng: np.random.Generator
) -> np.ndarray:
    """Render one frame, uint8[H, W, 3], with small random offsets of head and eyes as between frames."""
    drift = motion_scale * DRIFT * rng.standard_normal(len(DRIFT))
    gaze = FIXATION * rng.standard_normal(2) + (rng.random() < GLANCES) * GLANCE * rng.standard_normal(2)
    rendering = face.render(units, scene.pose + drift[:3], drift[3:], scene.light, zoom=scene.zoom, gaze=gaze)
    exposed = expose(rendering.image, rng, NOISE, 1 + 0.01 * rng.standard_normal())
    coded = cv2.imencode(".jpg", exposed[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])
