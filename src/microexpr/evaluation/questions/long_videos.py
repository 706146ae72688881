"""Ask and answer questions on long videos: how many expressions, when, and of which classes.

The forms are of this project: those of MEGC 2026 (arXiv 2603.08927) are in no public file. Times are seconds since the
first frame. Text in, text out: no pixels.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from microexpr.core.clip import LABELS, Clip, LongVideo

Topic = Literal["micro count", "macro count", "times", "classes"]
FORMS: dict[Topic, str] = {
    "micro count": "How many micro-expressions are in the video?",
    "macro count": "How many macro-expressions are in the video?",
    "times": "When do the micro-expressions start and end?",
    "classes": "What are the coarse expression classes of the micro-expressions?",
}
NONE = "none"
_SECONDS = r"(?<![\d.])(\d{1,6}(?:\.\d{1,9})?)"
_SPAN = re.compile(_SECONDS + r"\s*(?:s|sec|seconds)?\s*(?:to|-|–)\s*" + _SECONDS)


@dataclass(frozen=True, slots=True)
class Event:
    """An expression in a long video."""

    kind: str  # "micro" or "macro"
    onset: float  # seconds
    offset: float
    coarse: str  # class, "" where it is not known


def event(video: Clip, kind: str, onset: int, offset: int, coarse: str) -> Event:
    """Return the event between two frames of a video, which its data set numbers."""
    return Event(kind, (onset - video.first) / video.fps, (offset - video.first) / video.fps, coarse)


def events(video: LongVideo) -> list[Event]:
    """Return the annotated expressions of a video, in the order of their onsets."""
    classes = ["" if e.label is None else LABELS[e.label] for e in video.expressions]
    pairs = zip(video.expressions, classes, strict=True)
    return [event(video.clip, e.kind, e.onset, e.offset, coarse) for e, coarse in pairs]


def answer(topic: str, expressions: Sequence[Event]) -> str:
    """Return the answer to a topic of `FORMS` for these expressions; lists are in the order of their onsets."""
    micro = sorted((e for e in expressions if e.kind == "micro"), key=lambda e: (e.onset, e.offset))
    match topic:
        case "micro count":
            return str(len(micro))
        case "macro count":
            return str(len(expressions) - len(micro))
        case "times":
            return ", ".join(f"{e.onset:.3f} to {e.offset:.3f} s" for e in micro) or NONE
    return ", ".join(e.coarse or "unknown" for e in micro) or NONE


@lru_cache(maxsize=1 << 14)  # a table compares the same few answers a million times
def plain(text: str) -> str:
    """Return an answer in small letters, without a full stop, its words a space apart."""
    return " ".join(text.split()).casefold().rstrip(" .")


def number(text: str) -> int | None:
    """Return the first whole number in an answer, None where there is none."""
    match = re.search(r"\d{1,9}", text)
    return int(match[0]) if match else None


def spans(text: str) -> list[tuple[float, float]]:
    """Return the start and end of each interval in an answer, in seconds; not of one that ends before it starts."""
    pairs = [(float(start), float(end)) for start, end in _SPAN.findall(text.casefold())]
    return [(start, end) for start, end in pairs if start <= end]


def classes(text: str) -> list[str]:
    """Return the classes in an answer, in its order."""
    words = plain(text)
    return [] if words == NONE else [part.strip() for part in words.split(",")]
