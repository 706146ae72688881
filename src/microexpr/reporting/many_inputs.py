"""Many inputs of `predict`, `measure` and `reenact`, as commands and from Python: plans, files, summaries.

Modules are imported inside the functions, so that files which may not be written are refused before networks load.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from microexpr import __version__
from microexpr.apps import batch, driving_name
from microexpr.apps.batch import Job, Plan, Progress, Row, Work
from microexpr.core import outputs, store
from microexpr.core.clip import EVENTS
from microexpr.core.errors import ParamsError
from microexpr.core.files import file_digest, value_digest
from microexpr.reporting import app_folders
from microexpr.videos.search import Item

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


def plan_predictions(
    items: Sequence[Item], out: Path, method: str | None, networks: Path, fps: float | None, force: bool
) -> Plan:
    """Return how `predict` works through videos. Raises OutputError if it may not write."""

    def label(item: Item, name: str) -> Row:
        return {"video": item.name, "folder": name}

    start, output = partial(_predict, method, networks, fps), app_folders.prediction
    inputs = [networks / f"{method}.safetensors"] if method else []
    return batch.plan("predict", items, out, PREDICTIONS, PREDICTED, output, label, start, inputs, force)


def _predict(method: str | None, networks: Path, fps: float | None, plan: Plan, progress: Progress) -> Work:
    """Load the networks of `predict`."""
    from microexpr.apps import predict as prediction
    from microexpr.apps.predict import recognition, written
    from microexpr.reporting.html import prediction as page
    from microexpr.videos import Scan

    settings = _settings([recognition.weights_path(method, networks)], fps)
    models = prediction.Models.load(method, networks)
    classes = models.recogniser.classes

    def write(job: Job, result: Any, folder: Path) -> list[Row]:
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

    return Work(settings, lambda item: prediction.predict(Scan(item.path, fps), models, progress), write, summarise)


def check_rate(items: Sequence[Item], fps: float | None) -> None:
    """Raise ParamsError for frames a second where nothing is read that has any."""
    inputs = [item for item in items if not item.reason]
    if fps is not None and inputs and not any(item.kind in ("video", "frames") for item in inputs):
        raise ParamsError(f"--fps must be of videos or folders of frames, and {inputs[0].path} is a picture")


def plan_tables(items: Sequence[Item], out: Path, fps: float | None, form: str, force: bool) -> Plan:
    """Return how `measure` works through inputs, with tables in this format.

    Raises ParamsError for a format that cannot be written and as `check_rate`, OutputError if it may not write."""
    from microexpr.apps.measure import ending

    check_rate(items, fps)

    def label(item: Item, name: str) -> Row:
        rate = f"{fps:g}" if fps and item.kind in ("video", "frames") else ""
        return {"table": name, "input": item.source, "kind": item.kind, "fps": rate, "version": __version__}

    def write(job: Job, table: Any, folder: Path) -> list[Row]:
        table.write(folder / job.output.names[0])
        return [table.summary()]

    def start(plan: Plan, progress: Progress) -> Work:
        from microexpr.apps.measure import tables

        return Work(_settings([], fps), lambda item: tables.measure(item, fps, progress), write)

    names = ("summary.csv",)
    return batch.plan("measure", items, out, names, MEASURED, outputs.table, label, start, (), force, ending(form))


def plan_reenactments(
    items: Sequence[Item], out: Path, driving: str, results: Path, fps: float | None, weights: Path | None,
    options: Mapping[str, Any], force: bool,
) -> Plan:  # fmt: skip
    """Return how `reenact` gives the movement of a driving clip to photographs; `options` are those of `alone.reenact`.

    Raises OutputError if it may not write."""
    files = driving_name.files(driving, results)

    def label(item: Item, name: str) -> Row:
        return {"photograph": item.name}

    def start(plan: Plan, progress: Progress) -> Work:
        from microexpr.apps.reenact import alone, generator
        from microexpr.apps.reenact import driving as driving_clip
        from microexpr.apps.reenact import folder as reenacted
        from microexpr.apps.reenact.photograph import Photograph

        curves = driving_clip.read(driving, fps, results)
        states = [batch.identify(path, "") for path in files if path.exists()]
        settings = _settings([weights or generator.SHIPPED], [driving, fps, options, states])

        def read(item: Item) -> alone.Reenactment:
            return alone.reenact(curves, Photograph.read(item.path), weights=weights, **options)

        def write(job: Job, result: alone.Reenactment, folder: Path) -> list[Row]:
            app_folders.write_reenactment(folder, result)
            is_weak = any(outcome.metrics.get("au_r", 1) < alone.WEAK_R for outcome in result.outcomes)
            warning = "; warning: the movement is hardly read back" * is_weak
            faces = len(result.numbers)
            job.note = f"moved: {job.item.path}, {faces} face{'s' * (faces > 1)}{warning}"
            common = {"driving": result.driving.name, "note": "; ".join(result.photograph.notes)}
            measured = [{name: row[name] for name in REENACTED if name in row} for row in reenacted.metrics(result)]
            refused = [{"face": str(number), "refused": reason} for number, reason in result.refused.items()]
            return [common | row for row in (*measured, *refused)]

        return Work(settings, read, write)

    names, output, inputs = ("photographs.csv",), app_folders.reenactment, [*files, *filter(None, [weights])]
    return batch.plan("reenact", items, out, names, REENACTED, output, label, start, inputs, force)


def _settings(weights: Sequence[Path], params: Any) -> str:
    """Return a digest of all that results depend on except their input: networks, this version and parameters."""
    from microexpr.signals.aus import regressor
    from microexpr.signals.faces import detection

    files = (*weights, regressor.MODEL, detection.MODEL)
    return value_digest([*map(file_digest, files), __version__, params])
