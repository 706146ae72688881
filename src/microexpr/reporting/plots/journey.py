"""Plot one clip's way through the stages."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D

from microexpr.core.clip import LABELS
from microexpr.evaluation.face_kinds import exaggerate
from microexpr.reporting.journey import EVENTS, Journey
from microexpr.reporting.plots.drawing import (  # fmt: skip
    BLUE,
    GREEN,
    GREY,
    PINK,
    RED,
    add_heading,
    amplify_change,
    draw_landmarks,
    flow_colours,
    flow_wheel,
    refuse_licensed,
    save_page,
    show_image,
    stamp,
)
from microexpr.reporting.sheet import MAGNIFIED
from microexpr.signals.aus import SIDES
from microexpr.signals.flow import magnitude

SHOWN_UNITS = 4  # action units whose curves are plotted


def write(journey: Journey, path: str | Path, show_licensed_faces: bool = False) -> None:
    """Write a PNG of one clip's way: landmarks, apex score, flow and strain, action units, synthesised faces.

    Raises DataError for licensed faces unless `show_licensed_faces`, StoreError if the file cannot be written.
    """
    refuse_licensed([journey.clip], show_licensed_faces)
    with save_page(path, 9.3 if journey.synthetic else 5.8) as figure:
        draw(figure, journey)


def draw(figure: Figure, journey: Journey) -> None:
    """Plot the clip's way on an empty figure."""
    clip, inch = journey.clip, 1 / figure.get_figheight()
    description = ", ".join(part for part in (clip.emotion, clip.action_units and f"AU {clip.action_units}") if part)
    add_heading(figure, f"{clip.id}: {description}", clip.origin == "generated")
    heights = [1, 1, 1.4] if journey.synthetic else [1, 1]
    grid = figure.add_gridspec(
        len(heights), 4, left=0.015, right=0.985, top=1 - 0.95 * inch, bottom=0.015, hspace=0.17, wspace=0.05,
        height_ratios=heights,
    )  # fmt: skip
    for column, event in enumerate(("onset", "apex")):
        _draw_face(figure.add_subplot(grid[0, column]), journey, event)
    _draw_score(_curves(figure, grid[0, 2:], journey), journey)
    _draw_flow(figure.add_subplot(grid[1, 0]), journey.flow)
    _draw_strain(figure.add_subplot(grid[1, 1]), journey.flow[2])
    _draw_action_units(_curves(figure, grid[1, 2:], journey), journey)
    if journey.synthetic:
        _draw_synthetic(figure, grid[2, :], journey)


def _draw_face(axes: Axes, journey: Journey, event: str) -> None:
    """Plot a crop with its 68 landmarks."""
    show_image(axes, journey.crops[event], f"faces: {event}, frame {journey.events[event]}")
    draw_landmarks(axes, journey.landmarks[event])
    stamp(axes, journey.clip)


def _curves(figure: Figure, cell: SubplotSpec, journey: Journey) -> Axes:
    """Return axes over time in two columns of the grid, with room for labels, and the clip's events in them."""
    box = cell.get_position(figure)
    axes = figure.add_axes((box.x0 + 0.055, box.y0 + 0.03, box.width - 0.055, box.height - 0.05))
    axes.set_xlim(journey.frame[0], journey.frame[-1])
    axes.axvspan(journey.events["onset"], journey.events["offset"], color="0.94")
    for event in EVENTS:
        axes.axvline(journey.events[event], color=GREY, linewidth=1, linestyle="-" if event == "apex" else ":")
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="x", nbins=6, integer=True)
    return axes


def _draw_score(axes: Axes, journey: Journey) -> None:
    axes.plot(journey.frame, journey.score, color=BLUE)
    axes.set_title("apex: spotting score by frame", pad=18)
    for event in EVENTS:
        label = f"apex, {journey.apex_by}" if event == "apex" else event
        axes.text(journey.events[event], 1.02, label, transform=axes.get_xaxis_transform(), ha="center", fontsize=8)


def _draw_flow(axes: Axes, flow: np.ndarray) -> None:
    """Plot u and v as colours, and the wheel that explains them."""
    largest = max(float(np.percentile(magnitude(flow), 99)), 1e-6)
    show_image(axes, flow_colours(flow[:2], largest), "flow: from onset to apex")
    flow_wheel(axes, 0.2, f"rim: {largest:.1f} pixels")


def _draw_strain(axes: Axes, strain: np.ndarray) -> None:
    largest = max(float(np.percentile(strain, 99.5)), 1e-6)
    axes.imshow(strain, cmap="magma", vmin=0, vmax=largest)
    axes.set_title(f"flow: optical strain, 0 to {largest:.2g}")
    axes.set_anchor("W")
    axes.set_axis_off()


def largest_units(relative: np.ndarray, frame: np.ndarray, onset: int, offset: int) -> list[int]:
    """Return the action units of [T, 17, 3] that change most between two frame numbers, largest first.

    The larger change of left and right counts.
    """
    during = relative[(frame >= onset) & (frame <= offset), :, :2]
    change = np.abs(during).max(axis=(0, 2))
    return [int(unit) for unit in np.argsort(-change, kind="stable")[:SHOWN_UNITS]]


def _draw_action_units(axes: Axes, journey: Journey) -> None:
    """Plot both sides of the action units that change most."""
    styles = dict(zip(SIDES[:2], ("-", "--"), strict=True))
    units = largest_units(journey.relative, journey.frame, journey.events["onset"], journey.events["offset"])
    handles: list[Line2D] = []
    for unit, color in zip(units, (BLUE, RED, GREEN, PINK), strict=True):
        for side_index, style in enumerate(styles.values()):
            axes.plot(journey.frame, journey.relative[:, unit, side_index], style, color=color, linewidth=1.5)
        handles += axes.plot([], [], color=color, label=journey.action_units[unit])
    for side, style in styles.items():
        handles += axes.plot([], [], style, color=GREY, label=side)
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 0.985), ncols=6, fontsize=8, borderpad=0,
                handlelength=1.8, columnspacing=1.3)  # fmt: skip
    axes.set_title("aus: change of intensity since the onset (FACS 0 to 5), by frame", pad=18)


def _draw_synthetic(figure: Figure, cell: SubplotSpec, journey: Journey) -> None:
    """Plot the neutral face, the face synthesised from it for each class, and the same with their changes doubled.

    The change of each face from the neutral one is next to it, magnified.
    """
    neutral = next(iter(journey.synthetic.values()))[0]
    grid = cell.subgridspec(2, 1 + 2 * len(LABELS), wspace=0.05, hspace=0.12)
    images = {(0, 0): ("synth: neutral", neutral)}
    for column, label in zip(range(1, 2 * len(LABELS), 2), LABELS, strict=True):
        face = journey.synthetic[label][1]
        for row, (title, image) in enumerate(((f"synth: {label}", face), ("doubled", exaggerate(neutral, face)))):
            images[row, column] = title, image
            images[row, column + 1] = f"change x {MAGNIFIED}", amplify_change(image, neutral, MAGNIFIED)
    for position, (title, image) in images.items():
        axes = figure.add_subplot(grid[position])
        show_image(axes, image.squeeze(), title)
        stamp(axes, journey.clip)
    note = figure.add_subplot(grid[1, 0])
    note.set_axis_off()
    size = f"{neutral.shape[1]} x {neutral.shape[0]} pixels"
    note.text(0, 1, f"Faces of {size};\nin this row their\nchange is doubled.", va="top", fontsize=8)
