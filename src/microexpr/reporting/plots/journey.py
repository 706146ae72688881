"""Plot one clip's way through the stages."""

from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from microexpr.core.clip import LABELS
from microexpr.reporting.journey import EVENTS, Journey
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, GREEN, PINK, RED
from microexpr.reporting.plots.sheet import MAGNIFIED
from microexpr.signals.flow import magnitude

SHOWN_UNITS = 4  # action units with plotted curves


def write(journey: Journey, path: str | Path, show_licensed_faces: bool = False) -> None:
    """Write a PNG of one clip's way: landmarks, apex score, flow and strain, action units, synthesised faces.

    Raises DataError for licensed faces unless `show_licensed_faces`, StoreError if the file cannot be written.
    """
    drawing.refuse_licensed([journey.clip], show_licensed_faces)
    with drawing.save_page(path, 9.9 if journey.synthetic else 5.5) as figure:
        draw(figure, journey)


def draw(figure: Figure, journey: Journey) -> None:
    """Plot the clip's way on an empty figure."""
    clip, inch = journey.clip, 1 / figure.get_figheight()
    description = ", ".join(part for part in (clip.emotion, clip.action_units and f"AU {clip.action_units}") if part)
    drawing.add_heading(figure, f"{clip.id}: {description}", clip.origin == "generated")
    heights = [1, 1, 1.72] if journey.synthetic else [1, 1]
    grid = figure.add_gridspec(
        len(heights), 30, left=0.015, right=0.985, top=1 - 0.95 * inch, bottom=0.01, hspace=0.17, wspace=0.3,
        height_ratios=heights,
    )  # fmt: skip
    faces, fields = ([figure.add_subplot(grid[row, column : column + 6]) for column in (0, 6, 12)] for row in (0, 1))
    for axes, event in zip(faces, ("onset", "apex"), strict=False):
        drawing.show_image(axes, journey.crops[event], f"faces: {event}, frame {journey.events[event]}")
        drawing.draw_landmarks(axes, journey.landmarks[event], 3)
        drawing.stamp(axes, clip.origin)
    change = drawing.amplify_change(journey.crops["apex"], journey.crops["onset"], MAGNIFIED)
    drawing.show_image(faces[2], change, f"apex less onset, x {MAGNIFIED}")
    drawing.stamp(faces[2], clip.origin)
    score = _over_time(figure, grid[0, 18:], journey)
    score.plot(journey.frame, journey.score, color=BLUE)
    score.set_title("apex: spotting score by frame", pad=18)
    for event in EVENTS:
        label = f"apex, {journey.apex_by}" if event == "apex" else event
        score.text(journey.events[event], 1.02, label, transform=score.get_xaxis_transform(), ha="center", fontsize=9)
    longest = drawing.largest(magnitude(journey.flow), 99)
    drawing.show_image(fields[0], drawing.flow_colours(journey.flow[:2], longest), "flow: onset to apex")
    drawing.flow_wheel(fields[0], 0.22, f"rim: {longest:.1f} pixels")
    lengths = (("length", magnitude(journey.flow[:2]), " pixels"), ("strain", journey.flow[2], ""))
    for axes, (name, values, unit) in zip(fields[1:], lengths, strict=True):
        end = drawing.largest(values, 99.5)
        axes.imshow(values, cmap="magma", vmin=0, vmax=end)
        axes.set_title(f"flow: {name}, to {end:.2g}{unit}")
        axes.set_anchor("W")
        axes.set_axis_off()
    _action_units(_over_time(figure, grid[1, 18:], journey), journey)
    if journey.synthetic:
        _synthetic(figure, grid[2, :], journey)


def _over_time(figure: Figure, cell: SubplotSpec, journey: Journey) -> Axes:
    """Return axes over time in two columns of the grid, with room for labels, and the clip's events in them."""
    box = cell.get_position(figure)
    axes = figure.add_axes((box.x0 + 0.055, box.y0 + 0.03, box.width - 0.055, box.height - 0.05))
    axes.axvspan(journey.events["onset"], journey.events["offset"], color="0.94")
    drawing.over_time(axes, journey.frame)
    drawing.mark_events(axes, journey.events)
    return axes


def largest_units(relative: np.ndarray, frame: np.ndarray, onset: int, offset: int) -> list[int]:
    """Return the action units of [T, 17, 3] that change most between two frame numbers, largest first.

    The larger change of left and right counts.
    """
    during = relative[(frame >= onset) & (frame <= offset), :, :2]
    change = np.abs(during).max(axis=(0, 2))
    return [int(unit) for unit in np.argsort(-change, kind="stable")[:SHOWN_UNITS]]


def _action_units(axes: Axes, journey: Journey) -> None:
    """Plot both sides of the action units that change most."""
    units = largest_units(journey.relative, journey.frame, journey.events["onset"], journey.events["offset"])
    curves = [(journey.relative[..., 0], "-", 1.5), (journey.relative[..., 1], "--", 1.5)]
    drawing.plot_units(axes, journey.frame, curves, units, (BLUE, RED, GREEN, PINK), journey.action_units)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.985), ncols=SHOWN_UNITS, fontsize=9, borderpad=0,
                handlelength=1.5, columnspacing=1.2)  # fmt: skip
    axes.set_title("aus: change (FACS), right side dashed", pad=18)


def _synthetic(figure: Figure, cell: SubplotSpec, journey: Journey) -> None:
    """Plot the neutral face, the face synthesised from it for each class, and the clip's apex at the same size.

    Below each is its difference to the neutral face, or to the onset, magnified.
    """
    neutral = next(iter(journey.synthetic.values()))[0].squeeze()
    size = neutral.shape[1::-1]
    onset, apex = (cv2.resize(journey.crops[event], size, interpolation=cv2.INTER_AREA) for event in ("onset", "apex"))
    faces = {f"synthesised: {label}": (neutral, journey.synthetic[label][1].squeeze()) for label in LABELS}
    faces |= {"the clip's apex": (onset, apex)}
    grid = cell.subgridspec(2, 1 + len(faces), wspace=0.05, hspace=0.12)
    drawing.show_cell(figure, grid[0, 0], neutral, "neutral", journey.clip)
    for column, (title, (reference, face)) in enumerate(faces.items(), 1):
        change = drawing.amplify_change(face, reference, MAGNIFIED)
        drawing.show_cell(figure, grid[0, column], face, title, journey.clip)
        drawing.show_cell(figure, grid[1, column], change, f"difference x {MAGNIFIED}", journey.clip)
    note = figure.add_subplot(grid[1, 0])
    note.set_axis_off()
    note.text(0, 1, f"Faces of\n{size[0]} x {size[1]} pixels,\nby weights that\nnever saw\nthis subject", va="top")
