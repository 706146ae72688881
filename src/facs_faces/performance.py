"""Sample a performer and the course of an expression in time, as action units frame by frame. No pixels, no files."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from facs_faces.display import ACTION_UNITS, EXPRESSIVE, FULL, GAIN, SIDES, array, gain, sample_display
from facs_faces.scene import Light
from microexpr.core.errors import DataError

HABITS = ("AU2", "AU4", "AU7", "AU14", "AU17", "AU24")
RESTING = {"AU4": 0.12, "AU7": 0.12, "AU17": 0.12, "AU25": 0.06}  # shares of a full display, at most
LIDS_AT_REST = 0.08  # of a full blink: relaxed lids are not fully open
PLATEAU = 0.15  # of the time from onset to apex, or from apex to offset if that is shorter
RESIDUAL = 0.1  # of the intensity at the apex, at the offset
BLINKS = 0.15  # share of clips with a blink
GLANCES = 0.25  # share of clips with a glance
GLANCE = np.array([3.0, 2.0])  # yaw and pitch in degrees: standard deviations of its target
FIXATION = np.array([0.15, 0.15])  # yaw and pitch in degrees: standard deviations of the eyes' drift
DRIFT = np.array([0.35, 0.3, 0.2, 0.35, 0.35])  # yaw, pitch, roll in degrees, x and y in px: standard deviations
# Of a picture taken anywhere:
LIGHT = ((-70, 70), (0, 60), (1.2, 2.6), (0.45, 1.2), (-1, 1))  # azimuth, elevation, key, fill, warmth: uniform ranges
POSE = np.array([12.0, 7.0, 6.0])  # yaw, pitch, roll in degrees: standard deviations; values are cut at two of them
NEARER = 1.2  # factor to the zoom of a laboratory's camera, since pictures are cut around the face
ZOOM = 0.12  # standard deviation of its logarithm, cut in the same way


@dataclass(frozen=True, slots=True)
class Difficulty:
    """The difficulty of a corpus. Intensities are fractions of a full display, before each unit's gain."""

    low: float  # the intensity at the apex is log-uniform in low..high
    high: float
    habit: float  # strength of the person's habitual unit, which accompanies half of the expressions
    blend: float  # probability that a second emotion's display is mixed in
    noise: float  # standard deviation of the camera's noise in grey levels
    quality: int  # of JPEG frames, 0..100


DIFFICULTIES: dict[str, Difficulty] = {
    "easy": Difficulty(low=0.10, high=0.45, habit=0.5, blend=0.0, noise=2.5, quality=95),
    "standard": Difficulty(low=0.08, high=0.35, habit=0.7, blend=0.15, noise=3.0, quality=92),
    "hard": Difficulty(low=0.06, high=0.28, habit=1.0, blend=0.3, noise=3.5, quality=85),
    # the control, without anything to learn
    "null": Difficulty(low=0.0, high=0.0, habit=0.0, blend=0.0, noise=3.0, quality=92),
}


@dataclass(frozen=True, slots=True)
class Performer:
    """One person: a face and a manner of moving it."""

    face_seed: int  # Face(face_seed) is this person's face
    gain: dict[str, float]  # by action unit, 1 on average
    bias: float  # > 0: the left side moves more than the right
    habit: str  # habitual action unit
    habit_gain: float  # its strength
    motion: float  # factor of head motion
    light: Light
    pose: tuple[float, float, float]  # yaw, pitch, roll at rest, degrees
    zoom: float  # 1 is the usual size in the frame
    rest: dict[str, float]  # FACS intensity by action unit at rest

    @classmethod
    def sample(cls, rng: np.random.Generator) -> "Performer":
        """Sample a performer; each should have a separate random stream."""
        return cls(
            face_seed=int(rng.integers(2**63)),
            gain={unit: float(np.exp(rng.normal(0, 0.3))) for unit in ACTION_UNITS},
            bias=rng.normal(0, 0.2),
            habit=str(rng.choice(HABITS)),
            habit_gain=rng.uniform(0, 0.5),
            motion=rng.uniform(0.3, 1.2),
            light=_light(rng),
            pose=(rng.normal(0, 4), rng.normal(0, 3), rng.normal(0, 2)),
            zoom=rng.uniform(0.94, 1.06),
            rest={unit: FULL * rng.uniform(0, most) for unit, most in RESTING.items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """The course of one clip of T frames. The sides of action units are the subject's left, right."""

    action_units: np.ndarray  # float32[T, len(ACTION_UNITS), 2], 0..5: everything that the face shows
    expression: np.ndarray  # float32[T, len(ACTION_UNITS), 2], 0..5: the intended expression alone
    pose: np.ndarray  # float32[T, 3]: yaw, pitch, roll, degrees
    shift: np.ndarray  # float32[T, 2]: of the head in the image, px
    gaze: np.ndarray  # float32[T, 2]: yaw and pitch of the eyes in the head, degrees
    exposure: np.ndarray  # float32[T]: factor of brightness about 1


def _light(rng: np.random.Generator) -> Light:
    """Sample the light: mostly from the front and soft, sometimes from one side and hard."""
    side, height, share, bright, warmth = rng.uniform(-1, 1, 5)
    share, bright = (share + 1) / 2, np.exp(0.2 * bright)  # of the key light in all light; of all light
    return Light(
        azimuth=80 * side * abs(side),
        elevation=30 + 25 * height,
        key=bright * (0.9 + 1.4 * share),
        fill=bright * (1.35 - 0.7 * share),
        warmth=1.6 * warmth,
        softness=0.6 - 0.35 * share,
    )


def vary_performer(performer: Performer, rng: np.random.Generator) -> Performer:
    """Return the same person in a picture taken anywhere: another pose and light, nearer or farther."""
    yaw, pitch, roll, nearness = (float(v) for v in np.clip(rng.standard_normal(4), -2, 2) * [*POSE, ZOOM])
    light = Light(*(float(rng.uniform(*ends)) for ends in LIGHT))
    zoom = performer.zoom * NEARER * float(np.exp(nearness))
    return replace(performer, pose=(yaw, pitch, roll), light=light, zoom=zoom)


def perform(
    performer: Performer, weights: dict[str, float], onset: int, apex: int, offset: int, frames: int, fps: float,
    difficulty: Difficulty, rng: np.random.Generator,
) -> Performance:  # fmt: skip
    """Sample the performance of a display (`weights` as from `sample_display`); events are positions in 0..frames-1.

    The intended expression is 0 up to the onset, largest at the apex, a tenth of that at the offset, and then fades.
    Raises DataError unless 0 <= onset < apex <= offset < frames."""
    if not 0 <= onset < apex <= offset < frames:
        raise DataError(f"0 <= onset < apex <= offset < frames must hold, not {onset}, {apex}, {offset}, {frames}")
    course = envelope(onset, apex, offset, frames, fps)[:, None, None]
    expression, incidental = (course * units for units in peak(performer, weights, difficulty, rng))
    movement = expression + incidental
    blinks, centre, depth = rng.random() < BLINKS, rng.uniform(0, frames), rng.uniform(0.3, 1)
    if blinks:  # once, fully or partially, for about 0.1 s
        blink = FULL * depth * np.exp(-(((np.arange(frames) - centre) / (0.05 * fps)) ** 2))
        movement[:, ACTION_UNITS.index("AU45")] += blink[:, None]
    return complete_performance(performer, movement, expression, fps, rng)


def peak(
    performer: Performer, weights: dict[str, float], difficulty: Difficulty, rng: np.random.Generator,
    strength: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Sample FACS intensities at the apex, [len(ACTION_UNITS), 2]: of the display, and of incidental units.

    `strength` is a share of a full display; None samples it from the difficulty's range. Incidental units accompany an
    expression without belonging to it: a habit, a second emotion's units."""
    if strength is None:
        quantile = rng.random()
        strength = difficulty.low * (difficulty.high / difficulty.low) ** quantile if difficulty.low else 0.0
    intensity = strength if weights else 0.0  # a neutral face has no habitual unit either
    expression = _amplitude(performer, weights, intensity, rng)
    incidental = np.zeros((len(ACTION_UNITS), 2))
    has_habit, share, is_blended = rng.random() < 0.5, rng.uniform(0.2, 1), rng.random() < difficulty.blend
    if has_habit:
        habit = 2 * difficulty.habit * GAIN[performer.habit] * performer.habit_gain * share
        incidental[ACTION_UNITS.index(performer.habit)] = FULL * intensity * habit
    if is_blended:
        second = sample_display(str(rng.choice(EXPRESSIVE)), rng)
        added = {unit: 0.6 * weight for unit, weight in second.items() if unit not in weights}
        incidental += _amplitude(performer, added, intensity, rng)
    return expression, incidental


def complete_performance(
    performer: Performer, movement: np.ndarray, expression: np.ndarray, fps: float, rng: np.random.Generator
) -> Performance:
    """Add the resting face, and sample head pose, gaze and exposure, for a movement [T, len(ACTION_UNITS), 2]."""
    frames, time = len(movement), np.arange(len(movement))
    drift = _drift(DRIFT * performer.motion, 0.4 * fps, frames, rng)
    # the eyes drift about straight ahead, in some clips with one lasting jump of about 30 ms
    jumps, start, target = rng.random() < GLANCES, rng.uniform(0, frames), GLANCE * rng.standard_normal(2)
    jump = _smooth((time - start) / (0.03 * fps))[:, None] * target * jumps
    gaze = jump + _drift(FIXATION, 0.1 * fps, frames, rng)
    # mains light of about 100 Hz, which beats with the frame rate, and slow drift
    flicker = 0.01 * np.sin(2 * np.pi * ((100.3 % fps) / fps * time + rng.random()))
    exposure = 1 + flicker + _drift(np.array([0.006]), 0.2 * fps, frames, rng)[:, 0]
    return Performance(
        action_units=np.clip(movement + resting_units(performer.rest).astype(np.float64), 0, FULL).astype(np.float32),
        expression=expression.astype(np.float32),
        pose=(drift[:, :3] + performer.pose).astype(np.float32),
        shift=drift[:, 3:].astype(np.float32),
        gaze=gaze.astype(np.float32),
        exposure=exposure.astype(np.float32),
    )


def resting_units(rest: Mapping[str, float]) -> np.ndarray:
    """Return the FACS intensities float32[len(ACTION_UNITS), 2] of a face at rest, as of `Performer.rest`."""
    return array(
        {unit + side: value for unit, value in {**rest, "AU45": FULL * LIDS_AT_REST}.items() for side in SIDES}
    )


def envelope(onset: int, apex: int, offset: int, frames: int, fps: float) -> np.ndarray:
    """Return the course of an expression in 0..1, float64[frames]: smooth rise, plateau, fast fall, slow fade."""
    time = np.arange(frames, dtype=np.float64)
    rise = _smooth((time - onset) / (apex - onset))
    top = apex + PLATEAU * min(apex - onset, offset - apex)
    fall = _smooth(np.clip((time - top) / max(offset - top, 1e-9), 0, 1) ** 0.8)
    fade = np.exp(-np.maximum(time - offset, 0) / (0.3 * fps))
    return rise * (1 - (1 - RESIDUAL) * fall) * fade


def _smooth(x: np.ndarray) -> np.ndarray:
    """Return a smooth step from 0 at x = 0 to 1 at x = 1."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _amplitude(
    performer: Performer, weights: dict[str, float], intensity: float, rng: np.random.Generator
) -> np.ndarray:
    """Sample FACS intensities [len(ACTION_UNITS), 2] at the apex, with the performer's gains and asymmetry."""
    amplitude = FULL * intensity * array(weights).astype(np.float64)
    for row, unit in enumerate(ACTION_UNITS):
        strength = gain(unit, intensity) * performer.gain[unit] * np.exp(rng.normal(0, 0.2))
        lean = np.clip(performer.bias + rng.normal(0, 0.15), -0.6, 0.6)
        amplitude[row] *= strength * np.array([1 + lean, 1 - lean])
    return np.minimum(amplitude, FULL)


def _drift(deviation: np.ndarray, memory: float, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Sample AR(1) processes about 0, float64[frames, len(deviation)], with correlation 1/e after `memory` frames."""
    keep = np.exp(-1 / memory)
    noise = rng.standard_normal((frames, len(deviation)))
    noise[1:] *= np.sqrt(1 - keep**2)
    for previous, current in pairwise(noise):
        current += keep * previous
    return noise * deviation
