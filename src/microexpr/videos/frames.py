"""The frames of a video in a folder, a picture each: numbers in their names are times."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.files import visible
from microexpr.videos import picture
from microexpr.videos.sources import Raw, Source

MOST_APART = 100  # numbers a file, on average: a slip in a name must not make millions of missing frames
STRAYS = 0.1  # share of the pictures that may be named otherwise, as a cover is
UNITS = {1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}  # in a second
IN_UNITS = (0.5, 2.0)  # times that two frames are apart, by the rate, if their numbers are times in a unit
SERIES = 8  # at most are frames of as many videos; names of more hold the time of day
NAME = re.compile(r"(.*?)(\d+)(\D*)")  # before the last number, the number, after it

Files = dict[int, Path]


class FrameFiles(Source):
    """The pictures of one video by number, from 0; frames between two of them are missing."""

    def __init__(self, path: Path, files: Mapping[int, Path], rate: float, notes: Iterable[str] = ()):
        self.path, self.files, self.rate, self.notes = path, files, rate, [*notes]
        self.marked_file, self.expected = files[min(files)], max(files) + 1
        self._alterations = picture.Alterations()
        self._bits = picture.depth([files[number] for number in sorted(files)])

    def scan(self) -> Iterator[tuple[int, Raw]]:
        """Yield number and content of each existing frame, and note how pictures were altered."""
        numbers = sorted(self.files)
        for number, image in zip(numbers, self.read(), strict=True):
            yield number, Raw.of_image(image)
        self.notes += self._alterations.notes(self.path, len(numbers))

    def read(self, numbers: Sequence[int] | None = None) -> Iterator[np.ndarray]:
        """Yield the existing ones of these frames, rising, or of all. Raises DataError naming a frame that is
        unreadable or of another size than the first."""
        size: tuple[int, ...] = ()
        for path in (self.files[i] for i in (sorted(self.files) if numbers is None else numbers) if i in self.files):
            image = picture.read(path, self._alterations, picture.LONGEST, self._bits)
            if (size := size or image.shape) != image.shape:
                expected, actual = (f"{shape[1]}x{shape[0]}" for shape in (size, image.shape))
                raise DataError(f"{path}: must be {expected} as the frames before, not {actual}")
            yield image


def find(folder: Path, rate: float) -> FrameFiles:
    """Return a folder's pictures as the frames of one video, in the order of the numbers in their names. Raises
    DataError if there are none, for frames of several videos, and for a number that occurs twice."""
    files = pictures(folder)
    if not files:
        names = [file.name for file in visible(folder)]
        content = f"a folder of {shorten(names)}" if names else "an empty folder"
        raise DataError(f"{folder}: must be a video or a folder of frames, pictures each, not {content}")
    series: dict[tuple[str, str], Files] = {}
    for file in files:
        match = NAME.fullmatch(file.stem)
        numbered, number = series.setdefault(_series(file), {}), int(match[2] if match else 0)
        if number in numbered:
            raise DataError(f"{folder}: frame {number} is there twice, {numbered[number].name} and {file.name}")
        numbered[number] = file
    largest = sorted(series.values(), key=len, reverse=True)
    strays = [file.name for numbered in largest[1:] for file in numbered.values()]
    if len(strays) <= STRAYS * len(files):
        notes = [f"{shorten(strays)}: not named like the frames, left out"] * bool(strays)
        first = largest[0][min(largest[0])]
        others = (path for path in visible(folder) if path not in files)
        if broken := [path.name for path in others if _series(path) == _series(first)]:
            notes.append(f"{shorten(broken)}: no readable picture, so this frame is missing")
        return FrameFiles(folder, _by_time(folder, largest[0], rate, notes), rate, notes)
    if len(largest[1]) > 1 and len(series) <= SERIES:
        examples = " and ".join(f"{numbered[min(numbered)].name} ({len(numbered)})" for numbered in largest[:2])
        raise DataError(f"{folder}: must hold the frames of one video, not of several: {examples}")
    note = "no number tells the frames' times; they are read in the order of their names, evenly spaced"
    return FrameFiles(folder, dict(enumerate(files)), rate, [note])


def _series(path: Path) -> tuple[str, str]:
    """Return all of a name but its last number."""
    match = NAME.fullmatch(path.stem)
    return (match[1], match[3] + path.suffix.lower()) if match else (path.stem, path.suffix.lower())


def pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder, whatever their endings, by the numbers in their names."""
    return sorted((path for path in visible(folder) if path.is_file() and picture.is_picture(path)), key=by_number)


def by_number(path: Path) -> tuple[list[int], str]:
    """Return a sort key that puts img2 before img10."""
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def _by_time(folder: Path, numbered: Files, rate: float, notes: list[str]) -> Files:
    """Return the files by time, and note gaps between them. Numbers may be times in a unit, as cameras write them.
    Those that rise by more than one throughout are those of every n-th frame."""
    numbers = sorted(numbered)
    usual = float(np.median(np.diff(numbers))) if len(numbers) > 2 else 0.0
    unit = next((unit for unit in UNITS if IN_UNITS[0] < usual / unit * rate < IN_UNITS[1]), 0.0)
    if unit and any(number % usual != numbers[0] % usual for number in numbers):
        notes.append(f"numbers in names are read as {UNITS[unit]}, to the nearest frame")
        frames: list[int] = []
        for number in numbers:
            nearest = round((number - numbers[0]) / unit * rate)
            frames.append(max(nearest, frames[-1] + 1) if frames else nearest)
        numbered = {frame: numbered[number] for frame, number in zip(frames, numbers, strict=True)}
        numbers = frames
    steps = [after - before for before, after in pairwise(numbers)]
    step = min(steps, default=1)
    if any(other % step for other in steps):
        step = 1
    count = (numbers[-1] - numbers[0]) // step + 1
    if count > MOST_APART * len(numbers):
        worst = max(range(len(steps)), key=steps.__getitem__)
        raise DataError(f"{folder}: frame {numbers[worst + 1]} must follow {numbers[worst]} with few missing between")
    if step > 1:
        notes.append(f"numbers of frames rise by {step}: frames a second are those of the files that are there")
    if missing := count - len(numbers):
        first = next(before + step for before, gap in zip(numbers, steps, strict=False) if gap > step)
        notes.append(f"{missing} of {count} frames are missing, {first} for one; they show no face")
    return {(number - numbers[0]) // step: numbered[number] for number in numbers}


def shorten(names: Iterable[str], most: int = 3) -> str:
    """Return the first few names, sorted, for a message; "" if there are none."""
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + more
