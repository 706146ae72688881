"""Spot and classify micro-expressions, and measure faces, as the commands do. Writes only into `out`."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from microexpr.api import checks
from microexpr.api.measures import au_table
from microexpr.api.results import Shown, shown
from microexpr.api.videos import Source, as_video, scan
from microexpr.apps import predict as prediction
from microexpr.apps.measure import tables
from microexpr.apps.measure.columns import Table
from microexpr.apps.predict import Prediction, Progress, limits, pair, recognition, written
from microexpr.apps.predict.pair import Pair
from microexpr.core import outputs, store
from microexpr.core.errors import DataError
from microexpr.reporting import app_folders, many_inputs
from microexpr.signals import spotting
from microexpr.signals.aus import SIDES, regressor
from microexpr.videos import picture, search
from microexpr.videos.search import Item

RESULTS = Path("results")


@checks.single()
def spot(video: Source, fps: float | None = None, params: spotting.Params | None = None) -> pd.DataFrame:
    """Return the expressions of one face in a video of any length: a row for each, in the order of time.

    `video` is a `Video`, or what `read_video` accepts together with `fps`. Columns are kind (micro, macro, blink,
    glance or speech), onset, apex and offset as frames from 0 and in seconds, score (deviations of its noise by which
    the strongest unit moves) and action_units (FACS intensity at the apex since rest, by unit and side).

    Raises DataError if the face is in fewer than 5 % of the frames.

    >>> import microexpr
    >>> table = microexpr.spot(microexpr.example_video("example"))
    >>> table.kind.to_list(), table.apex.between(47, 69).to_list()
    (['micro'], [True])
    """
    spotted = prediction.spot(scan(video, fps), regressor.load(), params=params)
    rows = [written.interval_dict(interval, spotted.video.seconds) for interval in spotted.intervals]
    return pd.DataFrame(rows, columns=written.INTERVAL_KEYS)


@dataclass(frozen=True, eq=False, repr=False)
class PredictedVideo(Shown):
    """The expressions of a video, with each micro-expression's class; `models` and `notice` say how reliable it is."""

    intervals: pd.DataFrame  # as of `spot`; class, how far it can be relied on, each one's probability
    action_units: pd.DataFrame  # change since the face at rest by (frame, seconds) and (unit, side), FACS intensity
    warnings: tuple[str, ...]  # differences between the video and the models' training data
    models: tuple[str, ...]  # the training data of each model, and its errors
    notice: tuple[str, ...]  # limits of the results, and uses that laws forbid
    files: tuple[Path, ...]  # that were written
    result: Prediction  # arrays

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {kind}" for kind, count in self.intervals["kind"].value_counts(sort=False).items())
        classes = ", ".join(self.intervals["class"][self.intervals["kind"] == "micro"])
        video = self.result.video
        seconds = f"{video.end:.3g} s"
        suffix = f" ({classes})" * bool(classes)
        return f"PredictedVideo({str(video.path)!r}, {seconds}: {counts or 'no expression'}{suffix})"


@checks.single()
def predict(
    video: Source,
    out: str | Path | None = None,
    *,
    fps: float | None = None,
    method: str | None = None,
    results: str | Path = RESULTS,
    params: spotting.Params | None = None,
    force: bool = False,
    progress: Progress = prediction.silent,
) -> PredictedVideo:
    """Spot the expressions of one face in a video, and classify its micro-expressions: `microexpr predict`.

    `video` is a `Video`, or what `read_video` accepts together with `fps`. Classes are negative, positive and surprise,
    by the shipped network or by that of `method`, which a run has refitted in the folder `results`. A folder `out` gets
    the command's files: tables, plot, annotated video, page.

    Raises DataError if there is no face, StoreError if there is no such network, and OutputError if `out` holds files
    of others (unless `force`).

    >>> import microexpr
    >>> prediction = microexpr.predict(microexpr.example_video("example"))
    >>> prediction.intervals.loc[0, ["kind", "class"]].to_list()
    ['micro', 'negative']
    >>> prediction.action_units.shape, prediction.notice[0][:45]
    ((120, 34), 'What a person feels cannot be read off a face')
    """
    frames, folder = scan(video, fps), Path(results) / "refit"
    path, output = frames.source.path, None
    if out is not None:
        weights = recognition.weights_path(method, folder)
        output = app_folders.prediction(Path(out), path, [path, weights], force)
    models = prediction.Models.load(method, folder)
    result = prediction.predict(frames, models, progress, params)
    if output:
        with outputs.publish(output) as part:
            app_folders.write_prediction(part, result, models, None, progress)
    seconds, frame = result.video.seconds, result.curves.numbers
    rows = [written.to_dict(expression, seconds) for expression in result.expressions]
    rows = [row | row["classes"] | {"reasons": "; ".join(row["reasons"])} for row in rows]
    columns = [*written.columns(models.recogniser.classes)]
    curves = au_table(result.signal.change, frame, seconds[frame], SIDES[:2])
    curves.attrs = {"scale": "FACS intensity since the face at rest", "reader": models.descriptions[-1]}
    return PredictedVideo(
        pd.DataFrame(rows, columns=columns),
        curves,
        tuple(result.warnings),
        models.descriptions,
        limits.NOTICE,
        tuple(output.paths) if output else (),
        result,
    )


@checks.single()
def predict_pair(
    onset: str | Path | np.ndarray,
    apex: str | Path | np.ndarray,
    *,
    method: str | None = None,
    results: str | Path = RESULTS,
) -> Pair:
    """Classify a micro-expression from two pictures, of a face before it moves and as it moves most.

    Both are frames of one camera: files, or uint8[H, W, 3] RGB or uint8[H, W] grey of one size. `method` and `results`
    are those of `predict`. Raises DataError if a picture shows no face, StoreError if there is no such network.

    >>> import microexpr
    >>> frames = microexpr.read_video(microexpr.example_video("example")).frames
    >>> pair = microexpr.predict_pair(frames[47], frames[55])
    >>> pair.predicted_class, max(pair.action_units, key=pair.action_units.get)
    ('negative', 'AU4L')
    """
    first, second = (
        image if isinstance(image, np.ndarray) else picture.read(Path(image), longest=picture.LONGEST)
        for image in (onset, apex)
    )
    names = ", ".join("array" if isinstance(image, np.ndarray) else str(image) for image in (onset, apex))
    return pair.predict(first, second, prediction.Models.load(method, Path(results) / "refit"), names)


@checks.single()
def measure(
    source: Source | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    fps: float | None = None,
    pictures: bool = False,
    format: str = "csv",
    force: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return every face of videos and pictures with the columns of OpenFace 2, and more: `microexpr measure`.

    `source` is a `Video`, an array (with `fps`), the path of a video or picture, a folder, or a list of paths. A folder
    is of videos, which may lie in subfolders; a folder of pictures alone is the frames of one video (with
    `fps`), or with `pictures` each is read separately. There is a row for each frame of a video, of its largest face,
    and for each face of a picture; unmeasured values are nan. Several inputs have their rows one after the other,
    and a column `input`. A folder `out` gets the command's files, as "csv", "parquet" or "hdf5"; results in it are
    reused, unless `force`.

    `attrs["problems"]` are the pictures, and with `out` the inputs, that could not be measured, `attrs["left_out"]`
    files that were not read, and why. Raises DataError for a path that is not there, and if nothing could be measured,
    ParamsError for another format, and OutputError if `out` has files of others (unless `force`).

    >>> import microexpr
    >>> table = microexpr.measure(microexpr.example_video("example"))
    >>> table.columns[:8].to_list()
    ['frame', 'face_id', 'timestamp', 'confidence', 'success', 'gaze_angle_x', 'gaze_angle_y', 'pose_Rx']
    >>> table.loc[55, ["AU15_left", "AU15_right"]].idxmax()
    'AU15_right'
    """
    sources: list[Any] = [*source] if isinstance(source, (list, tuple)) else [source]
    are_paths = all(isinstance(item, (str, PathLike)) for item in sources)
    if out is not None and not are_paths:
        raise DataError("out is for paths of videos and pictures, not for frames in memory")
    seek: search.Seek = "pictures" if pictures else "videos"
    with shown(progress) as report:
        if out is None:
            tables_by_name: list[tuple[str, Table]] = []
            left_out: list[Item] = []
            for each in sources:
                if isinstance(each, (str, PathLike)):
                    items = search.find([Path(each)], seek, fps, None, picture_too=True)
                    left_out += [item for item in items if item.reason]
                    paths = (item for item in items if not item.reason)
                    tables_by_name += [(str(item.path), tables.measure(item, fps, report)) for item in paths]
                else:
                    tables_by_name.append((str(each), tables.of_video(as_video(each, fps), report)))
            problems = [problem for _, table in tables_by_name for problem in table.problems]
            measured = [(name, _frame(table)) for name, table in tables_by_name]
        else:
            items = search.find([*map(Path, sources)], seek, fps, Path(out), picture_too=True)
            plan = many_inputs.plan_tables(items, Path(out), fps, format, force)
            outcomes = [*many_inputs.measure(plan, fps, report)]
            problems, left_out = [outcome.problem for outcome in outcomes if outcome.problem], plan.left_out
            measured = [
                (str(job.item.path), _frame(table) if table else _read(job.output.paths[0]))
                for job, state, _, table in outcomes
                if state in ("done", "done before")
            ]
    reasons = [f"{item.path}: {item.reason}" for item in left_out]
    if not measured:
        raise DataError("; ".join([*problems, *reasons]) or f"{out}: another process measures all of it")
    rows = measured[0][1]
    if len(sources) > 1 or len(measured) > 1:
        names = np.repeat([name for name, _ in measured], [len(table) for _, table in measured])
        rows = pd.concat([table for _, table in measured], ignore_index=True).copy().assign(input=names)
    rows.attrs |= {"problems": problems, "left_out": reasons}
    return rows


def _frame(table: Table) -> pd.DataFrame:
    rows = pd.DataFrame(table.columns)
    rows.attrs.update(table.attributes)
    return rows


def _read(path: Path) -> pd.DataFrame:
    """Return a table that `measure` has written."""
    if path.suffix != ".h5":
        return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    with store.open_file(path, "face_table") as file:
        names = store.attribute_text(file.attrs["columns"]).split()
        return pd.DataFrame(
            {name: store.strings(file[name]) if name == "picture" else file[name][()] for name in names}
        )
