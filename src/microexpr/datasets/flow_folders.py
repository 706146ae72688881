"""Precomputed onset-to-apex flow as small pictures: the door for those who have no video. No network, no protocol.

Two layouts, at the root or one folder below it, whatever that is called: `<subject>/{u_train,u_test}/{0,1,2}/*.png`, or
one flat folder of `<subject>_<clip> .png` with a list CSV in it or beside it. Both lead to the same clips.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError
from microexpr.datasets.layout import gathered, holds, plain
from microexpr.datasets.layouts import casme2, samm, smic
from microexpr.datasets.listing import listing
from microexpr.datasets.picture import Altered
from microexpr.datasets.picture import read as decoded

NAME = "flow_folders"  # below data/raw
SIZE = 28  # rows and columns of every picture
MIDDLE = 127.5  # of a grey level's range, so that -u is the u of a mirrored clip, as with flow in pixels
SIDES = ("u_train", "u_test")
COLUMNS = ("sub", "filename_o", "label")  # of the list CSV; the others are not needed


@dataclass(frozen=True, slots=True)
class Part:
    """One data set's part of MEGC2019's composite."""

    written: re.Pattern[str]  # how its subjects are written
    form: str  # and how the loaders write them
    people: int
    classes: tuple[int, int, int]  # clips by class


PARTS = {  # See et al. 2019
    "smic": Part(re.compile(r"s(\d{1,2})"), "s{:02d}", 16, smic.MEGC2019),
    "casme2": Part(re.compile(r"sub(\d{1,2})"), "sub{:02d}", 24, casme2.MEGC2019),
    "samm": Part(re.compile(r"(\d{3})"), "{:03d}", 28, samm.MEGC2019),
}
WANTED = (
    f"<subject>/u_train and u_test/<class>/<name>.png, or pictures '<subject>_<clip> .png' and a list CSV with columns "
    f"{', '.join(COLUMNS)}; docs/data.md draws both"
)
SHOWN = 3  # names in an error


@dataclass(frozen=True, slots=True)
class Person:
    """A subject by the name of the folder or row; the data set follows from how it is written."""

    dataset: str
    subject: str  # s01, sub01, 006
    number: int

    @classmethod
    def of(cls, written: str, where: str) -> "Person":
        """Raises DataError for a name of no data set's form."""
        for dataset, part in PARTS.items():
            if match := part.written.fullmatch(written):
                return cls(dataset, part.form.format(int(match[1])), int(match[1]))
        raise DataError(
            f"a subject must be named like s01 (SMIC), sub01 (CASME II) or 006 (SAMM), not {written!r} ({where})"
        )

    def clip_name(self, written: str) -> str:
        """The clip's name as our loaders have it: SMIC's and SAMM's begin with the subject, once, CASME II's do not."""
        prefix = {"smic": f"s0*{self.number}_", "casme2": f"sub0*{self.number}_", "samm": f"{self.subject}_"}
        bare = re.sub(f"^(?:{prefix[self.dataset]})+", "", written.strip())
        return bare if self.dataset == "casme2" else f"{self.subject}_{bare}"


def read(root: Path, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """All clips, sorted by id, and notes on what was passed over. `folder` of a clip is its picture, below `root`.

    No frame is known, so first and last, counts and rates are 0, and onset, apex and offset are None. Each data set
    that is there must have MEGC2019's clips, people and classes; every subject's u_train must be all other subjects'
    u_test.

    Raises DataError, naming file, row or clip, for whatever is not so; where `problems` is a list, each is appended to
    it instead.
    """
    folder, table = _located(root)
    clips, notes, wrong = _listed(root, folder, table, problems) if table else _held_out(root, folder, problems)
    for clip, other in _twice(clips):
        wrong.insert(0, f"clip {clip.id} must be there once, not twice ({clip.folder} and {other.folder})")
    if differing := _differing(clips):
        wrong.insert(0, f"{folder}: " + "; ".join(differing))
    if problems is not None:
        problems += wrong
    elif wrong:
        more = f"; {len(wrong) - 2} more, which `microexpr check {root}` lists" if len(wrong) > 2 else ""
        raise DataError("; ".join(wrong[:2]) + more)
    return clips, notes


def picture(root: Path, clip: Clip) -> np.ndarray:
    """uint8[28, 28, 3], RGB: u, v, strain (OpenCV's order, BGR, is the reverse), each scaled to 0..255 in this clip.

    Raises DataError for a picture that is missing, unreadable, of another size, or of other pixels than 8 bits of RGB.
    """
    path, altered = root / clip.folder, Altered()
    found = decoded(path, altered)
    if altered:  # a face bears that, a measurement does not
        raise DataError(f"{path}: must be a PNG of 8 bits RGB, not {' '.join(sorted(altered))} (clip {clip.id})")
    if found.shape != (SIZE, SIZE, 3):
        raise DataError(f"{path}: must be {SIZE}x{SIZE}x3, not {'x'.join(map(str, found.shape))} (clip {clip.id})")
    return found


def onset_apex(root: Path, clip: Clip) -> np.ndarray:
    """float32[3, 28, 28]: u and v as grey levels less 127.5, strain as grey levels 0..255.

    Scaling per clip has lost the size of the movement, and where in the range no movement was.
    """
    channels = picture(root, clip).transpose(2, 0, 1).astype(np.float32)
    return channels - np.array([MIDDLE, MIDDLE, 0], np.float32)[:, None, None]


def check(root: Path) -> tuple[list[Clip], list[str], list[str]]:
    """Clips, notes, and every problem, a line each: layout, counts, train against test, undecodable pictures.

    Raises DataError if neither layout is there."""
    problems: list[str] = []
    clips, notes = read(root, problems)
    for clip in clips:
        with gathered(problems):
            picture(root, clip)
    return clips, notes, problems


def _located(root: Path) -> tuple[Path, Path | None]:
    """The folder of subjects and None, or the folder of pictures and its list. Raises DataError unless there is one."""
    if not root.is_dir():
        raise DataError(f"{root}: is not there; it must hold {WANTED}")
    tables = {folder: _tables(folder) for folder in (root, *_folders(root))}
    found: list[tuple[Path, Path | None]] = []
    for folder in tables:
        if any((below / side).is_dir() for below in _folders(folder) for side in SIDES):
            found.append((folder, None))
        elif next(_pictures(folder), None):
            found += [(folder, table) for table in dict.fromkeys([*tables[folder], *tables[root]])]
    if not found:
        raise DataError(f"{root}: must hold {WANTED}; found {holds(root)}")
    if len(found) > 1:
        raise DataError(f"{root}: must hold one such folder and list, not {', '.join(map(_named, found))}; keep one")
    return found[0]


def _named(found: tuple[Path, Path | None]) -> str:
    folder, table = found
    return f"{folder} with {table.name}" if table else str(folder)


def _tables(folder: Path) -> list[Path]:
    """The CSV files of a folder that have the columns of a list."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            header = next(csv.reader(file), [])
        if set(COLUMNS) <= set(re.split(r"[,;\t|]", ",".join(header))):
            found.append(path)
    return found


def _folders(folder: Path) -> list[Path]:
    """Folders in it, sorted, but for those that archives and systems leave behind."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__")))


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix.lower() == ".png" and not path.name.startswith("."))


def _clip(root: Path, path: Path, person: Person, written: str, label: int) -> Clip:
    return Clip(
        dataset=person.dataset, subject=person.subject, name=plain(person.clip_name(written), str(path)),
        origin="licensed", folder=str(path.relative_to(root)), first=0, last=0, frames=0,
        onset=None, apex=None, offset=None, fps=0, emotion=LABELS[label], label=label,
        objective_class=None, action_units="",
    )  # fmt: skip


def _label(written: str, where: str) -> int:
    if written not in map(str, range(len(LABELS))):
        known = ", ".join(f"{number} {name}" for number, name in enumerate(LABELS))
        raise DataError(f"a class must be one of {known}, not {written!r} ({where})")
    return int(written)


Named = tuple[int, str]  # class and file name, by which train and test folders are compared
Read = tuple[list[Clip], list[str], list[str]]  # clips, notes, and what is wrong with the whole


def _held_out(root: Path, folder: Path, problems: list[str] | None) -> Read:
    """The first layout: clips are those of each subject's u_test."""
    clips: list[Clip] = []
    tested: dict[Path, set[Named]] = {}
    for own in _folders(folder):
        with gathered(problems):
            person = Person.of(own.name, str(own))
            found = _classes(own / "u_test")
            tested[own] = {(label, path.stem.strip()) for label, path in found}
            clips += [_clip(root, path, person, path.stem, label) for label, path in found]
    return sorted(clips, key=lambda clip: clip.id), [], list(_wrong_trains(tested))


def _classes(side: Path) -> list[tuple[int, Path]]:
    """Class and path of every picture. Raises DataError if the folder is missing or has one of no class."""
    if not side.is_dir():
        raise DataError(f"{side}: is not there; each subject must have u_train and u_test")
    labelled = [(_label(folder.name, str(folder)), folder) for folder in _folders(side)]
    return [(label, path) for label, folder in labelled for path in sorted(_pictures(folder))]


def _wrong_trains(tested: dict[Path, set[Named]]) -> Iterator[str]:
    """Each way in which a subject's u_train is not all other subjects' u_test.

    By file name and class: the same clip has the same file name in every u_train."""
    times = Counter(named for own in tested.values() for named in own)
    for folder, own in tested.items():
        try:
            found = {(label, path.stem.strip()) for label, path in _classes(folder / "u_train")}
        except DataError as error:
            yield str(error)
            continue
        others = {named for named in times if times[named] > (named in own)}
        train = folder / "u_train"
        if leaked := (found - others) & own:
            yield f"{train}: must hold clips of other subjects, not {folder.name}'s own test clip {_few(leaked)}"
        if strange := found - others - own:
            yield f"{train}: must hold clips of the others' u_test, not {_few(strange)}"
        if missing := others - found:
            yield f"{train}: must hold every clip of the others' u_test, not all but {_few(missing)}"


def _few(names: set[Named]) -> str:
    shown = ", ".join(f"{label}/{name}" for label, name in islice(sorted(names), SHOWN))
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _listed(root: Path, folder: Path, table: Path, problems: list[str] | None) -> Read:
    """The second layout: clips are the rows of the list."""
    clips: list[Clip] = []
    rows = list(listing(table, COLUMNS))
    for number, row in rows:
        with gathered(problems):
            clips.append(_row(root, folder, row, f"{table}, row {number}"))
    known = {"_".join(row[column] for column in COLUMNS[:2]) for _, row in rows}
    strange = sorted(path for path in _pictures(folder) if path.stem.strip() not in known)
    notes = [f"{path}: has no row in {table.name}; passed over" for path in strange]
    return sorted(clips, key=lambda clip: clip.id), notes, []


def _row(root: Path, folder: Path, row: dict[str, str], where: str) -> Clip:
    subject, name, label = (row[column] for column in COLUMNS)
    person = Person.of(subject, where)
    stem = f"{subject}_{plain(name, where)}"
    for path in (folder / f"{stem} .png", folder / f"{stem}.png"):  # in circulation with a blank before the dot
        if path.is_file():
            return _clip(root, path, person, name, _label(label, f"{where}, clip {name}"))
    raise DataError(f"{folder / f'{stem} .png'}: is not there; the list names it ({where})")


def _twice(clips: list[Clip]) -> Iterator[tuple[Clip, Clip]]:
    return ((clip, other) for clip, other in pairwise(clips) if clip.id == other.id)


def _differing(clips: list[Clip]) -> list[str]:
    """What is expected and found of each data set that is there and not as published."""
    lines = []
    for dataset in dict.fromkeys(clip.dataset for clip in clips):
        own = [clip for clip in clips if clip.dataset == dataset]
        labels = Counter(clip.label for clip in own)
        found = _counts(len({clip.subject for clip in own}), [labels[number] for number in range(len(LABELS))])
        expected = _counts(PARTS[dataset].people, PARTS[dataset].classes)
        if found != expected:
            lines.append(f"{dataset} must be {expected}, not {found}")
    return lines if clips else [f"must hold clips of {', '.join(PARTS)}, not none"]


def _counts(people: int, classes: "list[int] | tuple[int, ...]") -> str:
    each = ", ".join(f"{count} {name}" for count, name in zip(classes, LABELS, strict=True))
    return f"{sum(classes)} clips of {people} people ({each})"
