"""Which clips there are: what the loader of a data set finds, held to the rows of the DAG; and the index CSV.

What may not come in: pixels. The rows are taken when the DAG is built, so a subject's jobs know them before any runs.
The CSV is written once faces were looked for, and says of each clip whether it goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from microexpr import datasets
from microexpr.core import store
from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError, StoreError

COLUMNS = tuple(Clip.__dataclass_fields__)
PARSED = "action_units_parsed"  # a column for people and other programs, as the next two: `read` makes nothing of them
DETECTION = ("detected", "other_faces")  # share of the frames with a face; smaller faces that were there too
LEFT_OUT = "left_out"  # why a clip goes no further, or ""
WRITTEN = (*COLUMNS, PARSED, *DETECTION, LEFT_OUT)
AGAIN = "rerun stage index"


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    min_frames: int = Field(5, ge=2, description="a clip with fewer frames is an error, unless a single picture")


def origin(dataset: str, wanted: str) -> Origin:
    """Licensed if data/raw/<dataset> is there, unless `wanted` is "generated"."""
    return "licensed" if wanted != "generated" and datasets.is_licensed_here(dataset) else "generated"


def licensed(dataset: str) -> list[Clip]:
    """All clips of the copy under data/raw. Raises DataError if it is not in its native layout."""
    return datasets.layout(dataset).read(datasets.root(dataset, "licensed"), "licensed", None)[0]


def verify(dataset: str, expected: list[Clip], params: Params) -> list[str]:
    """The loader's notes, after holding what it reads now to the rows the DAG was built with.

    Raises DataError naming the first clip that differs, and for clips, other than single pictures, shorter than
    `min_frames`."""
    where = datasets.root(dataset, expected[0].origin)
    found, notes = datasets.layout(dataset).read(where, expected[0].origin, None)
    for clip, other in zip(expected, found, strict=False):
        if clip != other:
            names = [c for c in COLUMNS if getattr(clip, c) != getattr(other, c)]
            was, now = ([getattr(one, c) for c in names] for one in (clip, other))
            raise DataError(
                f"{where}: clip {clip.id}: {', '.join(names)} must be {was}, not {now}; start the run again"
            )
    if len(expected) != len(found):
        raise DataError(f"{where}: must hold {len(expected)} clips, not {len(found)}; start the run again")
    for clip in found:
        try:
            clip.coded()
        except DataError as error:
            notes.append(f"{where}: {error}")
    check_length(found, params)
    return notes


def check_length(clips: Iterable[Clip], params: Params) -> None:
    """Raises DataError for a clip, other than a single picture, that is shorter than `min_frames`."""
    for clip in clips:
        if clip.frames < params.min_frames and datasets.layout(clip.dataset).moves:
            folder = datasets.root(clip.dataset, clip.origin) / clip.folder
            least = f"at least {params.min_frames} frames (index.min_frames)"
            raise DataError(f"{folder}: must hold {least}, not {clip.frames} (clip {clip.id})")


@dataclass(frozen=True, slots=True)
class Detection:
    """What the faces stage says of a clip."""

    detected: float  # share of the frames
    other_faces: int
    left_out: str  # the reason, "" for a clip that goes on


def detections(paths: Iterable[str | Path]) -> dict[str, Detection]:
    """By clip id, from the faces files of subjects. Raises StoreError for a file that cannot be read."""
    found = {}
    for path in paths:
        with store.opened(path, "faces") as file:
            dataset, subject = (file.attrs[key].decode() for key in ("dataset", "subject"))
            for name, group in file.items():
                others = int(group["other_faces"][()]) if "other_faces" in group else 0
                share = float(group["detected"][()].mean())
                found[f"{dataset}/{subject}/{name}"] = Detection(share, others, store.left_out(group))
    return found


def write(path: str | Path, clips: list[Clip], seen: Mapping[str, Detection] | None = None) -> None:
    """The CSV of all clips, with what was `seen` of each where faces were looked for.

    Raises DataError where that is said of some clips and not of others."""
    if seen is not None and (missing := [clip.id for clip in clips if clip.id not in seen]):
        raise DataError(f"faces must have been looked for in every clip, not in {missing[0]}; rerun stage faces")
    rows = (clip.row() | {PARSED: _coded(clip)} | (_said(seen[clip.id]) if seen else {}) for clip in clips)
    store.write_csv(path, WRITTEN, rows)


def _said(seen: Detection) -> dict[str, str]:
    return {"detected": f"{seen.detected:.3f}", "other_faces": str(seen.other_faces), LEFT_OUT: seen.left_out}


def _coded(clip: Clip) -> str:
    try:
        return clip.coded()
    except DataError:  # said in the notes of `verify`; the annotation itself stands beside
        return ""


def read(path: str | Path) -> list[Clip]:
    """The clips of an index CSV that go on. Raises StoreError naming file and row."""
    return [clip for clip, reason in _rows(path) if not reason]


def read_all(paths: Iterable[str | Path]) -> list[Clip]:
    """Those of several, one after the other. Raises what `read` does."""
    return [clip for path in paths for clip in read(path)]


def left_out(path: str | Path) -> dict[str, str]:
    """The reason by id of each clip of an index CSV that does not. Raises what `read` does."""
    return {clip.id: reason for clip, reason in _rows(path) if reason}


def _rows(path: str | Path) -> list[tuple[Clip, str]]:
    rows = []
    for number, row in enumerate(store.read_csv(path, WRITTEN, AGAIN), 2):
        try:
            rows.append((Clip.of({name: row[name] for name in COLUMNS}), row[LEFT_OUT]))
        except (TypeError, ValueError) as error:
            raise StoreError(f"{path}, row {number}: is of an earlier version or damaged ({error}); {AGAIN}") from error
    return rows
