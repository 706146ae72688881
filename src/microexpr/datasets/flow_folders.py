"""Read precomputed onset-to-apex flow stored as small pictures, for users who have no video. No network, no protocol.

There are two layouts, at the root or one folder below it, whatever its name:
`<subject>/{u_train,u_test}/{0,1,2}/*.png`, or one flat folder of `<subject>_<clip> .png` with a list CSV in it or next
to it. Both give the same clips."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import csv_file
from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError, collect_errors
from microexpr.core.files import visible
from microexpr.datasets.layout import duplicates, list_content, plain_name, shorten
from microexpr.datasets.layouts import facts
from microexpr.datasets.workbook import listing
from microexpr.videos.picture import Alterations
from microexpr.videos.picture import read as decoded

NAME = "flow_folders"  # below data/raw
SIZE = 28  # rows and columns of every picture
PARTITIONS = ("u_train", "u_test")
COLUMNS = ("sub", "filename_o", "label")  # of the list CSV; other columns are not needed


@dataclass(frozen=True, slots=True)
class Part:
    """One data set's part of MEGC2019's composite."""

    pattern: re.Pattern[str]  # matches the names of its subjects
    form: str  # format of these names in the loaders
    subjects: int
    classes: tuple[int, int, int]  # clips by class


def _part(dataset: str, pattern: str, form: str, subjects: int) -> Part:
    published = facts(dataset).published
    assert published is not None and published.megc2019 is not None
    return Part(re.compile(pattern), form, subjects, published.megc2019)


PARTS = {  # See et al. 2019
    "smic": _part("smic", r"s(\d{1,2})", "s{:02d}", 16),
    "casme2": _part("casme2", r"sub(\d{1,2})", "sub{:02d}", 24),
    "samm": _part("samm", r"(\d{3})", "{:03d}", 28),
}
EXPECTED = (
    f"<subject>/u_train and u_test/<class>/<name>.png, or pictures '<subject>_<clip> .png' and a list CSV with columns "
    f"{', '.join(COLUMNS)}; docs/data.md draws both"
)


def subject_of(name: str, where: str) -> tuple[str, str]:
    """Return data set and subject (s01, sub01, 006) of a folder's or row's name; its form tells the data set. Raises
    DataError for a name that has no data set's form."""
    for dataset, part in PARTS.items():
        if match := part.pattern.fullmatch(name):
            return dataset, part.form.format(int(match[1]))
    raise DataError(f"a subject must be named like s01 (SMIC), sub01 (CASME II) or 006 (SAMM), not {name!r} ({where})")


def clip_name(dataset: str, subject: str, name: str) -> str:
    """Return a clip's name as in the loaders: SMIC's and SAMM's begin with the subject, once, CASME II's do not."""
    prefix = subject if dataset == "samm" else re.sub(r"\d+", lambda digits: f"0*{int(digits[0])}", subject)
    bare = re.sub(f"^(?:{prefix}_)+", "", name.strip())
    return bare if dataset == "casme2" else f"{subject}_{bare}"


def read(root: Path, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes on what was passed over. A clip's `folder` is its picture below `root`.

    Frames are not known, so first, last, counts and rates are 0, and onset, apex and offset are None. Each data set
    that is present must have MEGC2019's clips, subjects and classes; every subject's u_train must be all other
    subjects' u_test.

    Raises DataError, naming file, row or clip, for any violation; if `problems` is a list, appends to it instead."""
    folder, table = _locate(root)
    contents = _read_list(root, folder, table, problems) if table else _read_partitions(root, folder, problems)
    clips, notes, violations = contents
    for clip, other in duplicates(clips):
        violations.insert(0, f"clip {clip.id} must be there once, not twice ({clip.folder} and {other.folder})")
    differences = [] if clips else [f"must hold clips of {', '.join(PARTS)}, not none"]
    for dataset in dict.fromkeys(clip.dataset for clip in clips):
        part, labels = PARTS[dataset], Counter(clip.label for clip in clips if clip.dataset == dataset)
        subjects = len({clip.subject for clip in clips if clip.dataset == dataset})
        actual = _counts(subjects, [labels[label] for label in range(len(LABELS))])
        if actual != (expected := _counts(part.subjects, part.classes)):
            differences.append(f"{dataset} must be {expected}, not {actual}")
    if differences:
        violations.insert(0, f"{folder}: " + "; ".join(differences))
    if problems is not None:
        problems += violations
    elif violations:
        more = f"; {len(violations) - 2} more, which `microexpr check {root}` lists" if len(violations) > 2 else ""
        raise DataError("; ".join(violations[:2]) + more)
    return clips, notes


def picture(root: Path, clip: Clip) -> np.ndarray:
    """Return u, v, strain as the RGB channels of uint8[28, 28, 3], each scaled to 0..255 in this clip.

    OpenCV's order, BGR, is the reverse. Raises DataError for a picture that is missing, unreadable, of another size, or
    of other pixels than 8 bits of RGB."""
    path, alterations = root / clip.folder, Alterations()
    pixels = decoded(path, alterations)
    if alterations:  # harmless in a picture of a face, but not in a measurement
        raise DataError(f"{path}: must be a PNG of 8 bits RGB, not {' '.join(sorted(alterations))} (clip {clip.id})")
    if pixels.shape != (SIZE, SIZE, 3):
        raise DataError(f"{path}: must be {SIZE}x{SIZE}x3, not {'x'.join(map(str, pixels.shape))} (clip {clip.id})")
    return pixels


def _locate(root: Path) -> tuple[Path, Path | None]:
    """Return the folder of subjects and None, or the folder of pictures and its list. Raises DataError unless there is
    exactly one such folder."""
    if not root.is_dir():
        raise DataError(f"{root}: is not there; it must hold {EXPECTED}")
    tables: dict[Path, list[Path]] = {folder: [] for folder in (root, *_folders(root))}  # CSV files with the columns
    for path in (path for folder in tables for path in visible(folder, "*.csv")):
        with csv_file.opened(path) as (header, _):
            tables[path.parent] += [path] * (set(COLUMNS) <= set(header))
    candidates: list[tuple[Path, Path | None]] = []
    for folder in tables:
        if any((subfolder / partition).is_dir() for subfolder in _folders(folder) for partition in PARTITIONS):
            candidates.append((folder, None))
        elif _pictures(folder):
            candidates += [(folder, table) for table in dict.fromkeys([*tables[folder], *tables[root]])]
    if not candidates:
        raise DataError(f"{root}: must hold {EXPECTED}; found {list_content(root)}")
    if len(candidates) > 1:
        names = ", ".join(f"{folder} with {table.name}" if table else str(folder) for folder, table in candidates)
        raise DataError(f"{root}: must hold one such folder and list, not {names}; keep one")
    return candidates[0]


def _folders(folder: Path) -> list[Path]:
    return [path for path in visible(folder) if path.is_dir()]


def _pictures(folder: Path) -> list[Path]:
    return [path for path in visible(folder) if path.suffix.lower() == ".png"]


def _clip(root: Path, path: Path, owner: tuple[str, str], name: str, label: int) -> Clip:
    return Clip(
        dataset=owner[0], subject=owner[1], name=plain_name(clip_name(*owner, name), str(path)),
        origin="licensed", folder=str(path.relative_to(root)), first=0, last=0, frames=0,
        onset=None, apex=None, offset=None, fps=0, emotion=LABELS[label], label=label,
        objective_class=None, action_units="",
    )  # fmt: skip


def _label(code: str, where: str) -> int:
    if code not in map(str, range(len(LABELS))):
        codes = ", ".join(f"{label} {name}" for label, name in enumerate(LABELS))
        raise DataError(f"a class must be one of {codes}, not {code!r} ({where})")
    return int(code)


LabelledName = tuple[int, str]  # class and file name, by which train and test folders are compared
Contents = tuple[list[Clip], list[str], list[str]]  # clips, notes, and violations that concern the whole copy


def _read_partitions(root: Path, folder: Path, problems: list[str] | None) -> Contents:
    """Read the first layout, in which the clips are those of each subject's u_test."""
    clips, tests = list[Clip](), dict[Path, set[LabelledName]]()
    notes = list(_strays(folder))
    for subject_folder in _folders(folder):
        with collect_errors(problems):
            owner = subject_of(subject_folder.name, str(subject_folder))
            pictures = _labelled_pictures(subject_folder / "u_test")
            tests[subject_folder] = {(label, path.stem.strip()) for label, path in pictures}
            clips += [_clip(root, path, owner, path.stem, label) for label, path in pictures]
    return sorted(clips, key=lambda clip: clip.id), notes, list(_train_violations(tests))


def _strays(folder: Path) -> Iterator[str]:
    """Yield a note on each folder with files or folders that have no place in the first layout."""
    levels: dict[str, tuple[str, Callable[[Path], bool]]] = {
        "*": ("a subject's folder", Path.is_dir), "*/*": ("u_train or u_test", lambda path: path.name in PARTITIONS),
        "*/u_*/*": ("a folder of a class", Path.is_dir),
        "*/u_*/*/*": ("a .png", lambda path: path.suffix.lower() == ".png"),
    }  # fmt: skip
    for pattern, (expected, is_expected) in levels.items():
        strays: dict[Path, list[str]] = {}
        for path in visible(folder, pattern):
            if not is_expected(path):
                strays.setdefault(path.parent, []).append(path.name)
        yield from (f"{parent}: {shorten(names)}: not {expected}, passed over" for parent, names in strays.items())


def _labelled_pictures(partition: Path) -> list[tuple[int, Path]]:
    """Return class and path of every picture. Raises DataError if the folder is missing or has one of no class."""
    if not partition.is_dir():
        raise DataError(f"{partition}: is not there; each subject must have u_train and u_test")
    labelled = [(_label(folder.name, str(folder)), folder) for folder in _folders(partition)]
    return [(label, path) for label, folder in labelled for path in _pictures(folder)]


def _train_violations(tests: dict[Path, set[LabelledName]]) -> Iterator[str]:
    """Yield each way in which a subject's u_train is not all other subjects' u_test. Clips are compared by file name
    and class: a clip has the same file name in every u_train."""
    counts = Counter(name for test in tests.values() for name in test)
    for folder, test in tests.items():
        try:
            train = {(label, path.stem.strip()) for label, path in _labelled_pictures(folder / "u_train")}
        except DataError as error:
            yield str(error)
            continue
        others = {name for name in counts if counts[name] > (name in test)}
        leaked, unknown, missing = (
            shorten(f"{label}/{name}" for label, name in names)
            for names in ((train - others) & test, train - others - test, others - train)
        )
        train_folder = folder / "u_train"
        if leaked:
            yield f"{train_folder}: must hold clips of other subjects, not {folder.name}'s own test clip {leaked}"
        if unknown:
            yield f"{train_folder}: must hold clips of the others' u_test, not {unknown}"
        if missing:
            yield f"{train_folder}: must hold every clip of the others' u_test, not all but {missing}"


def _read_list(root: Path, folder: Path, table: Path, problems: list[str] | None) -> Contents:
    """Read the second layout, in which the clips are the rows of the list."""
    clips, rows = list[Clip](), list(listing(table, COLUMNS))
    for number, row in rows:
        with collect_errors(problems):
            subject_name, name, label = (row[column] for column in COLUMNS)
            where = f"{table}, row {number}"
            owner, stem = subject_of(subject_name, where), f"{subject_name}_{plain_name(name, where)}"
            # copies in circulation have a blank before the dot
            path = next(filter(Path.is_file, (folder / f"{stem}{blank}.png" for blank in (" ", ""))), None)
            if path is None:
                raise DataError(f"{folder / f'{stem} .png'}: is not there; the list names it ({where})")
            clips.append(_clip(root, path, owner, name, _label(label, f"{where}, clip {name}")))
    stems = {"_".join(row[column] for column in COLUMNS[:2]) for _, row in rows}
    unlisted = [path for path in _pictures(folder) if path.stem.strip() not in stems]
    notes = [f"{path}: has no row in {table.name}; passed over" for path in unlisted]
    return sorted(clips, key=lambda clip: clip.id), notes, []


def _counts(subjects: int, classes: Sequence[int]) -> str:
    by_class = ", ".join(f"{count} {name}" for count, name in zip(classes, LABELS, strict=True))
    return f"{sum(classes)} clips of {subjects} subjects ({by_class})"
