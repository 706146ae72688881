"""A prediction as one picture: what stands out when, what it was taken for, and every action unit. No face is shown."""

from pathlib import Path

import numpy as np

from microexpr.apps.predict import Prediction
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, PINK, RED, heading, written
from microexpr.signals.aus import ACTION_UNITS

COLOURS = {"micro": RED, "macro": BLUE, "blink": GREY, "glance": GREEN}
STRONG = 2.0  # FACS intensity that is darkest


def write(made: Prediction, height: float, path: Path) -> None:
    """`height` is what spotting asked for."""
    time = np.arange(len(made.signal.score)) * made.curves.step / made.footage.fps
    with written(path, 6.0) as page:
        heading(page, f"{made.footage.path.name}: what was spotted", made.footage.generated)
        above, below = page.add_axes((0.07, 0.58, 0.91, 0.26)), page.add_axes((0.07, 0.09, 0.91, 0.41))
        above.plot(time, np.maximum(made.signal.score, 1), color="black", linewidth=0.6)
        above.axhline(height, color=PINK, linewidth=0.8, linestyle=":")
        above.set_yscale("log")
        above.set_title("deviations of its noise by which the unit that moves most stands out", pad=14)
        for one in made.expressions:
            span = [number / made.footage.fps for number in (one.interval.onset, one.interval.offset)]
            colour = COLOURS[one.interval.kind]
            for axes in (above, below):
                axes.axvspan(*span, color=colour, alpha=0.25, linewidth=0)
            if one.interval.kind == "micro":
                above.annotate(
                    one.likeliest, (span[0], 1.01), xycoords=("data", "axes fraction"), color=colour, fontsize=7
                )
        above.legend(
            [above.axvspan(0, 0, color=colour, alpha=0.25) for colour in COLOURS.values()], list(COLOURS), ncols=4,
            loc="lower right", bbox_to_anchor=(1, 1.1),
        )  # fmt: skip
        shown = made.signal.change.max(axis=2).T  # [17, T]
        below.imshow(
            shown, aspect="auto", cmap="Greys", vmin=0, vmax=STRONG, interpolation="nearest",
            extent=(time[0], time[-1], len(ACTION_UNITS) - 0.5, -0.5),
        )  # fmt: skip
        below.set_yticks(range(len(ACTION_UNITS)), ACTION_UNITS, fontsize=7)
        below.set_title(f"change of each action unit since rest, the stronger side; black is {STRONG:g} of 5")
        below.set_xlabel("seconds")
        for axes in (above, below):
            axes.set_xlim(time[0], time[-1])
