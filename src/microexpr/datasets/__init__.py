"""Read the data sets in their native layouts. Only this package knows their folders, files and columns.

Each data set has a file of facts in `layouts`, and `LAYOUTS` holds its layout. The meaning of pixels, protocols and
the renderer do not come in here.

May import: core, coding, videos."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError, nearest
from microexpr.core.files import visible
from microexpr.datasets.layout import is_video
from microexpr.datasets.layouts import Layout, Videos, facts, names, own
from microexpr.videos import container, excerpt, timeline
from microexpr.videos.picture import LONGEST, Alterations, depth, describe_size, read

RAW, GENERATED = Path("data/raw"), Path("data/rendered")
LAYOUTS: dict[str, Layout] = {name: facts(name) for name in names()} | own.found(RAW, names())
MICRO = tuple(name for name, layout in LAYOUTS.items() if layout.kind == "micro")
MACRO = tuple(name for name, layout in LAYOUTS.items() if layout.kind in ("macro", "picture"))
LONG = tuple(name for name, layout in LAYOUTS.items() if layout.kind == "long")
OWN = tuple(name for name in MICRO if isinstance(LAYOUTS[name], own.OwnLayout))  # of users, in data/raw
HELD_BYTES = container.HELD  # of one clip's decoded frames


def layout(dataset: str) -> Layout:
    """Return the layout of a data set by its name. Raises DataError for an unknown name."""
    if dataset not in LAYOUTS:
        raise DataError(f"data set must be one of {', '.join(LAYOUTS)}, not {dataset!r}{nearest(dataset, LAYOUTS)}")
    return LAYOUTS[dataset]


def read_videos(dataset: str, origin: Origin, problems: list[str] | None = None) -> Videos:
    """Return the long videos of a data set, sorted by id, with the expressions in each, and notes. Raises DataError for
    a data set without long videos, and as `Layout` describes."""
    native = layout(dataset)
    if native.kind != "long":
        raise DataError(f"data set must be one of {', '.join(LONG)}, whose videos are long, not {dataset}")
    return native.read_videos(root(dataset, origin), origin, problems)


def root(dataset: str, origin: Origin) -> Path:
    """Return the folder of a data set: data/raw/<dataset> if licensed or own, data/rendered/<dataset> if rendered."""
    if isinstance(own_layout := LAYOUTS.get(dataset), own.OwnLayout):
        return RAW / own_layout.home
    return (RAW if origin == "licensed" else GENERATED) / dataset


def has_licensed_copy(dataset: str) -> bool:
    """Return whether the user has put the licensed data set at data/raw/<dataset>. Raises DataError for a broken link,
    an empty folder and a folder of a similar name, such as CASME II: an unmounted disk or a slip must not make rendered
    faces take the place of licensed ones."""
    folder = root(dataset, "licensed")
    if not folder.is_symlink() and not folder.exists():
        names = {_normalise(dataset), _normalise(LAYOUTS[dataset].title)}  # but for case, blanks, an archive's suffix
        for path in visible(RAW) if RAW.is_dir() else ():
            if {_normalise(path.name), _normalise(path.stem)} & names:
                raise DataError(f"{path}: must be a folder named {dataset}; rename or unpack it, or take it away")
        return False
    if not folder.is_dir() or not visible(folder):
        state = "is no folder" if folder.is_file() else "is an empty folder" if folder.is_dir() else "leads nowhere"
        raise DataError(f"{folder}: {state}; mount the disk, or remove it to run on generated faces")
    return True


def _normalise(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def frames(clip: Clip, home: Path | None = None) -> list[tuple[int, Path]]:
    """Return (native frame number, path) of every frame of a clip, in order of number. All frames of a video have the
    path of the video. `home` is the data set's folder if it is not the usual one. Raises DataError if the number of
    frames is not that with which the clip was indexed."""
    home = home or root(clip.dataset, clip.origin)
    paths = layout(clip.dataset).frames(home, clip)
    if len(paths) != clip.frames:
        actual = f"{len(paths)} (clip {clip.id}); start the run again"
        raise DataError(f"{home / clip.folder}: must hold {clip.frames} frames, not {actual}")
    return sorted(paths.items())


def frame_reader(
    clip: Clip, home: Path | None = None, note: Callable[[str], object] = lambda _: None
) -> tuple[list[int], Callable[[], Iterator[np.ndarray]]]:
    """Return the frame numbers of a clip and a function that iterates over its decoded frames in order.

    The function may be called repeatedly: small clips stay decoded in memory, large ones are read again. A frame is
    uint8[H, W] or RGB uint8[H, W, 3]. `home` is the data set's folder if it is not the usual one. When all frames are
    read, `note` is called with a line for each way in which `picture.read` altered them, and for a video of a varying
    rate. Raises DataError for a frame that is missing, unreadable, or of another size than the first."""
    numbers, paths = zip(*frames(clip, home), strict=True)
    cached: list[np.ndarray] = []
    alterations, lines, has_video = Alterations(), list[str](), is_video(paths[0])
    bits = None if has_video else depth(paths)

    def read_frames() -> Iterator[np.ndarray]:
        yield from cached
        rest, seconds = paths[len(cached) :], list[float | None]()
        decoded: Iterator[tuple[float | None, np.ndarray]]
        if has_video and layout(clip.dataset).clips_share_folder:  # a part of a recording
            decoded = ((None, image) for image in excerpt.read_some(paths[0], numbers[len(cached) :]))
        elif has_video:
            decoded = container.read_all(paths[0], len(paths), len(cached))
        else:
            longest = LONGEST if layout(clip.dataset).has_motion else None
            decoded = ((None, read(path, alterations, longest, bits)) for path in rest)
        for path, (time, picture) in zip(rest, decoded, strict=True):
            seconds += [time] * has_video
            if cached and picture.shape != cached[0].shape:
                expected, actual = describe_size(cached[0]), describe_size(picture)
                raise DataError(f"{path}: must be {expected} like the clip's first frame, not {actual}")
            if not cached or (len(cached) + 1) * picture.nbytes <= HELD_BYTES:
                cached.append(picture)
            yield picture
        if not lines:
            lines.extend(alterations.notes(paths[0].parent, len(paths)))
            lines.extend(f"{paths[0]}: {line}" for line in timeline.unevenness(seconds))
            for line in lines:
                note(line)

    return list(numbers), read_frames
