"""Action units as OpenFace 2 wrote them: a table for each clip, which the user puts under data/raw/openface.

What may not come in: running OpenFace. Its license is another, so that is the user's to do: docs/au-backends.md.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, nearest
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIDES
from microexpr.signals.aus.gaps import filled, said

ROOT = Path("data/raw/openface")
ENDINGS = {"left": "_left", "right": "_right", "both": ""}  # of a file's name, by side
COLUMNS = tuple(f"AU{int(unit[2:]):02d}_r" for unit in ACTION_UNITS)  # intensities; AU.._c are presences
# What its action-unit models were trained on, by its authors' list (OpenFace wiki, "Datasets"). They name no people.
FITTED_ON = tuple(
    f"licensed/{dataset}/*/*"
    for dataset in ("bosphorus", "bp4d", "ckplus", "disfa", "gemep_fera", "semaine", "unbc_mcmaster")
)
Row = tuple[int, dict[str, str]]  # its number in the file, and its cells by column


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What OpenFace says of one clip of T frames."""

    values: np.ndarray  # float32[T, 17, 3], FACS 0..5, by ACTION_UNITS and SIDES
    found: np.ndarray  # bool[T]: where it found the face, in each table; else values are interpolated in time
    halves: bool  # whether left and right are from mirrored half faces of their own, or the whole face's values

    def said(self, frames: np.ndarray) -> dict[str, str]:
        """Attributes of the clip's group in an aus file, whose frame numbers are `frames` [T]."""
        whole, own = "the whole face's values, since there are no tables of halves", "each of a mirrored half face"
        return {"interpolated": said(self.found, frames), "left_and_right": own if self.halves else whole}


def tables(clip: Clip, root: Path = ROOT) -> dict[str, Path]:
    """Where a clip's tables are to be, by side: of the whole face, and of the halves where they are there.

    Raises DataError for a name that is no single part of a path, and for one half without the other.
    """
    for name in (clip.dataset, clip.subject, clip.name):
        if name in ("", ".", "..") or Path(name).name != name or "\\" in name or "\0" in name:
            raise DataError(f"{root}: a name in a path to a table must be a plain one, not {name!r} (clip {clip.id})")
    folder = root / clip.dataset / clip.subject
    paths = {side: folder / f"{clip.name}{ENDINGS[side]}.csv" for side in SIDES}
    there = [side for side in ("left", "right") if paths[side].exists()]
    if len(there) == 1:
        (other,) = {"left", "right"} - set(there)
        raise DataError(f"{paths[there[0]]}: must have {paths[other].name} beside it, the other half's table")
    return paths if there else {"both": paths["both"]}


def check(clips: Sequence[Clip], root: Path = ROOT) -> None:
    """Raises DataError, naming the first, where the table of any clip is missing."""
    missing = [path for clip in clips if not (path := tables(clip, root)["both"]).exists()]
    if missing:
        more = f", nor are {len(missing) - 1} more of {len(clips)}" if len(missing) > 1 else ""
        raise DataError(f"{missing[0]}: is not there{more}; docs/au-backends.md says how OpenFace 2 makes such tables")


def read(clip: Clip, least: float, root: Path = ROOT) -> Reading:
    """All of a clip's tables. `least` is the share of its frames in which OpenFace must have found the face.

    Raises DataError naming file and row: for a table that is missing, of another program, or not of this clip.
    """
    paths = tables(clip, root)
    found = {side: table(path, clip.frames, least) for side, path in paths.items()}
    values = [found[side if side in found else "both"][0] for side in SIDES]
    success = np.all([success for _, success in found.values()], axis=0)
    return Reading(np.stack(values, axis=2), success, halves="left" in found)


def reader(least: float) -> Callable[[Clip, Mapping[str, Any], int], tuple[np.ndarray, dict[str, str]]]:
    """`read` for a clip and its group of a faces file, and what is to be said of it in the aus file."""

    def one(clip: Clip, face: Mapping[str, Any], onset: int) -> tuple[np.ndarray, dict[str, str]]:
        reading = read(clip, least)
        return reading.values, reading.said(face["frame"][()])

    return one


def table(path: Path, frames: int, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Intensities float32[frames, 17] and success bool[frames] of one table, in order of its frame numbers.

    Raises DataError as `read` does.
    """
    rows = _rows(path)
    _check_faces(path, rows)
    values, success = np.zeros((frames, len(COLUMNS)), np.float32), np.zeros(frames, bool)
    for number, row in _by_frame(path, rows, frames):
        position = int(row["frame"]) - 1
        success[position] = _number(path, number, "success", row, 1) == 1
        if success[position]:  # else nothing in the row means anything
            values[position] = [_number(path, number, name, row, LARGEST) for name in COLUMNS]
    return filled(values, success, least, str(path)), success


def _rows(path: Path) -> list[Row]:
    """The table's rows by column, without the blanks that OpenFace puts after its commas."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if line]
    except FileNotFoundError:
        raise DataError(f"{path}: is not there; docs/au-backends.md says how OpenFace 2 makes such tables") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: must be a table as OpenFace 2's FeatureExtraction writes it ({error})") from error
    if len(lines) < 2:
        raise DataError(f"{path}: must hold a header and a row for each frame, not {len(lines)} rows")
    (first, header), *rest = lines
    _check_header(path, first, header)
    for number, cells in rest:
        if len(cells) != len(header):
            raise DataError(f"{path}, row {number}: must have {len(header)} cells like the header, not {len(cells)}")
    return [(number, dict(zip(header, cells, strict=True))) for number, cells in rest]


def _check_header(path: Path, row: int, header: list[str]) -> None:
    if "face" in header and "frame" not in header:
        raise DataError(f"{path}, row {row}: must be of FeatureExtraction, with a column frame, not of FaceLandmarkImg")
    for name in ("frame", "success", *COLUMNS):
        if name not in header:
            raise DataError(f"{path}, row {row}: column {name!r} is missing{nearest(name, header)}")


def _check_faces(path: Path, rows: list[Row]) -> None:
    """FeatureExtraction follows one face and calls it 0; FaceLandmarkVidMulti has a row for each face of a frame."""
    first: dict[str, int] = {}
    for number, row in rows:
        first.setdefault(row.get("face_id", "0"), number)
    if len(first) > 1:
        found = ", ".join(f"{face} in row {number}" for face, number in list(first.items())[:3])
        raise DataError(
            f"{path}: must be of one face (FeatureExtraction), not of {len(first)} (FaceLandmarkVidMulti?): "
            f"face_id {found}"
        )


def _by_frame(path: Path, rows: list[Row], frames: int) -> list[Row]:
    """The rows, after holding their frame numbers to 1..frames, each once."""
    seen: dict[int, int] = {}
    for number, row in rows:
        value = _number(path, number, "frame", row, np.inf)
        frame = int(value)
        if frame != value:
            raise DataError(f"{path}, row {number}: frame must be a whole number, not {row['frame']}")
        if frame in seen:
            raise DataError(f"{path}, row {number}: frame {frame} must occur once, but is in row {seen[frame]} too")
        seen[frame] = number
    if len(rows) != frames:
        raise DataError(f"{path}: must hold {frames} frames as the clip does, not {len(rows)}")
    if wrong := sorted(set(seen) - set(range(1, frames + 1))):
        raise DataError(f"{path}, row {seen[wrong[0]]}: frame must be 1..{frames}, not {wrong[0]}")
    return rows


def _number(path: Path, number: int, column: str, row: dict[str, str], largest: float) -> float:
    """A cell as a number from 0 to `largest`."""
    try:
        value = float(row[column])
    except ValueError:
        value = np.nan
    if not 0 <= value <= largest or np.isinf(value):
        limits = f"a number 0..{largest:g}" if np.isfinite(largest) else "a number"
        raise DataError(f"{path}, row {number}: {column} must be {limits}, not {row[column]!r}")
    return value
