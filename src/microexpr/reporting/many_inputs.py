"""Many inputs of `predict`, `measure` and `reenact`, as commands and from Python: plans, files, summaries.

Modules are imported inside the functions, so that files which may not be written are refused before networks load.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microexpr import __version__
from microexpr.apps import batch
from microexpr.apps.batch import Job, Plan, Progress, Row
from microexpr.core import outputs, store
from microexpr.core.clip import EVENTS
from microexpr.core.files import file_digest, value_digest
from microexpr.reporting import app_folders
from microexpr.videos.search import Item

if TYPE_CHECKING:
    from microexpr.apps.measure import Table
    from microexpr.apps.predict import Models, Prediction
    from microexpr.apps.reenact.alone import Reenactment
    from microexpr.apps.reenact.photograph import Photograph

PREDICTIONS = ("videos.csv", "intervals.csv", "index.html")
PREDICTED = ("video", "folder", "frames", "fps", "origin", *EVENTS, "warnings", "problem", "left_out")
MEASURED = (
    "table", "input", "kind", "fps", "version", "origin", "frames", "faces", "share_with_face", "face_width",
    "sharpness", "brightness", "noise", "seconds", "reference", "note", "problem", "left_out",
)  # fmt: skip
REENACTED = (
    "photograph", "face", "driving", "strength", "au_r", "au_share", "identity_cosine", "refused", "note", "problem",
    "left_out", "origin",
)  # fmt: skip


def plan_predictions(items: Sequence[Item], out: Path, inputs: Iterable[Path], force: bool) -> Plan:
    """Return where `predict` writes the files of each video. Raises OutputError if it may not."""

    def label(item: Item, name: str) -> Row:
        return {"video": item.name, "folder": name}

    return batch.plan("predict", items, out, PREDICTIONS, PREDICTED, app_folders.prediction, label, inputs, force)


def predict(
    plan: Plan, models: "Models", weights: Path, fps: float | None, progress: Progress
) -> "Iterator[tuple[Job, Prediction | None]]":
    """Predict the videos of a plan, and yield each. `weights` are the file of the recogniser in `models`."""
    from microexpr.apps import predict as prediction
    from microexpr.apps.predict import written
    from microexpr.reporting.html import prediction as page
    from microexpr.videos import Scan

    classes = models.recogniser.classes

    def read(item: Item) -> "Prediction":
        return prediction.predict(Scan(item.path, fps), models, progress)

    def write(job: Job, result: "Prediction", folder: Path) -> list[Row]:
        app_folders.write_prediction(folder, result, models, None, progress)
        document = written.to_document(result, models)
        kinds = [interval["kind"] for interval in document["intervals"]]
        counts = {kind: kinds.count(kind) for kind in EVENTS}
        about = {key: document[key] for key in ("frames", "fps", "origin")}
        return [about | counts | {"warnings": "; ".join(document["warnings"])}]

    def summarise(rows: list[Row], folder: Path) -> None:
        names = [row["folder"] for row in rows if not row.get("problem") and not row.get("left_out")]
        documents = {name: plan.summary.folder / name / "intervals.json" for name in names}
        contents = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in documents.items()}
        intervals = [
            {"video": row["video"], **written.flat(interval, classes)}
            for row in rows if row["folder"] in contents
            for interval in contents[row["folder"]]["intervals"]
        ]  # fmt: skip
        store.write_csv(folder / PREDICTIONS[1], ("video", *written.columns(classes)), intervals)
        videos = [dict.fromkeys(PREDICTED, "") | row for row in rows]
        page.write_index(folder / PREDICTIONS[2], videos, contents, models)

    return batch.run(plan, _settings([weights], fps), read, write, progress, summarise)


def plan_tables(items: Sequence[Item], out: Path, fps: float | None, form: str, force: bool) -> Plan:
    """Return where `measure` writes the table of each input, in this format.

    Raises ParamsError for a format that cannot be written, OutputError if it may not write."""
    from microexpr.apps.measure import ending

    def label(item: Item, name: str) -> Row:
        rate = f"{fps:g}" if fps and item.kind in ("video", "frames") else ""
        return {"table": name, "input": item.source, "kind": item.kind, "fps": rate, "version": __version__}

    return batch.plan("measure", items, out, ("summary.csv",), MEASURED, outputs.table, label, (), force, ending(form))


def measure(plan: Plan, fps: float | None, progress: Progress) -> "Iterator[tuple[Job, Table | None]]":
    """Measure the inputs of a plan, and yield each."""
    from microexpr.apps.measure import tables

    def write(job: Job, table: "Table", folder: Path) -> list[Row]:
        table.write(folder / job.output.names[0])
        return [table.summary()]

    return batch.run(plan, _settings([], fps), lambda item: tables.measure(item, fps, progress), write, progress)


def plan_reenactments(items: Sequence[Item], out: Path, inputs: Iterable[Path], force: bool) -> Plan:
    """Return where `reenact` writes the files of each photograph. Raises OutputError if it may not."""

    def label(item: Item, name: str) -> Row:
        return {"photograph": item.name}

    names = ("photographs.csv",)
    return batch.plan("reenact", items, out, names, REENACTED, app_folders.reenactment, label, inputs, force)


def reenact(
    plan: Plan, move: "Callable[[Photograph], Reenactment]", weights: Path, params: Any, files: Iterable[Path],
    progress: Progress,
) -> "Iterator[tuple[Job, Reenactment | None]]":  # fmt: skip
    """Reenact the photographs of a plan by `move`, and yield each.

    `move` depends on the generator's `weights`, on `params`, and on the `files` of the driving clip."""
    from microexpr.apps.reenact import folder as reenacted
    from microexpr.apps.reenact.photograph import Photograph

    def write(job: Job, result: "Reenactment", folder: Path) -> list[Row]:
        app_folders.write_reenactment(folder, result)
        common = {"driving": result.driving.name, "note": "; ".join(result.photograph.notes)}
        measured = [{name: row[name] for name in REENACTED if name in row} for row in reenacted.metrics(result)]
        refused = [{"face": str(number), "refused": reason} for number, reason in result.refused.items()]
        return [common | row for row in (*measured, *refused)]

    settings = _settings([weights], [params, [batch.identify(path, "") for path in files if path.exists()]])
    return batch.run(plan, settings, lambda item: move(Photograph.read(item.path)), write, progress)


def _settings(weights: Sequence[Path], params: Any) -> str:
    """Return a digest of all that results depend on except their input: networks, this version and parameters."""
    from microexpr.signals.aus import regressor
    from microexpr.signals.faces import detection

    files = (*weights, regressor.MODEL, detection.MODEL)
    return value_digest([*map(file_digest, files), __version__, params])
