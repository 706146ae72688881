"""Sample a long take of one person, for spotting: micro- and macro-expressions and blinks among rest. No pixels.

The ground truth of the T frames is a list of events, in frames from 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.errors import ParamsError
from microexpr.rendering import display
from microexpr.rendering.display import ACTION_UNITS, FULL
from microexpr.rendering.performance import DIFFICULTIES, Performance, Performer, complete_performance, envelope, peak

Kind = Literal["micro", "macro", "blink"]
MICRO = ("happiness", "disgust", "repression", "surprise", "sadness", "fear", "anger", "contempt")
MACRO = ("happiness", "disgust", "surprise", "sadness", "anger")
SECONDS = {
    "micro": (0.2, 0.5),
    "macro": (0.7, 2.0),
    "blink": (0.15, 0.3),
}  # from onset to offset; macro as in CAS(ME)^2
RISE = (0.35, 0.6)  # share of the duration until the apex
MIN_GAP = 0.5  # seconds between two events, at least
STRONG = (0.6, 1.0)  # strength of a macro-expression, as a share of a full display
MIN_BLINK = 0.3  # share of a full blink


class Params(BaseModel):
    """Options of `microexpr film`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(60, ge=2, le=600, description="length of the video")
    fps: int = Field(100, ge=25, le=500, description="frames a second")
    micro: int = Field(5, ge=0, le=200, description="micro-expressions")
    macro: int = Field(3, ge=0, le=200, description="macro-expressions")
    blinks: int = Field(10, ge=0, le=1000, description="blinks")
    difficulty: Literal["easy", "standard", "hard"] = Field("standard", description="how faint and how mixed they are")
    width: int = Field(640, ge=320, le=2048, description="of a frame, pixels")
    height: int = Field(480, ge=240, le=1088, description="of a frame, pixels")


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a take; onset and offset are its first and last frame."""

    kind: Kind
    emotion: str  # "" for a blink
    weights: dict[str, float]  # by sided action unit
    onset: int
    apex: int
    offset: int


def sample_events(params: Params, rng: np.random.Generator) -> list[Event]:
    """Sample the events of a take, in order of time, without overlap. Raises ParamsError if they do not fit."""
    counts: dict[Kind, int] = {"micro": params.micro, "macro": params.macro, "blink": params.blinks}
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    order = [kinds[i] for i in rng.permutation(len(kinds))]
    lengths = [round(rng.uniform(*SECONDS[kind]) * params.fps) for kind in order]
    frames, min_gap = round(params.seconds * params.fps), round(MIN_GAP * params.fps)
    spare = frames - sum(lengths) - min_gap * (len(order) + 1)
    if spare < 0:
        minimum = (frames - spare) / params.fps
        content = f"{params.micro} micro, {params.macro} macro and {params.blinks} blinks"
        raise ParamsError(
            f"seconds must be at least {minimum:.1f} for {content}, not {params.seconds:g}; ask for fewer"
        )
    gaps = np.floor(np.cumsum(rng.dirichlet(np.ones(len(order) + 1))) * spare).astype(int)
    events: list[Event] = []
    elapsed = 0  # frames of earlier events
    for kind, length, gap in zip(order, lengths, gaps, strict=False):
        onset = int(gap) + elapsed + min_gap * (len(events) + 1)
        elapsed += length
        apex = onset + max(1, round(length * rng.uniform(*RISE)))
        emotion = "" if kind == "blink" else str(rng.choice(MICRO if kind == "micro" else MACRO))
        displays = display.POSES if kind == "macro" else display.DISPLAYS
        weights = display.sample_display(emotion, rng, displays=displays) if emotion else {"AU45L": 1.0, "AU45R": 1.0}
        events.append(Event(kind, emotion, weights, onset, apex, onset + length))
    return events


def perform(performer: Performer, events: Sequence[Event], params: Params, rng: np.random.Generator) -> Performance:
    """Sample the performance of a take. Strength, habits and blends of micro-expressions follow the difficulty."""
    frames, difficulty = round(params.seconds * params.fps), DIFFICULTIES[params.difficulty]
    movement = np.zeros((frames, len(ACTION_UNITS), 2))
    expression = np.zeros_like(movement)
    for event in events:
        course = envelope(event.onset, event.apex, event.offset, frames, params.fps)[:, None, None]
        if event.kind == "blink":
            movement[:, ACTION_UNITS.index("AU45")] += FULL * rng.uniform(MIN_BLINK, 1) * course[:, 0]
            continue
        strength = rng.uniform(*STRONG) if event.kind == "macro" else None
        units, incidental = peak(performer, event.weights, difficulty, rng, strength)
        expression += course * units
        movement += course * (units + incidental)
    return complete_performance(performer, movement, expression, params.fps, rng)
