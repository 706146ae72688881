"""Which clips there are: from the native annotation under data/raw, or from the generator's plan; and the index CSV.

What may not come in: pixels. The rows are taken when the DAG is built, so a subject's jobs know them before any runs.
"""

import csv
import io
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from microexpr import datasets
from microexpr.clip import Clip, Origin
from microexpr.errors import DataError, StoreError
from microexpr.store import write_text

COLUMNS = tuple(Clip.__dataclass_fields__)
PARSED = "action_units_parsed"  # a column for people and other programs; `read` does not need it


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
            notes.append(str(error))
        if clip.frames < params.min_frames and datasets.layout(dataset).kind != "picture":
            raise DataError(f"clip {clip.id} must have at least {params.min_frames} frames, not {clip.frames}")
    return notes


def write(path: str | Path, clips: list[Clip]) -> None:
    text = io.StringIO()
    table = csv.DictWriter(text, [*COLUMNS, PARSED], lineterminator="\n")
    table.writeheader()
    table.writerows(clip.row() | {PARSED: _coded(clip)} for clip in clips)
    write_text(path, text.getvalue())


def _coded(clip: Clip) -> str:
    try:
        return clip.coded()
    except DataError:  # said in the notes of `verify`; the annotation itself stands beside
        return ""


def read(path: str | Path) -> list[Clip]:
    """The rows of an index CSV. Raises StoreError naming file and row."""
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            table = list(csv.DictReader(file))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    clips = []
    for number, row in enumerate(table, 2):
        try:
            clips.append(Clip.of({name: row[name] for name in COLUMNS}))
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{path}, row {number}: is not an index row ({error}); delete it and run again") from error
    return clips
