"""Read action units from OpenFace 2's tables, one for each clip, which the user puts under data/raw/openface.

Does not run OpenFace: the user has to accept its license (docs/aus.md)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from microexpr.core import csv_file
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, nearest
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIDES
from microexpr.signals.aus.filters import fill_gaps

ROOT = Path("data/raw/openface")
ENDINGS = {"left": "_left", "right": "_right", "both": ""}  # of a file's name, by side
COLUMNS = tuple(f"AU{int(unit[2:]):02d}_r" for unit in ACTION_UNITS)  # intensities; AU.._c are presences
# Training data of its action-unit models, by its authors' list (OpenFace wiki, "Datasets"), which names no subjects.
FITTED_ON = tuple(
    f"licensed/{dataset}/*/*"
    for dataset in ("bosphorus", "bp4d", "ckplus", "disfa", "gemep_fera", "semaine", "unbc_mcmaster")
)
MAX_NAMES = 3  # in an error
WHOLE, HALVES = "the whole face's values, since there are no tables of halves", "each of a mirrored half face"


def tables(clip: Clip, root: Path = ROOT) -> dict[str, Path]:
    """Return the paths of a clip's tables by side: of the whole face, and of the halves if they exist. Raises DataError
    for a name that is no single part of a path, and for one half without the other."""
    for name in (clip.dataset, clip.subject, clip.name):
        if name in ("", ".", "..") or Path(name).name != name or "\\" in name or "\0" in name:
            raise DataError(f"{root}: a name in a path to a table must be a plain one, not {name!r} (clip {clip.id})")
    folder = root / clip.dataset / clip.subject
    paths = {side: folder / f"{clip.name}{ENDINGS[side]}.csv" for side in SIDES}
    halves = [side for side in ("left", "right") if paths[side].exists()]
    if len(halves) == 1:
        (other,) = {"left", "right"} - set(halves)
        raise DataError(f"{paths[halves[0]]}: must have {paths[other].name} next to it, the other half's table")
    return paths if halves else {"both": paths["both"]}


def check(clips: Sequence[Clip], root: Path = ROOT) -> None:
    """Raise DataError if any clip's table is missing: first it names those of subjects that have some. A run reads all
    of its clips by one reader, since intensities of two do not compare."""
    paths = [tables(clip, root)["both"] for clip in clips]
    missing = [path for path in paths if not path.exists()]
    if missing:
        subjects = {path.parent for path in paths if path.exists()}
        missing.sort(key=lambda path: path.parent not in subjects)
        names = ", ".join(str(path.relative_to(root)) for path in missing[:MAX_NAMES])
        more = f" and {len(missing) - MAX_NAMES} more" if len(missing) > MAX_NAMES else ""
        raise DataError(
            f"{root}: must hold a table for each of the run's {len(clips)} clips, not for {len(clips) - len(missing)}; "
            f"missing: {names}{more}; make them with OpenFace 2 (docs/aus.md), or set aus.backend: embedded"
        )


def read(clip: Clip, min_share: float, frames: np.ndarray, root: Path = ROOT) -> tuple[np.ndarray, dict[str, str]]:
    """Return a clip's intensities, float32[T, 17, 3] by ACTION_UNITS and SIDES, and attributes for the aus file.

    `frames` [T] are its frame numbers; `min_share` is the least share of them in which OpenFace detected the face. In
    the others values are interpolated in time.

    Raises DataError naming file and row: for a table that is missing, of another program, or not of this clip."""
    paths = tables(clip, root)
    tables_by_side = {side: table(path, clip.frames, min_share) for side, path in paths.items()}
    values = [tables_by_side[side if side in tables_by_side else "both"][0] for side in SIDES]
    detected = np.all([success for _, success in tables_by_side.values()], axis=0)
    sides = HALVES if "left" in tables_by_side else WHOLE
    interpolated = " ".join(map(str, frames[~detected])) or "none"
    return np.stack(values, axis=2), {"interpolated": interpolated, "left_and_right": sides}


def table(path: Path, frames: int, min_share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return intensities float32[frames, 17] and success bool[frames] of one table, in order of its frame numbers.
    Raises DataError as `read` does."""
    rows, lines = _rows(path), dict[int, int]()  # by frame
    for line, row in rows.items():
        value = _number(path, line, "frame", row, np.inf)
        frame = int(value)
        if frame != value:
            raise DataError(f"{path}, row {line}: frame must be a whole number, not {row['frame']!r}")
        if frame in lines:
            raise DataError(f"{path}, row {line}: frame {frame} must occur once, but is in row {lines[frame]} too")
        lines[frame] = line
    expected = set(range(1, frames + 1))
    if wrong := sorted(set(lines) - expected):
        many = f"; the table holds {len(rows)} frames, the clip {frames}" if len(rows) != frames else ""
        raise DataError(f"{path}, row {lines[wrong[0]]}: frame must be 1..{frames}, not {wrong[0]}{many}")
    if missing := sorted(expected - set(lines)):
        first = f"frame {missing[0]} for one is missing"
        raise DataError(f"{path}: must hold {frames} frames as the clip does, not {len(rows)}; {first}")
    values, success = np.zeros((frames, len(COLUMNS)), np.float32), np.zeros(frames, bool)
    for frame, line in lines.items():
        row, position = rows[line], frame - 1
        success[position] = _number(path, line, "success", row, 1) == 1
        if success[position]:  # without success the row's values mean nothing
            values[position] = [_number(path, line, name, row, LARGEST) for name in COLUMNS]
    return fill_gaps(values, success, min_share, str(path)), success


def _rows(path: Path) -> dict[int, dict[str, str]]:
    """Return the rows of a table of one face by line and column, without the blanks that OpenFace puts after commas."""
    if not path.exists():
        raise DataError(f"{path}: is not there; docs/aus.md says how OpenFace 2 makes such tables")
    with csv_file.opened(path) as (header, lines):
        if "face" in header and "frame" not in header:
            raise DataError(f"{path}, row 1: must be of FeatureExtraction, with a column frame, not of FaceLandmarkImg")
        for name in ("frame", "success", *COLUMNS):
            if name not in header:
                raise DataError(f"{path}, row 1: column {name!r} is missing{nearest(name, header)}")
        rows = {line: {column: cell.strip() for column, cell in cells.items()} for line, cells in lines}
    first_lines: dict[str, int] = {}  # FaceLandmarkVidMulti writes a row for each face of a frame
    for line, row in rows.items():
        first_lines.setdefault(row.get("face_id", "0"), line)
    if len(first_lines) > 1:
        faces = ", ".join(f"{face} in row {line}" for face, line in list(first_lines.items())[:3])
        raise DataError(
            f"{path}: must be of one face (FeatureExtraction), not of {len(first_lines)} (FaceLandmarkVidMulti?): "
            f"face_id {faces}"
        )
    return rows


def _number(path: Path, line: int, column: str, row: dict[str, str], largest: float) -> float:
    """Return a cell as a number from 0 to `largest`."""
    try:
        value = csv_file.number(row[column])
    except ValueError:
        value = np.nan
    if not 0 <= value <= largest:
        limits = f"a number 0..{largest:g}" if np.isfinite(largest) else "a number"
        raise DataError(f"{path}, row {line}: {column} must be {limits}, not {row[column]!r}")
    return value
