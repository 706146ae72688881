"""Native layouts of the data sets: the only room that knows folder names, file names and annotation columns.

What may not come in: pixels' meaning, protocols, the generator. One file per data set; `LAYOUTS` lists them.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from microexpr.clip import Clip, Origin
from microexpr.datasets import casme2, samm, smic
from microexpr.datasets.frames import listed, read
from microexpr.datasets.layout import Counts, Layout, gathered
from microexpr.errors import DataError, nearest

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (smic.LAYOUT, casme2.LAYOUT, samm.LAYOUT)}
HELD_BYTES = 256 * 2**20  # decoded pictures of one clip that may stay in memory
RAW, GENERATED = Path("data/raw"), Path("data/generated")


def check(directory: str | Path) -> list[str]:
    """Every problem of a licensed copy, a line each: rows, frames, undecodable pictures, counts against the published.

    The data set is told by the folder's name, data/raw/<dataset>. Raises DataError if it cannot be read at all."""
    from tqdm import tqdm

    directory = Path(directory)
    if not directory.is_dir():
        raise DataError(f"{directory}: is not a folder")
    about = layout(directory.absolute().name)
    problems: list[str] = []
    clips, notes = about.read(directory, "licensed", problems)
    paths = [path for clip in clips for path in listed(directory / clip.folder, about.frame).values()]
    for path in tqdm(paths, desc="reading every frame", unit="frame", disable=None, leave=False):
        with gathered(problems):
            read(path)
    for clip in clips:
        with gathered(problems):
            clip.coded()
    labels = Counter(clip.label for clip in clips)
    found = Counts(len(clips), len({c.subject for c in clips}), (labels[0], labels[1], labels[2]))
    if found != about.published:
        problems.append(f"{directory}: must hold {_counts(about.published)}; found {_counts(found)}")
    return notes + problems


def _counts(counts: Counts) -> str:
    negative, positive, surprise = counts.megc2019
    return (
        f"{counts.clips} clips of {counts.subjects} subjects, "
        f"MEGC2019 negative/positive/surprise {negative}/{positive}/{surprise}"
    )


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


def frames(clip: Clip) -> list[tuple[int, Path]]:
    """(native frame number, path) of every frame of a clip, in order of number.

    Raises DataError if the frames are not those that the clip was indexed with."""
    folder = root(clip.dataset, clip.origin) / clip.folder
    found = listed(folder, layout(clip.dataset).frame)
    if len(found) != clip.frames:
        raise DataError(
            f"{folder}: must hold {clip.frames} frames, not {len(found)} (clip {clip.id}); start the run again"
        )
    return sorted(found.items())


def pictures(clip: Clip) -> tuple[list[int], Callable[[], Iterator[np.ndarray]]]:
    """Frame numbers, and a function that gives the pictures in their order as often as it is called.

    Small clips stay decoded in memory, large ones are read again. Raises DataError for a picture that is missing,
    unreadable, or of another size than the first."""
    numbers, paths = zip(*frames(clip), strict=True)
    kept: list[np.ndarray] = []

    def each() -> Iterator[np.ndarray]:
        yield from kept
        for path in paths[len(kept) :]:
            picture = read(path)
            if kept and picture.shape != kept[0].shape:
                raise DataError(f"{path}: must be {_size(kept[0])} like the clip's first frame, not {_size(picture)}")
            if not kept or (len(kept) + 1) * picture.nbytes <= HELD_BYTES:
                kept.append(picture)
            yield picture

    return list(numbers), each


def _size(picture: np.ndarray) -> str:
    kind = "grey" if picture.ndim == 2 else "colour"
    return f"{picture.shape[1]}x{picture.shape[0]} {kind}"
