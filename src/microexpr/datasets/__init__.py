"""Native layouts of the data sets: the only room that knows folder names, file names and annotation columns.

What may not come in: pixels' meaning, protocols, the generator. One file per data set; `LAYOUTS` lists them.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from microexpr.clip import Clip, Origin
from microexpr.datasets import affectnet, casme2, ckplus, flow_folders, mmi, oulu_casia, samm, smic, video
from microexpr.datasets.frames import held, is_video, read
from microexpr.datasets.layout import Counts, Layout, gathered
from microexpr.errors import DataError, nearest

LAYOUTS: dict[str, Layout] = {
    room.LAYOUT.name: room.LAYOUT for room in (smic, casme2, samm, ckplus, mmi, oulu_casia, affectnet)
}
MICRO = tuple(name for name, layout in LAYOUTS.items() if layout.kind == "micro")
MACRO = tuple(name for name, layout in LAYOUTS.items() if layout.kind != "micro")  # single pictures are among them
HELD_BYTES = 256 * 2**20  # decoded pictures of one clip that may stay in memory
RAW, GENERATED = Path("data/raw"), Path("data/generated")


def check(directory: str | Path) -> tuple[list[str], list[str]]:
    """The loader's notes, and every problem of a licensed copy: rows, frames, undecodable pictures, published counts.

    The data set is told by the folder's name, data/raw/<dataset>. Raises DataError if it cannot be read at all."""
    from tqdm import tqdm

    directory = Path(directory)
    if not directory.is_dir():
        raise DataError(f"{directory}: is not a folder")
    if directory.absolute().name == flow_folders.NAME:  # pictures of several data sets, and no frames
        return [], flow_folders.check(directory)
    about = layout(directory.absolute().name)
    problems: list[str] = []
    clips, notes = about.read(directory, "licensed", problems)
    paths = [path for clip in clips for path in dict.fromkeys(held(directory / clip.folder, about.frame).values())]
    for path in tqdm(paths, desc="reading every frame", unit="file", disable=None, leave=False):
        with gathered(problems):
            if is_video(path):
                deque(video.read(path, video.measure(path)[0]), maxlen=0)
            else:
                read(path)
    for clip in clips:
        with gathered(problems):
            clip.coded()
    labels = Counter(clip.label for clip in clips)
    found = Counts(len(clips), len({c.subject for c in clips}), (labels[0], labels[1], labels[2]))
    if about.published and _counts(found, about.published) != (wanted := _counts(about.published, about.published)):
        problems.append(f"{directory}: must hold {wanted}; found {_counts(found, about.published)}")
    return notes, problems


def _counts(counts: Counts, published: Counts) -> str:
    """Those of the counts that are published."""
    said = f"{counts.clips} clips"
    if published.subjects is not None:
        said += f" of {counts.subjects} subjects"
    if published.megc2019 is not None and counts.megc2019 is not None:
        said += ", MEGC2019 negative/positive/surprise {}/{}/{}".format(*counts.megc2019)
    return said


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
