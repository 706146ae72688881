"""The native layouts: the facts of each data set in `<name>.yaml`, and readers by kind, which take them from there.

A file of facts begins with the quirks of its data set. Quirks that need code are described at the reader. Rendering
and the meaning of pixels do not come in here."""

import re
from collections.abc import Collection, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict

from microexpr.core.clip import Clip, LongVideo, Origin
from microexpr.core.clip import Kind as ExpressionKind
from microexpr.core.errors import DataError, collect_errors
from microexpr.core.files import visible
from microexpr.datasets import workbook
from microexpr.datasets.layout import (
    NOTICE_FILE,
    Counts,
    Kind,
    check_clips,
    check_spellings,
    compare_counts,
    count_clips,
    count_videos,
    describe_gaps,
    frame_paths,
    label_of,
    numbered_frames,
    shorten,
    unread_unit_notes,
)

FOLDER = files("microexpr.datasets.layouts")  # `workflow/closure.py` takes this name for an import of all that is there
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is eight times as fast
Videos = tuple[list[LongVideo], list[str]]  # and notes
Pattern = Annotated[re.Pattern[str], BeforeValidator(lambda text: re.compile(text, re.IGNORECASE))]


class Subject(BaseModel):
    """The name of a subject in the annotation; the number in group 1 of the pattern is put into the form."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pattern: str
    form: str
    example: str


class Layout(BaseModel):
    """The native layout of one data set, by its facts. Each reader lists those that it needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)
    name: str
    title: str
    kind: Kind
    fps: int  # 0 for single pictures, and if each row has its own rate
    # of a frame's file name, with its number in the group `number`; None if one file holds a whole clip
    frame: Pattern | None = None
    reader: str  # module in this folder, and class
    folders: tuple[str, ...] = ()  # that may hold all frames, the preferred first
    parts: tuple[str, ...] = ()  # patterns of several folders, as of cameras, which replace `folders` if there are any
    cropped: str = ""  # part of the path of cropped frames
    file: str = ""  # pattern of the workbook
    sheet: str | None = None
    columns: dict[str, str] = {}  # by their contents: subject, clip, onset, ...
    also: dict[str, str] = {}  # other names of columns in some copies -> the name in `columns`
    subject: Subject | None = None
    emotions: tuple[str, ...] = ()  # as annotated; if empty, those of `published`
    codes: dict[str, str] = {}  # code of an emotion -> emotion
    dropped: tuple[str, ...] = ()  # emotions of MEGC2019's classes that it leaves out of this data set
    commas: bool = False  # whether action units may be separated by commas
    rates: tuple[int, ...] = ()  # frames a second, if they differ
    glob: str = ""  # of the folders of clips, below one of `folders`
    clip: Pattern | None = None  # of a clip's folder; its groups are parts of the name
    example: str = ""  # path of a clip's folder, for messages
    types: dict[str, ExpressionKind] = {}  # word for the kind of an expression in a long video -> kind
    published: Counts | None = None  # None if there is no published count to compare with
    releases: tuple[Counts, ...] = ()  # of other releases, which are as complete
    clips_share_folder: bool = False  # whether a clip is the frames `first` to `last` of its folder
    units: tuple[int, ...] | None = None  # clips with each of `occurrence.EVALUATED`, as Varanka et al. 2024 count them
    rendered: dict[str, Any]  # how the renderer writes it; `microexpr.rendering.layouts` checks this part

    def label(self, emotion: str) -> int | None:
        """Return the MEGC2019 class that all words of an emotion, "negative+repression", have; None if they differ."""
        labels = {label_of(word, self.dropped) for word in emotion.split("+")}
        return labels.pop() if len(labels) == 1 else None

    @property
    def has_motion(self) -> bool:
        """Return whether clips have several frames; False for single pictures."""
        return self.kind != "picture"

    def frames(self, root: Path, clip: Clip) -> dict[int, Path]:
        """Return the paths of a clip's frames by number. Raises DataError as `frame_paths` does."""
        paths = frame_paths(root / clip.folder, self.frame)
        if not self.clips_share_folder:
            return paths
        return {number: path for number, path in paths.items() if clip.first <= number <= clip.last}

    def read(self, root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
        """Return all annotated clips, sorted by id, and notes on what was repaired or passed over. A clip of a long
        video is the whole video. A clip that cannot be read raises DataError naming file, row and clip; if `problems`
        is a list, the clip is left out and the error is appended."""
        items, notes = self._read(root, origin, problems)
        return [item.clip if self.kind == "long" else item for item in items], notes

    def read_videos(self, root: Path, origin: Origin, problems: list[str] | None = None) -> Videos:
        """Return the long videos of a data set, with the expressions in each, as `read` returns clips."""
        return self._read(root, origin, problems)

    def _read(self, root: Path, origin: Origin, problems: list[str] | None) -> tuple[list[Any], list[str]]:
        """Return clips, or long videos, and notes, with the checks that every copy must pass."""
        module, _, kind = self.reader.partition(".")
        with collect_errors(None):
            reading = getattr(import_module(f"{__name__}.{module}"), kind)(self, root, origin, problems)
            items, notes = reading.read(), reading.notes
            items.sort(key=lambda item: item.clip.id if self.kind == "long" else item.id)
            if self.kind == "long":
                clips, word = [video.clip for video in items], "expressions"
                codes = [(video.clip.id, e.action_units) for video in items for e in video.expressions]
            else:
                clips, word, codes = items, "clips", [(clip.id, clip.action_units) for clip in items]
            notes += check_clips(root, clips, self.frame, problems)
            if self.columns:  # names of an annotation; dataset.yaml may tell 1 from 01
                with collect_errors(problems):
                    check_spellings(root, clips)
        notes += unread_unit_notes(root, codes, word)
        if origin == "licensed" and self.published and problems is None:  # in a check it is a problem, not a note
            counts = count_videos(items) if self.kind == "long" else count_clips(items)
            difference = compare_counts(counts, self.published, *self.releases)
            notes += [f"{root}: {difference}"] if difference else []
        return items, notes


def names() -> list[str]:
    """Return the names of all data sets, sorted."""
    return sorted(path.name.removesuffix(".yaml") for path in FOLDER.iterdir() if path.name.endswith(".yaml"))


@cache
def facts(name: str) -> Layout:
    """Return the layout of a data set. Raises pydantic's ValidationError for a file with an unknown or wrong field."""
    return Layout(name=name, **yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader))


def plus_for_commas(units: str) -> str:
    """Return a code of action units with + in place of commas, also full-width ones."""
    return re.sub(r"\s*[,\N{FULLWIDTH COMMA}]\s*", "+", units)


class Reader:
    """One reading of a copy below `root`, with notes on what was repaired or passed over. A clip that cannot be read
    raises DataError, or is left out and its error appended to `problems`, if that is a list."""

    UNKNOWN = "is not named like {example}"  # the fault of a folder that `clip` does not match
    GAP = ""  # what becomes of a missing frame, for a note; if empty, it is an error

    def __init__(self, about: Layout, root: Path, origin: Origin, problems: list[str] | None) -> None:
        self.facts, self.root, self.origin, self.problems = about, root, origin, problems
        self.notes: list[str] = []

    def read(self) -> list[Any]:
        """Return all clips, or all long videos with the expressions in each."""
        raise NotImplementedError

    def matching(self, pictures: Path) -> Iterator[tuple[Path, re.Match[str]]]:
        """Yield the folders of `glob` with a path below `pictures` that `clip` matches; note all else that lies there.
        Next to a folder of a fixed name, such as `color`, folders are of other kinds of data, and not noted."""
        words = {"example": self.facts.example, "emotions": ", ".join(self.facts.emotions)}
        level, fault = [pictures], self.UNKNOWN.format(**words)
        for pattern in self.facts.glob.strip("/").split("/"):
            parents, level = level, []
            for parent in parents:
                content = [path for path in visible(parent) if path.name != NOTICE_FILE]
                matching = [path for path in content if path.is_dir() and fnmatchcase(path.name, pattern)]
                others = [path for path in content if path not in matching] if "*" in pattern else []
                self.notes += [f"{path}: {fault}; passed over" for path in others if path.is_dir()]
                if files := [path.name for path in others if not path.is_dir()]:
                    self.notes.append(f"{parent}: {shorten(files)}: no folders like {self.facts.example}; passed over")
                elif not matching and not content:
                    self.notes.append(f"{parent}: is empty, and holds nothing like {self.facts.example}; passed over")
                elif not matching and "*" not in pattern:
                    self.notes.append(f"{parent}: holds no folder {pattern}; passed over")
                level += matching
        for folder in level:
            path = folder.relative_to(pictures).as_posix()
            if match := self.facts.clip and self.facts.clip.fullmatch(path):
                yield folder, match
            else:
                self.notes.append(f"{folder}: {fault}; passed over")

    def rows(self) -> Iterator[workbook.Row]:
        """Return the rows of the annotation's workbook."""
        file, columns = workbook.find(self.root, self.facts.file, self.notes), tuple(self.facts.columns.values())
        return workbook.rows(file, columns, self.notes, self.facts.sheet, self.facts.also)

    def frames(self, folder: Path, owner: str | None = None) -> dict[int, Path]:
        """Return the frames in a folder by number; where their names hold an owner, it must be this one. Raises
        DataError as `numbered_frames` does, and for a missing frame unless `GAP` is noted."""
        assert self.facts.frame is not None
        frames = numbered_frames(folder, self.facts.frame, owner if "owner" in self.facts.frame.groupindex else None)
        if text := describe_gaps(frames):
            if not self.GAP:
                raise DataError(f"{folder}: {text}")
            self.notes.append(f"{folder}: {text}; {self.GAP}")
        return frames

    def clip(
        self, key: tuple[str, str], folder: Path, frames: Collection[int],
        events: tuple[int | None, int | None, int | None], emotion: str, others: Mapping[str, Any],
    ) -> Clip:  # fmt: skip
        """Return the clip of subject and name; `events` are onset, apex and offset, `others` further fields."""
        rest = {"fps": self.facts.fps, "label": self.facts.label(emotion), "objective_class": None, "action_units": ""}
        return Clip(
            dataset=self.facts.name, subject=key[0], name=key[1], origin=self.origin,
            folder=str(folder.relative_to(self.root)), first=min(frames), last=max(frames), frames=len(frames),
            onset=events[0], apex=events[1], offset=events[2], emotion=emotion, **{**rest, **others},
        )  # fmt: skip
