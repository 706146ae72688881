"""The ground truth of a video, where coders marked it: its micro-expressions, and which of them were spotted."""

import os
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from microexpr import coding
from microexpr.coding import Coded
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.datasets.layout import label_of
from microexpr.protocols.splits import subject_key
from microexpr.signals.spotting import hits
from microexpr.signals.spotting.hits import Span


class TrueExpression(NamedTuple):
    """A micro-expression of the ground truth, in frames of the video."""

    onset: int
    offset: int
    emotion: str = ""  # as annotated; "" where it is not

    @property
    def span(self) -> Span:
        """First and last frame."""
        return self.onset, self.offset

    @property
    def true_class(self) -> str:
        """MEGC2019's class of the emotion, or the emotion itself where it is of none."""
        label = label_of(self.emotion)
        return self.emotion if label is None else LABELS[label]

    def __str__(self) -> str:
        """Return the class, and the emotion where it is more specific."""
        name = self.true_class
        return name if name == self.emotion else f"{name} ({self.emotion})"


def read(path: Path, video: Path) -> list[Coded]:
    """Read what `film`, a table, ELAN or Praat say of a video, as `microexpr.coding` does; of a table its rows.

    Raises DataError, also for a table without a row of this video, and for several recordings of its name, subjects or
    coders."""
    events, _ = coding.read(path)
    whole = Path(os.path.normpath(video.absolute()))
    names = {event.recording for event in events} - {""}
    shared = {name: _shared(name, whole) for name in names}
    nearest = {name for name in names if shared[name] == max(shared.values()) > 0}
    if names and not nearest:
        raise DataError(f"{path}: must have rows of {video.name}, not of {', '.join(sorted(names))}")
    events = [event for event in events if not names or event.recording in nearest]
    subjects = {subject_key(event.subject): event.subject for event in events if event.subject}
    if len(subjects) > 1:
        folders = [part.casefold() for part in whole.parts[:-1]]
        if len(mine := {key for key, name in subjects.items() if name.casefold() in folders}) != 1:
            raise DataError(f"{path}: must have the events of one subject, not of {', '.join(subjects.values())}")
        events = [event for event in events if not event.subject or subject_key(event.subject) in mine]
    if len(several := {event.recording for event in events}) > 1:
        raise DataError(f"{path}: must have rows of {video.name} in one folder, not of {', '.join(sorted(several))}")
    if len(coders := coding.coders(events)) > 1:
        raise DataError(f"{path}: must have the events of one coder, not of {', '.join(coders)}")
    return events


def _shared(name: str, video: Path) -> float:
    """Return how many parts of a row's path are those of a video, from the last; 0 for a recording of another name.

    The suffix may be missing or another one, for half a part less."""
    *folders, last = PurePosixPath(name).parts
    if last != video.name and video.stem not in (last, coding.bare(last)):
        return 0
    pairs = zip(reversed(folders), reversed(video.parts[:-1]), strict=False)
    return 0.5 + 0.5 * (last == video.name) + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def micro(events: Sequence[Coded], seconds: np.ndarray) -> list[TrueExpression]:
    """Return the micro-expressions among events of a video, whose frames have these times, float64[T].

    Raises DataError for one that does not lie in the video."""
    spans = [(event.frames(seconds), event) for event in events if event.kind == "micro"]
    return [TrueExpression(onset, offset, event.emotion) for (onset, _, offset), event in spans]


def match(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> dict[Span, TrueExpression]:
    """Return the true micro-expression that each spotted one hits, by its first and last frame."""
    pairs = hits.match(spotted, [expression.span for expression in truth])
    return {spotted[i]: truth[j] for i, j in pairs.items()}


def summary(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> str:
    """Return hits and figures of spotting in one line."""
    return hits.summary(hits.count(spotted, [expression.span for expression in truth]))
