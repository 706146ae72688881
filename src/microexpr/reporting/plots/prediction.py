"""A prediction as one plot: the expressions in time, their classes, and every action unit. No face is shown."""

from matplotlib.figure import Figure

from microexpr.apps.predict import Prediction
from microexpr.core.errors import printable
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, PINK, RED, add_heading
from microexpr.signals.aus import ACTION_UNITS
from microexpr.signals.spotting import LIKELY

COLOURS = {"micro": RED, "macro": BLUE, "blink": GREY, "glance": GREEN, "speech": PINK}
DARKEST = 2.0  # FACS intensity


def draw(page: Figure, prediction: Prediction) -> None:
    """Plot a prediction."""
    time = prediction.video.seconds[prediction.curves.numbers]
    title = f"{printable(prediction.video.path.name)}: what was spotted"
    add_heading(page, 6, title, prediction.video.generated)
    score_axes, unit_axes = page.add_axes((0.07, 0.58, 0.91, 0.26)), page.add_axes((0.07, 0.09, 0.91, 0.41))
    score_axes.plot(time, prediction.probability[:, 0], color="black", linewidth=0.6)
    score_axes.axhline(LIKELY, color=PINK, linewidth=0.8, linestyle=":")
    score_axes.set_ylim(0, 1)
    score_axes.set_title("probability of a micro-expression", pad=14)
    for expression in prediction.expressions:
        span = [prediction.video.seconds[number] for number in (expression.interval.onset, expression.interval.offset)]
        colour = COLOURS[expression.interval.kind]
        for axes in (score_axes, unit_axes):
            axes.axvspan(*span, color=colour, alpha=0.25, linewidth=0)
        if expression.interval.kind == "micro":
            at, name = (span[0], 1.01), expression.classes.predicted_class
            score_axes.annotate(name, at, xycoords=("data", "axes fraction"), color=colour, fontsize=7)
    score_axes.legend(
        [score_axes.axvspan(0, 0, color=colour, alpha=0.25) for colour in COLOURS.values()], list(COLOURS), ncols=5,
        loc="lower right", bbox_to_anchor=(1, 1.1),
    )  # fmt: skip
    end = max(time[-1], time[0] + 1e-3)  # a single frame may have been read
    change = prediction.signal.change.max(axis=2).T  # [17, T]
    unit_axes.imshow(
        change, aspect="auto", cmap="Greys", vmin=0, vmax=DARKEST, interpolation="nearest",
        extent=(time[0], end, len(ACTION_UNITS) - 0.5, -0.5),
    )  # fmt: skip
    unit_axes.set_yticks(range(len(ACTION_UNITS)), ACTION_UNITS, fontsize=7)
    unit_axes.set_title(f"change of each action unit since rest, the stronger side; black is {DARKEST:g} of 5")
    unit_axes.set_xlabel("seconds")
    for axes in (score_axes, unit_axes):
        axes.set_xlim(time[0], end)
