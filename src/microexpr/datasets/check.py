"""Whether a copy on disk is complete and readable: every row, every frame, the published counts. Changes nothing."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.datasets import flow_folders, layout, video
from microexpr.datasets.counting import counted, differing, said
from microexpr.datasets.frames import is_video
from microexpr.datasets.layout import Layout, gathered
from microexpr.datasets.picture import Altered, described, read

SHORT = 5  # frames; what `index.min_frames` is by default
BLACK = 16  # of 255; a frame without any brighter pixel shows nothing


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, a line each. Only a copy without problems is complete."""

    counts: list[str]
    notes: list[str]  # what the loader passed over or repaired
    problems: list[str]
    published: bool  # whether there are published counts, to which the copy was held


def check(directory: str | Path) -> Checked:
    """Reads all of a copy. The data set is told by the folder's name, data/raw/<dataset>.

    Raises DataError if it cannot be read at all."""
    directory = Path(directory)
    if not directory.is_dir():
        raise DataError(f"{directory}: is not a folder")
    if directory.absolute().name == flow_folders.NAME:  # pictures of several data sets, and no frames
        clips, notes, problems = flow_folders.check(directory)
        return Checked(list(said(counted(clips))), notes, problems, published=True)
    about, problems = layout(directory.absolute().name), []
    clips, notes = about.read(directory, "licensed", problems)
    notes += _frames(directory, about, clips, problems)
    for clip in clips:
        try:
            clip.coded()
        except DataError as error:
            problems.append(f"{directory}: {error}")
    found = counted(clips)
    if about.published and (difference := differing(found, about.published, *about.releases)):
        problems.append(f"{directory}: {difference}")
    return Checked(list(said(found)), notes, problems, published=about.published is not None)


def _frames(root: Path, about: Layout, clips: Sequence[Clip], problems: list[str]) -> Iterator[str]:
    """Notes on all clips' frames."""
    from tqdm import tqdm

    same: dict[str, Clip] = {}
    for clip in tqdm(clips, desc="reading every frame", unit="clip", disable=None, leave=False):
        with gathered(problems):
            files = list(dict.fromkeys(about.frames(root, clip).values()))
            if about.moves and clip.frames < SHORT:
                least = f"fewer than {SHORT} (index.min_frames, unless you change it) are refused by a run"
                yield f"{root / clip.folder}: frames: {clip.frames}; {least} (clip {clip.id})"
            yield from _seen(root / clip.folder, files, problems)
            other = same.setdefault(_digest(files), clip) if about.moves else clip  # the web has doubles
            if other.id != clip.id:  # of one name they are said to be there twice
                where = f"{root / clip.folder} and {root / other.folder}"
                problems.append(f"clip {clip.id} must have frames of its own, not those of {other.id} ({where})")


def _seen(where: Path, files: Sequence[Path], problems: list[str]) -> Iterator[str]:
    """Notes on one clip's pixels."""
    altered, sizes, black = Altered(), dict[str, list[str]](), 0
    for name, picture in _pictures(files, altered, problems):
        sizes.setdefault(described(picture), []).append(name)
        black += int(picture.max()) < BLACK
    number = sum(map(len, sizes.values()))
    yield from altered.said(where, number)
    if black:
        yield f"{where}: {black} of {number} frames are black"
    if len(sizes) > 1:
        found = " and ".join(f"{size} ({len(names)}, {names[0]} for one)" for size, names in sizes.items())
        problems.append(f"{where}: frames must be alike, not {found}")


def _pictures(files: Sequence[Path], altered: Altered, problems: list[str]) -> Iterator[tuple[str, np.ndarray]]:
    """Name and pixels of all that decode."""
    for path in files:
        with gathered(problems):
            if is_video(path):
                for number, picture in enumerate(video.read(path, video.measure(path)[0])):
                    yield f"frame {number}", picture
            else:
                yield path.name, read(path, altered)


def _digest(files: Sequence[Path]) -> str:
    """Of the first file and the sizes of all: clips do not agree in both by chance."""
    whole = hashlib.sha256(files[0].read_bytes())
    whole.update(" ".join(str(path.stat().st_size) for path in files).encode())
    return whole.hexdigest()
