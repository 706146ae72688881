"""What a native layout is to the rest of the program: a name, a rate, published counts and a reader."""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from microexpr.core.clip import LABELS, Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets.frames import held

MEGC2019 = {  # emotion as annotated -> MEGC2019's class (See et al. 2019, Sec. II)
    "surprise": "surprise",
    "negative": "negative",
    **dict.fromkeys(("positive", "happiness", "happy", "amusement"), "positive"),
    **dict.fromkeys(("disgust", "repression", "anger", "contempt", "fear", "sadness", "sad"), "negative"),
}

OBJECTIVE = range(1, 8)  # AU-based classes
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".001", ".z01")
Kind = Literal["micro", "macro", "picture"]  # short and faint clips, posed clips, single pictures


@dataclass(frozen=True, slots=True)
class Counts:
    """What the data set's publication and workbook hold, None where they do not say."""

    clips: int
    subjects: int | None = None
    megc2019: tuple[int, int, int] | None = None  # negative, positive, surprise
    objective: tuple[int, ...] | None = None  # AU-based classes 1 to 7
    emotions: dict[str, int] | None = None  # by name, sorted


@dataclass(frozen=True, slots=True)
class Layout:
    """`read(root, origin, problems)` returns all annotated clips, sorted, and notes on what it repaired or passed over.

    A clip that cannot be read raises DataError naming file, row and clip; or, where `problems` is a list, is left out
    and its error appended. `frame` has a group `number`, that in a frame's file name; it is None where one file is
    a whole clip. `fps` is 0 for single pictures, and where each row has its own. `published` is None where no published
    count is to be held to; `releases` are those of other releases, which are as complete. Where clips are cut from
    `long` folders, each is its frames `first` to `last`."""

    name: str
    title: str
    kind: Kind
    fps: int
    frame: re.Pattern[str] | None
    published: Counts | None
    read: Callable[[Path, Origin, list[str] | None], tuple[list[Clip], list[str]]]
    releases: tuple[Counts, ...] = ()
    long: bool = False

    def frames(self, root: Path, clip: Clip) -> dict[int, Path]:
        """Paths of a clip's frames by number, in the data set's folder. Raises DataError as `frames.held` does."""
        found = held(root / clip.folder, self.frame)
        return {number: found[number] for number in found if not self.long or clip.first <= number <= clip.last}

    @property
    def moves(self) -> bool:
        """Whether something can move in it: not in single pictures, of which nobody knows who is shown either."""
        return self.kind != "picture"


@contextmanager
def gathered(problems: list[str] | None) -> Iterator[None]:
    """Lets a DataError pass, or puts it on the list if there is one; what the disk refuses becomes one."""
    try:
        with readable():
            yield
    except DataError as error:
        if problems is None:
            raise
        problems.append(str(error))


@contextmanager
def readable() -> Iterator[None]:
    """Raises DataError for whatever a disk refuses: permission, a loop of links, a name too long."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or 'a file'}: cannot be read: {error.strerror or error}") from error


def check_events(where: str, found: Mapping[int, object], **events: int | None) -> None:
    """Raises DataError for an event that is not among a clip's frames; `events` by the name of their column."""
    for column, number in events.items():
        if number is not None and number not in found:
            raise DataError(f"{column} must lie in the frames {min(found)}..{max(found)}, not {number} ({where})")


def label_of(emotion: str, dropped: tuple[str, ...] = ()) -> int | None:
    """MEGC2019's class index of an annotated emotion; None for those it drops."""
    key = emotion.strip().lower()
    return LABELS.index(MEGC2019[key]) if key in MEGC2019 and key not in dropped else None


def first_folder(root: Path, *candidates: str) -> Path:
    """The first of these folders that exists under root, or one folder deeper. Raises DataError naming all of them."""
    for candidate in candidates:
        if (root / candidate).is_dir():
            return root / candidate
    for candidate in candidates:
        deeper = sorted(folder for folder in root.glob(f"[!._]*/{candidate}") if folder.is_dir())
        if len(deeper) > 1:
            raise DataError(f"{root}: must hold {candidate} once, found {' and '.join(map(str, deeper))}")
        if deeper:
            return deeper[0]
    wanted = [name for name in candidates if Path(name).parts[0] not in Path(name).parts[1:]]  # not nested twice
    raise DataError(f"{root}: must hold a folder {' or '.join(wanted)}, found {holds(root)}")


def unread(root: Path, chosen: Path, *candidates: str) -> list[str]:
    """A note on each other of these folders that is there too: of raw and cropped frames only one is read."""
    there = [root / candidate for candidate in candidates if (root / candidate).is_dir()]
    others = [folder for folder in there if not chosen.is_relative_to(folder) and not folder.is_relative_to(chosen)]
    return [f"{folder}: is not read, since {chosen} is" for folder in others]


def without_row(pictures: Path, known: Container[tuple[str, str]]) -> list[str]:
    """A note on each folder <subject>/<clip> of frames that the annotation does not name."""
    folders = sorted(folder for folder in pictures.glob("[!._]*/[!._]*/") if folder.parts[-2:] not in known)
    return [f"{folder}: has no row in the annotation; passed over" for folder in folders]


def holds(folder: Path) -> str:
    """The first few names in a folder, for an error, and what to do with an archive; "nothing" where it is empty."""
    names = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []
    packed = [name for name in names if name.lower().endswith(ARCHIVES)]
    return (", ".join(names[:6]) + (" ..." if len(names) > 6 else "") if names else "nothing") + (
        f"; unpack {packed[0]} there" if packed else ""
    )


def plain(name: str, where: str) -> str:
    """A name from an annotation that will be part of a path. Raises DataError if it could lead elsewhere."""
    if not re.fullmatch(r"[\w-][\w .-]*", name) or ".." in name:
        raise DataError(f"a folder name must be plain letters, digits, _ and -, not {name!r} ({where})")
    return name
