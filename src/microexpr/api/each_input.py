"""Work through inputs of `predict`, `measure` and `reenact`, one or many, as commands and from Python.

Modules are imported inside the functions, so that files which may not be written are refused in milliseconds."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr import __version__
from microexpr.apps import driving_name
from microexpr.core import outputs
from microexpr.core.clip import EVENTS
from microexpr.core.errors import ParamsError
from microexpr.core.files import file_digest, is_below, read_json, value_digest
from microexpr.core.outputs import Output

if TYPE_CHECKING:
    from microexpr.apps.batch import Job, Plan, Progress, Row, Work
    from microexpr.apps.predict import Models, Prediction
    from microexpr.apps.predict.truth import TrueExpression
    from microexpr.apps.reenact.alone import Reenactment
    from microexpr.coding import Coded
    from microexpr.videos import Scan, Video
    from microexpr.videos.search import Item

PREDICTED = (
    *("intervals.csv", "intervals.json", "action_units.csv", "subtitles.srt", "subtitles.vtt", "intervals.eaf"),
    *("intervals.TextGrid", "prediction.png", "annotated.avi", "prediction.html"),
)
REENACTED = ("reenactment.mp4", "reenactment.gif", "comparison.mp4", "curves.csv", "metrics.csv", "reenactment.png")
PREDICTIONS = ("videos.csv", "intervals.csv", "index.html")
VIDEOS = ("video", "folder", "frames", "fps", "origin", *EVENTS, "warnings", "problem", "left_out")
MEASURED = (
    "table", "input", "kind", "fps", "version", "origin", "frames", "faces", "share_with_face", "face_width",
    "sharpness", "brightness", "noise", "seconds", "reference", "note", "problem", "left_out",
)  # fmt: skip
PHOTOGRAPHS = (
    "photograph", "face", "driving", "strength", "au_r", "au_share", "identity_cosine", "refused", "note", "problem",
    "left_out", "origin",
)  # fmt: skip


# Return the `Output` of a command in a folder, of an input if it is given. Raise OutputError if it may not be written.
prediction = partial(Output, command="predict", names=PREDICTED)
reenactment = partial(Output, command="reenact", names=REENACTED, numbered="frames/[0-9]*.png")


def predict(
    video: "Scan | Video", output: Output | None, method: str | None, networks: Path,
    coded: "Sequence[Coded] | None", progress: "AbstractContextManager[Progress]",
) -> "tuple[Prediction, Models, list[TrueExpression] | None]":  # fmt: skip
    """Predict one video, write its files, and compare with a coder; return also models and true micro-expressions."""
    from microexpr.apps.predict import Models, predict, truth

    models = Models.load(method, networks)
    with progress as report, outputs.publish(output) if output else nullcontext() as part:
        result = predict(video, models, report)
        true = None if coded is None else truth.micro(coded, result.video.seconds)
        if part:
            write_prediction(part, result, models, true, report)
    return result, models, true


def write_prediction(
    folder: Path, result: "Prediction", models: "Models", truth: "Sequence[TrueExpression] | None",
    progress: "Progress",
) -> None:  # fmt: skip
    """Write tables, subtitles, plot, annotated video and page of a prediction; the page compares with the truth."""
    from microexpr.apps.predict import annotated, written
    from microexpr.reporting.html import prediction as page
    from microexpr.reporting.plots import drawing
    from microexpr.reporting.plots import prediction as plot

    written.write(folder, result, models)
    drawing.plot(plot.draw, result, path=folder / "prediction.png")
    film, player = annotated.Film(result), page.Player(result)
    numbers = sorted({*film.positions, *player.numbers})
    with film.writer(folder / "annotated.avi") as record:
        for i, (number, frame) in enumerate(zip(numbers, result.video.read(numbers), strict=False), 1):
            player.add(number, frame)
            if number in film.positions:
                record(film.image(number, frame), None)
            progress("writing video and page", i, len(numbers))
    page.write(folder / "prediction.html", result, models, truth, player)


def plan_predictions(
    items: "Sequence[Item]", out: Path, method: str | None, networks: Path, fps: float | None, force: bool
) -> "Plan":
    """Return how `predict` works through videos. Raises OutputError if it may not write."""
    from microexpr.apps import batch

    def start(progress: "Progress") -> "Work":
        from microexpr.apps.predict import Models, predict, recognition, written
        from microexpr.core import store
        from microexpr.reporting.html import prediction as page
        from microexpr.videos import Scan

        settings, models = _settings([recognition.weights_path(method, networks)], fps), Models.load(method, networks)
        classes = models.recogniser.classes

        def write(job: "Job", result: Any, folder: Path) -> "list[Row]":
            write_prediction(folder, result, models, None, progress)
            document = written.to_document(result, models)
            kinds = [interval["kind"] for interval in document["intervals"]]
            counts = {kind: kinds.count(kind) for kind in EVENTS}
            about = {key: document[key] for key in ("frames", "fps", "origin")}
            return [about | counts | {"warnings": "; ".join(document["warnings"])}]

        def summarise(rows: "list[Row]", folder: Path) -> None:
            videos = [dict.fromkeys(VIDEOS, "") | row for row in rows]
            with store.content_of_a_stage(out):  # of earlier runs, perhaps from elsewhere
                names = [row["folder"] for row in videos if not row["problem"] and not row["left_out"]]
                documents = {name: out / name / "intervals.json" for name in names}
                if others := [path for path in documents.values() if not is_below(path, out)]:
                    raise ValueError(f"{others[0]} is elsewhere")
                contents = {name: read_json(path) for name, path in documents.items()}
                intervals = []
                for name, row in ((row["folder"], row) for row in videos if row["folder"] in contents):
                    flat = (written.flat(interval, classes) for interval in contents[name]["intervals"])
                    intervals += [{"video": row["video"], **of_interval} for of_interval in flat]
                store.write_csv(folder / PREDICTIONS[1], ("video", *written.columns(classes)), intervals)
                page.write_index(folder / PREDICTIONS[2], videos, contents, models)

        return batch.Work(settings, lambda item: predict(Scan(item.path, fps), models, progress), write, summarise)

    inputs = [networks / f"{method}.safetensors"] if method else []
    return batch.plan(
        "predict", items, out, PREDICTIONS, VIDEOS, prediction, lambda item, name: {"video": item.name, "folder": name},
        start, inputs, force,
    )  # fmt: skip


def check_rate(items: "Sequence[Item]", fps: float | None) -> None:
    """Raise ParamsError for frames a second where nothing is read that has any."""
    inputs = [item for item in items if not item.reason]
    if fps is not None and inputs and not any(item.kind in ("video", "frames") for item in inputs):
        raise ParamsError(f"--fps must be of videos or folders of frames, and {inputs[0].path} is a picture")


def plan_tables(items: "Sequence[Item]", out: Path, fps: float | None, form: str, force: bool) -> "Plan":
    """Return how `measure` works through inputs, with tables in this format.

    Raises ParamsError for a format that cannot be written and as `check_rate`, OutputError if it may not write."""
    from microexpr.apps import batch
    from microexpr.apps.measure import ending

    check_rate(items, fps)

    def label(item: "Item", name: str) -> "Row":
        rate = f"{fps:g}" if fps and item.kind in ("video", "frames") else ""
        return {"table": name, "input": item.source, "kind": item.kind, "fps": rate, "version": __version__}

    def write(job: "Job", table: Any, folder: Path) -> "list[Row]":
        table.write(folder / job.output.names[0])
        return [table.summary()]

    def start(progress: "Progress") -> "Work":
        from microexpr.apps.measure import tables

        return batch.Work(_settings([], fps), lambda item: tables.measure(item, fps, progress), write)

    names = ("summary.csv",)
    return batch.plan("measure", items, out, names, MEASURED, outputs.table, label, start, (), force, ending(form))


def reenact(
    face: Path, output: Output | None, driving: str, results: Path, fps: float | None, weights: Path | None,
    options: Mapping[str, Any], step: Callable[[str], AbstractContextManager[Any]],
) -> "Reenactment":  # fmt: skip
    """Reenact one photograph, each step in a context, and write its files. `options` are those of `alone.reenact`."""
    from microexpr.apps.reenact import alone
    from microexpr.apps.reenact import driving as driving_clip
    from microexpr.apps.reenact.photograph import Photograph

    with outputs.publish(output) if output else nullcontext() as part:
        with step("[1/4] looking for faces in the photograph"):
            photograph = Photograph.read(face)
            photograph.choose(options["number"])
        with step("[2/4] reading the action units of the driving clip"):
            curves = driving_clip.read(driving, fps, results)
        with step("[3/4] moving the face, and reading it"):
            result = alone.reenact(curves, photograph, weights=weights, **options)
        if part:
            with step("[4/4] writing"):
                write_reenactment(part, result)
    return result


def write_reenactment(folder: Path, result: "Reenactment") -> None:
    """Write frames, video, animation, tables and plot of a reenactment."""
    from microexpr.apps.reenact import folder as files
    from microexpr.reporting.plots import drawing
    from microexpr.reporting.plots import reenactment as plot

    files.write(folder, result)
    drawing.plot(plot.draw, result, path=folder / "reenactment.png")


def plan_reenactments(
    items: "Sequence[Item]", out: Path, driving: str, results: Path, fps: float | None, weights: Path | None,
    options: Mapping[str, Any], force: bool,
) -> "Plan":  # fmt: skip
    """Return how `reenact` gives the movement of a driving clip to photographs; `options` are those of `alone.reenact`.

    Raises OutputError if it may not write."""
    from microexpr.apps import batch

    files = driving_name.files(driving, results)

    def start(progress: "Progress") -> "Work":
        from microexpr.apps.reenact import alone, generator
        from microexpr.apps.reenact import driving as driving_clip
        from microexpr.apps.reenact import folder as reenacted
        from microexpr.apps.reenact.photograph import Photograph

        curves = driving_clip.read(driving, fps, results)
        states = [batch.identify(path, "") for path in files if path.exists()]
        settings = _settings([weights or generator.SHIPPED], [driving, fps, options, states])

        def read(item: "Item") -> alone.Reenactment:
            return alone.reenact(curves, Photograph.read(item.path), weights=weights, **options)

        def write(job: "Job", result: alone.Reenactment, folder: Path) -> "list[Row]":
            write_reenactment(folder, result)
            warning = "; warning: the movement is hardly read back" * result.is_weak
            faces = len(result.numbers)
            job.note = f"moved: {job.item.path}, {faces} face{'s' * (faces > 1)}{warning}"
            common = {"driving": result.driving.name, "note": "; ".join(result.photograph.notes)}
            measured = [{name: row[name] for name in PHOTOGRAPHS if name in row} for row in reenacted.metrics(result)]
            refused = [{"face": str(number), "refused": reason} for number, reason in result.refused.items()]
            return [common | row for row in (*measured, *refused)]

        return batch.Work(settings, read, write)

    return batch.plan(
        "reenact", items, out, ("photographs.csv",), PHOTOGRAPHS, reenactment,
        lambda item, name: {"photograph": item.name}, start, [*files, *filter(None, [weights])], force,
    )  # fmt: skip


def _settings(weights: Sequence[Path], params: Any) -> str:
    """Return a digest of all that results depend on except their input: networks, this version and parameters."""
    from microexpr.signals.aus import regressor
    from microexpr.signals.faces import detection

    files = (*weights, regressor.MODEL, detection.MODEL)
    return value_digest([*map(file_digest, files), __version__, params])
