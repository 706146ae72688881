"""FAMGAN's Figures 2 to 5: halves of a face and the frames driven by each, and movements on two source faces."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.apps.reenact import animate, evaluation
from microexpr.core.clip import LABELS
from microexpr.evaluation.read_back import MIN_RANGE
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, GREEN, RED
from microexpr.signals.aus import ACTION_UNITS

if TYPE_CHECKING:
    from microexpr.reporting.papers.transfers import Reenactment, Task

FRAMES = 6  # of a row
MOST = 3  # action units with plotted curves
ENLARGED = 6  # factor for differences from the first frame
WORD = "rendered faces, no person is shown"
MADE = "synthesised: the source face did not move like this"  # if a recorded face is shown
ASYMMETRIC = "fig5"
BLINK, BLINKED = ACTION_UNITS.index("AU45"), 1.0  # and the change of it, FACS, that counts as a blink
# Figure -> data set, class and source face of the reenactment that it shows.
SHOWN = {"fig3": ("casme2", "negative", "woman"), "fig4": ("casme2", "surprise", "woman"),
         "fig5": ("samm", "positive", "man")}  # fmt: skip


def choose(reenactments: "Sequence[Reenactment]", figure: str) -> "Reenactment":
    """Return the reenactment that a figure shows, or the one that has most in common with it. A driving clip with a
    blink comes after one of another data set, since its eyes would hide the expression."""
    dataset, emotion, face_name = SHOWN[figure]

    def differences(reenactment: "Reenactment") -> tuple[bool, ...]:
        clip = reenactment.driving.clip
        label = "" if clip.label is None else LABELS[clip.label]
        lids = reenactment.true_changes[: reenactment.apex + 1, BLINK]  # while the expression rises
        blinks = bool(np.ptp(lids, axis=0).max() > BLINKED)
        return reenactment.face_name != face_name, label != emotion, blinks, clip.dataset != dataset

    return min(reenactments, key=differences)


def most_asymmetric(reenactments: "Sequence[Reenactment]") -> "Reenactment":
    """Return the reenactment with the largest difference between left and right target AUs."""
    targets = [reenactment.target_aus for reenactment in reenactments]
    return reenactments[int(np.argmax([np.abs(aus[..., 0] - aus[..., 1]).sum(1).max() for aus in targets]))]


def drive_by_side(reenactment: "Reenactment", task: "Task", side: int) -> np.ndarray:
    """Return the crops uint8[K, 288, 288, 3] if one side's target AUs drive both sides of the face."""
    return animate(task.model, reenactment.face, reenactment.target_aus[..., [side, side]], task.kind)


def fig2(page: Figure, reenactment: "Reenactment", task: "Task", show_licensed: bool) -> None:
    """Plot how the halves of a face are driven separately, at the apex of an asymmetric movement."""
    if drawing.hide_licensed(page, [reenactment], show_licensed, "Fig. 2"):
        return
    driving, face, at = reenactment.driving, reenactment.face, reenactment.apex
    apex_crop, (left, right) = driving.crops[driving.apex], (drive_by_side(reenactment, task, side) for side in (0, 1))
    left_half, right_half = drawing.mirror_halves(apex_crop)
    text = f"Fig. 2: separate halves. Driving clip {driving.clip.id} at its apex, source face: {reenactment.face_name}"
    _title(page, 6.0, reenactment, text)
    grid = page.add_gridspec(2, 4, left=0.01, right=0.99, top=0.86, bottom=0.02, wspace=0.05, hspace=0.15)
    panels = {
        "driving clip": apex_crop,
        "its left half, mirrored": left_half,
        "its right half, mirrored": right_half,
        "source face": face.crop,
        "driven by the left": left[at],
        "driven by the right": right[at],
        "joined": reenactment.crops[at],
        f"joined, change x {ENLARGED}": drawing.amplify_change(reenactment.crops[at], face.crop, ENLARGED),
    }
    for cell, (name, image) in zip(np.ndindex(2, 4), panels.items(), strict=True):
        drawing.show_image(page.add_subplot(grid[cell]), image, name)


def sequence(
    page: Figure, figure: str, reenactment: "Reenactment", task: "Task", expected: Mapping[str, Sequence[str]],
    show_licensed: bool,
) -> None:  # fmt: skip
    """Plot the driving clip, the synthesised clips and their changes, ground truth if there is any, and the curves.
    `expected` are the AUs by class that the paper's text sees in the figure."""
    title = f"Fig. {figure.removeprefix('fig')}"
    if drawing.hide_licensed(page, [reenactment], show_licensed, title):
        return
    face_crop = reenactment.face.crop
    clips = {"left": drive_by_side(reenactment, task, 0)}  # for most figures the paper shows this one only
    if figure == ASYMMETRIC:
        clips |= {"right": drive_by_side(reenactment, task, 1), "joined": reenactment.crops}
    rows = {"driving clip": reenactment.driving.crops[reenactment.positions]}
    for name, frames in clips.items():
        rows |= {name: frames, f"{name}, change x {ENLARGED}": drawing.amplify_change(frames, face_crop, ENLARGED)}
    if (truth := reenactment.ground_truth) is not None:
        change = drawing.amplify_change(truth, face_crop, ENLARGED)
        rows |= {"ground truth": truth, f"ground truth, change x {ENLARGED}": change}
    units = sorted({unit for names in expected.values() for unit in names})
    remark = f"; the text sees {', '.join(units)}" if units else ""
    text = f"{title}: {reenactment.driving.clip.id} reenacted by a {reenactment.face_name}{remark}"
    read_back = evaluation.changes(reenactment.crops, reenactment.face, task.reader)
    _page(page, text, rows, reenactment, read_back)


def _page(
    page: Figure, text: str, rows: Mapping[str, np.ndarray], reenactment: "Reenactment", read_back: np.ndarray
) -> None:
    """Plot a row of frames for each clip, and the curves next to them."""
    columns = np.rint(np.linspace(0, len(reenactment.positions) - 1, FRAMES)).astype(int)
    columns[np.abs(columns - reenactment.apex).argmin()] = reenactment.apex
    height = max(0.9 + 1.35 * len(rows), 5.0)
    _title(page, height, reenactment, text)
    shape = {"left": 0.01, "right": 0.985, "top": 1 - 0.7 / height, "bottom": 0.45 / height}
    outer = page.add_gridspec(1, 2, **shape, width_ratios=(3, 1), wspace=0.1)
    grid = outer[0, 0].subgridspec(len(rows), FRAMES, wspace=0.03, hspace=0.2)
    for row, (name, frames) in enumerate(rows.items()):
        for column, frame_index in enumerate(columns):
            axes = page.add_subplot(grid[row, column])
            drawing.show_image(axes, frames[frame_index], "")
            if not column:
                axes.set_title(name, fontsize=7)
    charts = outer[0, 1].subgridspec(2, 1, hspace=0.3)
    for i, side in enumerate(("left", "right")):
        _curves(page.add_subplot(charts[i]), reenactment, read_back, i, side)


def _curves(axes: Axes, reenactment: "Reenactment", read_back: np.ndarray, side: int, name: str) -> None:
    """Plot changes of the AUs that move most: true, target, and read back."""
    true_changes, target_aus = reenactment.true_changes, reenactment.target_aus
    ranges = np.ptp(true_changes, axis=0).max(-1)
    units = [unit for unit in np.argsort(-ranges, kind="stable")[:MOST] if ranges[unit] > MIN_RANGE]
    target = target_aus[..., side] - target_aus[0, :, side]
    curves = [(true_changes[..., side], "-", 1.2), (target, "--", 1.2), (read_back[..., side], ":", 1.2)]
    drawing.plot_units(axes, reenactment.positions, curves, units, (BLUE, RED, GREEN), ACTION_UNITS)
    reference = "true" if reenactment.driving.rendered_changes is not None else "the driving clip's, as read"
    axes.set_title(f"{name} side: - {reference}, - - target, ... read back", fontsize=7)
    axes.set_xlabel("frame since the onset", fontsize=6)
    axes.tick_params(labelsize=6)
    axes.legend(fontsize=6, loc="upper left")


def _title(page: Figure, height: float, reenactment: "Reenactment", text: str) -> None:
    """Set the height in inches; write the title, and below it `WORD` or `MADE`."""
    page.set_figheight(height)
    word = WORD if reenactment.origin == "generated" else MADE
    page.suptitle(f"{text}\n{word}", x=0.015, y=1 - 0.1 / height, ha="left", va="top", fontsize=9)
