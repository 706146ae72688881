"""The ground truth of a video, where coders marked it: its micro-expressions, and which of them were spotted."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from microexpr import coding
from microexpr.coding import Coded
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.datasets.layout import label_of
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
    names, whole = {event.recording for event in events} - {""}, video.absolute()
    of_video = {name for name in names if coding.bare(Path(name).name) == coding.bare(video.name)}
    for is_nearer in (
        lambda name: Path(name).name == video.name,
        lambda name: coding.bare(f"/{whole.as_posix()}").endswith(f"/{coding.bare(name)}"),
    ):
        of_video = {*filter(is_nearer, of_video)} or of_video
    if len(of_video) > 1 or (names and not of_video):
        others = ", ".join(sorted(of_video or names))
        raise DataError(f"{path}: must have rows of {video.name}{' in one folder' * bool(of_video)}, not of {others}")
    events = [event for event in events if not names or event.recording in of_video]
    subjects = {event.subject for event in events}
    if len(subjects) > 1:
        subjects = subjects & {*whole.parts[:-1]} or subjects
        events = [event for event in events if event.subject in subjects]
    if len(subjects) > 1:
        raise DataError(f"{path}: must have the events of one subject, not of {', '.join(sorted(subjects))}")
    if len(coders := coding.coders(events)) > 1:
        raise DataError(f"{path}: must have the events of one coder, not of {', '.join(coders)}")
    return events


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
