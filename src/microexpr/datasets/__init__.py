"""Native layouts of the data sets: the only room that knows folder names, file names and annotation columns.

What may not come in: pixels' meaning, protocols, the generator. One file per data set in `natives`; `LAYOUTS` has them.

May import: core.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from microexpr.core import registry
from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError, nearest
from microexpr.datasets import video
from microexpr.datasets.copies import checked
from microexpr.datasets.frames import is_video
from microexpr.datasets.layout import Layout
from microexpr.datasets.picture import Altered, described, read

LAYOUTS: dict[str, Layout] = {
    name: checked(native.LAYOUT) for name, native in registry.modules("microexpr.datasets.layouts").items()
}
MICRO = tuple(name for name, layout in LAYOUTS.items() if layout.kind == "micro")
MACRO = tuple(name for name, layout in LAYOUTS.items() if layout.kind != "micro")  # single pictures are among them
HELD_BYTES = 256 * 2**20  # decoded pictures of one clip that may stay in memory
RAW, GENERATED = Path("data/raw"), Path("data/generated")


def layout(dataset: str) -> Layout:
    """The layout of a data set by its name. Raises DataError for an unknown one."""
    if dataset not in LAYOUTS:
        raise DataError(f"data set must be one of {', '.join(LAYOUTS)}, not {dataset!r}{nearest(dataset, LAYOUTS)}")
    return LAYOUTS[dataset]


def root(dataset: str, origin: Origin) -> Path:
    """Where a data set's files are: data/raw/<dataset> for licensed ones, data/generated/<dataset> for ours."""
    return (RAW if origin == "licensed" else GENERATED) / dataset


def is_licensed_here(dataset: str) -> bool:
    """Whether the user has put the licensed data set at data/raw/<dataset>.

    Raises DataError for a link that leads nowhere, an empty folder and one of another name, such as CASME II: a disk
    that is not mounted or a slip must not make generated faces take the place of licensed ones."""
    folder = root(dataset, "licensed")
    if not folder.is_symlink() and not folder.exists():
        if meant := _meant(dataset):
            raise DataError(f"{meant}: must be a folder named {dataset}; rename or unpack it, or take it away")
        return False
    if not folder.is_dir() or not any(folder.iterdir()):
        what = "is no folder" if folder.is_file() else "is an empty folder" if folder.is_dir() else "leads nowhere"
        raise DataError(f"{folder}: {what}; mount the disk, or remove it to run on generated faces")
    return True


def _meant(dataset: str) -> Path | None:
    """What lies under data/raw and is called like a data set, but for case, blanks and an archive's suffix."""
    called = {_plain(dataset), _plain(LAYOUTS[dataset].title)}
    beside = sorted(RAW.iterdir()) if RAW.is_dir() else []
    return next((path for path in beside if {_plain(path.name), _plain(path.stem)} & called), None)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def frames(clip: Clip, home: Path | None = None) -> list[tuple[int, Path]]:
    """(native frame number, path) of every frame of a clip, in order of number; a video's path stands at each.

    `home` is the data set's folder where it is not the usual one. Raises DataError if the frames are not those that
    the clip was indexed with."""
    home = home or root(clip.dataset, clip.origin)
    found = layout(clip.dataset).frames(home, clip)
    if len(found) != clip.frames:
        where = home / clip.folder
        raise DataError(
            f"{where}: must hold {clip.frames} frames, not {len(found)} (clip {clip.id}); start the run again"
        )
    return sorted(found.items())


def pictures(
    clip: Clip, home: Path | None = None, note: Callable[[str], object] = lambda _: None
) -> tuple[list[int], Callable[[], Iterator[np.ndarray]]]:
    """Frame numbers, and a function that gives the pictures in their order as often as it is called.

    `home` is the data set's folder where it is not the usual one. `note` is called, once all were read, with a line for
    each way in which they were altered for it (`picture.read`). Small clips stay decoded in memory, large ones are read
    again. Raises DataError for a picture that is missing, unreadable, or of another size than the first."""
    numbers, paths = zip(*frames(clip, home), strict=True)
    kept: list[np.ndarray] = []
    altered, lines = Altered(), list[str]()

    def each() -> Iterator[np.ndarray]:
        yield from kept
        rest = paths[len(kept) :]
        if is_video(paths[0]):
            decoded = video.read(paths[0], len(paths), start=len(kept))
        else:
            decoded = (read(path, altered) for path in rest)
        for path, picture in zip(rest, decoded, strict=True):
            if kept and picture.shape != kept[0].shape:
                was, now = described(kept[0]), described(picture)
                raise DataError(f"{path}: must be {was} like the clip's first frame, not {now}")
            if not kept or (len(kept) + 1) * picture.nbytes <= HELD_BYTES:
                kept.append(picture)
            yield picture
        if not lines:
            lines.extend(altered.said(paths[0].parent, len(paths)))
            for line in lines:
                note(line)

    return list(numbers), each
