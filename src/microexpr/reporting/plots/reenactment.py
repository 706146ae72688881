"""The picture that `microexpr reenact` writes: the face at rest, its apex at each strength, the changes, the curves."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from microexpr.apps.reenact.alone import Outcome, Reenactment
from microexpr.apps.reenact.photograph import box
from microexpr.evaluation.read_back import MIN_RANGE
from microexpr.reporting.plots.drawing import BLUE, GREEN, PINK, RED, amplify_change, show_image
from microexpr.reporting.plots.famgan import ENLARGED, MADE
from microexpr.signals.aus import ACTION_UNITS, SIDES

COLOURS = (BLUE, RED, GREEN, PINK)  # of the action units that move most
MOST = 8  # faces with separate panels, the largest


def draw(page: Figure, reenactment: Reenactment) -> None:
    """Plot for each face in motion, up to `MOST`, the onset, the apex at each strength, differences, and curves below.
    The photograph is on the left, with a box around each face; that of the face in motion is red."""
    numbers, panel = reenactment.numbers[:MOST], 9.6 / (len(reenactment.strengths) + 1)  # inches
    inches = 2 * panel + 2.9
    page.set_figheight(inches * len(numbers))
    parts = page.subfigures(len(numbers), 1, squeeze=False)[:, 0] if len(numbers) > 1 else [page]
    title = f"{reenactment.photograph.path.name}, driven by {reenactment.driving.name}\n{MADE}"
    for part, number in zip(parts, numbers, strict=True):
        outcomes = [outcome for outcome in reenactment.outcomes if outcome.number == number]
        part.suptitle(title, x=0.015, y=1 - 0.1 / inches, ha="left", va="top", fontsize=11)
        grid = part.add_gridspec(
            3, len(outcomes) + 1, left=0.03, right=0.99, top=1 - 0.75 / inches,
            bottom=0.4 / inches, height_ratios=(panel, panel, 1.4), wspace=0.08, hspace=0.16,
        )  # fmt: skip
        face = outcomes[0].moved.face
        show_image(part.add_subplot(grid[0, 0]), face.crop, "onset: the photograph")
        whole = part.add_subplot(grid[1, 0])
        show_image(whole, reenactment.photograph.image, "photograph")
        for other, detected in enumerate(reenactment.photograph.faces, 1):
            left, top, right, bottom = box(detected)
            colour = RED if other == number else BLUE
            whole.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=colour))
            whole.text(left, top, str(other), color=colour, fontsize=8, va="bottom")
        for column, outcome in enumerate(outcomes, 1):
            crop, r = outcome.crops[reenactment.driving.apex], outcome.metrics.get("au_r")
            show_image(part.add_subplot(grid[0, column]), crop, f"apex, strength {outcome.strength:g}")
            difference = amplify_change(crop, face.crop, ENLARGED)
            show_image(part.add_subplot(grid[1, column]), difference, f"change x {ENLARGED}")
            axes = part.add_subplot(grid[2, column])
            axes.set_title("" if r is None else f"- - asked, — read: r = {r:.2f}", fontsize=9)
            _curves(axes, outcome)


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
