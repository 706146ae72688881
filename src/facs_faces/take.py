"""Sample a long take of one person, for spotting: expressions, blinks, glances and speech among rest. No pixels.

The ground truth of the T frames is a list of events, in frames from 0.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, Field

from facs_faces import display
from facs_faces.display import ACTION_UNITS, FULL, GAIN
from facs_faces.performance import DIFFICULTIES, GLANCE, Performance, Performer, complete_performance, envelope, peak
from microexpr.core.clip import EventKind as Kind
from microexpr.core.errors import ParamsError

MICRO = ("happiness", "disgust", "repression", "surprise", "sadness", "fear", "anger", "contempt")
MACRO = ("happiness", "disgust", "surprise", "sadness", "anger")
SECONDS = {  # from onset to offset; macro as in CAS(ME)^2
    "micro": (0.2, 0.5), "macro": (0.7, 2.0), "blink": (0.15, 0.3), "glance": (0.4, 1.5), "speech": (1.0, 2.0),
}  # fmt: skip
WORDS: dict[Kind, str] = {  # in an error
    "micro": "micro", "macro": "macro", "blink": "blinks", "glance": "glances", "speech": "stretches of speech",
}  # fmt: skip
RISE = (0.35, 0.6)  # share of the duration until the apex
MIN_GAP = 0.5  # seconds between two events, at least
STRONG = (0.6, 1.0)  # strength of a macro-expression, as a share of a full display
MIN_BLINK = 0.3  # share of a full blink
BLINK = {"AU45L": 1.0, "AU45R": 1.0}
JUMP = 0.03  # seconds in which the eyes move to a glance's target, or back
SYLLABLES = (3.0, 6.0)  # openings of the mouth a second, in speech
VOICE = (("AU25", 1.0), ("AU26", 0.7), ("AU22", 0.3))  # units of a syllable, each with its share of the height
LOUDNESS = (0.2, 0.6)  # height of a syllable, as a share of a full display

Draw = Callable[[], tuple[str, dict[str, float]]]  # samples an emotion and its sided action units
Contents = Sequence[tuple[Kind, Draw | None]]  # kinds of events, each with its draw if it is an expression


class Params(BaseModel, frozen=True, extra="forbid"):
    """Options of `microexpr film`."""

    seconds: float = Field(60, ge=2, le=600, description="length of the video")
    fps: int = Field(100, ge=25, le=500, description="frames a second")
    micro: int = Field(5, ge=0, le=200, description="micro-expressions")
    macro: int = Field(3, ge=0, le=200, description="macro-expressions")
    blinks: int = Field(10, ge=0, le=1000, description="blinks")
    glances: int = Field(default=0, ge=0, le=1000, description="glances to the side and back")
    speech: int = Field(default=0, ge=0, le=200, description="stretches of speech, of one or two seconds")
    difficulty: Literal["easy", "standard", "hard", "null"] = Field(
        "standard", description="how faint and how mixed they are; null shows none at all"
    )
    width: int = Field(640, ge=320, le=2048, description="of a frame, pixels")
    height: int = Field(480, ge=240, le=1088, description="of a frame, pixels")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a take; onset and offset are its first and last frame."""

    kind: Kind
    emotion: str  # "" without an expression
    weights: dict[str, float]  # by sided action unit
    onset: int
    apex: int
    offset: int


def sample_events(params: Params, rng: np.random.Generator, *, overlap: bool = False) -> list[Event]:
    """Sample the events of a take, in order of time, as `place` or, with overlap, `place_over` places them.

    Raises ParamsError if they do not fit."""
    counts: dict[Kind, int] = {
        "micro": params.micro, "macro": params.macro, "blink": params.blinks, "glance": params.glances,
        "speech": params.speech,
    }  # fmt: skip

    def expression(words: Sequence[str], displays: Mapping[str, display.Displays]) -> tuple[str, dict[str, float]]:
        emotion = str(rng.choice(words))
        return emotion, display.sample_display(emotion, rng, displays=displays)

    draws: dict[Kind, Draw] = {
        "micro": lambda: expression(MICRO, display.DISPLAYS),
        "macro": lambda: expression(MACRO, display.POSES),
    }
    contents = [(kind, draws.get(kind)) for kind, count in counts.items() for _ in range(count)]
    return (place_over if overlap else place)(contents, params, rng)


def place_over(contents: Contents, params: Params, rng: np.random.Generator) -> list[Event]:
    """Place expressions, and independently all other events: a blink, a glance or speech may fall on an expression.

    Raises ParamsError if they do not fit."""
    expressions, others = ([item for item in contents if (item[1] is None) == other] for other in (False, True))
    return sorted(place(expressions, params, rng) + place(others, params, rng), key=lambda event: event.onset)


def place(contents: Contents, params: Params, rng: np.random.Generator) -> list[Event]:
    """Place events in a take of `seconds` at random, in order of time, without overlap.

    Each expression samples what it shows. Raises ParamsError if they do not fit."""
    order = [contents[i] for i in rng.permutation(len(contents))]
    lengths = [round(rng.uniform(*SECONDS[kind]) * params.fps) for kind, _ in order]
    frames, min_gap = round(params.seconds * params.fps), round(MIN_GAP * params.fps)
    spare = frames - sum(lengths) - min_gap * (len(order) + 1)
    if spare < 0:
        minimum = (frames - spare) / params.fps
        counts = Counter(kind for kind, _ in order)
        *parts, last = (f"{counts[kind]} {word}" for kind, word in WORDS.items() if counts[kind])
        content = " and ".join([*filter(None, [", ".join(parts)]), last])
        raise ParamsError(
            f"seconds must be at least {minimum:.1f} for {content}, not {params.seconds:g}; ask for fewer"
        )
    gaps = np.floor(np.cumsum(rng.dirichlet(np.ones(len(order) + 1))) * spare).astype(int)
    events: list[Event] = []
    elapsed = 0  # frames of earlier events
    for (kind, draw), length, gap in zip(order, lengths, gaps, strict=False):
        onset = int(gap) + elapsed + min_gap * (len(events) + 1)
        elapsed += length
        apex = onset + max(1, round(length * rng.uniform(*RISE)))
        emotion, weights = draw() if draw else ("", BLINK if kind == "blink" else {})
        events.append(Event(kind, emotion, weights, onset, apex, onset + length))
    return events


def perform(performer: Performer, events: Sequence[Event], params: Params, rng: np.random.Generator) -> Performance:
    """Sample the performance of a take. Strength, habits and blends of micro-expressions follow the difficulty."""
    frames, difficulty = round(params.seconds * params.fps), DIFFICULTIES[params.difficulty]
    movement = np.zeros((frames, len(ACTION_UNITS), 2))
    expression, gaze = np.zeros_like(movement), np.zeros((frames, 2), np.float32)
    for event in events:
        if event.kind == "glance":
            departure, arrival = (
                np.clip((np.arange(frames) - start) / (JUMP * params.fps), 0, 1)
                for start in (event.onset, event.offset - JUMP * params.fps)
            )
            gaze += ((departure - arrival)[:, None] * GLANCE * rng.standard_normal(2)).astype(np.float32)
            continue
        if event.kind == "speech":  # the mouth opens and closes, a syllable at a time
            onset = float(event.onset)
            while onset < event.offset:
                length = params.fps / rng.uniform(*SYLLABLES)
                first, last = round(onset), min(round(onset + length), event.offset + 1)
                course = np.sin(np.pi * np.arange(last - first) / max(1, last - first)) ** 2
                for unit, share in VOICE:
                    height = FULL * GAIN[unit] * share * rng.uniform(*LOUDNESS)
                    movement[first:last, ACTION_UNITS.index(unit)] += (height * course)[:, None]
                onset += length * rng.uniform(1, 1.4)
            continue
        course = envelope(event.onset, event.apex, event.offset, frames, params.fps)[:, None, None]
        if event.kind == "blink":
            movement[:, ACTION_UNITS.index("AU45")] += FULL * rng.uniform(MIN_BLINK, 1) * course[:, 0]
            continue
        strength = (rng.uniform(*STRONG) if difficulty.high else 0.0) if event.kind == "macro" else None
        units, incidental = peak(performer, event.weights, difficulty, rng, strength)
        expression += course * units
        movement += course * (units + incidental)
    performance = complete_performance(performer, movement, expression, params.fps, rng)
    return replace(performance, gaze=performance.gaze + gaze)
