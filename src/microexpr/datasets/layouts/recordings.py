"""The recordings in a folder of a user's own, and the facts that its dataset.yaml says of them. No annotation."""

import filecmp
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from microexpr.core import csv_file, yaml_file
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError, nearest
from microexpr.core.files import DEEPEST
from microexpr.core.subjects import composed
from microexpr.datasets.layout import MEGC2019, is_video, label_of
from microexpr.videos import container, excerpt, frames

FACTS = "dataset.yaml"
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
PATIENCE = 10.0  # seconds in which `subject` must be found in all paths
SEARCH = """
import json, re, sys
pattern, *paths = json.load(sys.stdin)
found = {path: re.search(pattern, path) for path in paths}
json.dump({path: match[1] for path, match in found.items() if match and match.re.groups and match[1]}, sys.stdout)
"""
OTHERS = ("others", "other", "neutral", "")  # emotions of no class


class Facts(BaseModel):
    """Facts that a folder does not show by itself, in its dataset.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    # of recordings that are folders of frames
    fps: Annotated[float, Field(gt=0, le=container.FASTEST), BeforeValidator(csv_file.number)] | None = None
    subject: str = ""  # a regular expression whose group 1 in a recording's path is the subject
    subjects: dict[str, str] = {}  # name of a subject as a row or folder has it -> its only name
    coder: str = ""  # whose events count, of several
    emotions: dict[str, str] = {}  # word of a coder -> class of MEGC2019, or "" for none

    def label(self, emotion: str, where: str) -> int | None:
        """Return the class of an emotion, None for none. Raises DataError for a word that is in no table."""
        words = {composed(word).lower(): label for word, label in self.emotions.items()}
        if emotion in words:
            return LABELS.index(words[emotion]) if words[emotion] else None
        if emotion not in MEGC2019 and emotion not in OTHERS:
            choices = sorted({*MEGC2019, *words, *filter(None, OTHERS)})
            raise DataError(
                f"emotion must be one of {', '.join(choices)}, not {emotion!r}{nearest(emotion, choices)}; {FACTS} may "
                f"have its class, `emotions: {{{emotion}: negative}}` ({where})"
            )
        return label_of(emotion)


def read_facts(root: Path) -> Facts:
    """Return what a data set's dataset.yaml says; none where it has none. Raises DataError for another content."""
    path = root / FACTS
    for other in root.iterdir() if root.is_dir() else ():
        if other.name != FACTS and other.name.lower() in (FACTS, "dataset.yml"):
            raise DataError(f"{other}: must be called {FACTS}")
    if not path.is_file():
        return Facts()
    try:
        facts = Facts(**(yaml_file.read(path, DataError, yaml_file.Texts) or {}))
        if wrong := {*facts.emotions.values()} - {*LABELS, ""}:
            raise ValueError(f"a class is {', '.join(LABELS)} or '', not {min(wrong)!r}")
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
    else:
        return facts
    raise DataError(f"{path}: must have {', '.join(Facts.model_fields)} alone ({reason})")


def named_subjects(pattern: str, paths: Iterable[str], root: Path) -> dict[str, str]:
    """Return the subject in each path of recordings that the pattern `Facts.subject` is found in. Another process
    searches, which can be ended: a pattern may take for ever. Raises DataError if it takes long, or is no pattern."""
    command, question = [sys.executable, "-IS", "-c", SEARCH], json.dumps([pattern, *paths])
    try:
        done = subprocess.run(command, input=question, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        reason = f"a pattern that is found or not within {PATIENCE:g} s, not {pattern}"
    else:
        if not done.returncode:
            return dict(json.loads(done.stdout))
        reason = f"a regular expression, not {pattern} ({done.stderr.strip().rpartition(chr(10))[2]})"
    raise DataError(f"{root / FACTS}: `subject` must be {reason}")


@dataclass(frozen=True)
class Recording:
    """A video, or a folder of frames, at a path below the root of a data set."""

    path: Path
    root: Path
    fps: float | None  # of a folder

    @cached_property
    def key(self) -> str:
        """Its path below the root, a video's without suffix."""
        path = self.path.relative_to(self.root)
        return composed((path if self.path.is_dir() else path.with_suffix("")).as_posix())

    @property
    def is_rendered(self) -> bool:
        """Whether it is marked as rendered, a folder by its first picture."""
        pictures = filter(is_picture, sorted(self.path.iterdir())) if self.path.is_dir() else iter([self.path])
        return frames.is_rendered(next(pictures))

    @property
    def files(self) -> dict[int, Path]:
        """The frames of a folder, by number from 0. Raises DataError without a rate."""
        return self._found[0]

    @property
    def notes(self) -> list[str]:
        """Lines on a folder's frames, and on the numbers by which rows are read."""
        files, notes = self._found if self.path.is_dir() else ({}, [])
        last = max(files, default=0)
        ends = {number: re.findall(r"\d+", files[number].stem)[-1:] for number in (0, last) if files}
        if any([*map(int, digits)] != [number] for number, digits in ends.items()):
            notes = [*notes, f"frames count from 0 in rows: 0 is {files[0].name}, {last} is {files[last].name}"]
        return [f"{self.path}: {note}" for note in notes]

    @property
    def _found(self) -> tuple[dict[int, Path], list[str]]:
        if self.fps is None:
            raise DataError(f"{self.path}: a folder of frames needs their rate, `fps: 200` in {self.root / FACTS}")
        return _files(self.path, self.fps, self.path.stat().st_mtime_ns)

    @cached_property
    def content(self) -> list[Path]:
        """The frames of a folder, in their order; a video."""
        return [*self.files.values()] if self.path.is_dir() else [self.path]

    def is_copy(self, other: "Recording") -> bool:
        """Return whether another of as many files is the same, by a link or as a copy."""
        return all(filecmp.cmp(*pair, shallow=False) for pair in zip(self.content, other.content, strict=True))

    @cached_property
    def seconds(self) -> np.ndarray:
        """The time of each frame, float64[T]. Raises DataError for a single one."""
        state = self.path.stat()
        if self.path.is_dir():
            times = np.arange(max(self.files) + 1) / (self.fps or 1)
        else:
            times = _times(self.path, state.st_size, state.st_mtime_ns)
        if len(times) < 2:
            raise DataError(f"{self.path}: must have several frames, not {len(times)}")
        return times

    @property
    def rate(self) -> float:
        """Frames a second, on average."""
        return float((len(self.seconds) - 1) / (self.seconds[-1] - self.seconds[0]))


def recordings(root: Path, fps: float | None) -> Iterator[Recording]:
    """Yield the videos below a root, and the folders with pictures and no video, at any depth; `fps` are of folders. A
    single picture is no recording."""
    for path in sorted(paths(root)):
        if path.is_dir():
            files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
            is_recording = sum(map(is_picture, files)) > 1 and not any(map(is_video, files))  # one may be a portrait
        else:
            is_recording = is_video(path) and path.is_file()
        if is_recording:
            yield Recording(path, root, fps)


def paths(root: Path) -> Iterator[Path]:
    """Yield all files and folders below a root, also those that links lead to, but what begins with a dot, _ or ~.
    Raises DataError for folders in more than `DEEPEST` others."""
    seen = set[str]()
    for folder, folders, files in os.walk(root, followlinks=True):
        if len(Path(folder).parts) - len(root.parts) > DEEPEST:
            raise DataError(f"{root}: must have at most {DEEPEST} folders in each other, not more: {folder}")
        real = os.path.realpath(folder)
        folders[:] = [] if real in seen else sorted(name for name in folders if not name.startswith((".", "_", "~")))
        seen.add(real)
        yield from (Path(folder, name) for name in (*folders, *sorted(files)) if not name.startswith((".", "_", "~")))


def is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and not path.name.startswith(".")


@lru_cache(maxsize=4096)
def _times(path: Path, size: int, modified: int) -> np.ndarray:
    return excerpt.times(path)


@lru_cache(maxsize=64)
def _files(path: Path, fps: float, modified: int) -> tuple[dict[int, Path], list[str]]:
    of_folder = frames.find(path, fps)
    return dict(of_folder.files), of_folder.notes
