"""A long take of one person, for spotting: micro- and macro-expressions and blinks among rest. No files, no pixels.

T frames; the truth is the list of what happens when, in frames from 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.errors import ParamsError
from microexpr.rendering import display
from microexpr.rendering.display import ACTION_UNITS, FULL
from microexpr.rendering.performance import DIALS, Performance, Performer, envelope, filmed, peak

Kind = Literal["micro", "macro", "blink"]
MICRO = ("happiness", "disgust", "repression", "surprise", "sadness", "fear", "anger", "contempt")
MACRO = ("happiness", "disgust", "surprise", "sadness", "anger")
SECONDS = {"micro": (0.2, 0.5), "macro": (0.7, 2.0), "blink": (0.15, 0.3)}  # from onset to offset; macro as CAS(ME)^2
RISE = (0.35, 0.6)  # share of it until the apex
APART = 0.5  # seconds at least from one to the next
STRONG = (0.6, 1.0)  # of a full display: a macro-expression
LEAST = 0.3  # of a full blink


class Params(BaseModel):
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
    """One thing that the face does, first and last frame included."""

    kind: Kind
    emotion: str  # "" of a blink
    weights: dict[str, float]  # by sided action unit
    onset: int
    apex: int
    offset: int


def planned(params: Params, rng: np.random.Generator) -> list[Event]:
    """What happens, in the order of time; nothing overlaps. Raises ParamsError where it does not fit."""
    counts: dict[Kind, int] = {"micro": params.micro, "macro": params.macro, "blink": params.blinks}
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    order = [kinds[place] for place in rng.permutation(len(kinds))]
    lengths = [round(rng.uniform(*SECONDS[kind]) * params.fps) for kind in order]
    frames, apart = round(params.seconds * params.fps), round(APART * params.fps)
    left = frames - sum(lengths) - apart * (len(order) + 1)
    if left < 0:
        least = (frames - left) / params.fps
        raise ParamsError(f"seconds must be at least {least:.1f} for {len(order)} events, not {params.seconds:g}")
    gaps = np.floor(np.cumsum(rng.dirichlet(np.ones(len(order) + 1))) * left).astype(int)
    events: list[Event] = []
    spent = 0
    for kind, length, gap in zip(order, lengths, gaps, strict=False):
        onset = int(gap) + spent + apart * (len(events) + 1)
        spent += length
        apex = onset + max(1, round(length * rng.uniform(*RISE)))
        emotion = "" if kind == "blink" else str(rng.choice(MICRO if kind == "micro" else MACRO))
        weights = display.draw(emotion, rng) if emotion else {"AU45L": 1.0, "AU45R": 1.0}
        events.append(Event(kind, emotion, weights, onset, apex, onset + length))
    return events


def perform(performer: Performer, events: Sequence[Event], params: Params, rng: np.random.Generator) -> Performance:
    """The whole take. Micro-expressions are as strong as the difficulty says, with its habits and blends."""
    frames, dial = round(params.seconds * params.fps), DIALS[params.difficulty]
    shown = np.zeros((frames, len(ACTION_UNITS), 2))
    expression = np.zeros_like(shown)
    for event in events:
        run = envelope(event.onset, event.apex, event.offset, frames, params.fps)[:, None, None]
        if event.kind == "blink":
            shown[:, ACTION_UNITS.index("AU45")] += FULL * rng.uniform(LEAST, 1) * run[:, 0]
            continue
        strong = rng.uniform(*STRONG) if event.kind == "macro" else None
        own, beside = peak(performer, event.weights, dial, rng, strong)
        expression += run * own
        shown += run * (own + beside)
    return filmed(performer, shown, expression, params.fps, rng)
