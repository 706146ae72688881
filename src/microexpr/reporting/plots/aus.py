"""Plot a clip's action units: the face that is read, raw, smoothed and relative values, and effects of image size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED
from microexpr.reporting.plots.journey import largest_units
from microexpr.signals import inputs
from microexpr.signals.apex import EVENTS
from microexpr.signals.aus import ACTION_UNITS, SIDES, SIZES, regressor

SHOWN = 3  # action units with plotted curves
COLOURS = (BLUE, RED, GREEN)
STYLES = ("-", "--")  # of left and right
BY = 5  # pixels of image size
LEFT, RIGHT, BOTTOM = 0.055, 0.58, 0.075  # positions of the panels with axes, in shares of the page
WIDE, HIGH = 0.4, 0.33


def write(clip: Clip, results: Path, path: Path) -> None:
    """Plot a clip of an aus file. Raises StoreError if that, its faces or its events cannot be read."""
    with drawing.clip_page(clip, results, path, 6.2, "faces", "apex", "aus") as (page, faces, events, aus):
        drawing.add_heading(page, f"{clip.id}: action units", clip.origin == "generated")
        draw(page, clip, faces, events, aus)


def draw(
    figure: Figure, clip: Clip, faces: Mapping[str, Any], events: Mapping[str, Any], aus: Mapping[str, Any]
) -> None:
    """Plot the clip's groups of a faces, an apex and an aus file on an empty figure."""
    onset, apex, offset = (inputs.position(faces, events, event) for event in EVENTS)
    crops = luma(faces["crop"][()])
    apex_crop = crops[apex, 16:-16, 16:-16]
    names = ("apex", "left half, mirrored", "right half, mirrored")
    for i, (title, face) in enumerate(zip(names, (apex_crop, *drawing.mirror_halves(apex_crop)), strict=True)):
        axes = figure.add_axes((0.015 + 0.172 * i, 0.535, 0.165, 0.29))
        drawing.show_image(axes, face, title)
        drawing.stamp(axes, clip.origin)
    frames = faces["frame"][()]
    curves = {title: aus[title][()] for title in ("raw", "smoothed", "relative")}
    units = largest_units(curves["relative"], frames, frames[onset], frames[offset])[:SHOWN]
    size_axes, intensity_axes, change_axes = (
        figure.add_axes((left, bottom, WIDE, height))
        for left, bottom, height in ((RIGHT, 0.545, 0.25), (LEFT, BOTTOM, HIGH), (RIGHT, BOTTOM, HIGH))
    )
    for axes in (size_axes, intensity_axes, change_axes):
        drawing.over_time(axes, frames)
        drawing.mark_events(axes, {"onset": frames[onset], "apex": frames[apex]})
    _sizes(size_axes, frames, crops, onset)
    widths = {"raw": 0.8, "smoothed": 1.8}
    both = {name: (curves[name][..., SIDES.index("both")], "-", width) for name, width in widths.items()}
    _units(intensity_axes, frames, both, units, "intensity, both sides (FACS), by frame")
    relative = curves["relative"]
    sides = {
        side: (relative[..., SIDES.index(side)], style, 1.5) for side, style in zip(SIDES[:2], STYLES, strict=True)
    }
    _units(change_axes, frames, sides, units, "change since the onset (FACS), by frame")


def _sizes(axes: Axes, frames: np.ndarray, crops: np.ndarray, onset: int) -> None:
    """Plot FAMGAN's claim about image sizes on this clip, with the shipped regressor."""
    model = regressor.load()

    def read(images: np.ndarray) -> np.ndarray:
        return regressor.regress(images, onset, model, (0,))[..., :2]

    one_size, averages = regressor.size_jumps(read, crops, SIZES, BY)
    for values, color, name in ((one_size, "0.6", "one size"), (averages, BLUE, f"mean of {len(SIZES)} sizes")):
        axes.plot(frames, values, color=color, label=f"{name}: {values.mean():.3f}")
    axes.set_ylim(0, None)
    axes.set_title(f"effect of {BY} pixels of image size (length over all AUs)", pad=18)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.97), ncols=2, fontsize=9, borderpad=0)


def _units(
    axes: Axes, frames: np.ndarray, curves: Mapping[str, tuple[np.ndarray, str, float]], units: list[int], title: str
) -> None:
    """Plot curves by name of some units, each in a colour, with a legend of units and of curves."""
    drawing.plot_units(axes, frames, [*curves.values()], units, COLOURS)
    handles = [
        axes.plot([], [], color=color, label=ACTION_UNITS[unit])[0] for unit, color in zip(units, COLOURS, strict=False)
    ]
    for name, (_, style, width) in curves.items():
        handles += axes.plot([], [], style, color=GREY, linewidth=width, label=name)
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 0.98), ncols=5, fontsize=9, borderpad=0,
                handlelength=1.4, handletextpad=0.4, columnspacing=1)  # fmt: skip
    axes.set_title(title, pad=18)
