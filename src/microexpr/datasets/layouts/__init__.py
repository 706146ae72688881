"""The native layouts: the facts of each data set in `<name>.yaml`, and readers by kind, which take them from there.

A file of facts begins with the quirks of its data set. Quirks that need code are described at the reader. Rendering
and the meaning of pixels do not come in here.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict

from microexpr.core.clip import Clip, Origin
from microexpr.core.clip import Kind as ExpressionKind
from microexpr.datasets.layout import Counts, Kind, Layout, LongLayout, label_of

FOLDER = files("microexpr.datasets.layouts")  # `workflow/closure.py` takes this name for an import of all that is there
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is eight times as fast
Pattern = Annotated[re.Pattern[str], BeforeValidator(lambda text: re.compile(text, re.IGNORECASE))]


class Subject(BaseModel):
    """The name of a subject in the annotation; the number in group 1 of the pattern is put into the form."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pattern: str
    form: str
    example: str


class Facts(BaseModel):
    """Facts of a native layout; those of `Layout` have the same names. Each reader lists the others that it needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)
    name: str
    title: str
    kind: Kind
    fps: int
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
    published: Counts | None = None
    releases: tuple[Counts, ...] = ()
    clips_share_folder: bool = False
    units: tuple[int, ...] | None = None
    rendered: dict[str, Any]  # how the renderer writes it; `microexpr.rendering.layouts` checks this part

    def label(self, emotion: str) -> int | None:
        """Return the MEGC2019 class that all words of an emotion, "negative+repression", have; None if they differ."""
        labels = {label_of(word, self.dropped) for word in emotion.split("+")}
        return labels.pop() if len(labels) == 1 else None


def names() -> list[str]:
    """Return the names of all data sets, sorted."""
    return sorted(path.name.removesuffix(".yaml") for path in FOLDER.iterdir() if path.name.endswith(".yaml"))


@cache
def facts(name: str) -> Facts:
    """Return the facts of a data set. Raises pydantic's ValidationError for a file with an unknown or wrong field."""
    return Facts(name=name, **yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), Loader))


def plus_for_commas(units: str) -> str:
    """Return a code of action units with + in place of commas, also full-width ones."""
    return re.sub(r"\s*[,\N{FULLWIDTH COMMA}]\s*", "+", units)


class Reader:
    """One reading of a copy below `root`, with notes on what was repaired or passed over.

    A clip that cannot be read raises DataError, or is left out and its error appended to `problems`, if that is a
    list."""

    def __init__(self, about: Facts, root: Path, origin: Origin, problems: list[str] | None) -> None:
        self.facts, self.root, self.origin, self.problems = about, root, origin, problems
        self.notes: list[str] = []

    def read(self) -> list[Any]:
        """Return all clips, or all long videos with the expressions in each, sorted by id."""
        raise NotImplementedError

    @property
    def unknown(self) -> str:
        """The fault of a folder that `clip` does not match."""
        return f"is not named like {self.facts.example}"

    def matching(self, pictures: Path) -> Iterator[tuple[Path, re.Match[str]]]:
        """Yield the folders of `glob` with a path below `pictures` that `clip` matches; note the others."""
        for folder in sorted(pictures.glob(self.facts.glob)):
            path = folder.relative_to(pictures).as_posix()
            if match := self.facts.clip and self.facts.clip.fullmatch(path):
                yield folder, match
            else:
                self.notes.append(f"{folder}: {self.unknown}; passed over")

    def clip(
        self,
        key: tuple[str, str],
        folder: Path,
        frames: Collection[int],
        events: tuple[int | None, int | None, int | None],
        emotion: str,
        others: Mapping[str, Any],
    ) -> Clip:
        """Return the clip of subject and name with these frames, and onset, apex and offset; `others` are further
        fields."""
        rest = {"fps": self.facts.fps, "label": self.facts.label(emotion), "objective_class": None, "action_units": ""}
        return Clip(
            dataset=self.facts.name, subject=key[0], name=key[1], origin=self.origin,
            folder=str(folder.relative_to(self.root)), first=min(frames), last=max(frames), frames=len(frames),
            onset=events[0], apex=events[1], offset=events[2], emotion=emotion, **{**rest, **others},
        )  # fmt: skip


def layout(name: str) -> Layout:
    """Return the layout of a data set by its facts."""
    about = facts(name)
    module, _, kind = about.reader.partition(".")
    reader = getattr(import_module(f"{__name__}.{module}"), kind)

    def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Any], list[str]]:
        reading = reader(about, root, origin, problems)
        return reading.read(), reading.notes

    if about.kind == "long":
        return LongLayout.of(name, about.title, about.fps, about.frame, about.published, read)
    return Layout(
        name, about.title, about.kind, about.fps, about.frame, about.published, read, about.releases,
        about.clips_share_folder, about.units,
    )  # fmt: skip
