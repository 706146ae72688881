"""Read a data set of the user's own: recordings in a folder data/raw/<name>, and what coders marked in them.

    data/raw/<name>/s01/interview.mp4       # or a folder of frames; the first folder is the subject
    data/raw/<name>/s01/interview.eaf       # next to each recording: ELAN's, or Praat's .TextGrid
    data/raw/<name>/annotations.csv         # or tables of all, also exports of BORIS or Datavyu
    data/raw/<name>/dataset.yaml            # if needed: fps, subject, coder, emotions; see `Facts`

`<name>` has a clip for each micro-expression, `<name>_long` the recordings as a whole. Frames count from 0."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from microexpr import coding
from microexpr.coding import Coded
from microexpr.core import facs
from microexpr.core.clip import POPULATION, Clip, Expression, Origin, long_video
from microexpr.core.errors import DataError, collect_errors, nearest
from microexpr.core.recordings import Recordings
from microexpr.core.subjects import Subjects, composed, key_of
from microexpr.datasets.layout import check_events, list_content
from microexpr.datasets.layouts import Layout, Reader
from microexpr.datasets.layouts.recordings import FACTS, Recording, named_subjects, paths, read_facts, recordings

WHOLE = "_long"  # after the name: the recordings as a whole
NAME = re.compile(r"[a-z][a-z0-9_]*(?<!_long)")
RULE = "for your own recordings a name of letters a to z, digits and _ that does not end in _long"
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # of subjects and recordings, which become names of files
PASSED_OVER = ("flow_folders", POPULATION)  # names that are no data set's
LOOKED_AT = 2000  # files of a folder among which an annotation shows that it is an own data set
MARGIN = 0.1  # seconds of a clip before the onset and after the offset, as far as the recording has them


class OwnLayout(Layout):
    """The layout of an own data set, of clips or of whole recordings."""

    @property
    def home(self) -> str:
        """The folder below data/raw."""
        return self.name.removesuffix(WHOLE)

    def origin(self, root: Path) -> Origin:
        """Return "generated" if its recordings are marked as rendered. Raises DataError if only some are."""
        marks = {recording.is_rendered: recording.path for recording in recordings(root, None)}
        if len(marks) > 1:
            raise DataError(f"{root}: must hold people or rendered faces, not both: {marks[False]}, {marks[True]}")
        return "generated" if True in marks else "licensed"

    def frames(self, root: Path, clip: Clip) -> dict[int, Path]:
        """Return the path of each of a clip's frames by number: a picture, or the video that has all of them."""
        path = root / clip.folder
        files = Recording(path, root, read_facts(root).fps).files if path.is_dir() else None
        numbers = range(clip.first, clip.last + 1)
        return dict.fromkeys(numbers, path) if files is None else {n: files[n] for n in numbers if n in files}


def found(raw: Path, others: Iterable[str]) -> dict[str, Layout]:
    """Return the layouts, by name, of all own data sets in data/raw: of annotated folders that no `others` are."""
    taken, names = {*others, *PASSED_OVER}, list[str]()
    for folder in sorted(raw.iterdir()) if raw.is_dir() else ():
        if NAME.fullmatch(folder.name) and folder.name not in taken and folder.is_dir():
            files = islice(paths(folder), LOOKED_AT)
            if any(path.suffix.lower() in coding.SUFFIXES or path.name == FACTS for path in files):
                names.append(folder.name)
    return {name: layout for folder_name in names for name, layout in layouts(folder_name).items()}


def layouts(name: str) -> dict[str, Layout]:
    """Return the layouts of an own data set by name: of its clips, and of its recordings as a whole."""
    shared: dict[str, Any] = {"fps": 0, "reader": "own.Own", "clips_share_folder": True, "rendered": {}}
    clips = OwnLayout(name=name, title=f"{name} (own)", kind="micro", **shared)
    whole = OwnLayout(name=name + WHOLE, title=f"{name} (own), long videos", kind="long", **shared)
    return {layout.name: layout for layout in (clips, whole)}


class Own(Reader):
    """The clips or long videos of an own data set."""

    def read(self) -> list[Any]:
        self.about = read_facts(self.root)
        by_key: dict[str, Recording] = {}
        for recording in recordings(self.root, self.about.fps):
            with collect_errors(self.problems):
                if other := by_key.get(recording.key):
                    raise DataError(f"{recording.path}: must be the only one of its name, not {other.path.name} too")
                by_key[recording.key] = recording
        if not by_key:
            raise DataError(f"{self.root}: must hold videos or folders of frames, found {list_content(self.root)}")
        assert isinstance(self.facts, OwnLayout)
        self.origin, items = self.facts.origin(self.root), list[Any]()
        self.coders = set[str]()
        events, coder = self._events(by_key), self.about.coder
        if coder and key_of(coder) not in map(key_of, self.coders):
            names = ", ".join(sorted(self.coders)) or "no one"
            raise DataError(f"{self.root / FACTS}: coder must be one of those of the events, {names}, not {coder}")
        words = {composed(event.emotion) for coded in events.values() for event in coded}
        if unused := sorted({*self.about.emotions} - {word for word in self.about.emotions if word.lower() in words}):
            self.notes.append(f"{self.root / FACTS}: `emotions` has words that no event has: {', '.join(unused)}")
        if self.about.fps and not any(recording.path.is_dir() for recording in by_key.values()):
            reason = "fps is passed over: it is for folders of frames, and here are none"
            self.notes.append(f"{self.root / FACTS}: {reason}")
        alike = dict[tuple[int, ...], list[Recording]]()  # recordings, by numbers of files, frames and bytes
        subjects = self._subjects(by_key, events)
        counts = Counter((subject, _below_folder(key)) for key, subject in subjects.items())
        for key, coded in sorted(events.items()):
            with collect_errors(self.problems):
                if subject := subjects.get(key):  # a subject with two folders may have a take1 in both
                    name = _below_folder(key) if counts[subject, _below_folder(key)] == 1 else key
                    recording = by_key[key]
                    size = len(recording.content), len(recording.seconds), recording.content[0].stat().st_size
                    if other := next(filter(recording.is_copy, alike.setdefault(size, [])), None):
                        raise DataError(f"{recording.path}: must have frames of its own, not those of {other.path}")
                    alike[size].append(recording)
                    self.notes += recording.notes
                    items += self._items(recording, subject, name.replace("/", "_"), coded)
        return items

    def _events(self, by_key: Mapping[str, Recording]) -> dict[str, list[Coded]]:
        """Return the events of each recording that is annotated."""
        suffixes = (*coding.SUFFIXES, *coding.OTHER_SUFFIXES)
        files = sorted(path for path in paths(self.root) if path.suffix.lower() in suffixes)
        tables = [path for path in files if path.suffix.lower() in (".csv", ".tsv") and path.parent == self.root]
        documents = [path for path in files if path.suffix.lower() in (".eaf", ".textgrid")]
        if bool(tables) == bool(documents):
            names = ", ".join(str(path.relative_to(self.root)) for path in (tables + documents or files)[:4])
            raise DataError(
                f"{self.root}: must hold tables such as annotations.csv, or .eaf or .TextGrid files next to the "
                f"recordings, found {names or 'neither'}; what begins with _ is passed over; spreadsheets can be saved "
                f"as CSV; {coding.tables.advice()}"
            )
        reasons = f"tables count in {self.root} alone", "it can be saved as CSV"
        self.notes += [
            f"{path}: is passed over: {reasons[path.suffix.lower() in coding.OTHER_SUFFIXES]}"
            for path in files
            if path not in tables and path not in documents
        ]
        by_recording: dict[str, list[Coded]] = {key: [] for key in by_key} if tables else {}
        files_of = {key: recording.path.relative_to(recording.root) for key, recording in by_key.items()}
        recordings_by_path = Recordings({key: (composed(file.as_posix()), key) for key, file in files_of.items()})
        sources = dict[str, set[Path]]()
        for table in tables:
            for event in self._read_file(table):
                with collect_errors(self.problems):
                    if not event.recording and len(by_key) > 1:
                        raise DataError(f"recording must not be empty ({event.where})")
                    name, what = event.recording or next(iter(by_key)), f"a recording below {self.root}"
                    key = recordings_by_path.find_one(name, event.subject, event.where, what)
                    by_recording[key].append(event)
                    sources.setdefault(key, set()).add(table)
        if without := [key for key, events in by_recording.items() if not events]:
            names = ", ".join(without[:4]) + ", ..." * (len(without) > 4)
            self.notes.append(f"{self.root}: no table has a row of {names}: taken as without events")
        for path in documents:
            with collect_errors(self.problems):
                key, coder = _of_file(path, self.root, by_key)
                self.notes += coding.check_media(path, by_key[key].path)
                events = self._read_file(path, coder)
                by_recording[key] = [*by_recording.get(key, ()), *events]
                if events or not self.about.coder:
                    sources.setdefault(key, set()).add(path)
        for key, of_key in sources.items():
            with collect_errors(self.problems):
                if len(of_key) > 1:
                    listed = " and ".join(sorted(str(path.relative_to(self.root)) for path in of_key))
                    advice = f"`coder:` in {FACTS} chooses one of several coders"
                    raise DataError(f"{by_key[key].path}: must be marked in one file, not in {listed}; {advice}")
        for path in () if tables else (by_key[key].path for key in sorted({*by_key} - {*by_recording})):
            with collect_errors(self.problems):
                advice = f"{path.stem}.eaf next to it; where nothing happens, one without events"
                raise DataError(f"{path}: must have {advice}")
        return by_recording

    def _read_file(self, path: Path, coder: str = "") -> list[Coded]:
        """Return the events that count; `coder` is who marked those that do not name one. Raises DataError for one that
        names no coder where others of the file do."""
        events, notes = coding.read(path, self.problems)
        self.notes += notes
        events = [replace(event, coder=event.coder or coder) for event in events]
        names = {event.coder for event in events if event.coder}
        self.coders |= names
        for event in events if names else ():
            with collect_errors(self.problems):
                if not event.coder:
                    raise DataError(f"coder must not be empty where other events name one ({event.where})")
        if not (self.about.coder and names):
            return events
        chosen, notes = coding.of_coder(path, events, self.about.coder)
        self.notes += notes
        return chosen

    def _subjects(self, by_key: Mapping[str, Recording], events: Mapping[str, Sequence[Coded]]) -> dict[str, str]:
        """Return the subject of each recording, as `Facts.subject`, else the events, else its first folder names it. A
        person must not become two: where events name subjects, a recording without any is of its folder's. Raises
        DataError for names that could be one person's, unless `Facts.subjects` says whose they are."""
        choices, has_names = dict[str, set[str]](), any(event.subject for coded in events.values() for event in coded)
        names, by_folder, used = dict[str, str](), dict[str, set[str]](), set[str]()  # of subjects -> where
        folders = {name: Subjects([name]) for name in sorted({key.partition("/")[0] for key in by_key if "/" in key})}
        subject_of = named_subjects(self.about.subject, events, self.root) if self.about.subject else {}
        for key, coded in sorted(events.items()):
            folder, slash, _ = key.partition("/")
            path = by_key[key].path
            with collect_errors(self.problems):
                if self.about.subject:
                    if not (subject := subject_of.get(key)):
                        raise DataError(f"{path}: must match `subject` of {FACTS}, {self.about.subject}, group 1")
                    places = {subject: str(path)}
                    for event in coded:
                        if event.subject and key_of(event.subject) != key_of(subject):
                            reason = f"{subject}, as `subject` of {FACTS} says"
                            raise DataError(f"subject must be {reason}, or empty, not {event.subject} ({event.where})")
                else:
                    places = {event.subject: event.where for event in reversed(coded) if event.subject}
                    if slash:
                        for name, where in places.items():
                            if not self._entries(name):
                                _check_folder(name, folder, folders, where)
                    places = places or {folder: str(path)} if slash and not has_names else places
                used |= {entry for name in places for entry in self._entries(name)}
                places = {self._only_name(name, where): where for name, where in places.items()}
                choices[key] = {*places}
                names |= {name: names.get(name, where) for name, where in places.items()}
                by_folder.setdefault(folder, set()).update(places)
        subjects = Subjects(names, advice=f"spell it the same, or say whose it is, `subjects: {{...}}` in {FACTS}")
        self.notes += [f"{self.root}: {note}" for note in subjects.notes]
        if unused := sorted({*self.about.subjects} - used):
            self.notes.append(f"{self.root / FACTS}: `subjects` has names that nobody has: {', '.join(unused)}")
        result = dict[str, str]()
        for key, of_recording in choices.items():
            path, (folder, slash, _) = by_key[key].path, key.partition("/")
            with collect_errors(self.problems):
                people = {subjects.key(name) for name in of_recording or (by_folder[folder] if slash else ())}
                if len(people) > 1:
                    listed = " and ".join(sorted(subjects.name(person) for person in people))
                    raise DataError(f"{path}: must show one subject, not {listed}")
                if not people:
                    others = "as events of other recordings do" if has_names else "or a folder of its name"
                    raise DataError(
                        f"{path}: must have a subject, in a column or ELAN's participant, {others}, or by "
                        f"`subject: '^([a-z0-9]+)_'` in {self.root / FACTS}"
                    )
                result[key] = _plain(subjects.text(people.pop()), "subject", path)
        return result

    def _entries(self, name: str) -> list[str]:
        """Return the entries of `Facts.subjects` that are on a name: on all its spellings, unless one has its own."""
        table = self.about.subjects
        return [name] if name in table else [entry for entry in table if key_of(entry) == key_of(name)]

    def _only_name(self, name: str, where: str) -> str:
        """Return the only name of a subject, as `Facts.subjects` says. Raises DataError for one of several entries."""
        entries = self._entries(name)
        if len({self.about.subjects[entry] for entry in entries}) > 1:
            advice = f"of `subjects` in {FACTS}: give it an entry of its own"
            raise DataError(f"subject {name} could be {' or '.join(entries)} {advice} ({where})")
        return self.about.subjects[entries[0]] if entries else name

    def _items(self, recording: Recording, subject: str, name: str, events: Sequence[Coded]) -> list[Any]:
        """Return the clips of a recording, or the recording with its expressions."""
        if len(names := {*coding.coders(events)} - {""}) > 1:
            raise DataError(
                f"{recording.path}: must have one coder's events, not those of {', '.join(sorted(names))}; name one in "
                f"{self.root / FACTS}, `coder: {min(names)}`"
            )
        name = _plain(name, "recording", recording.path)
        expressions, where = list[Expression](), dict[tuple[str, int, int], str]()
        for event in events:
            with collect_errors(self.problems):
                onset, apex, offset = event.frames(recording.seconds)
                if recording.path.is_dir():
                    check_events(event.where, recording.files, onset=onset, apex=apex, offset=offset)
                if other := where.get((event.kind, onset, offset)):
                    places = f"{onset}..{offset} ({event.where}, {other})"
                    raise DataError(f"an event must be there once, not twice: {places}")
                where[event.kind, onset, offset] = event.where
                if event.kind != "micro" and event.kind != "macro":
                    continue
                emotion = composed(event.emotion)
                label = self.about.label(emotion, event.where)
                units = facs.joined(event.action_units)
                expressions.append(Expression(event.kind, onset, apex, offset, emotion, label, units))
        last = len(recording.seconds) - 1
        if self.facts.kind == "long":
            whole = self._clip(recording, (subject, name), (0, last), None)
            return [long_video(whole, expressions, float(recording.seconds[0]))]
        margin, clips = round(MARGIN * recording.rate), list[Clip]()
        for e in (e for e in expressions if e.kind == "micro"):
            span = max(0, e.onset - margin), min(last, e.offset + margin)
            clips.append(self._clip(recording, (subject, f"{name}_{e.onset:06}"), span, e))
        return clips

    def _clip(
        self, recording: Recording, key: tuple[str, str], span: tuple[int, int], expression: Expression | None
    ) -> Clip:
        numbers = recording.files if recording.path.is_dir() else range(span[1] + 1)
        frames_of_clip = [number for number in numbers if span[0] <= number <= span[1]]
        others: dict[str, Any] = {"fps": max(1, round(recording.rate))}
        if expression is None:
            return self.clip(key, recording.path, frames_of_clip, (None, None, None), "", others)
        e = expression
        classes = {facs.objective_class(units) for units in facs.combinations(e.action_units) if units}
        if len(classes) > 1:
            text = f"{e.action_units!r} at frame {e.onset} could be of several AU-based classes: it is not known"
            self.notes.append(f"{recording.path}: {text}")
        objective_class = classes.pop() if len(classes) == 1 else None
        others |= {"label": e.label, "objective_class": objective_class, "action_units": e.action_units}
        return self.clip(key, recording.path, frames_of_clip, (e.onset, e.apex, e.offset), e.emotion, others)


def _plain(name: str, what: str, path: Path) -> str:
    """Return a name that becomes one of a file. Raises DataError for other letters."""
    if not PLAIN.fullmatch(name):
        raise DataError(
            f"{path}: the name of a {what} must be of letters a to z, digits, _ and -, not {name!r}; rename it"
            + f", or say `subjects: {{{name}: s01}}` in {FACTS}" * (what == "subject")
        )
    return name


def _check_folder(name: str, folder: str, folders: Mapping[str, Subjects], where: str) -> None:
    """Raise DataError for a recording in a folder that is another subject's than its events are of."""
    alone = Subjects([name])
    (key,) = alone.keys
    likely_folders = [other for other, subject in folders.items() if subject.find_folder(name)]
    may_be_other = not likely_folders and key.isdecimal() <= folder.isdecimal()  # a number may be of any word's
    if (likely_folders and folder not in likely_folders) or (may_be_other and alone.is_of_other(folder, key)):
        others = f" ({likely_folders[0]} is there)" if likely_folders else ""
        advice = f"`subjects: {{{name}: {name}}}` in {FACTS} says that it is right"
        raise DataError(f"subject must be that of the folder {folder}, not {name}{others}; {advice} ({where})")


def _below_folder(key: str) -> str:
    """Return a recording's path below its first folder."""
    return key.partition("/")[2] or key


def _of_file(path: Path, root: Path, by_key: Mapping[str, Recording]) -> tuple[str, str]:
    """Return the recording that a file lies next to, and the coder of its name, recording.coder.eaf."""
    whole = composed(path.relative_to(root).with_suffix("").as_posix())
    key, coder = whole, ""
    if key not in by_key:
        key, _, coder = key.rpartition(".")
    if key not in by_key:
        near = nearest(whole, by_key)
        raise DataError(f"{path}: must lie next to the recording that it annotates and be called like it{near}")
    return key, coder
