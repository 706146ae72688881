"""Check that a data set still has the clips that the DAG was built with; write and read its index CSV. No pixels.

The clips are read when the DAG is built, so that the jobs of each subject are known before any job runs. The CSV is
written after face detection, and marks the clips that all later stages leave out."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from microexpr import datasets
from microexpr.core import store
from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError, StoreError, nearest, remedy
from microexpr.datasets.layouts.own import OwnLayout

COLUMNS = tuple(Clip.__dataclass_fields__)
PARSED = "action_units_parsed"  # for users and other programs: `read` ignores this column, and those of DETECTION
DETECTION = ("detected", "other_faces")  # share of the frames with a face; number of other, smaller faces
LEFT_OUT = "left_out"  # why a clip is left out of later stages, or ""
WRITTEN = (*COLUMNS, PARSED, *DETECTION, LEFT_OUT)


class Params(BaseModel):
    """Section `index` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    min_frames: int = Field(
        5, ge=2, le=1000, description="a clip with fewer frames is an error, unless a single picture"
    )


def origin(dataset: str, preference: str) -> Origin:
    """Return "licensed" if data/raw/<dataset> exists, unless `preference` is "generated"; of an own one, what it is."""
    if isinstance(native := datasets.LAYOUTS[dataset], OwnLayout):
        return native.origin(datasets.root(dataset, "licensed"))
    return "licensed" if preference != "generated" and datasets.has_licensed_copy(dataset) else "generated"


def read_licensed(dataset: str) -> list[Clip]:
    """Return all clips of the copy under data/raw. Raises DataError if it is not in its native layout."""
    return datasets.layout(dataset).read(datasets.root(dataset, "licensed"), "licensed", None)[0]


def verify(dataset: str, expected: list[Clip], params: Params) -> list[str]:
    """Check that the loader still reads the clips `expected`, with which the DAG was built; return the loader's notes.
    Raises DataError for the first clip that differs, and as `check_length` does."""
    folder = datasets.root(dataset, expected[0].origin)
    clips, notes = datasets.layout(dataset).read(folder, expected[0].origin, None)
    for clip, current in zip(expected, clips, strict=False):
        if clip != current:
            columns = [column for column in COLUMNS if getattr(clip, column) != getattr(current, column)]
            before, now = ([getattr(version, column) for column in columns] for version in (clip, current))
            must = f"{', '.join(columns)} must be {before}, not {now}"
            raise DataError(f"{folder}: clip {clip.id}: {must}; start the run again")
    if len(expected) != len(clips):
        raise DataError(f"{folder}: must hold {len(expected)} clips, not {len(clips)}; start the run again")
    check_length(clips, params)
    return notes


def check_length(clips: Iterable[Clip], params: Params) -> None:
    """Raise DataError for a clip, other than a single picture, that is shorter than `min_frames`."""
    for clip in clips:
        if clip.frames < params.min_frames and datasets.layout(clip.dataset).has_motion:
            folder = datasets.root(clip.dataset, clip.origin) / clip.folder
            minimum = f"at least {params.min_frames} frames (index.min_frames)"
            raise DataError(f"{folder}: must hold {minimum}, not {clip.frames} (clip {clip.id})")


def detections(paths: Iterable[str | Path]) -> dict[str, dict[str, str]]:
    """Return the columns DETECTION and LEFT_OUT of each clip, by clip id, from the faces files at `paths`. Raises
    StoreError for a file that cannot be read."""
    by_clip = {}
    for path in paths:
        with store.open_file(path, "faces") as file:
            dataset, subject = (file.attrs[key].decode() for key in ("dataset", "subject"))
            for name, group in store.clip_groups(file).items():
                share = float(group["detected"][()].mean())
                others = int(group["other_faces"][()]) if "other_faces" in group else 0
                values = dict(zip(DETECTION, (f"{share:.3f}", str(others)), strict=True))
                by_clip[f"{dataset}/{subject}/{name}"] = values | {LEFT_OUT: store.exclusion_reason(group)}
    return by_clip


def write(path: str | Path, clips: list[Clip], detected: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Write the index CSV of all clips; `detected` is what `detections` returns, None where no faces were looked for.
    Raises DataError if it lacks a clip."""
    if detected is not None and (missing := [clip.id for clip in clips if clip.id not in detected]):
        advice = remedy(f"results/faces/{missing[0].rpartition('/')[0]}.h5")
        raise DataError(f"faces must have been looked for in every clip, not in {missing[0]}{advice}")
    rows = (
        {**clip.row(), PARSED: clip.parsed_action_units(), **(detected[clip.id] if detected else {})} for clip in clips
    )
    store.write_csv(path, WRITTEN, rows)


def read(path: str | Path) -> list[Clip]:
    """Return the clips of an index CSV that are not left out. Raises StoreError naming file and row."""
    return [clip for clip, reason in _rows(path) if not reason]


def read_all(paths: Iterable[str | Path]) -> list[Clip]:
    """Return the clips of several index CSVs, one after the other. Raises StoreError as `read` does."""
    return [clip for path in paths for clip in read(path)]


def find(name: str, results: Path) -> Clip:
    """Return the clip DATASET/SUBJECT/CLIP of a run, from its data set's index in the folder `results`. Raises
    DataError for a name of another form, of no clip, or of one that is left out; StoreError as `read` does."""
    if name.count("/") != 2:
        raise DataError(f"a clip must be written DATASET/SUBJECT/CLIP, not {name}")
    dataset = name.split("/")[0]
    datasets.layout(dataset)
    table = results / "index" / f"{dataset}.csv"
    clips = {clip.id: (clip, reason) for clip, reason in _rows(table)}
    if name not in clips:
        included = [clip_id for clip_id, (_, reason) in clips.items() if not reason]
        raise DataError(f"clip must be one of {table}, not {name}{nearest(name, included)}")
    clip, reason = clips[name]
    if reason:
        raise DataError(f"{name} was left out: {reason}")
    return clip


def exclusions(path: str | Path) -> dict[str, str]:
    """Return why clips of an index CSV are left out, by clip id. Raises StoreError as `read` does."""
    return {clip.id: reason for clip, reason in _rows(path) if reason}


def _rows(path: str | Path) -> list[tuple[Clip, str]]:
    rows = []
    for row_number, row in enumerate(store.read_csv(path, WRITTEN), 2):
        try:
            rows.append((Clip.from_row({name: row[name] for name in COLUMNS}), row[LEFT_OUT]))
        except (TypeError, ValueError) as error:
            reason = f"is of an earlier version or damaged ({error}){remedy(path)}"
            raise StoreError(f"{path}, row {row_number}: {reason}") from error
    return rows


def of_one_origin(names: list[str], origin: Mapping[str, str]) -> list[str]:
    """Return the data sets without the rendered ones, if any of them is licensed: origins never mix."""
    licensed = any(origin[name] == "licensed" for name in names)
    return [name for name in names if not licensed or origin[name] == "licensed"]
