"""Many videos: a folder of files for each, one table and one page of all. Several processes may share the work.

A video is done when its folder is complete and of the same video, settings and models; an interrupted run goes on where
it was. A bad video does not stop the others.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from microexpr import __version__
from microexpr.apps import predict, video_paths
from microexpr.apps.predict import Models, Prediction, Progress, written
from microexpr.core import digests, outputs, store
from microexpr.core.errors import OutputError, StoreError, about
from microexpr.core.outputs import Output
from microexpr.signals.aus import regressor
from microexpr.signals.faces import predictors
from microexpr.videos import Scan

DOCUMENT = "intervals.json"  # of a video's folder
VIDEOS, INTERVALS, PAGE = "videos.csv", "intervals.csv", "index.html"
COLUMNS = ("video", "folder", "frames", "fps", "origin", "micro", "macro", "blink", "glance", "speech", "problem")


class Job(NamedTuple):
    """One video and its files."""

    path: Path
    output: Output

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.output.root.name


@dataclass(frozen=True, slots=True)
class Plan:
    """All videos of one run."""

    jobs: list[Job]
    summary: dict[str, Output]  # of all videos, by name of the file


class Outcome(NamedTuple):
    """One video, once it is predicted, skipped, or refused."""

    job: Job
    is_new: bool
    problem: str


def plan(paths: Sequence[Path], out: Path, names: tuple[str, ...], inputs: Iterable[Path], force: bool) -> Plan:
    """Return the folder of each video, with files of these names, after its name without the ending.

    Raises DataError for a path that is not there, OutputError for two videos of one name and files of others."""
    videos, read = video_paths.find(paths), [*inputs]
    by_name: dict[str, Path] = {}
    for path in videos:
        name = path.resolve().name if path.is_dir() else path.stem
        if name in (VIDEOS, INTERVALS, PAGE, ""):
            raise OutputError(f"{path}: its folder would have the name of a file of all videos; rename it")
        if name in by_name:
            raise OutputError(f"{path}: its folder would have the name {name}, as that of {by_name[name]}; rename it, "
                              "or choose another --out for it")  # fmt: skip
        by_name[name] = path
    summary = outputs.tables(out, (VIDEOS, INTERVALS, PAGE), [*videos, *read], force)
    return Plan(
        [
            Job(path, outputs.folder(out / name, "predict", names, [path, *read], force))
            for name, path in by_name.items()
        ],
        summary,
    )


def run(
    plan: Plan,
    models: Models,
    weights: Path,
    fps: float | None,
    write: Callable[[Prediction, Path], None],
    progress: Progress,
) -> Iterator[Outcome]:
    """Predict the videos of a plan that are not done and that no other process has claimed, and yield each.

    `weights` are the file of the recogniser in `models`. `write` gets a prediction and the folder for its files. Raises
    OutputError or StoreError if these cannot be written, for then those of other videos cannot be either."""
    settings = signature(weights, fps)
    for number, job in enumerate(plan.jobs, 1):
        with outputs.claim(job.output.root.parent, job.name) as is_ours:
            if not is_ours or (not job.output.force and is_done(job, settings)):
                yield Outcome(job, False, "")
            else:
                identity = identify(job.path, settings)
                try:
                    result = predict.predict(Scan(job.path, fps), models, progress)
                    with outputs.publish(job.output) as part:
                        write(result, part)
                        _sign(part / DOCUMENT, identity)
                except (OutputError, StoreError):
                    raise  # the files of the other videos cannot be written either
                except Exception as error:  # decoders and detectors raise many kinds, and a night's run goes on
                    yield Outcome(job, True, about(job.path, error))
                else:
                    yield Outcome(job, True, "")
        progress("videos", number, len(plan.jobs))


def signature(weights: Path, fps: float | None) -> str:
    """Return a digest of what a prediction depends on but its video: models, this version, the rate asked for."""
    files = (weights, regressor.MODEL, predictors.MODEL)
    return digests.of_value([*map(digests.of_file, files), __version__, fps])


def identify(path: Path, settings: str) -> str:
    """Return a digest of a video, by its place, sizes and times, and of `signature`."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    states = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return digests.of_value([str(path.resolve()), states, settings])


def is_done(job: Job, settings: str) -> bool:
    """Return whether a video's folder is complete, and of this video as it is now and of `signature`."""
    document = _document(job)
    return document is not None and document.get("identity") == identify(job.path, settings)


def _document(job: Job) -> dict[str, Any] | None:
    """Return what intervals.json says of a video whose folder is complete."""
    if job.output.is_complete():
        with suppress(OSError, ValueError):
            document: dict[str, Any] = json.loads((job.output.root / DOCUMENT).read_text(encoding="utf-8"))
            return document
    return None


def _sign(path: Path, identity: str) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    store.write_text(path, json.dumps(document | {"identity": identity}, indent=2) + "\n")


def documents(plan: Plan, problems: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return what the complete folders of a plan say of their videos, by name; not of those with a problem."""
    contents = {job.name: _document(job) for job in plan.jobs if job.name not in problems}
    return {name: document for name, document in contents.items() if document is not None}


def problems_before(plan: Plan) -> dict[str, str]:
    """Return the problems of videos in the table that is there, by name of the folder, but of those done since."""
    with suppress(StoreError):
        rows = store.read_csv(plan.summary[VIDEOS].root / VIDEOS, COLUMNS)
        incomplete = {job.name for job in plan.jobs if not job.output.is_complete()}
        return {row["folder"]: row["problem"] for row in rows if row["problem"] and row["folder"] in incomplete}
    return {}


def video_rows(plan: Plan, contents: Mapping[str, Mapping[str, Any]], problems: Mapping[str, str]) -> Iterator[dict]:
    """Yield a row of `COLUMNS` for each video that is done or cannot be."""
    for job in plan.jobs:
        row: dict[str, Any] = dict.fromkeys(COLUMNS, "") | {"video": job.path.name, "folder": job.name}
        if document := contents.get(job.name):
            kinds = [interval["kind"] for interval in document["intervals"]]
            counts = {kind: kinds.count(kind) for kind in COLUMNS[5:10]}
            yield row | {key: document[key] for key in ("frames", "fps", "origin")} | counts
        elif job.name in problems:
            yield row | {"problem": problems[job.name]}


def interval_rows(contents: Mapping[str, Mapping[str, Any]], classes: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield a row for each interval of all videos, with the columns of a video's own table after its name."""
    for document in contents.values():
        for row in document["intervals"]:
            yield {"video": document["file"], **written.flat(row, classes)}
