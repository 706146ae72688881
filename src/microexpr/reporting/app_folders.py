"""The folders that `microexpr predict` and `microexpr reenact` write, as commands and from Python.

Modules are imported inside the functions, so that a folder which may not be written is refused in milliseconds.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from microexpr.core.outputs import Output

if TYPE_CHECKING:
    from microexpr.apps.predict import Models, Prediction
    from microexpr.apps.predict.truth import TrueExpression
    from microexpr.apps.reenact.alone import Reenactment

PREDICTED = (
    *("intervals.csv", "intervals.json", "action_units.csv", "subtitles.srt", "subtitles.vtt", "intervals.eaf"),
    *("intervals.TextGrid", "prediction.png", "annotated.avi", "prediction.html"),
)
REENACTED = ("reenactment.mp4", "reenactment.gif", "comparison.mp4", "curves.csv", "metrics.csv", "reenactment.png")


# the files in a folder, of one input or any, as output; raise OutputError if they may not be written
prediction = partial(Output, command="predict", names=PREDICTED)
reenactment = partial(Output, command="reenact", names=REENACTED, numbered="frames/[0-9]*.png")


def write_prediction(
    folder: Path, result: "Prediction", models: "Models", truth: "Sequence[TrueExpression] | None",
    progress: Callable[[str, int, int], None],
) -> None:  # fmt: skip
    """Write tables, subtitles, plot, annotated video and page of a prediction; the page compares with the truth."""
    from microexpr.apps.predict import annotated, written
    from microexpr.reporting.html import prediction as page
    from microexpr.reporting.plots import drawing
    from microexpr.reporting.plots import prediction as plot

    written.write(folder, result, models)
    drawing.plot(plot.draw, result, path=folder / "prediction.png")
    player = page.Player(result)
    annotated.write(folder / "annotated.avi", result, progress, player.numbers, player.add)
    page.write(folder / "prediction.html", result, models, truth, player)


def write_reenactment(folder: Path, result: "Reenactment") -> None:
    """Write frames, video, animation, tables and plot of a reenactment."""
    from microexpr.apps.reenact import folder as files
    from microexpr.reporting.plots import drawing
    from microexpr.reporting.plots import reenactment as plot

    files.write(folder, result)
    drawing.plot(plot.draw, result, path=folder / "reenactment.png")
