"""Fits the shipped action-unit model: `python -m microexpr.aus.fit`. It sees rendered people that are in no corpus.

Only the command that makes `model.safetensors` comes here; no stage imports this file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from microexpr import faces
from microexpr.aus import ACTION_UNITS, LARGEST
from microexpr.aus.features import features
from microexpr.generated import display
from microexpr.generated.camera import expose
from microexpr.generated.corpus import with_both_sides
from microexpr.generated.face import Face
from microexpr.generated.performer import DRIFT, LIDS_AT_REST, Performer
from microexpr.seeds import generator, spawn

SEED = 0
TRAINING, TEST = 60, 20  # people
SESSIONS = 2  # of each person: another pose and light
FRAMES = 12  # of each session: one at rest, then micro and macro in turn
MICRO, MACRO = (0.15, 1.5), (1.5, 5.0)  # FACS intensity, log-uniform
UNILATERAL = 0.3  # of all displays
NOISE = 3.0  # of the camera, grey levels
READ = [display.ACTION_UNITS.index(unit) for unit in ACTION_UNITS]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Frames of several people. N frames, F features."""

    features: np.ndarray  # float32[N, 3, F]
    intensity: np.ndarray  # float32[N, 17, 3]
    session: np.ndarray  # int64[N]: the same number for the same person, pose and light
    kind: np.ndarray  # int64[N]: 0 at rest, 1 micro, 2 macro


def person(name: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Features, intensities and kinds of each of a person's sessions, as the pipeline would read them."""
    face = Face(spawn(SEED, name))
    rest = Performer.drawn(generator(SEED, name, "rest")).rest
    resting = display.array({unit + side: value for unit, value in rest.items() for side in "LR"})
    resting[display.ACTION_UNITS.index("AU45")] = LARGEST * LIDS_AT_REST
    for session in range(SESSIONS):
        rng = generator(SEED, name, "session", session)
        scene = Performer.drawn(rng)
        kinds = np.array([0] + [1 + frame % 2 for frame in range(FRAMES - 1)])
        shown = np.stack([np.clip(resting + drawn(kind, rng), 0, LARGEST) for kind in kinds]).astype(np.float32)
        frames = [photographed(face, scene, units, rng) for units in shown]
        found = faces.track(frames.copy, faces.Params(), f"{name}/{session}")
        crops = faces.luma(found.crop)
        seen = np.stack([features(*pair) for pair in zip(crops, found.landmarks_crop, strict=True)])
        yield seen, with_both_sides(shown[:, READ]), kinds


def drawn(kind: int, rng: np.random.Generator) -> np.ndarray:
    """FACS intensities [units of the face, 2] of one to four units together; none for kind 0."""
    shown = np.zeros((len(display.ACTION_UNITS), 2))
    if kind == 0:
        return shown
    low, high = np.log((MICRO, MACRO)[kind - 1])
    likely = np.where(np.isin(np.arange(len(shown)), READ), 1.0, 0.3)  # those that are not read confuse, more rarely
    for unit in rng.choice(len(shown), rng.integers(1, 5), replace=False, p=likely / likely.sum()):
        lean = np.clip(rng.normal(0, 0.15), -0.6, 0.6)
        sides = np.array([1 + lean, 1 - lean])
        if rng.random() < UNILATERAL:
            sides[rng.integers(2)] = 0
        shown[unit] = np.exp(rng.uniform(low, high)) * sides
    return shown


def photographed(face: Face, scene: Performer, units: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8[H, W, 3]: one frame, the head a little off its place as it is from frame to frame."""
    drift = DRIFT * rng.standard_normal(len(DRIFT))
    picture = face.render(units, scene.pose + drift[:3], drift[3:], scene.light, zoom=scene.zoom).image
    return expose(picture, rng, NOISE, 1 + 0.01 * rng.standard_normal())
