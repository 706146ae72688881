"""A training as a picture: losses of each update, and UF1 of the test clips by epoch, which chooses nothing."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from microexpr.evaluation.curves import Curves
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, PINK, RED, heading, written

COLOURS = (BLUE, RED, GREEN, PINK, GREY)
ORACLE = "UF1 of test clips, pooled over folds: not used to choose anything, its maximum is an oracle"


def write(curves: Curves, path: str | Path) -> None:
    """Writes the curves of a training as a PNG. Raises StoreError if it cannot be written."""
    with written(path, 6) as figure:
        draw(figure, curves)


def draw(figure: Figure, curves: Curves) -> None:
    """`training` on an empty figure: above losses, mean over folds and one deviation of them, below UF1."""
    folds, epochs, updates = curves.loss.shape
    figure.subplots_adjust(0.08, 0.1, 0.97, 0.83, hspace=0.45)
    heading(figure, f"{curves.method} under {curves.protocol}, {folds} folds", False)
    losses, uf1 = figure.subplots(2, 1, sharex=True)
    at = np.arange(1, epochs + 1)
    for number in range(updates):
        mean, spread = curves.loss[:, :, number].mean(0), curves.loss[:, :, number].std(0)
        colour = COLOURS[number % len(COLOURS)]
        losses.plot(at, mean, color=colour, label=f"update {number + 1}")
        losses.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)
    losses.set(title="training loss: mean over folds, and one standard deviation of them", ylabel="loss")
    if updates > 1:
        losses.legend(ncols=updates)
    uf1.plot(at[curves.first_scored :], curves.uf1, color=BLUE, marker="." if len(curves.uf1) < 3 else "")
    uf1.set(title=ORACLE, ylabel="UF1", ylim=(0, 1), xlabel="epoch")
    figure.text(0.97, 0.95, f"{curves.origin} faces", ha="right", color=GREY)
