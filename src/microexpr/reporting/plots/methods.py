"""Plot results of methods: the main table, and the course of a training."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.evaluation.curves import Curves
from microexpr.reporting import main_table
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, PINK, RED, add_heading
from microexpr.reporting.table import CAUTION, by_figure

Row = Mapping[str, str]
PITCH = 0.28  # inches of a row
LETTER = 0.085  # inches of a letter of a method's name
RIGHT, GAP = 2.0, 1.55  # inches of the panel of published figures, and of the numbers between the panels
LAST, ORACLE = "last epoch, with 95 % interval", "oracle: the epoch that is best on the test subject"
CHOOSES_NOTHING = "UF1 of test clips, pooled over folds: not used to choose anything, its maximum is an oracle"


def draw_table(figure: Figure, rows: Sequence[Row]) -> None:
    """Plot the pooled UF1 of each method: last epoch with its interval, oracle hollow, published apart. `rows` are
    those of `main_table.megc2019`; the method of largest UF1 is at the top."""
    rows = by_figure(rows, "full_uf1")
    labels, is_mixed = [row["method"] for row in rows], len({row["origin"] for row in rows}) > 1
    labels = [f"{row['method']}, {row['origin']}" for row in rows] if is_mixed else labels
    is_rendered = any("generated" in row["origin"] for row in rows)
    width, height = figure.get_figwidth(), 1.75 + PITCH * len(rows)
    add_heading(figure, height, main_table.table_title(rows) + f"\n{CAUTION}" * is_rendered, False)
    left = 0.3 + LETTER * max(map(len, labels))
    right = RIGHT if any(row["published_full_uf1"] for row in rows) else 0.0
    bottom, top = 0.9 / height, 1 - 0.85 / height
    axes = figure.add_axes((left / width, bottom, (width - left - GAP - right) / width, top - bottom))
    for i, row in enumerate(rows):
        keys = ("full_uf1", "full_uf1_low", "full_uf1_high", "oracle_full_uf1")
        value, low, high, oracle = (float(row[key]) for key in keys)
        axes.plot([low, high], [i, i], color=BLUE, linewidth=4, alpha=0.35, solid_capstyle="butt")
        axes.plot(value, i, "o", color=BLUE, markersize=7, label=LAST)
        axes.plot(oracle, i, "o", color=RED, markersize=11, fillstyle="none", linestyle="", label=ORACLE)
        axes.text(1.02, i, f"{value:.3f}  {low:.2f} to {high:.2f}", va="center", color=BLUE)
    _scale(axes, len(rows), "UF1, clips of all folds" + ", rendered faces" * is_rendered)
    axes.set_yticks(range(len(rows)), labels)
    for floor in (float(row["full_uf1"]) for row in rows if row["method"] == "majority"):
        axes.axvline(floor, color=GREY, linewidth=0.8, linestyle=":", zorder=0)
    if right:  # published figures, of recorded faces, on a separate scale
        published = figure.add_axes(((width - right) / width, bottom, (right - 0.2) / width, top - bottom))
        _scale(published, len(rows), "published, recorded faces")
        published.set_yticks([])
        published.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        for i, row in enumerate(rows):
            if row["published_full_uf1"]:
                published.plot(float(row["published_full_uf1"]), i, "D", color=GREY, markersize=6, label="published")
    handles, names = axes.get_legend_handles_labels()
    by_name = dict(zip(names, handles, strict=True))  # one entry for each
    figure.legend(list(by_name.values()), list(by_name), loc="lower left", ncols=2, bbox_to_anchor=(left / width, 0))


def _scale(axes: Axes, count: int, label: str) -> None:
    axes.set(xlim=(0, 1), ylim=(count - 0.5, -0.5), xlabel=label)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def draw_training(figure: Figure, curves: Curves) -> None:
    """Plot losses of a training above, mean over folds and one standard deviation, and UF1 below."""
    folds, epochs, updates = curves.loss.shape
    figure.subplots_adjust(0.08, 0.1, 0.97, 0.83, hspace=0.45)
    add_heading(figure, 6, f"{curves.method} under {curves.protocol}, {folds} folds", False)
    losses, uf1 = figure.subplots(2, 1, sharex=True)
    x, colours = np.arange(1, epochs + 1), (BLUE, RED, GREEN, PINK, GREY)
    for i in range(updates):
        mean, spread = curves.loss[:, :, i].mean(0), curves.loss[:, :, i].std(0)
        colour = colours[i % len(colours)]
        losses.plot(x, mean, color=colour, label=f"update {i + 1}")
        losses.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    losses.set(title="training loss: mean over folds, and one standard deviation of them", ylabel="loss")
    if updates > 1:
        losses.legend(ncols=updates)
    uf1.plot(x[epochs - len(curves.uf1) :], curves.uf1, color=BLUE, marker="." if len(curves.uf1) < 3 else "")
    uf1.set(title=CHOOSES_NOTHING, ylabel="UF1", ylim=(0, 1), xlabel="epoch")
    figure.text(0.97, 0.95, f"{curves.origin} faces", ha="right", color=GREY)
