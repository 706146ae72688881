"""Who shows an expression and how it runs in time: people, difficulty, clips of intensities. No pixels, no files."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from microexpr.core.errors import DataError
from microexpr.rendering.display import ACTION_UNITS, EXPRESSIVE, FULL, GAIN, array, draw
from microexpr.rendering.scene import Light

HABITS = ("AU2", "AU4", "AU7", "AU14", "AU17", "AU24")
RESTING = ("AU4", "AU7", "AU17", "AU25")
LIDS_AT_REST = 0.08  # of a full blink: open eyes are not stretched open
PLATEAU = 0.15  # of the time from onset to apex, or from apex to offset where that is shorter
RESIDUAL = 0.1  # of the apex, still there at offset
BLINKS = 0.15  # of all clips hold one
GLANCES = 0.25  # of all clips hold one
GLANCE = np.array([3.0, 2.0])  # yaw and pitch in degrees: standard deviation of where it goes
FIXATION = np.array([0.15, 0.15])  # the eyes are never quite still
DRIFT = np.array([0.35, 0.3, 0.2, 0.35, 0.35])  # yaw, pitch, roll in degrees, x and y in px: standard deviations


@dataclass(frozen=True, slots=True)
class Dial:
    """How hard a data set is. Intensities are fractions of a full display, before each unit's gain."""

    low: float  # apex intensity is log-uniform from here
    high: float  # to here
    habit: float  # strength of the person's habitual unit, which rides on half of the clips
    blend: float  # probability that a second emotion's display is mixed in
    noise: float  # of the camera, standard deviation in grey levels
    quality: int  # of the JPEG frames, 0..100


DIALS: dict[str, Dial] = {
    "easy": Dial(low=0.10, high=0.45, habit=0.5, blend=0.0, noise=2.5, quality=95),
    "standard": Dial(low=0.08, high=0.35, habit=0.7, blend=0.15, noise=3.0, quality=92),
    "hard": Dial(low=0.06, high=0.28, habit=1.0, blend=0.3, noise=3.5, quality=85),
    # the control: nothing there to be learned
    "null": Dial(low=0.0, high=0.0, habit=0.0, blend=0.0, noise=3.0, quality=92),
}


@dataclass(frozen=True, slots=True)
class Performer:
    """One person: a face and a manner of moving it."""

    face_seed: int  # Face(face_seed) is this person's face
    gain: dict[str, float]  # by action unit, 1 on average
    bias: float  # > 0: the left side shows more than the right
    habit: str  # the unit that rides along
    habit_gain: float
    motion: float  # factor of head motion
    light: Light
    pose: tuple[float, float, float]  # yaw, pitch, roll at rest, degrees
    zoom: float  # 1 is the usual size in the frame
    rest: dict[str, float]  # FACS intensity by action unit when nothing is shown

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> "Performer":
        """A person by chance; one generator, one person."""
        return cls(
            face_seed=int(rng.integers(2**63)),
            gain={unit: float(np.exp(rng.normal(0, 0.3))) for unit in ACTION_UNITS},
            bias=rng.normal(0, 0.2),
            habit=str(rng.choice(HABITS)),
            habit_gain=rng.uniform(0, 0.5),
            motion=rng.uniform(0.3, 1.2),
            light=Light(
                azimuth=rng.uniform(-45, 45),
                elevation=rng.uniform(15, 50),
                key=rng.uniform(1.7, 2.4),
                fill=rng.uniform(0.6, 1.0),
                warmth=rng.uniform(-1, 1),
            ),
            pose=(rng.normal(0, 4), rng.normal(0, 3), rng.normal(0, 2)),
            zoom=rng.uniform(0.94, 1.06),
            rest={unit: FULL * rng.uniform(0, 0.12) for unit in RESTING},
        )


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """What happens in one clip, frame by frame. The sides of action units are the subject's left, right."""

    action_units: np.ndarray  # float32[T, len(ACTION_UNITS), 2], 0..5: all that the face shows
    expression: np.ndarray  # float32[T, len(ACTION_UNITS), 2], 0..5: the intended expression alone
    pose: np.ndarray  # float32[T, 3]: yaw, pitch, roll, degrees
    shift: np.ndarray  # float32[T, 2]: of the head in the picture, px
    gaze: np.ndarray  # float32[T, 2]: yaw and pitch of the eyes in the head, degrees
    exposure: np.ndarray  # float32[T]: factor of brightness about 1


def perform(
    performer: Performer,
    weights: dict[str, float],
    onset: int,
    apex: int,
    offset: int,
    frames: int,
    fps: float,
    dial: Dial,
    rng: np.random.Generator,
) -> Performance:
    """One clip of a display (`weights` as from `draw`) with the events at positions 0..frames-1.

    The intended expression is 0 up to onset, first largest at apex, down to a tenth at offset; it fades after that.
    Raises DataError unless 0 <= onset < apex <= offset < frames.
    """
    if not 0 <= onset < apex <= offset < frames:
        raise DataError(f"0 <= onset < apex <= offset < frames must hold, not {onset}, {apex}, {offset}, {frames}")
    course = envelope(onset, apex, offset, frames, fps)[:, None, None]
    expression, beside = (course * one for one in peak(performer, weights, dial, rng))
    shown = expression + beside
    shown[:, ACTION_UNITS.index("AU45")] += _blink(frames, fps, rng)[:, None]
    return filmed(performer, shown, expression, fps, rng)


def peak(
    performer: Performer, weights: dict[str, float], dial: Dial, rng: np.random.Generator, strong: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """What a display's units have at its apex, and what comes beside them: FACS intensities [len(ACTION_UNITS), 2].

    `strong` is the share of a full display; None: as the dial draws it."""
    drawn = _intensity(dial, rng) if strong is None else strong
    intensity = drawn if weights else 0.0  # who shows nothing has no habit riding along
    own = _amplitude(performer, weights, intensity, rng)
    return own, _beside(performer, weights, intensity, dial, rng)


def filmed(
    performer: Performer, shown: np.ndarray, expression: np.ndarray, fps: float, rng: np.random.Generator
) -> Performance:
    """What a face shows [T, len(ACTION_UNITS), 2], over what it has at rest, of somebody who is never quite still."""
    frames, shown = len(shown), shown + _rest(performer)
    drift = _drift(DRIFT * performer.motion, 0.4 * fps, frames, rng)
    return Performance(
        action_units=np.clip(shown, 0, FULL).astype(np.float32),
        expression=expression.astype(np.float32),
        pose=(drift[:, :3] + performer.pose).astype(np.float32),
        shift=drift[:, 3:].astype(np.float32),
        gaze=_gaze(frames, fps, rng),
        exposure=_exposure(frames, fps, rng),
    )


def envelope(onset: int, apex: int, offset: int, frames: int, fps: float) -> np.ndarray:
    """The course of an expression in 0..1, float64[frames]: smooth rise, plateau, a fast fall, then a fade."""
    time = np.arange(frames, dtype=np.float64)
    rise = _smooth((time - onset) / (apex - onset))
    top = apex + PLATEAU * min(apex - onset, offset - apex)
    fall = _smooth(np.clip((time - top) / max(offset - top, 1e-9), 0, 1) ** 0.8)
    fade = np.exp(-np.maximum(time - offset, 0) / (0.3 * fps))
    return rise * (1 - (1 - RESIDUAL) * fall) * fade


def _smooth(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _intensity(dial: Dial, rng: np.random.Generator) -> float:
    place = rng.random()
    return dial.low * (dial.high / dial.low) ** place if dial.low else 0.0


def _amplitude(
    performer: Performer, weights: dict[str, float], intensity: float, rng: np.random.Generator
) -> np.ndarray:
    """FACS intensities [len(ACTION_UNITS), 2] at the apex: with the person's gains and lopsidedness, and chance."""
    amplitude = FULL * intensity * array(weights).astype(np.float64)
    for row, unit in enumerate(ACTION_UNITS):
        strength = GAIN[unit] * performer.gain[unit] * np.exp(rng.normal(0, 0.2))
        lean = np.clip(performer.bias + rng.normal(0, 0.15), -0.6, 0.6)
        amplitude[row] *= strength * np.array([1 + lean, 1 - lean])
    return np.minimum(amplitude, FULL)


def _beside(
    performer: Performer, weights: dict[str, float], intensity: float, dial: Dial, rng: np.random.Generator
) -> np.ndarray:
    """What comes with the expression without belonging to it: a habit, a second emotion's units."""
    beside = np.zeros((len(ACTION_UNITS), 2))
    habitual, strength, blended = rng.random() < 0.5, rng.uniform(0.2, 1), rng.random() < dial.blend
    if habitual:
        gain = GAIN[performer.habit] * performer.habit_gain
        beside[ACTION_UNITS.index(performer.habit)] = FULL * 2 * intensity * dial.habit * gain * strength
    if blended:
        second = draw(str(rng.choice(EXPRESSIVE)), rng)
        added = {unit: 0.6 * weight for unit, weight in second.items() if unit not in weights}
        beside += _amplitude(performer, added, intensity, rng)
    return beside


def _rest(performer: Performer) -> np.ndarray:
    rest = {unit + side: value for unit, value in performer.rest.items() for side in "LR"}
    return array(rest | {"AU45L": FULL * LIDS_AT_REST, "AU45R": FULL * LIDS_AT_REST}).astype(np.float64)


def _blink(frames: int, fps: float, rng: np.random.Generator) -> np.ndarray:
    """FACS intensity of AU45 by frame: in some clips one blink, full or partial, of about 0.1 s."""
    happens, centre, depth = rng.random() < BLINKS, rng.uniform(0, frames), rng.uniform(0.3, 1)
    if not happens:
        return np.zeros(frames)
    return FULL * depth * np.exp(-(((np.arange(frames) - centre) / (0.05 * fps)) ** 2))


def _gaze(frames: int, fps: float, rng: np.random.Generator) -> np.ndarray:
    """float32[frames, 2]: drift about straight ahead; in some clips one jump of about 30 ms, which is not undone."""
    happens, when, where = rng.random() < GLANCES, rng.uniform(0, frames), GLANCE * rng.standard_normal(2)
    jump = _smooth((np.arange(frames) - when) / (0.03 * fps))[:, None] * where * happens
    return (jump + _drift(FIXATION, 0.1 * fps, frames, rng)).astype(np.float32)


def _drift(deviation: np.ndarray, memory: float, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Random walks that stay near 0 (AR(1), correlation 1/e after `memory` frames), float64[frames, len(deviation)]."""
    keep = np.exp(-1 / memory)
    noise = rng.standard_normal((frames, len(deviation)))
    noise[1:] *= np.sqrt(1 - keep**2)
    for before, now in pairwise(noise):
        now += keep * before
    return noise * deviation


def _exposure(frames: int, fps: float, rng: np.random.Generator) -> np.ndarray:
    """Mains light (50 Hz, so 100 a second, never quite) as it beats with the frame rate, and a slow wander."""
    beat = (100.3 % fps) / fps
    flicker = 0.01 * np.sin(2 * np.pi * (beat * np.arange(frames) + rng.random()))
    return (1 + flicker + _drift(np.array([0.006]), 0.2 * fps, frames, rng)[:, 0]).astype(np.float32)
