"""Read a data set of the user's own: recordings in a folder data/raw/<name>, and what coders marked in them.

    data/raw/<name>/s01/interview.mp4       # or a folder of frames; the first folder is the subject
    data/raw/<name>/s01/interview.eaf       # next to each recording: ELAN's, or Praat's .TextGrid
    data/raw/<name>/annotations.csv         # or tables of all, also exports of BORIS or Datavyu
    data/raw/<name>/dataset.yaml            # if needed: fps, subject, coder, emotions; see `Facts`

`<name>` has a clip for each micro-expression, `<name>_long` the recordings as a whole. Frames count from 0.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from microexpr import coding
from microexpr.coding import Coded
from microexpr.core import facs
from microexpr.core.clip import LABELS, POPULATION, Clip, Expression, Origin, long_video
from microexpr.core.errors import DataError, nearest
from microexpr.core.files import VIDEO_SUFFIXES
from microexpr.datasets.layout import MEGC2019, check_events, collect_errors, label_of, list_content
from microexpr.datasets.layouts import Layout, Loader, Reader, plus_for_commas
from microexpr.videos import container, frames, sources

WHOLE = "_long"  # after the name: the recordings as a whole
NAME = re.compile(r"[a-z][a-z0-9_]*(?<!_long)")
RULE = "for your own recordings a name of letters a to z, digits and _ that does not end in _long"
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")  # of subjects and recordings, which become names of files
FACTS = "dataset.yaml"
PASSED_OVER = ("flow_folders", POPULATION)  # names that are no data set's
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
LOOKED_AT = 2000  # files of a folder among which an annotation shows that it is an own data set
SAME_RATE = 5e-4  # 29.97 and 30 differ by twice as much: two frames in a minute
MARGIN = 0.1  # seconds of a clip before the onset and after the offset, as far as the recording has them
OTHERS = ("others", "other", "neutral", "")  # emotions of no class


class Facts(BaseModel):
    """Facts that a folder does not show by itself, in its dataset.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    fps: float | None = Field(None, gt=0, le=container.FASTEST)  # of recordings that are folders of frames
    subject: str = ""  # a regular expression whose group 1 in a recording's path is the subject
    coder: str = ""  # whose events count, of several
    emotions: dict[str, str] = {}  # word of a coder -> class of MEGC2019, or "" for none

    def label(self, emotion: str, where: str) -> int | None:
        """Return the class of an emotion, None for none. Raises DataError for a word that is in no table."""
        words = {_composed(word).lower(): label for word, label in self.emotions.items()}
        if emotion in words:
            return LABELS.index(words[emotion]) if words[emotion] else None
        if emotion not in MEGC2019 and emotion not in OTHERS:
            choices = sorted({*MEGC2019, *words, *filter(None, OTHERS)})
            raise DataError(
                f"emotion must be one of {', '.join(choices)}, not {emotion!r}{nearest(emotion, choices)}; {FACTS} may "
                f"have its class, `emotions: {{{emotion}: negative}}` ({where})"
            )
        return label_of(emotion)


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


@dataclass(frozen=True)
class Recording:
    """A video, or a folder of frames, at a path below the root of a data set."""

    path: Path
    root: Path
    fps: float | None  # of a folder

    @cached_property
    def key(self) -> str:
        """Its path below the root, a video's without suffix."""
        path = self.path.relative_to(self.root)
        return _composed((path if self.path.is_dir() else path.with_suffix("")).as_posix())

    @property
    def is_rendered(self) -> bool:
        """Whether it is marked as rendered, a folder by its first picture."""
        pictures = filter(_is_picture, sorted(self.path.iterdir())) if self.path.is_dir() else iter([self.path])
        return sources.is_rendered(next(pictures))

    @property
    def files(self) -> dict[int, Path]:
        """The frames of a folder, by number from 0. Raises DataError without a rate."""
        if self.fps is None:
            raise DataError(f"{self.path}: a folder of frames needs their rate, `fps: 200` in {self.root / FACTS}")
        return _files(self.path, self.fps, self.path.stat().st_mtime_ns)

    @cached_property
    def seconds(self) -> np.ndarray:
        """The time of each frame, float64[T]. Raises DataError for a single one."""
        state = self.path.stat()
        times = (
            np.arange(max(self.files) + 1) / (self.fps or 1)
            if self.path.is_dir()
            else _times(self.path, state.st_size, state.st_mtime_ns)
        )
        if len(times) < 2:
            raise DataError(f"{self.path}: must have several frames, not {len(times)}")
        return times

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        return float((len(self.seconds) - 1) / (self.seconds[-1] - self.seconds[0]))


def recordings(root: Path, fps: float | None) -> Iterator[Recording]:
    """Yield the videos below a root, and the folders with pictures and no video, at any depth; `fps` are of folders."""
    for path in sorted(paths(root)):
        if path.is_dir():
            files = [*path.iterdir()]
            is_recording = any(map(_is_picture, files)) and not any(map(_is_video, files))
        else:
            is_recording = _is_video(path)
        if is_recording:
            yield Recording(path, root, fps)


def paths(root: Path) -> Iterator[Path]:
    """Yield all files and folders below a root, also those that links lead to, but what begins with a dot, _ or ~."""
    seen = set[str]()
    for folder, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith((".", "_", "~")))
        seen.add(real)
        yield from (Path(folder, name) for name in (*folders, *sorted(files)) if not name.startswith((".", "_", "~")))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".")


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _composed(text: str) -> str:
    """Return a text whose letters have their accents as keyboards write them; macOS stores names of files otherwise."""
    return normalize("NFC", text)


@lru_cache(maxsize=4096)
def _times(path: Path, size: int, modified: int) -> np.ndarray:
    return container.times(path)


@lru_cache(maxsize=64)
def _files(path: Path, fps: float, modified: int) -> dict[int, Path]:
    return dict(frames.find(path, fps).files)


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
        events = self._events(by_key)
        subjects = self._subjects(by_key, events)
        for key, coded in sorted(events.items()):
            with collect_errors(self.problems):
                if key in subjects:
                    items += self._items(by_key[key], subjects[key], coded)
        return items

    def _events(self, by_key: Mapping[str, Recording]) -> dict[str, list[Coded]]:
        """Return the events of each recording that is annotated."""
        files = sorted(path for path in paths(self.root) if path.suffix.lower() in coding.SUFFIXES)
        tables = [path for path in files if path.suffix.lower() in (".csv", ".tsv") and path.parent == self.root]
        documents = [path for path in files if path.suffix.lower() in (".eaf", ".textgrid")]
        if bool(tables) == bool(documents):
            names = ", ".join(str(path.relative_to(self.root)) for path in (tables + documents or files)[:4])
            raise DataError(
                f"{self.root}: must hold tables such as annotations.csv, or .eaf or .TextGrid files next to the "
                f"recordings, found {names or 'neither'}; what begins with _ is passed over; {coding.tables.advice()}"
            )
        by_recording: dict[str, list[Coded]] = {key: [] for key in by_key} if tables else {}
        for table in tables:
            for event in self._read_file(table):
                with collect_errors(self.problems):
                    by_recording[_match(event, by_key)].append(event)
        if without := [key for key, events in by_recording.items() if not events]:
            names = ", ".join(without[:4]) + ", ..." * (len(without) > 4)
            self.notes.append(f"{self.root}: no table has a row of {names}: taken as without events")
        for path in documents:
            with collect_errors(self.problems):
                key, coder = _of_file(path, self.root, by_key)
                by_recording[key] = [*by_recording.get(key, ()), *self._read_file(path, coder)]
        for key in () if tables else sorted({*by_key} - {*by_recording}):
            with collect_errors(self.problems):
                path = by_key[key].path
                raise DataError(
                    f"{path}: must have {path.stem}.eaf next to it; where nothing happens, one without events"
                )
        return by_recording

    def _read_file(self, path: Path, coder: str = "") -> list[Coded]:
        """Return the events that count; `coder` is who marked those that do not name one."""
        events, notes = coding.read(path, self.problems)
        self.notes += notes
        events = [replace(event, coder=event.coder or coder) for event in events]
        return [event for event in events if self.about.coder in ("", event.coder) or not event.coder]

    def _subjects(self, by_key: Mapping[str, Recording], events: Mapping[str, Sequence[Coded]]) -> dict[str, str]:
        """Return the subject of each recording, as `Facts.subject`, else the events, else its first folder names it.

        A person must not become two: where events name subjects, a recording without any is of its folder's."""
        subjects, by_folder = dict[str, str](), dict[str, set[str]]()
        names = {key: {e.subject for e in coded if e.subject} for key, coded in events.items()}
        for key, of_recording in names.items():
            by_folder.setdefault(key.partition("/")[0], set()).update(of_recording)
        spellings: dict[str, str] = {}
        for key, of_recording in sorted(names.items()):
            path, (folder, slash, _) = by_key[key].path, key.partition("/")
            with collect_errors(self.problems):
                choices = of_recording or by_folder[folder] if slash else of_recording
                if self.about.subject:
                    match = re.search(self.about.subject, key)
                    if not (match and match.re.groups and match[1]):
                        raise DataError(f"{path}: must match `subject` of {FACTS}, {self.about.subject}, group 1")
                    choices = {match[1]}
                elif not choices and slash and not any(names.values()):
                    choices = {folder}
                if len(choices) > 1:
                    raise DataError(f"{path}: must show one subject, not {' and '.join(sorted(choices))}")
                if not choices:
                    others = "as events of other recordings do" if any(names.values()) else "or a folder of its name"
                    raise DataError(
                        f"{path}: must have a subject, in a column or ELAN's participant, {others}, or by "
                        f"`subject: '^([a-z0-9]+)_'` in {self.root / FACTS}"
                    )
                (subject,) = choices
                if (other := spellings.setdefault(subject.lower(), subject)) != subject:
                    raise DataError(f"{path}: the subject must be spelt {other} throughout, not {subject}")
                subjects[key] = _plain(subject, "subject", path)
        return subjects

    def _items(self, recording: Recording, subject: str, events: Sequence[Coded]) -> list[Any]:
        """Return the clips of a recording, or the recording with its expressions."""
        if len(names := {*coding.coders(events)} - {""}) > 1:
            raise DataError(
                f"{recording.path}: must have one coder's events, not those of {', '.join(sorted(names))}; name one in "
                f"{self.root / FACTS}, `coder: {min(names)}`"
            )
        folder, slash, rest = recording.key.partition("/")
        name = _plain((rest if slash else folder).replace("/", "_"), "recording", recording.path)
        expressions, where = list[Expression](), dict[tuple[str, int, int], str]()
        for event in events:
            if event.kind != "micro" and event.kind != "macro":
                continue
            with collect_errors(self.problems):
                if event.unit == "frames" and event.fps and abs(event.fps / recording.rate - 1) > SAME_RATE:
                    raise DataError(
                        f"fps must be {recording.rate:.5g}, the recording's, not {event.fps:g}: count frames of this "
                        f"recording, or give onset_seconds ({event.where})"
                    )
                onset, apex, offset = event.frames(recording.seconds)
                if recording.path.is_dir():
                    check_events(event.where, recording.files, onset=onset, apex=apex, offset=offset)
                if other := where.get((event.kind, onset, offset)):
                    raise DataError(
                        f"an event must be there once, not twice: {onset}..{offset} ({event.where}, {other})"
                    )
                where[event.kind, onset, offset] = event.where
                emotion = _composed(event.emotion)
                label = self.about.label(emotion, event.where)
                units = plus_for_commas(event.action_units)
                expressions.append(Expression(event.kind, onset, apex, offset, emotion, label, units))
        last = len(recording.seconds) - 1
        if self.facts.kind == "long":
            return [long_video(self._clip(recording, (subject, name), (0, last), None), expressions)]
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
        units = frozenset(unit.number for unit in facs.parse(e.action_units))
        objective_class = facs.objective_class(units) if units else None
        others |= {"label": e.label, "objective_class": objective_class, "action_units": e.action_units}
        return self.clip(key, recording.path, frames_of_clip, (e.onset, e.apex, e.offset), e.emotion, others)


def _plain(name: str, what: str, path: Path) -> str:
    """Return a name that becomes one of a file. Raises DataError for other letters."""
    if not PLAIN.fullmatch(name):
        raise DataError(
            f"{path}: the name of a {what} must be of letters a to z, digits, _ and -, not {name!r}; rename it"
        )
    return name


def read_facts(root: Path) -> Facts:
    """Return what a data set's dataset.yaml says; none where it has none. Raises DataError for another content."""
    path = root / FACTS
    if not path.is_file():
        return Facts(fps=None)
    try:
        facts = Facts(**(yaml.load(path.read_text(encoding="utf-8"), Loader) or {}))
        re.compile(facts.subject)
        if wrong := {*facts.emotions.values()} - {*LABELS, ""}:
            raise ValueError(f"a class is {', '.join(LABELS)} or '', not {min(wrong)!r}")
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (yaml.YAMLError, UnicodeError, ValueError, TypeError, re.error) as error:
        reason = " ".join(str(error).split())
    else:
        return facts
    raise DataError(f"{path}: must have {', '.join(Facts.model_fields)} alone ({reason})")


def _match(event: Coded, by_key: Mapping[str, Recording]) -> str:
    """Return the recording of a row: its path, the end of an absolute path, or its name alone where no other has it."""
    name = _composed(event.recording).removeprefix("./")
    if not name:
        if len(by_key) == 1:
            return next(iter(by_key))
        raise DataError(f"recording must not be empty ({event.where})")
    keys = {key: {key, _composed(r.path.relative_to(r.root).as_posix())} for key, r in by_key.items()}
    is_absolute = bool(re.match(r"/|[A-Za-z]:/", name))
    matches = [key for key, names in keys.items() if name in names]
    if is_absolute:
        ends = [key for key, names in keys.items() if any(name.endswith(f"/{other}") for other in names)]
        matches = sorted(ends, key=len)[-1:]
    if not matches and (is_absolute or "/" not in name):
        matches = [key for key, names in keys.items() if Path(name).name in {Path(other).name for other in names}]
        of_subject = [key for key in matches if key.startswith(f"{event.subject}/")]
        matches = of_subject if len(matches) > 1 and event.subject else matches
    if len(matches) != 1:
        near = nearest(name, [other for names in keys.values() for other in names])
        count = f"{len(matches)} are called so" if matches else f"none is called so{near}"
        root = next(iter(by_key.values())).root
        raise DataError(f"recording must be the path of one below {root}, not {name}: {count} ({event.where})")
    return matches[0]


def _of_file(path: Path, root: Path, by_key: Mapping[str, Recording]) -> tuple[str, str]:
    """Return the recording that a file lies next to, and the coder of its name, recording.coder.eaf."""
    key, coder = _composed(path.relative_to(root).with_suffix("").as_posix()), ""
    whole = key
    if key not in by_key:
        key, _, coder = key.rpartition(".")
    if key not in by_key:
        near = nearest(whole, by_key)
        raise DataError(f"{path}: must lie next to the recording that it annotates and be called like it{near}")
    return key, coder
