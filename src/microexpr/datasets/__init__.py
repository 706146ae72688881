"""Native layouts of the data sets: the only room that knows folder names, file names and annotation columns.

What may not come in: pixels' meaning, protocols, the generator. One file per data set; `LAYOUTS` lists them.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from microexpr.clip import Clip, Origin
from microexpr.datasets import affectnet, casme2, ckplus, mmi, oulu_casia, samm, smic, video
from microexpr.datasets.frames import held, is_video, read
from microexpr.datasets.layout import Layout
from microexpr.errors import DataError, nearest

LAYOUTS: dict[str, Layout] = {
    room.LAYOUT.name: room.LAYOUT for room in (smic, casme2, samm, ckplus, mmi, oulu_casia, affectnet)
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

    Raises DataError for a link that leads nowhere and for an empty folder: a disk that is not mounted must not make
    generated faces take the place of licensed ones."""
    folder = root(dataset, "licensed")
    if not folder.is_symlink() and not folder.exists():
        return False
    if not folder.is_dir() or not any(folder.iterdir()):
        what = "leads nowhere" if folder.is_symlink() and not folder.exists() else "is an empty folder"
        raise DataError(f"{folder}: {what}; mount the disk, or remove it to run on generated faces")
    return True


def frames(clip: Clip, home: Path | None = None) -> list[tuple[int, Path]]:
    """(native frame number, path) of every frame of a clip, in order of number; a video's path stands at each.

    `home` is the data set's folder where it is not the usual one. Raises DataError if the frames are not those that
    the clip was indexed with."""
    folder = (home or root(clip.dataset, clip.origin)) / clip.folder
    found = held(folder, layout(clip.dataset).frame)
    if len(found) != clip.frames:
        raise DataError(
            f"{folder}: must hold {clip.frames} frames, not {len(found)} (clip {clip.id}); start the run again"
        )
    return sorted(found.items())


def pictures(clip: Clip, home: Path | None = None) -> tuple[list[int], Callable[[], Iterator[np.ndarray]]]:
    """Frame numbers, and a function that gives the pictures in their order as often as it is called.

    `home` is the data set's folder where it is not the usual one. Small clips stay decoded in memory, large ones are
    read again. Raises DataError for a picture that is missing, unreadable, or of another size than the first."""
    numbers, paths = zip(*frames(clip, home), strict=True)
    kept: list[np.ndarray] = []

    def each() -> Iterator[np.ndarray]:
        yield from kept
        rest = paths[len(kept) :]
        decoded = video.read(paths[0], len(paths), start=len(kept)) if is_video(paths[0]) else map(read, rest)
        for path, picture in zip(rest, decoded, strict=True):
            if kept and picture.shape != kept[0].shape:
                raise DataError(f"{path}: must be {_size(kept[0])} like the clip's first frame, not {_size(picture)}")
            if not kept or (len(kept) + 1) * picture.nbytes <= HELD_BYTES:
                kept.append(picture)
            yield picture

    return list(numbers), each


def _size(picture: np.ndarray) -> str:
    kind = "grey" if picture.ndim == 2 else "colour"
    return f"{picture.shape[1]}x{picture.shape[0]} {kind}"
