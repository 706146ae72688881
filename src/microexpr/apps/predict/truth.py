"""The ground truth of a video, where coders marked it: its micro-expressions, and which of them were spotted."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from microexpr import coding
from microexpr.coding import Coded
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.core.recordings import Name, Recordings, bare, group, may_be_of_one_subject, taken_as_one
from microexpr.core.subjects import Subjects
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


def read(path: Path, video: Path) -> tuple[list[Coded], list[str]]:
    """Return what `film`, a table, ELAN or Praat say of a video, as `microexpr.coding` does, and notes.

    Of a table those rows count that name the video, by its path or the end of it; of a subject, by a folder. Raises
    DataError, also for a table without a row of this video, and for several recordings of its name, subjects or coders,
    and for one event twice."""
    events, notes = coding.read(path)
    whole = Path(os.path.normpath(video.absolute()))
    names, first = dict[Coded, Name](), dict[tuple[str, str], Name]()  # by path and subject, where these stand first
    for event in events:
        name = Name(event.recording, event.subject, str(path), event.where)
        names[event] = first.setdefault(name[:2], name)
    subjects = Subjects({name.subject: name.where for name in first.values() if name.subject})
    groups = group(first.values(), subjects)
    chosen = [*range(len(groups))]
    if any(name.path for name in first.values()):
        longest = [max((name.path.count("/"), name.path) for name in members) for members in groups]
        recordings = Recordings({i: [name] for i, (_, name) in enumerate(longest)})
        is_unusual = bare(whole.name) == whole.name and whole.suffix[1:].isalpha() and not whole.is_dir()
        ends = [whole, whole.with_suffix("")][: 1 + is_unusual]  # P01 of P01.unusual, but not take of take.2
        chosen = next(filter(None, (recordings.find(str(end)) for end in ends)), [])
        if not chosen:
            paths = [dict.fromkeys((longest[i][1], *(name.path for name in groups[i]))) for i in range(len(groups))]
            listed = ", ".join(sorted(", also called ".join(filter(None, several)) for several in paths))
            raise DataError(f"{path}: must have rows of {video.name}, not of {listed}")
    if len(chosen) > 1:  # of several subjects, that of a folder
        folders = [subjects.find(folder) for folder in whole.parts[1:-1]]
        of = {i: {subjects.key(name.subject) for name in groups[i] if name.subject} for i in chosen}
        mine = [i for i in chosen if any([*of[i]] == keys for keys in folders)]
        if len(mine) != 1:
            listed = " or ".join(str(max(groups[i], key=lambda name: (len(name.path), name.subject))) for i in chosen)
            raise DataError(f"{path}: must have the events of one recording, but {video.name} could be {listed}")
        chosen = mine
    notes += [f"{path}: rows of other recordings: {len(groups) - len(chosen)}"] * (len(chosen) < len(groups))
    members = {name for i in chosen for name in groups[i]}
    notes += taken_as_one([*members, Name(str(whole))])
    if other := next((n for n in members if not may_be_of_one_subject(n, Name(str(whole)), subjects)), None):
        raise DataError(f"{path}: must have the events of {video}, not of subject {other.subject} ({other.where})")
    notes += coding.check_media(path, video)
    events = [event for event in events if names[event] in members]
    if len(coders := [name or "no coder" for name in coding.coders(events)]) > 1:
        raise DataError(f"{path}: must have the events of one coder, not of {', '.join(coders)}")
    coding.check_once(events)
    return events, notes


def micro(events: Sequence[Coded], seconds: np.ndarray) -> list[TrueExpression]:
    """Return the micro-expressions among events of a video, whose frames have these times, float64[T]. Raises DataError
    for one that does not lie in the video, and for one that is there twice."""
    chosen = [event for event in events if event.kind == "micro"]
    coding.check_once(chosen, seconds)
    spans = [(event.frames(seconds), event) for event in chosen]
    return [TrueExpression(onset, offset, event.emotion) for (onset, _, offset), event in spans]


def match(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> dict[Span, TrueExpression]:
    """Return the true micro-expression that each spotted one hits, by its first and last frame."""
    pairs = hits.match(spotted, [expression.span for expression in truth])
    return {spotted[i]: truth[j] for i, j in pairs.items()}


def summary(spotted: Sequence[Span], truth: Sequence[TrueExpression]) -> str:
    """Return hits and figures of spotting in one line."""
    return hits.summary(hits.count(spotted, [expression.span for expression in truth]))
