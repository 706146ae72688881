"""Spot and classify micro-expressions, measure faces, and show a micro-expression on a photograph, as the commands do.

Writes only into `out`."""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from microexpr.api import checks, each_input
from microexpr.api.measures import au_table
from microexpr.api.results import Shown, shown
from microexpr.api.videos import Source, read_video, scan
from microexpr.apps import driving_name
from microexpr.apps import predict as prediction
from microexpr.apps.measure import Table, tables
from microexpr.apps.predict import Prediction, limits, pair, recognition, written
from microexpr.apps.predict.pair import Pair
from microexpr.apps.read.take import Progress
from microexpr.apps.reenact import alone
from microexpr.apps.reenact.generator import Kind
from microexpr.core import csv_file, store
from microexpr.core.errors import DataError, ParamsError
from microexpr.signals.aus import SIDES, regressor
from microexpr.videos import Video, picture, search

RESULTS = Path("results")


@checks.single()
def spot(video: Source, fps: float | None = None) -> pd.DataFrame:
    """Return the expressions of one face in a video of any length: a row for each, in the order of time.

    `video` is a `Video`, or what `read_video` accepts together with `fps`. Columns are kind (micro, macro, blink,
    glance or speech), onset, apex and offset as frames from 0 and in seconds, score (how probable it is) and
    action_units (FACS intensity at the apex since rest, by unit and side).

    Raises DataError if the face is in fewer than 5 % of the frames.

    >>> import microexpr
    >>> table = microexpr.spot(microexpr.example_video("example"))
    >>> table.kind.to_list(), table.apex.between(47, 69).to_list()
    (['micro'], [True])
    """
    spotted = prediction.spot(scan(video, fps), regressor.load())
    rows = [written.to_dict(expression, spotted.video.seconds) for expression in spotted.expressions]
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
        video, suffix = self.result.video, f" ({classes})" * bool(classes)
        what = f"{video.end:.3g} s: {counts or 'no expression'}{suffix}"
        return f"PredictedVideo({str(video.path)!r}, {what})"


@checks.single()
def predict(
    video: Source,
    out: str | Path | None = None,
    *,
    fps: float | None = None,
    method: str | None = None,
    results: str | Path = RESULTS,
    force: bool = False,
    progress: Progress | None = None,
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
    _check_of_files(out, force=force)
    report = checks.reporter(progress, prediction.silent)
    frames, folder = scan(video, fps), Path(results) / "refit"
    path, output = frames.source.path, None
    if out is not None:
        weights = recognition.weights_path(method, folder)
        output = each_input.prediction(Path(out), [path, weights], force, path)
    result, models, _ = each_input.predict(frames, output, method, folder, None, nullcontext(report))
    seconds, frame = result.video.seconds, result.curves.numbers
    rows = [written.to_dict(expression, seconds) for expression in result.expressions]
    rows = [row | row["classes"] | {"reasons": "; ".join(row["reasons"])} for row in rows]
    columns = [*written.columns(models.recogniser.classes)]
    curves = au_table(result.signal.change, frame, seconds[frame], SIDES[:2])
    curves.attrs = {"scale": "FACS intensity since the face at rest", "reader": models.descriptions[-1]}
    table, files = pd.DataFrame(rows, columns=columns), tuple(output.paths) if output else ()
    about = tuple(result.warnings), models.descriptions, limits.NOTICE
    return PredictedVideo(table, curves, *about, files, result)


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
        image if isinstance(image, np.ndarray) else picture.read(_picture(image, word), longest=picture.LONGEST)
        for word, image in (("onset", onset), ("apex", apex))
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
    and for each face of a picture; unmeasured values are nan. Several inputs have their rows one after the other, and a
    column `input`, the path, or "source 0" of frames in memory. A folder `out` gets the command's files, as "csv",
    "parquet" or "hdf5"; results in it are reused, unless `force`.

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
    if not sources:
        raise DataError("source must be a video, a picture or a list of them, not an empty list")
    if out is not None and not are_paths:
        raise DataError("out is for paths of videos and pictures, not for frames in memory")
    if pictures and fps is not None:
        raise ParamsError("pictures must stand in place of fps, which makes the frames of one video of a folder")
    _check_of_files(out, force=force, format=format != "csv")
    search.check_distinct([item for item in sources if isinstance(item, (str, PathLike))])
    memory = [item for item in sources if not isinstance(item, (str, PathLike))]
    identities = [os.path.realpath(v.path) if isinstance(v, Video) and v.path.exists() else str(id(v)) for v in memory]
    if len(identities) > len({*identities}):
        raise DataError("source must have each video once, not one twice")
    seek: search.Seek = "pictures" if pictures else "videos"
    with shown(progress) as report:
        if out is None:
            of_sources = [
                search.find([Path(each)], seek, fps, picture_too=True) if isinstance(each, (str, PathLike)) else []
                for each in sources
            ]
            every_item = [item for items in of_sources for item in items]
            each_input.check_rate(every_item if are_paths else [], fps)
            if duplicates := {*identities} & {os.path.realpath(item.path) for item in every_item if not item.reason}:
                raise DataError(f"source must have each video once, not {min(duplicates)} twice")
            first = {item.source: i for i, items in reversed([*enumerate(of_sources)]) for item in items}
            inputs: list[tuple[int, Any]] = [(first[item.source], item) for item in search.once(every_item)]
            inputs += [(i, each) for i, each in enumerate(sources) if not isinstance(each, (str, PathLike))]
            inputs.sort(key=itemgetter(0))  # in the order of their sources
            left_out = [each for _, each in inputs if isinstance(each, search.Item) and each.reason]
            tables_by_name: list[tuple[str, Table]] = []
            for i, each in inputs:
                if not isinstance(each, search.Item):
                    tables_by_name.append((f"source {i}", tables.of_video(read_video(each, fps), report)))
                elif not each.reason:
                    tables_by_name.append((str(each.path), tables.measure(each, fps, report)))
            problems = [problem for _, table in tables_by_name for problem in table.problems]
            measured = [(name, _frame(table)) for name, table in tables_by_name]
        else:
            items = search.find([*map(Path, sources)], seek, fps, Path(out), picture_too=True)
            plan = each_input.plan_tables(items, Path(out), fps, format, force)
            measured = [
                (str(job.item.path), _frame(table) if table else _read(job.output.path))
                for job, table in plan.run(report)
                if job.state != "failed"
            ]
            problems, left_out = [job.problem for job in plan.jobs if job.problem], plan.left_out
    reasons = [f"{item.path}: {item.reason}" for item in left_out]
    if not measured:
        raise DataError("; ".join([*problems, *reasons]))
    rows = measured[0][1]
    if len(sources) > 1 or len(measured) > 1:
        names = np.repeat([name for name, _ in measured], [len(table) for _, table in measured])
        rows = pd.concat([table for _, table in measured], ignore_index=True).copy().assign(input=names)
    rows.attrs |= {"problems": problems, "left_out": reasons}
    return rows


@dataclass(frozen=True, eq=False, repr=False)
class ReenactedFace(Shown):
    """A photograph with the movement of a driving clip, at each strength.

    Tables of "all" faces have the face's number as a level of their index, after the strength."""

    metrics: pd.DataFrame  # a row for each strength: AUs read back, change of pixels, likeness
    curves: pd.DataFrame  # (unit, side) of "asked" and "read_back" by (strength, frame), changes in FACS intensity
    description: tuple[str, ...]  # generator, driving clip, photograph, and how well the movement is read back
    files: tuple[Path, ...]  # that were written
    result: alone.Reenactment  # arrays

    def __repr__(self) -> str:
        strengths = ", ".join(f"{strength:g}" for strength in self.result.strengths)
        source = str(self.result.photograph.path)
        return f"ReenactedFace({source!r}, driven by {self.result.driving.name}, strengths {strengths})"

    def frames(self, strength: float = 1.0) -> np.ndarray:
        """Return the photograph in motion, uint8[K, H, W, 3] RGB. Raises DataError for a strength that is not there."""
        if strength not in self.result.strengths:
            present = ", ".join(f"{strength:g}" for strength in self.result.strengths)
            raise DataError(f"strength must be one of {present}, not {strength!r}")
        return np.stack([*self.result.frames(strength)])


@checks.single()
def reenact(
    face: str | Path,
    driving: str | Path | None = None,
    out: str | Path | None = None,
    *,
    emotion: str | None = None,
    style: int | None = None,
    strength: float | Sequence[float] = (1.0, 2.0, 4.0),
    fps: float | None = None,
    face_number: int | Literal["all"] = 1,
    weights: str | Path | None = None,
    super_resolution: Kind | None = None,
    results: str | Path = RESULTS,
    force: bool = False,
) -> ReenactedFace:
    """Show a micro-expression on the face of a photograph: `microexpr reenact`.

    `face` is a picture, `face_number` which of several faces in it, 1 the largest, or "all" that can be moved, in the
    same frames. `driving` is a shipped sample (negative, positive, or surprise by default), a video or folder of frames
    (with `fps`), or DATASET/SUBJECT/CLIP of a run in the folder `results`; in its place may stand an `emotion` and its
    `style`, 1 the most frequent. Its changes of action units are multiplied by each `strength`. `weights` is a
    generator of a run in place of the shipped one. A folder `out` gets the command's files, each marked as synthesised.

    Raises DataError if the picture has no such face or the face is too small or turned too far, ParamsError for another
    driving clip, StoreError for weights of another network, and OutputError if `out` holds files of others (unless
    `force`).

    >>> import microexpr
    >>> from PIL import Image
    >>> video = microexpr.read_video(microexpr.example_video("example"))
    >>> Image.fromarray(next(iter(video))).save("example/face.png")
    >>> reenacted = microexpr.reenact("example/face.png", "surprise", strength=2)
    >>> reenacted.frames(2).shape[1:], bool(reenacted.metrics.loc[2, "au_r"] > 0.5)
    ((360, 480, 3), True)
    """
    _check_of_files(out, force=force)
    if style is not None:
        style = checks.whole(style, "style", 1)
    if super_resolution not in (None, *(kinds := get_args(Kind))):
        raise ParamsError(f"super_resolution must be one of {', '.join(kinds)}, not {super_resolution!r}")
    factors = checks.numbers(strength, "strength")
    if factors.ndim > 1 or not factors.size or not ((factors >= 0) & (factors <= 10)).all():
        raise DataError(f"strength must be 0 to 10, not {strength}")
    name, source = driving_name.choose(driving, emotion, style, fps), _picture(face, "face")
    paths = [source, *driving_name.files(name, Path(results)), *([Path(weights)] if weights else [])]
    number = face_number if face_number == "all" else checks.whole(face_number, "face_number", 1)
    strengths = tuple(dict.fromkeys(np.atleast_1d(factors).astype(float).tolist()))
    output = None if out is None else each_input.reenactment(Path(out), paths, force, source)
    network = Path(weights) if weights else None
    options = {"number": number, "strengths": strengths, "kind": super_resolution}
    result = each_input.reenact(source, output, name, Path(results), fps, network, options, nullcontext)
    curves = result.driving
    names, keys = ["strength", "face"], [(outcome.strength, outcome.number) for outcome in result.outcomes]
    index = pd.MultiIndex.from_tuples(keys, names=names)
    metrics = pd.DataFrame([outcome.metrics for outcome in result.outcomes], index)
    frame, tables = np.arange(len(curves.changes)), []
    for outcome in result.outcomes:
        parts = {"asked": outcome.target_aus, "read_back": outcome.read_back}
        by_part = {name: au_table(values, frame, frame / curves.fps, SIDES[:2]) for name, values in parts.items()}
        tables.append(pd.concat(by_part, axis=1))
    changes = pd.concat(tables, keys=keys, names=names)
    if face_number != "all":
        metrics, changes = metrics.droplevel("face"), changes.droplevel("face")
    description, files = (*result.description, *alone.summary(result)), tuple(output.paths) if output else ()
    return ReenactedFace(metrics, changes, description, files, result)


def _picture(path: Any, name: str) -> Path:
    """Return the path of a picture. Raises DataError for something else."""
    if not isinstance(path, (str, PathLike)):
        raise DataError(f"{name} must be the path of a picture, not {checks.describe(path)}")
    return Path(path)


def _check_of_files(out: Any, **options: bool) -> None:
    """Raise ParamsError for options of files where none is written."""
    names = [name for name, is_set in options.items() if is_set]
    if out is None and names:
        raise ParamsError(f"{' and '.join(names)} must be of files, and without out none is written")


def _frame(table: Table) -> pd.DataFrame:
    rows = pd.DataFrame(table.columns)
    rows.attrs.update(table.attributes)
    return rows


def _read(path: Path) -> pd.DataFrame:
    """Return a table that `measure` has written."""
    if path.suffix != ".h5":
        kinds = {"picture": csv_file.original}
        return pd.read_csv(path, converters=kinds) if path.suffix == ".csv" else pd.read_parquet(path)
    with store.open_file(path, "face_table") as file:
        names = store.attribute_text(file.attrs["columns"]).split()
        return pd.DataFrame({n: store.strings(file[n]) if n == "picture" else file[n][()] for n in names})
