"""Define a native layout as the rest of the program sees it: name, rate, published counts and a reader."""

import re
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from microexpr.core.clip import LABELS, Clip, LongVideo, Origin
from microexpr.core.errors import DataError
from microexpr.datasets.frames import frame_paths

MEGC2019 = {  # emotion as annotated -> MEGC2019's class (See et al. 2019, Sec. II)
    "surprise": "surprise",
    "negative": "negative",
    **dict.fromkeys(("positive", "happiness", "happy", "amusement"), "positive"),
    **dict.fromkeys(("disgust", "repression", "anger", "contempt", "fear", "sadness", "sad"), "negative"),
}

OBJECTIVE = range(1, 8)  # AU-based classes
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".001", ".z01")
# micro-expressions, acted expressions, single pictures; videos with several micro- and macro-expressions each
Kind = Literal["micro", "macro", "picture", "long"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a data set as published, None where they are not known."""

    clips: int | None  # of long videos: their number
    subjects: int | None = None
    megc2019: tuple[int, int, int] | None = None  # negative, positive, surprise
    objective: tuple[int, ...] | None = None  # AU-based classes 1 to 7
    emotions: dict[str, int] | None = None  # by name, sorted; of long videos those of micro-expressions
    micro: int | None = None  # expressions in long videos
    macro: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """The native layout of one data set.

    `read(root, origin, problems)` returns all annotated clips, sorted by id, and notes on what it repaired or passed
    over. A clip that cannot be read raises DataError naming file, row and clip; if `problems` is a list, the clip is
    left out and the error is appended. `frame` matches a frame's file name, with its number in the group `number`; it
    is None if one file holds a whole clip. `fps` is 0 for single pictures, and if each row has its own rate.
    `published` is None if there is no published count to compare with; `releases` are the counts of other releases,
    which are as complete. If `clips_share_folder`, a clip is the frames `first` to `last` of its folder."""

    name: str
    title: str
    kind: Kind
    fps: int
    frame: re.Pattern[str] | None
    published: Counts | None
    read: Callable[[Path, Origin, list[str] | None], tuple[list[Clip], list[str]]]
    releases: tuple[Counts, ...] = ()
    clips_share_folder: bool = False
    units: tuple[int, ...] | None = None  # clips with each of `occurrence.EVALUATED`, as Varanka et al. 2024 count them

    def frames(self, root: Path, clip: Clip) -> dict[int, Path]:
        """Return the paths of a clip's frames by number. Raises DataError as `frames.frame_paths` does."""
        paths = frame_paths(root / clip.folder, self.frame)
        if not self.clips_share_folder:
            return paths
        return {number: path for number, path in paths.items() if clip.first <= number <= clip.last}

    @property
    def has_motion(self) -> bool:
        """Return whether clips have several frames; False for single pictures."""
        return self.kind != "picture"


Videos = tuple[list[LongVideo], list[str]]  # sorted by id, and notes
ReadVideos = Callable[[Path, Origin, list[str] | None], Videos]


@dataclass(frozen=True, slots=True)
class LongLayout(Layout):
    """The layout of a data set of long videos: a clip is a whole video, and `read_videos` also returns the expressions
    in each, as `read` returns clips."""

    read_videos: ReadVideos = lambda root, origin, problems: ([], [])

    @classmethod
    def of(
        cls,
        name: str,
        title: str,
        fps: int,
        frame: re.Pattern[str] | None,
        published: Counts | None,
        read_videos: ReadVideos,
    ) -> "LongLayout":
        """Return a layout that reads clips by `read_videos`, without the expressions."""

        def read(root: Path, origin: Origin, problems: list[str] | None) -> tuple[list[Clip], list[str]]:
            videos, notes = read_videos(root, origin, problems)
            return [video.clip for video in videos], notes

        return cls(name, title, "long", fps, frame, published, read, read_videos=read_videos)


@contextmanager
def collect_errors(problems: list[str] | None) -> Iterator[None]:
    """Append a DataError to `problems` if that is a list, else raise it. An OSError becomes a DataError."""
    try:
        with os_errors_as_data_errors():
            yield
    except DataError as error:
        if problems is None:
            raise
        problems.append(str(error))


@contextmanager
def os_errors_as_data_errors() -> Iterator[None]:
    """Raise DataError in place of an OSError: no permission, a loop of links, a name too long."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{error.filename or 'a file'}: cannot be read: {error.strerror or error}") from error


def check_events(where: str, frames: Mapping[int, object], **events: int | None) -> None:
    """Raise DataError for an event that is not among a clip's frames; `events` are by the name of their column."""
    for column, number in events.items():
        if number is not None and number not in frames:
            raise DataError(f"{column} must lie in the frames {min(frames)}..{max(frames)}, not {number} ({where})")


def label_of(emotion: str, dropped: tuple[str, ...] = ()) -> int | None:
    """Return MEGC2019's class index of an annotated emotion; None for emotions that it leaves out."""
    key = emotion.strip().lower()
    return LABELS.index(MEGC2019[key]) if key in MEGC2019 and key not in dropped else None


def first_folder(root: Path, *candidates: str) -> Path:
    """Return the first of these folders that exists in root or one folder deeper. Raises DataError if none does."""
    for candidate in candidates:
        if (root / candidate).is_dir():
            return root / candidate
    for candidate in candidates:
        deeper = sorted(folder for folder in root.glob(f"[!._]*/{candidate}") if folder.is_dir())
        if len(deeper) > 1:
            raise DataError(f"{root}: must hold {candidate} once, found {' and '.join(map(str, deeper))}")
        if deeper:
            return deeper[0]
    expected = [name for name in candidates if Path(name).parts[0] not in Path(name).parts[1:]]  # not nested twice
    raise DataError(f"{root}: must hold a folder {' or '.join(expected)}, found {list_content(root)}")


def unread_folders(root: Path, chosen: Path, *candidates: str) -> list[str]:
    """Return a note on each candidate that exists but is not read: of raw and cropped frames only one is."""
    existing = [root / candidate for candidate in candidates if (root / candidate).is_dir()]
    others = [folder for folder in existing if not chosen.is_relative_to(folder) and not folder.is_relative_to(chosen)]
    return [f"{folder}: is not read, since {chosen} is" for folder in others]


def folders_without_row(pictures: Path, keys: Container[tuple[str, str]]) -> list[str]:
    """Return a note on each folder <subject>/<clip> of frames that the annotation does not name."""
    folders = sorted(folder for folder in pictures.glob("[!._]*/[!._]*/") if folder.parts[-2:] not in keys)
    return [f"{folder}: has no row in the annotation; passed over" for folder in folders]


def list_content(folder: Path) -> str:
    """Return the first names in a folder, for an error, with advice on an archive; "nothing" if it is empty."""
    names = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []
    packed = [name for name in names if name.lower().endswith(ARCHIVES)]
    return (", ".join(names[:6]) + (" ..." if len(names) > 6 else "") if names else "nothing") + (
        f"; unpack {packed[0]} there" if packed else ""
    )


def plain_name(name: str, where: str) -> str:
    """Return a name from an annotation that becomes part of a path. Raises DataError if it could lead elsewhere."""
    if not re.fullmatch(r"[\w-][\w .-]*", name) or ".." in name:
        raise DataError(f"a folder name must be plain letters, digits, _ and -, not {name!r} ({where})")
    return name
