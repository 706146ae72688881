"""Plot a training: the loss of each update, and UF1 of the test clips by epoch, which is used to choose nothing."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from microexpr.evaluation.curves import Curves
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, PINK, RED, add_heading, save_page

COLOURS = (BLUE, RED, GREEN, PINK, GREY)
ORACLE = "UF1 of test clips, pooled over folds: not used to choose anything, its maximum is an oracle"


def write(curves: Curves, path: str | Path) -> None:
    """Write the curves of a training as a PNG. Raises StoreError if it cannot be written."""
    with save_page(path, 6) as figure:
        draw(figure, curves)


def draw(figure: Figure, curves: Curves) -> None:
    """Plot losses above, mean over folds and one standard deviation, and UF1 below, on an empty figure."""
    folds, epochs, updates = curves.loss.shape
    figure.subplots_adjust(0.08, 0.1, 0.97, 0.83, hspace=0.45)
    add_heading(figure, f"{curves.method} under {curves.protocol}, {folds} folds", False)
    losses, uf1 = figure.subplots(2, 1, sharex=True)
    x = np.arange(1, epochs + 1)
    for i in range(updates):
        mean, spread = curves.loss[:, :, i].mean(0), curves.loss[:, :, i].std(0)
        colour = COLOURS[i % len(COLOURS)]
        losses.plot(x, mean, color=colour, label=f"update {i + 1}")
        losses.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    losses.set(title="training loss: mean over folds, and one standard deviation of them", ylabel="loss")
    if updates > 1:
        losses.legend(ncols=updates)
    uf1.plot(x[curves.first_scored :], curves.uf1, color=BLUE, marker="." if len(curves.uf1) < 3 else "")
    uf1.set(title=ORACLE, ylabel="UF1", ylim=(0, 1), xlabel="epoch")
    figure.text(0.97, 0.95, f"{curves.origin} faces", ha="right", color=GREY)
