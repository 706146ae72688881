"""The picture that `microexpr reenact` writes: the face at rest, its apex at each strength, the changes, the curves."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from microexpr.apps.reenact.alone import Outcome, Reenactment
from microexpr.apps.reenact.photograph import box
from microexpr.evaluation.read_back import MIN_RANGE
from microexpr.reporting.plots.drawing import BLUE, GREEN, PINK, RED, amplify_change, save_page, show_image
from microexpr.reporting.plots.famgan import ENLARGED, MADE
from microexpr.signals.aus import ACTION_UNITS, SIDES

COLOURS = (BLUE, RED, GREEN, PINK)  # of the action units that move most


def write(path: str | Path, reenactment: Reenactment) -> None:
    """Write a plot of a reenactment."""
    with save_page(path, height(reenactment)) as page:
        draw(page, reenactment)


def height(reenactment: Reenactment) -> float:
    """Return the height of the plot in inches."""
    return 2 * _panel(reenactment) + 2.9


def _panel(reenactment: Reenactment) -> float:
    return 9.6 / (len(reenactment.outcomes) + 1)  # inches


def draw(page: Figure, reenactment: Reenactment) -> None:
    """Plot onset, apex at each strength, differences, and curves below each; the photograph with its faces first."""
    apex, columns, panel = reenactment.driving.apex, len(reenactment.outcomes) + 1, _panel(reenactment)
    title = f"{reenactment.photograph.path.name}, driven by {reenactment.driving.name}\n{MADE}"
    page.suptitle(title, x=0.015, y=1 - 0.1 / page.get_figheight(), ha="left", va="top", fontsize=11)
    grid = page.add_gridspec(
        3, columns, left=0.03, right=0.99, top=1 - 0.75 / page.get_figheight(),
        bottom=0.4 / page.get_figheight(), height_ratios=(panel, panel, 1.4), wspace=0.08, hspace=0.16,
    )  # fmt: skip
    face = reenactment.outcomes[0].moved.face
    show_image(page.add_subplot(grid[0, 0]), face.crop, "onset: the photograph")
    _photograph(page.add_subplot(grid[1, 0]), reenactment)
    for column, outcome in enumerate(reenactment.outcomes, 1):
        crop, r = outcome.crops[apex], outcome.metrics.get("au_r")
        show_image(page.add_subplot(grid[0, column]), crop, f"apex, strength {outcome.strength:g}")
        difference = amplify_change(crop, face.crop, ENLARGED)
        show_image(page.add_subplot(grid[1, column]), difference, f"change x {ENLARGED}")
        axes = page.add_subplot(grid[2, column])
        axes.set_title("" if r is None else f"- - asked, — read: r = {r:.2f}", fontsize=9)
        _curves(axes, outcome)


def _photograph(axes: Axes, reenactment: Reenactment) -> None:
    """Plot the photograph with a box around each face; the moved one's is red."""
    show_image(axes, reenactment.photograph.image, "photograph")
    for number, face in enumerate(reenactment.photograph.faces, 1):
        left, top, right, bottom = box(face)
        colour = RED if number == reenactment.number else BLUE
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour))
        axes.text(left, top, str(number), color=colour, fontsize=8, va="bottom")


def _curves(axes: Axes, outcome: Outcome) -> None:
    """Plot the changes of the AUs that are to move most, on the side that is to move more."""
    if not outcome.target_aus.any():
        axes.set_axis_off()
        return
    ranges = outcome.target_aus.max(0)
    units = [unit for unit in np.argsort(-ranges.max(-1), kind="stable")[: len(COLOURS)] if ranges[unit].max() > 0]
    for unit, colour in zip(units, COLOURS, strict=False):
        side = int(ranges[unit].argmax())
        if ranges[unit, side] > MIN_RANGE:
            axes.plot(outcome.target_aus[:, unit, side], "--", color=colour, linewidth=1.2)
            label = f"{ACTION_UNITS[unit]} {SIDES[side]}"
            axes.plot(outcome.read_back[:, unit, side], "-", color=colour, linewidth=1.2, label=label)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=8, loc="lower center")
    axes.set_xlabel("frame", fontsize=8)
