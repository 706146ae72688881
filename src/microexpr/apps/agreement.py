"""Compare what two coders, or a coder and `predict`, mark in the same recordings.

Events of a kind agree where their intersection is half of their union, as the challenges count hits. By frame: Cohen's
kappa, and Krippendorff's alpha, of whether a frame is in an event of a kind, and whether it shows an action unit.
FACS: twice the units that both note in an expression that both mark, by the sum of all units that either notes (Ekman
and Friesen's index, by which CASME II reports 0.846, Yan et al. 2014)."""

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from microexpr import coding
from microexpr.coding import Coded, elan
from microexpr.coding.events import ROUNDED, SAME_RATE
from microexpr.core import facs, store
from microexpr.core.clip import EVENTS, KINDS, LABELS
from microexpr.core.errors import DataError
from microexpr.core.recordings import Name, bare, group, taken_as_one
from microexpr.core.subjects import Subjects, folded
from microexpr.datasets.layout import label_of, unread_unit_notes
from microexpr.datasets.layouts.recordings import paths
from microexpr.signals.spotting import hits
from microexpr.videos import excerpt

RIGHT = 3  # frames by which onset and offset of a proposal may be off, so that nobody has to correct it
STEP, AROUND = 2.0, 1.0  # seconds that a coder looks at a frame; seconds before and after a proposal to look at
FILES = ("agreement.csv", "disagreements.csv", "agreement.html")
SIDES = attrgetter("first"), attrgetter("second")
PREDICTED = "intervals"  # the name of the files of `predict`
OF_PREDICT = (PREDICTED, "action_units", "videos")  # its tables
ROWS = ("of", "measure", "value", "count")
FRAME = 0.055  # seconds, the longest at 20 frames a second, which is what `predict` reads at least
LONGEST = 10**7  # frames of a recording without its video


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


@dataclass(frozen=True, slots=True)
class Recording:
    """Events of both coders in one recording of T frames, and which agree: positions in the second by the first's."""

    name: str
    times: np.ndarray  # float64[T], seconds; up to the last event, where its length is not known
    is_whole: bool
    first: list[Event]
    second: list[Event]
    pairs: dict[int, int]

    @property
    def fps(self) -> float:
        """Frames a second, on average."""
        return float((len(self.times) - 1) / max(self.times[-1] - self.times[0], 1e-9))

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
    """Return the events of both in a recording with frames at these times in seconds, float64[T], and their pairs. With
    `in_classes` emotions are compared as MEGC2019's classes. Raises DataError for one outside, or twice."""
    for events in (first, second):
        coding.check_once(events, times)
    sides = [[_event(event, times, in_classes) for event in events] for events in (first, second)]
    pairs: dict[int, int] = {}
    for kind in EVENTS:
        places = [[i for i, event in enumerate(side) if event.kind == kind] for side in sides]
        spans = [[(side[i].onset, side[i].offset) for i in chosen] for side, chosen in zip(sides, places, strict=True)]
        pairs |= {places[0][i]: places[1][j] for i, j in hits.match(spans[0], spans[1]).items()}
    return Recording(name, times, is_whole, sides[0], sides[1], dict(sorted(pairs.items())))


def _event(coded: Coded, times: np.ndarray, in_classes: bool) -> Event:
    onset, apex, offset = coded.frames(times)
    units = frozenset(unit.number for unit in facs.parse(facs.joined(coded.action_units)))
    label = label_of(coded.emotion) if in_classes else None
    emotion = coded.emotion if label is None else LABELS[label]
    return Event(coded.kind, onset, apex, offset, emotion, units, coded.action_units)


def times_of(names: Iterable[Name], title: str, events: Iterable[Coded], fps: float | None) -> tuple[np.ndarray, str]:
    """Return the times of a recording's frames, and a note if its length is not known.

    They are those of the video of these names, as `coding.media` finds it. Without it, `fps` are counted up to the end
    of the last event. Raises DataError without both, for several videos, and for `fps` of another rate."""
    videos = dict[str, Path]()
    for name in names:
        rows = [name.path, Path(name.subject, name.path).as_posix()] if name.is_row else [""]
        if video := next(filter(None, (coding.media(Path(name.source), row) for row in rows)), None):
            videos.setdefault(os.path.realpath(video), video)
    paths, contents = [*videos.values()], set[tuple[int, bytes]]()
    for path in paths:
        with path.open("rb") as file:
            contents.add((path.stat().st_size, file.read(2**16)))  # the same in two copies
    if len(contents) > 1:
        raise DataError(f"{title}: both must mark one video, not {' and '.join(map(str, paths))}")
    if paths:
        times = excerpt.times(paths[0])
        rate = (len(times) - 1) / max(times[-1] - times[0], 1e-9)
        if fps and abs(fps / rate - 1) > SAME_RATE:
            raise DataError(f"{paths[0]}: has {rate:.5g} frames a second, not {fps:g}: leave out --fps")
        return times, ""
    if not fps:
        raise DataError(f"{title}: no video of it is there, so --fps must say how many frames a second it has")
    ends = [(event.offset / (fps if event.unit == "frames" else 1), event.where) for event in events]
    last, where = max(ends, default=(1, ""))
    if last * fps > LONGEST:
        raise DataError(f"{title}: offset must be within {LONGEST} frames, not {last * fps:g} ({where})")
    count = round(fps * last) + 2
    return np.arange(count) / fps, f"{title}: its video is not there, nor known how long it is: no figures by frame"


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
    import krippendorff

    marked = []
    for side in SIDES:
        frames = [np.zeros(len(recording.times), np.int8) for recording in recordings]
        for recording, is_chosen in zip(recordings, frames, strict=True):
            for event in filter(chosen, side(recording)):
                is_chosen[event.onset : event.offset + 1] = 1
        marked.append(np.concatenate(frames))
    add(name, "kappa by frame", _kappa(*marked), len(marked[0]))
    table, alpha = np.stack(marked).astype(float), None  # None if all are alike
    if len(np.unique(table)) > 1:
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
            alpha = float(krippendorff.alpha(table, level_of_measurement="nominal"))
    add(name, "alpha by frame", alpha, len(marked[0]))


def _kappa(first: Sequence[Any] | np.ndarray, second: Sequence[Any] | np.ndarray) -> float | None:
    """Return Cohen's kappa of two lists of labels; None for none, or if all are alike."""
    from sklearn.metrics import cohen_kappa_score

    if not len(first) or len({*np.asarray(first).tolist(), *np.asarray(second).tolist()}) < 2:
        return None
    return float(cohen_kappa_score(first, second))


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
    frame, against stepping through all frames once, an hour for a minute at 30 a second. A lower
    bound: missed events need a full viewing."""
    micro = [[e for e in r.first if e.kind == "micro"] for r in recordings]
    pairs = [
        (r.first[i], r.second[j]) for r in recordings for i, j in r.pairs.items() if r.first[i].kind == "micro"
    ]  # fmt: skip
    right = sum(max(abs(a.onset - b.onset), abs(a.offset - b.offset)) <= RIGHT for a, b in pairs)
    all_true = sum(e.kind == "micro" for r in recordings for e in r.second)
    looked, total, minutes = 0, sum(len(r.times) for r in recordings), 0.0
    for recording, events in zip(recordings, micro, strict=True):
        seen = np.zeros(len(recording.times), bool)
        for event in events:
            margin = round(AROUND * recording.fps)
            seen[max(0, event.onset - margin) : event.offset + margin + 1] = True
        looked += int(seen.sum())
        minutes += len(seen) / recording.fps / 60
    return {
        "right": right, "to correct": len(pairs) - right, "to delete": sum(map(len, micro)) - len(pairs),
        "to add": all_true - len(pairs), "frames to look at": looked, "frames in all": total,
        "hours a minute": round(STEP * looked / 3600 / max(minutes, 1e-9), 3),
        "hours a minute without proposals": round(STEP * total / 3600 / max(minutes, 1e-9), 3),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Marked:
    """The marks of one side: events by what its files say of their recording."""

    events: dict[Name, list[Coded]]
    is_file: bool  # whether it is one file, and no row names a recording


def gather(path: Path, coder: str = "", others: Sequence[str] = ()) -> tuple[Marked, list[str]]:
    """Return the events of a file, of each recording of a table, or of all .eaf and .TextGrid files in a folder.

    What begins with _ or a dot is passed over, as in a data set. Those of a folder of `predict` are called like the
    folder. With `coder`, only these count, and a recording where there are none stays; events of coders who are none of
    `others` are noted. Raises DataError for a file that cannot be read, and if there is none."""
    files, notes = [path], list[str]()
    if path.is_dir():
        files, others_there = list[Path](), list[Path]()
        suffixes = (*coding.SUFFIXES, *coding.OTHER_SUFFIXES)
        of_kind = sorted(file for file in paths(path) if file.suffix.lower() in suffixes)
        of_elan = {file.with_suffix(""): file for file in of_kind if file.suffix.lower() == ".eaf"}
        for file in of_kind:
            eaf = of_elan.get(file.with_suffix(""), file)
            twin = eaf != file
            if twin and file.stem == PREDICTED and _differ(eaf, file):
                notes.append(f"{file}: has other events than {eaf.name}, which alone is read: delete one of them")
            if file.suffix.lower() in (".csv", ".tsv", *coding.OTHER_SUFFIXES) or (twin and file.stem == PREDICTED):
                others_there += [file] * (file.stem not in OF_PREDICT)
            elif twin:
                raise DataError(f"{file}: must be the only file that marks {file.stem}, not {eaf.name} too")
            else:
                files.append(file)
        if others_there:
            notes.append(f"{path}: tables are passed over in a folder: {', '.join(map(str, others_there[:4]))}")
    marked, read, has_rows = dict[Name, list[Coded]](), list[Coded](), False
    first, folder = dict[Name, Name](), str(path) * path.is_dir()  # where a name stands first
    for file in files:
        events, more = coding.read(file)
        notes += more
        read += events
        stem = file.relative_to(path).with_suffix("") if path.is_dir() else Path(file.stem)
        title = (stem.parent if stem.name == PREDICTED and stem.parent.name else stem).as_posix()
        names_recordings = any(event.recording for event in events)
        has_rows |= names_recordings
        for event in events:
            recording, by = event.recording if names_recordings else title, folded(event.coder) if others else ""
            name = Name(recording, event.subject, str(file), event.where, names_recordings, by, folder)
            marked.setdefault(first.setdefault(name._replace(where=""), name), []).append(event)
        if not events:
            marked[Name(title, "", str(file), folder=folder)] = []
    if not marked:
        raise DataError(f"{path}: must hold .eaf or .TextGrid files; of a table give the file itself")
    if coder or others:
        chosen, more = coding.of_coder(path, read, coder, others)
        if not chosen:
            raise DataError(f"{path}: must have events of the coder {coder}, not of {', '.join(coding.coders(read))}")
        notes += more
        of_coder = {*chosen}
        marked = {name: [event for event in events if event in of_coder] for name, events in marked.items()}
    codes = [(event.where, facs.joined(event.action_units)) for events in marked.values() for event in events]
    notes += unread_unit_notes(path, [(where, code) for where, code in codes if code], "codes")
    if several := [where for where, code in codes if any(unit.alternatives for unit in facs.parse(code))]:
        first_counts = f"of alternatives such as 6 or 12 the first unit counts: {len(several)} codes, {several[0]}"
        notes.append(f"{path}: {first_counts}")
    return Marked(marked, path.is_file() and not has_rows), notes


def _differ(eaf: Path, other: Path) -> bool:
    """Return whether another file of `predict` has events of other kinds, classes or times than its .eaf."""
    try:
        sides = [[(e, e.seconds or ((e, e.onset), (e, e.offset))) for e in coding.read(f)[0]] for f in (eaf, other)]
    except DataError:
        return True
    first, second = (sorted((e.kind, e.emotion, times[0][1], times[-1][1]) for e, times in side) for side in sides)
    slack = 2 * ROUNDED if other.suffix.lower() == ".textgrid" else FRAME  # the offset of a table is the last frame
    return [of[:2] for of in first] != [of[:2] for of in second] or any(
        abs(a[2] - b[2]) > 2 * ROUNDED or abs(a[3] - b[3]) > slack for a, b in zip(first, second, strict=True)
    )


def compare_all(first: Marked, second: Marked, fps: float | None) -> tuple[list[Recording], list[str]]:
    """Compare all recordings that both mark, by path and subject; return also notes on those of one alone.

    Two files alone are of one recording, however they are called, unless rows of both name theirs. Where one side has
    classes in place of emotions, as of `predict`, all are compared as classes. Raises DataError if they share no
    recording, for a subject or recording that could be two, and for events of several coders."""
    sides = (first, second)
    names = [*dict.fromkeys(name for side in sides for name in side.events)]
    subjects = Subjects({name.subject: name.where for name in names if name.subject})
    groups, notes = group(names, subjects), subjects.notes
    ones = [note for members in groups for note in taken_as_one(members)]
    notes += ones[:4] + [f"{len(ones) - 4} more, by the ends of their paths"] * (len(ones) > 4)
    are_apart = len(groups) == 2 or len({Path(name.source).parent for name in names}) > 1
    if are_apart and first.is_file and second.is_file and len(subjects.keys) < 2:
        notes.append(f"{' and '.join(dict.fromkeys(name.source for name in names))} are taken as of one recording")
        groups = [names]
    shared = dict[str, tuple[list[Name], list[list[Coded]]]]()
    for title, members in zip(_titles(groups), groups, strict=True):
        events = [[event for name in members for event in side.events.get(name, ())] for side in sides]
        if not all(any(name in side.events for name in members) for side in sides):
            notes.append(f"{title}: marked by one alone, left out")
            continue
        for word, side, of_side in zip(("first", "second"), sides, events, strict=True):
            _check(title, next(name.source for name in members if name in side.events), of_side)
            notes += [f"{title}: the {word} marks nothing in it"] * (not of_side and any(events))
        sources = dict.fromkeys(Path(name.source) for name in members)
        links = [*filter(None, map(coding.links, sources))]
        if links and not set.intersection(*({folded(bare(link.name)) for link in of} for of in links)):
            notes.append(f"{title}: is linked to {' and '.join(str(of[0]) for of in links)}, taken as one recording")
        shared[title] = members, events
    if not shared:
        listed = " and ".join(", ".join(_titles([[name] for name in side.events])) for side in sides)
        raise DataError(f"both must mark the same recordings, not {listed}")
    by_side = [{event.emotion for _, events in shared.values() for event in events[i]} - {""} for i in (0, 1)]
    emotions = by_side[0] | by_side[1]
    in_classes, recordings = bool(emotions & {"negative", "positive"}), list[Recording]()
    if in_classes and emotions - {*LABELS}:
        notes.append("emotions are compared as classes, negative, positive and surprise, since some events have these")
    # 99 may stand for none, and a word that one alone has may be another word of the other's
    of_one = by_side[0] ^ by_side[1]
    strange = {word for word in emotions if word in of_one or not any(map(str.isalpha, word))}
    if (listed := ", ".join(sorted(strange - {*elan.EMOTIONS}))) and not in_classes:
        notes.append(f"emotions are compared as they are written, also those of no list: {listed}")
    for title, (members, (of_first, of_second)) in sorted(shared.items()):
        times, note = times_of(members, title, [*of_first, *of_second], fps)
        recordings.append(compare(title, of_first, of_second, times, in_classes, not note))
        notes += filter(None, [note])
    return recordings, notes


def _titles(groups: Sequence[Sequence[Name]]) -> list[str]:
    """Return how recordings are called: each by its path, as far as needed with subject, suffix and file."""
    forms = list[list[str]]()
    for members in groups:
        longest = max(members, key=lambda name: (name.path.count("/"), name.path))
        path = longest.path.strip("/") or "recording"
        subject = next((name.subject.strip() for name in members if name.subject), "")
        with_subject = f"{subject}/{bare(path)}" if subject else bare(path)
        forms.append([bare(path), with_subject, f"{subject}/{path}".strip("/"), f"{path} ({longest.source})"])
    titles = [of_group[0] for of_group in forms]
    for i in (1, 2, 3):
        counts = Counter(titles)
        titles = [title if counts[title] == 1 else of_group[i] for title, of_group in zip(titles, forms, strict=True)]
    return titles


def _check(title: str, file: str, events: Sequence[Coded]) -> None:
    """Raise DataError for events of one side that are of several coders."""
    if len(several := coding.coders(events)) > 1:
        listed = " and ".join(name or "no coder" for name in several)
        advice = "--coders compares two of one table"
        raise DataError(f"{file}: must have one coder's events of {title}, not those of {listed}; {advice}")


def write(
    folder: Path, recordings: Sequence[Recording], figures: Sequence[Mapping[str, Any]], names: tuple[str, str]
) -> None:
    """Write all figures, and each disagreement with its time. Raises StoreError when the disk is full."""
    store.write_csv(folder / FILES[0], ROWS, figures)
    rows = [
        {"recording": r.name, "frame": frame, "seconds": f"{r.times[frame]:.3f}", "disagreement": text}
        for r in recordings for frame, text in disagreements(r, names)
    ]  # fmt: skip
    store.write_csv(folder / FILES[1], ("recording", "frame", "seconds", "disagreement"), rows)
