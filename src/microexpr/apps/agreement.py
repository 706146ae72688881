"""Compare what two coders, or a coder and `predict`, mark in the same recordings.

Events of a kind agree where their intersection is half of their union, as the challenges count hits. By frame: Cohen's
kappa, and Krippendorff's alpha, of whether a frame is in an event of a kind, and whether it shows an action unit.
FACS: twice the units that both note in an expression that both mark, by the sum of all units that either notes (Ekman
and Friesen's index, by which CASME II reports 0.846, Yan et al. 2014).
"""

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from microexpr import coding
from microexpr.coding import Coded
from microexpr.core import facs, store
from microexpr.core.clip import EVENTS, KINDS, LABELS
from microexpr.core.errors import DataError
from microexpr.datasets.layout import label_of
from microexpr.datasets.layouts import plus_for_commas
from microexpr.datasets.layouts.recordings import paths
from microexpr.protocols.splits import subject_key
from microexpr.signals.spotting import hits
from microexpr.videos import excerpt

RIGHT = 3  # frames by which onset and offset of a proposal may be off, so that nobody has to correct it
STEP, AROUND = 2.0, 1.0  # seconds that a coder looks at a frame; seconds before and after a proposal to look at
FILES = ("agreement.csv", "disagreements.csv", "agreement.html")
SIDES = attrgetter("first"), attrgetter("second")
PREDICTED = "intervals"  # the name of the files of `predict`
ROWS = ("of", "measure", "value", "count")


@dataclass(frozen=True, slots=True)
class Event:
    """An event in frames, the last one included."""

    kind: str
    onset: int
    apex: int | None
    offset: int
    emotion: str
    units: frozenset[int]
    code: str

    @property
    def span(self) -> tuple[int, int]:
        return self.onset, self.offset


@dataclass(frozen=True, slots=True)
class Recording:
    """Events of both coders in one recording of T frames, and which agree: positions in the second by the first's."""

    name: str
    fps: float
    frames: int  # up to the last event, where its length is not known
    is_whole: bool
    first: list[Event]
    second: list[Event]
    pairs: dict[int, int]

    @property
    def alone(self) -> tuple[list[Event], list[Event]]:
        """Events that one coder alone marks."""
        others = {*self.pairs.values()}
        return (
            [event for i, event in enumerate(self.first) if i not in self.pairs],
            [event for i, event in enumerate(self.second) if i not in others],
        )


def compare(
    name: str, first: Sequence[Coded], second: Sequence[Coded], times: np.ndarray, in_classes: bool = False,
    is_whole: bool = True,
) -> Recording:  # fmt: skip
    """Return the events of both in a recording with frames at these times in seconds, float64[T], and their pairs.

    With `in_classes` emotions are compared as MEGC2019's classes. Raises DataError for an event outside."""
    sides = [[_event(event, times, in_classes) for event in events] for events in (first, second)]
    pairs: dict[int, int] = {}
    for kind in EVENTS:
        places = [[i for i, event in enumerate(side) if event.kind == kind] for side in sides]
        spans = [[side[i].span for i in chosen] for side, chosen in zip(sides, places, strict=True)]
        pairs |= {places[0][i]: places[1][j] for i, j in hits.match(spans[0], spans[1]).items()}
    rate = float((len(times) - 1) / max(times[-1] - times[0], 1e-9))
    return Recording(name, rate, len(times), is_whole, sides[0], sides[1], dict(sorted(pairs.items())))


def _event(coded: Coded, times: np.ndarray, in_classes: bool) -> Event:
    onset, apex, offset = coded.frames(times)
    units = frozenset(unit.number for unit in facs.parse(plus_for_commas(coded.action_units)))
    label = label_of(coded.emotion) if in_classes else None
    emotion = coded.emotion if label is None else LABELS[label]
    return Event(coded.kind, onset, apex, offset, emotion, units, coded.action_units)


def times_of(files: Iterable[Path], name: str, events: Iterable[Coded], fps: float | None) -> tuple[np.ndarray, str]:
    """Return the times of a recording's frames, and a note if its length is not known.

    They are those of the video of one of these files of events, as `coding.media` finds it. Without it, `fps` are
    counted up to the end of the last event. Raises DataError without both."""
    events, files = [*events], [*files]
    rows_of = {event.recording for event in events} | {
        Path(event.subject, event.recording).as_posix() for event in events if event.recording
    } or {""}
    if video := next(filter(None, (coding.media(path, row) for path in files for row in sorted(rows_of))), None):
        return excerpt.times(video), ""
    if not fps:
        raise DataError(f"{files[-1]}: no video of {name} is there, so --fps must say how many frames a second it has")
    ends = [event.offset / (fps if event.unit == "frames" else 1) for event in events]
    count = round(fps * max(ends, default=1)) + 2
    return np.arange(count) / fps, f"{name}: its video is not there, nor known how long it is: no figures by frame"


def rows(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """Return all figures, pooled over recordings; each is of a kind, a unit or emotions. 0/0 is empty."""
    out = list[dict[str, Any]]()

    def add(of: str, measure: str, value: float | None, count: int) -> None:
        value = None if value is None or not np.isfinite(value) else round(value, 4)
        out.append(dict(zip(ROWS, (of, measure, value, count), strict=True)))

    pairs = [(r, r.first[i], r.second[j]) for r in recordings for i, j in r.pairs.items()]
    for kind in EVENTS:
        sides = [sum(e.kind == kind for r in recordings for e in side(r)) for side in SIDES]
        if not any(sides):
            continue
        matched = [pair for pair in pairs if pair[1].kind == kind]
        counts = hits.Counts(len(matched), sides[0] - len(matched), sides[1] - len(matched))
        add(kind, "events of the first", sides[0], sides[0])
        add(kind, "events of the second", sides[1], sides[1])
        add(kind, "F1", counts.f1, len(matched))
        for name in ("onset", "apex", "offset"):
            ends = [(r.fps, getattr(a, name), getattr(b, name)) for r, a, b in matched]
            lags = [(fps, b - a) for fps, a, b in ends if a is not None and b is not None]
            frames, ms = [float(value) for _, value in lags], [1000 * value / fps for fps, value in lags]
            for measure, values in (("frames", frames), ("ms", ms)):
                add(kind, f"{name}: mean difference in {measure}", _mean(values), len(lags))
                add(kind, f"{name}: mean distance in {measure}", _mean([abs(value) for value in values]), len(lags))
        _add_by_frame(add, kind, recordings, lambda event, kind=kind: event.kind == kind)
    for number in sorted({unit for r in recordings for e in (*r.first, *r.second) for unit in e.units}):
        _add_by_frame(add, f"AU{number}", recordings, lambda event, number=number: number in event.units)
    coded = [(a.units, b.units) for _, a, b in pairs if a.kind in KINDS and a.units and b.units]
    total, common = sum(len(a) + len(b) for a, b in coded), sum(len(a & b) for a, b in coded)
    add("units", "FACS agreement", 2 * common / total if total else None, len(coded))
    named = [(a.emotion, b.emotion) for _, a, b in pairs if a.emotion and b.emotion]
    add("emotion", "same", _mean([a == b for a, b in named]), len(named))
    add("emotion", "kappa", _kappa([a for a, _ in named], [b for _, b in named]), len(named))
    return out


def _add_by_frame(add: Any, name: str, recordings: Sequence[Recording], chosen: Any) -> None:
    """Add kappa and alpha of whether a frame is in a chosen event, over recordings whose length is known."""
    recordings = [recording for recording in recordings if recording.is_whole]
    if not recordings:
        return
    marked = [np.concatenate([_frames(r, side(r), chosen) for r in recordings]) for side in SIDES]
    add(name, "kappa by frame", _kappa(*marked), len(marked[0]))
    add(name, "alpha by frame", _alpha(*marked), len(marked[0]))


def _frames(recording: Recording, events: Iterable[Event], chosen: Any) -> np.ndarray:
    marked = np.zeros(recording.frames, np.int8)
    for event in filter(chosen, events):
        marked[event.onset : event.offset + 1] = 1
    return marked


def _kappa(first: Sequence[Any] | np.ndarray, second: Sequence[Any] | np.ndarray) -> float | None:
    """Return Cohen's kappa of two lists of labels; None for none, or if all are alike."""
    from sklearn.metrics import cohen_kappa_score

    if not len(first) or len({*np.asarray(first).tolist(), *np.asarray(second).tolist()}) < 2:
        return None
    return float(cohen_kappa_score(first, second))


def _alpha(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return Krippendorff's alpha of two lists of labels 0 and 1, [T] each; None if all are alike."""
    import krippendorff

    table = np.stack([first, second]).astype(float)
    if len(np.unique(table)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return float(krippendorff.alpha(table, level_of_measurement="nominal"))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def confusion(recordings: Sequence[Recording]) -> Counter[tuple[str, str]]:
    """Return how often an expression that both mark has which emotion of the first and of the second coder."""
    pairs = ((r.first[i], r.second[j]) for r in recordings for i, j in r.pairs.items())
    return Counter((a.emotion, b.emotion) for a, b in pairs if a.kind in KINDS)


def disagreements(recording: Recording, names: tuple[str, str]) -> Iterator[tuple[int, str]]:
    """Yield frame and description of what coders of these names do not agree on, in order of time."""
    places = [
        (event.onset, f"{event.kind}{f' ({event.emotion})' * bool(event.emotion)}: {name} alone")
        for name, events in zip(names, recording.alone, strict=True) for event in events
    ]  # fmt: skip
    for i, j in recording.pairs.items():
        a, b = recording.first[i], recording.second[j]
        if a.emotion != b.emotion:
            places.append((a.onset, f"{a.kind}: {a.emotion or 'no emotion'} or {b.emotion or 'no emotion'}"))
        if a.units != b.units:
            places.append((a.onset, f"{a.kind}: {a.code or 'no units'} or {b.code or 'no units'}"))
    yield from sorted(places)


def work(recordings: Sequence[Recording]) -> Mapping[str, float]:
    """Return how much is left to a coder (the second) of micro-expressions that are proposed (the first).

    Proposals that are right within `RIGHT` frames at both ends, to correct, to delete; events to add; frames to look
    at, if a coder looks at `AROUND` seconds on either side of each proposal; and hours for a minute, `STEP` seconds a
    frame, against stepping through all frames once, an hour for a minute at 30 a second. That is the least: those to
    add are found by who looks elsewhere, too."""
    micro = [[e for e in r.first if e.kind == "micro"] for r in recordings]
    pairs = [
        (r.first[i], r.second[j]) for r in recordings for i, j in r.pairs.items() if r.first[i].kind == "micro"
    ]  # fmt: skip
    right = sum(max(abs(a.onset - b.onset), abs(a.offset - b.offset)) <= RIGHT for a, b in pairs)
    all_true = sum(e.kind == "micro" for r in recordings for e in r.second)
    looked, total, minutes = 0, sum(r.frames for r in recordings), 0.0
    for recording, events in zip(recordings, micro, strict=True):
        seen = np.zeros(recording.frames, bool)
        for event in events:
            margin = round(AROUND * recording.fps)
            seen[max(0, event.onset - margin) : event.offset + margin + 1] = True
        looked += int(seen.sum())
        minutes += recording.frames / recording.fps / 60
    return {
        "right": right, "to correct": len(pairs) - right, "to delete": sum(map(len, micro)) - len(pairs),
        "to add": all_true - len(pairs), "frames to look at": looked, "frames in all": total,
        "hours a minute": round(STEP * looked / 3600 / max(minutes, 1e-9), 3),
        "hours a minute without proposals": round(STEP * total / 3600 / max(minutes, 1e-9), 3),
    }  # fmt: skip


Marked = dict[str, tuple[Path, list[Coded]]]  # by recording: the file that marks it


def gather(path: Path, coder: str = "") -> tuple[Marked, list[str]]:
    """Return the events of a file, of each recording of a table, or of all .eaf and .TextGrid files in a folder.

    What begins with _ or a dot is passed over, as in a data set. Those of a folder of `predict` are called like the
    folder. With `coder`, only these count, and a recording where there are none stays. Raises DataError for a file that
    cannot be read, and if there is none."""
    files = [path]
    if path.is_dir():
        files = sorted(file for file in paths(path) if file.suffix.lower() in (".eaf", ".textgrid"))
        files = [file for file in files if file.suffix == ".eaf" or file.with_suffix(".eaf") not in files]
    gathered, notes, names = Marked(), list[str](), set[str]()
    for file in files:
        events, more = coding.read(file)
        notes += more
        names |= {*coding.coders(events)}
        stem = file.relative_to(path).with_suffix("") if path.is_dir() else Path(file.stem)
        name = (stem.parent if stem.name == PREDICTED and stem.parent.name else stem).as_posix()
        for recording, of_recording in _by_recording(events).items():
            key, chosen = coding.bare(recording) or name, [e for e in of_recording if coder in ("", e.coder)]
            gathered[key] = file, [*gathered.get(key, (file, []))[1], *chosen]
    if not gathered:
        raise DataError(f"{path}: must hold .eaf or .TextGrid files; of a table give the file itself")
    if coder and coder not in names:
        raise DataError(f"{path}: must have events of the coder {coder}, not of {', '.join(sorted(names))}")
    for key, (file, events) in gathered.items():
        if len(several := {*coding.coders(events)} - {""}) > 1:
            raise DataError(
                f"{file}: must have one coder's events of {key}, not those of {' and '.join(sorted(several))}; "
                "--coders compares two of one table"
            )
    return gathered, notes


def _by_recording(events: Sequence[Coded]) -> dict[str, list[Coded]]:
    """Return the events of each recording; where several subjects have one of a name, after the subject."""
    subjects = dict[str, set[str]]()
    for event in events:
        if event.subject:
            subjects.setdefault(event.recording, set()).add(subject_key(event.subject))
    by_recording = dict[str, list[Coded]]()
    for event in events:
        is_shared = event.recording and event.subject and len(subjects[event.recording]) > 1
        name = f"{event.subject.casefold()}/{event.recording.strip('/')}" if is_shared else event.recording
        by_recording.setdefault(name, []).append(event)
    return by_recording or {"": []}


def compare_all(first: Marked, second: Marked, fps: float | None) -> tuple[list[Recording], list[str]]:
    """Compare all recordings that both mark, by name; return also notes on those of one alone.

    Two files alone are of one recording, however they are called, unless rows name two. Where one side has classes in
    place of emotions, as of `predict`, all are compared as classes. Raises DataError if they share no recording."""
    stems = [{Path(coding.bare(e.recording)).name for _, of in side.values() for e in of} for side in (first, second)]
    is_other = "" not in stems[0] | stems[1] and all(stems) and stems[0] != stems[1]
    if len(first) == len(second) == 1 and not is_other:
        first = dict(zip(second, first.values(), strict=True))
    names = sorted({*first} & {*second})
    notes = [f"{name}: marked by one alone, left out" for name in sorted({*first} ^ {*second})]
    if not names:
        raise DataError(f"both must mark the same recordings, not {', '.join(first)} and {', '.join(second)}")
    emotions = {event.emotion for side in (first, second) for _, events in side.values() for event in events}
    in_classes, recordings = bool(emotions & {"negative", "positive"}), list[Recording]()
    for name in names:
        (path, events), (other, others) = first[name], second[name]
        times, note = times_of([other, path], name, [*events, *others], fps)
        recordings.append(compare(name, events, others, times, in_classes, not note))
        notes += filter(None, [note])
    return recordings, notes


def write(
    folder: Path, recordings: Sequence[Recording], figures: Sequence[Mapping[str, Any]], names: tuple[str, str]
) -> None:
    """Write all figures, and each disagreement with its time. Raises StoreError when the disk is full."""
    store.write_csv(folder / FILES[0], ROWS, figures)
    rows = [
        {"recording": r.name, "frame": frame, "seconds": f"{frame / r.fps:.3f}", "disagreement": text}
        for r in recordings for frame, text in disagreements(r, names)
    ]  # fmt: skip
    store.write_csv(folder / FILES[1], ("recording", "frame", "seconds", "disagreement"), rows)
