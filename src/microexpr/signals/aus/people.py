"""People rendered to fit and to judge the action-unit model on: strangers to every corpus, seen as single pictures.

Only the command that makes the model comes here; no stage imports this file.
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
SESSIONS = 2  # of each person: another pose and light
FRAMES = 12  # of each session: one at rest, then micro and macro in turn
MICRO, MACRO = (0.15, 1.5), (1.5, 5.0)  # FACS intensity, log-uniform
UNILATERAL = 0.3  # of all displays
NOISE = 3.0  # of the camera, grey levels
QUALITY = 92  # of JPEG
USUAL, RESTLESS = (1.0, 1.0), (0.5, 4.0)  # how far the head moves between frames: factors, log-uniform, one a session
# All units that a face shows, those that are read first.
UNITS = (*ACTION_UNITS, *(unit for unit in display.ACTION_UNITS if unit not in ACTION_UNITS))
ORDER = [display.ACTION_UNITS.index(unit) for unit in UNITS]


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One person in one pose and light. T frames, the first of them at rest."""

    crops: np.ndarray  # uint8[T, 288, 288]
    landmarks_crop: np.ndarray  # float32[T, 68, 2]
    intensity: np.ndarray  # float32[T, 24, 3], by `UNITS` and `SIDES`
    kind: np.ndarray  # int64[T]: 0 at rest, 1 micro, 2 macro


def sessions(name: str, motion: tuple[float, float] = USUAL) -> Iterator[Session]:
    """Those of the person of that name."""
    face = Face(spawn(SEED, name))
    rest = Performer.drawn(generator(SEED, name, "rest")).rest
    resting = display.array({unit + side: value for unit, value in rest.items() for side in display.SIDES})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    for number in range(SESSIONS):
        rng = generator(SEED, name, "session", number)
        scene = Performer.drawn(rng)
        moves = float(np.exp(generator(SEED, name, "motion", number).uniform(*np.log(motion))))
        kinds = np.array([0] + [1 + frame % 2 for frame in range(FRAMES - 1)])
        shown = np.stack([np.clip(resting + drawn(kind, rng), 0, LARGEST) for kind in kinds]).astype(np.float32)
        frames = [photographed(face, scene, units, moves, rng) for units in shown]
        found = faces.track(frames.copy, faces.Params(), f"{name}, session {number}")
        yield Session(luma(found.crop), found.landmarks_crop, with_both_sides(shown[:, ORDER]), kinds)


def drawn(kind: int, rng: np.random.Generator) -> np.ndarray:
    """FACS intensities [units of the face, 2] of one to four units together; none for kind 0."""
    shown = np.zeros((len(display.ACTION_UNITS), 2))
    if kind == 0:
        return shown
    low, high = np.log((MICRO, MACRO)[kind - 1])
    read = np.isin(display.ACTION_UNITS, ACTION_UNITS)
    likely = np.where(read, 1.0, 0.3)  # those that are not read confuse, more rarely
    for unit in rng.choice(len(shown), rng.integers(1, 5), replace=False, p=likely / likely.sum()):
        lean = np.clip(rng.normal(0, 0.15), -0.6, 0.6)
        sides = np.array([1 + lean, 1 - lean])
        if rng.random() < UNILATERAL:
            sides[rng.integers(2)] = 0
        shown[unit] = np.exp(rng.uniform(low, high)) * sides
    return shown


def photographed(face: Face, scene: Performer, units: np.ndarray, moves: float, rng: np.random.Generator) -> np.ndarray:
    """uint8[H, W, 3]: one frame. Head and eyes are a little off their place as they are from frame to frame."""
    drift = moves * DRIFT * rng.standard_normal(len(DRIFT))
    gaze = FIXATION * rng.standard_normal(2) + (rng.random() < GLANCES) * GLANCE * rng.standard_normal(2)
    seen = face.render(units, scene.pose + drift[:3], drift[3:], scene.light, zoom=scene.zoom, gaze=gaze)
    taken = expose(seen.image, rng, NOISE, 1 + 0.01 * rng.standard_normal())
    coded = cv2.imencode(".jpg", taken[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])
