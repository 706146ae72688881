"""The folders that `microexpr predict` and `microexpr reenact` write, as commands and from Python.

Modules are imported inside the functions, so that a folder which may not be written is refused in milliseconds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from microexpr.core import outputs
from microexpr.core.errors import OutputError

if TYPE_CHECKING:
    from microexpr.apps.predict import Models, Prediction
    from microexpr.apps.predict.batch import Plan
    from microexpr.apps.predict.truth import TrueExpression
    from microexpr.apps.reenact.alone import Reenactment

PREDICTED = (
    "intervals.csv",
    "intervals.json",
    "action_units.csv",
    "subtitles.srt",
    "subtitles.vtt",
    "intervals.eaf",
    "intervals.TextGrid",
    "prediction.png",
    "annotated.avi",
    "prediction.html",
)
ASKED = ("form.html", "key.csv")
REENACTED = ("reenactment.mp4", "reenactment.gif", "comparison.mp4", "curves.csv", "metrics.csv", "reenactment.png")
PHOTOGRAPHS = "photographs.csv"  # of a folder of photographs


def prediction(folder: Path, inputs: Iterable[Path], force: bool) -> outputs.Output:
    """Return a prediction's files in this folder as output. Raises OutputError if they may not be written."""
    return outputs.folder(folder, "predict", PREDICTED, inputs, force)


def reenactment(folder: Path, inputs: Iterable[Path], force: bool) -> outputs.Output:
    """Return a reenactment's files in this folder as output. Raises OutputError if they may not be written."""
    return outputs.folder(folder, "reenact", REENACTED, inputs, force, "frames/[0-9]*.png")


def reenactments(
    folder: Path, photographs: Path, inputs: Iterable[Path], force: bool
) -> tuple[dict[Path, outputs.Output], outputs.Output]:
    """Return the output of each photograph in a folder, named after it without the ending, and the table of all.

    Raises DataError if there are no photographs, OutputError for two of one name and files of others."""
    from microexpr.videos.frames import pictures

    read, by_name = [*inputs], {PHOTOGRAPHS: folder / PHOTOGRAPHS}
    for path in sorted(pictures(photographs)):
        if other := by_name.get(path.stem):
            raise OutputError(f"{path}: its folder would have the name {path.stem}, as that of {other}; rename it")
        by_name[path.stem] = path
    del by_name[PHOTOGRAPHS]
    table = outputs.tables(folder, [PHOTOGRAPHS], read, force)[PHOTOGRAPHS]
    return {path: reenactment(folder / name, read, force) for name, path in by_name.items()}, table


def questions(folder: Path, inputs: Iterable[Path], force: bool) -> outputs.Output:
    """Return the files of a form in this folder as output. Raises OutputError if they may not be written."""
    return outputs.folder(folder, "form", ASKED, inputs, force)


def write_prediction(
    folder: Path,
    result: "Prediction",
    models: "Models",
    truth: "Sequence[TrueExpression] | None",
    progress: Callable[[str, int, int], None],
) -> None:
    """Write tables, subtitles, plot, annotated video and page of a prediction; the page compares with the truth."""
    from microexpr.apps.predict import annotated, exports, written
    from microexpr.reporting.html import prediction as page
    from microexpr.reporting.plots import prediction as plot

    written.write(folder, result, models)
    exports.write(folder, result)
    plot.write(result, folder / "prediction.png")
    annotated.write(folder / "annotated.avi", result, progress)
    page.write(folder / "prediction.html", result, models, truth, progress)


def write_predictions(plan: "Plan", models: "Models", problems: Mapping[str, str]) -> None:
    """Write the tables and the page of all videos of a plan that are done, and the problems of others by folder.

    Raises OutputError or StoreError if one of them cannot be written."""
    from microexpr.apps.predict import batch, written
    from microexpr.core import store
    from microexpr.reporting.html import predictions as page

    contents, classes = batch.documents(plan, problems), models.recogniser.classes
    rows = [*batch.video_rows(plan, contents, problems)]
    with outputs.publish(plan.summary[batch.VIDEOS]) as part:
        store.write_csv(part / batch.VIDEOS, batch.COLUMNS, rows)
    with outputs.publish(plan.summary[batch.INTERVALS]) as part:
        columns = ("video", *written.columns(classes))
        store.write_csv(part / batch.INTERVALS, columns, batch.interval_rows(contents, classes))
    with outputs.publish(plan.summary[batch.PAGE]) as part:
        page.write(part / batch.PAGE, rows, contents, models)


def write_reenactment(folder: Path, result: "Reenactment") -> None:
    """Write frames, video, animation, tables and plot of a reenactment."""
    from microexpr.apps.reenact import folder as files
    from microexpr.reporting.plots import reenactment as plot

    files.write(folder, result)
    plot.write(folder / "reenactment.png", result)
