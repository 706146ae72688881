"""An event that a coder marked, and the words for its kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from microexpr.core import facs
from microexpr.core.clip import EventKind as Kind
from microexpr.core.errors import DataError
from microexpr.core.subjects import NOBODY, composed, could_be_name, stated

Problems = list[str] | None
TEXTS = ("recording", "subject", "coder", "emotion", "action_units")
NOTHING = ("none", "nan", "no focal subject")  # by which BORIS and pandas say that there is none
DOUBTFUL = {*NOBODY} - {"", *NOTHING}  # by which others say so, or mean something else
MEANT = {"action_units": "?", "emotion": "unknown"}  # words that are something: of FACS, and of data sets
ROUNDED = 1.1e-3  # seconds by which the times of the first and last frame together may be rounded
SAME_RATE = 5e-4  # 29.97 and 30 differ by twice as much: two frames in a minute


@dataclass(frozen=True, slots=True)
class Coded:
    """An event that a coder marked in a recording. Its times are numbers of frames, or seconds from the beginning: of
    the frames themselves, or of a `span`, which ends where the frame after the last begins, as on a timeline."""

    kind: Kind
    onset: float
    apex: float | None
    offset: float
    unit: Literal["frames", "seconds"] = "seconds"
    span: bool = False
    emotion: str = ""  # as annotated
    action_units: str = ""  # the same
    recording: str = ""  # path or name, where the file says it
    subject: str = ""
    coder: str = ""
    fps: float = 0  # frames a second that its frames were counted at, where the file says it
    seconds: tuple[tuple[str, float], ...] = ()  # onset, apex, offset in seconds next to those in frames, by column
    where: str = ""  # file and row, or tier, for messages

    def frames(self, seconds: np.ndarray) -> tuple[int, int | None, int]:
        """Return the positions of onset, apex and offset among frames with these times, float64[T], rising. Raises
        DataError if they are not in this order, outside of the recording, or counted at another rate."""
        if self.fps:
            self._check_rate(seconds)
        onset, offset = self._position(self.onset, seconds, "onset"), self._position(self.offset, seconds, "offset")
        apex = None if self.apex is None else self._position(self.apex, seconds, "apex")
        offset -= self.span
        if onset > offset or (apex is not None and not onset <= apex <= offset):
            times = " and ".join(f"{time:g}" for time in (self.onset, self.apex, self.offset) if time is not None)
            least = ", with a frame between them" if self.span else ""
            raise DataError(f"onset, apex and offset must follow each other{least}, not {times} ({self.where})")
        for column, time in self.seconds:
            position = {"onset": onset, "apex": apex, "offset": offset}[name := column.partition("_")[0]]
            step = (seconds[-1] - seconds[0]) / max(1, len(seconds) - 1)
            if position is None or abs(seconds[position] - time) > step / 2 + ROUNDED:
                frame = "none" if position is None else f"{position}, at {seconds[position]:.3f} s"
                raise DataError(f"{column} must be the time of {name}, frame {frame}, not {time:g} ({self.where})")
        return onset, apex, offset

    def _check_rate(self, seconds: np.ndarray) -> None:
        """Raise DataError if `fps` is not the rate of most frames: pauses do not count, nor that times are rounded."""
        steps = np.diff(seconds)
        steps = steps[np.abs(steps - np.median(steps)) <= np.median(steps) / 2] if len(steps) else steps
        length = float(steps.sum())
        rounded = ROUNDED / length if length and np.ptp(steps) > ROUNDED / 10 else 0.0
        if length and abs(self.fps * length / len(steps) - 1) > SAME_RATE + rounded:
            rate = f"{len(steps) / length:.5g}, the recording's, not {self.fps:g}"
            advice = "count frames of this recording, or give onset_seconds without fps"
            raise DataError(f"fps must be {rate}: {advice} ({self.where})")

    def _position(self, time: float, seconds: np.ndarray, name: str) -> int:
        step = (seconds[-1] - seconds[0]) / max(1, len(seconds) - 1)
        first, last = (0, len(seconds) - 1) if self.unit == "frames" else (float(seconds[0]), float(seconds[-1]))
        if not max(0, first - step) <= time <= last + (self.span + 0.5) * (1 if self.unit == "frames" else step):
            span = f"{self.unit} {first:.6g} to {last:.6g}"
            raise DataError(f"{name} must lie in the recording, {span}, not {time:g} ({self.where})")
        if self.unit == "frames":
            return int(time)
        if self.span and name == "offset" and time > last + step / 2:
            return len(seconds)
        return int(np.abs(seconds - time).argmin())


def word_of(emotion: str, where: str) -> str:
    """Return an annotated emotion in one spelling. Raises DataError for action units in its place."""
    code = facs.joined(emotion.upper())
    if not code.isdecimal() and facs.parse(code) and not facs.unread(code):
        raise DataError(f"an emotion must be a word, not action units, {emotion!r} ({where})")
    return composed(emotion).lower()


def split_label(label: str, kind: Kind, where: str) -> tuple[str, str]:
    """Return emotion and action units of a label such as "fear: 1+2"; one that is the kind has no emotion."""
    emotion, _, units = map(str.strip, label.partition(":"))
    word = word_of(emotion, where)
    return "" if word == kind else word, units


def without_nothing(events: Sequence[Coded], path: Path) -> tuple[list[Coded], list[str]]:
    """Return events with "" in place of words for nothing, and a note on words that could mean something else. Raises
    DataError for one that could be a name, Nan or None, where other rows of the recording have a subject."""
    emptied, places = list[Coded](), dict[tuple[str, str], list[str]]()
    people = {event.recording: event.subject for event in events if stated(event.subject)}
    for event in events:
        texts: dict[str, Any] = {}
        if event.recording in people and could_be_name(event.subject):
            both = f"nobody or a name next to {people[event.recording]}: leave it empty, or spell it in another way"
            raise DataError(f"subject {event.subject!r} could be {both} ({event.where})")
        for name in TEXTS:
            text = getattr(event, name).strip()
            doubtful = {*NOBODY} - {"", NOTHING[-1]} if people and name == "subject" else DOUBTFUL
            if text.lower() in doubtful and text.lower() != MEANT.get(name):
                places.setdefault((name, text), []).append(event.where)
            if text.lower() in NOTHING or (name, text) in places:
                texts[name] = ""
        emptied.append(replace(event, **texts))
    return emptied, [
        f"{path}: {name} {text!r} is taken as empty: {len(of_text)} times, {of_text[0]} for one"
        for (name, text), of_text in places.items()
    ]
