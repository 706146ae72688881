"""Ask and answer questions on long videos: how many expressions, when, and of which classes.

The forms are of this project: those of MEGC 2026 (arXiv 2603.08927) are in no public file. Times are seconds as players
show them. Text in, text out: no pixels.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from microexpr.core.clip import LABELS, LongVideo

Topic = Literal["micro count", "macro count", "times", "classes"]
FORMS: dict[Topic, str] = {
    "micro count": "How many micro-expressions are in the video?",
    "macro count": "How many macro-expressions are in the video?",
    "times": "When do the micro-expressions start and end?",
    "classes": "What are the coarse expression classes of the micro-expressions?",
}
NONE = "none"
_TIME = r"(?<![\d.{}])(\d{{1,6}}(?:\.\d{{1,9}})?)\s*(ms|milliseconds?|s|sec|seconds?)?(?![a-z])"
_SPAN = re.compile(rf"{_TIME.format('–-')}\s*(?:to|-|–)\s*{_TIME.format('')}")
_OTHERS = re.compile(r"\d|\b(?:frames?|images?|m|min|minutes?|h|hours?)\b")  # times and units next to intervals
_NOTHING = re.compile(rf"(?:there (?:is|are) )?(?:{NONE}|no micro-expressions?)")


@dataclass(frozen=True, slots=True)
class Event:
    """An expression in a long video."""

    kind: str  # "micro" or "macro"
    onset: float  # seconds
    offset: float
    coarse: str  # class, "" where it is not known


def event(video: LongVideo, kind: str, onset: int, offset: int, coarse: str) -> Event:
    """Return the event between two frames of a video, which its data set numbers."""
    start, stop = (video.start + (number - video.clip.first) / video.clip.fps for number in (onset, offset))
    return Event(kind, start, stop, coarse)


def events(video: LongVideo) -> list[Event]:
    """Return the annotated expressions of a video, in the order of their onsets."""
    classes = ["" if e.label is None else LABELS[e.label] for e in video.expressions]
    pairs = zip(video.expressions, classes, strict=True)
    return [event(video, e.kind, e.onset, e.offset, coarse) for e, coarse in pairs]


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
    """Return the only number in an answer; None where there is none or several, or it has a sign or a fraction."""
    numbers = re.findall(r"[+-]?\d+(?:[.,:]\d+)*", text)
    return int(numbers[0]) if len(numbers) == 1 and re.fullmatch(r"\d{1,9}", numbers[0]) else None


def spans(text: str) -> list[tuple[float, float]] | None:
    """Return the start and end of each interval in an answer, in seconds, or in ms if it says so.

    None for one that is not understood: with both units, with other numbers or units such as frames, without an
    interval, and with one that ends before it starts."""
    words = plain(text)
    matches = _SPAN.findall(words)
    pairs = [(float(start), float(end)) for start, _, end, _ in matches]
    units = {unit[0] for _, first, _, last in matches for unit in (first, last) if unit} or {"s"}
    is_wrong = len(units) > 1 or _OTHERS.search(_SPAN.sub("", words)) or any(start > end for start, end in pairs)
    if is_wrong or not (pairs or _NOTHING.fullmatch(words)):
        return None
    scale = 1000 if units == {"m"} else 1
    return [(start / scale, end / scale) for start, end in pairs]


def classes(text: str) -> list[str]:
    """Return the classes in an answer, in its order."""
    return listed(plain(text))


def listed(words: str) -> list[str]:
    """Return the parts of a list, between commas, semicolons or the word and; [] for none."""
    return [] if words == NONE else [part for part in re.split(r"\s*(?:[,;]|\band\b)\s*", words) if part]
