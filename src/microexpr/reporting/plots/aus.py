"""Plot a clip's action units: the face that is read, raw, smoothed and relative values, and effects of image size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED, add_heading, save_page, show_image, stamp
from microexpr.reporting.plots.journey import largest_units
from microexpr.signals import inputs
from microexpr.signals.aus import ACTION_UNITS, SIDES, SIZES, regressor, sizes

SHOWN = 3  # action units whose curves are plotted
COLOURS = (BLUE, RED, GREEN)
BY = 5  # pixels of image size
LEFT, RIGHT, BOTTOM = 0.055, 0.58, 0.075  # positions of the panels with axes, in shares of the page
WIDE, HIGH = 0.4, 0.33


def write(clip: Clip, results: Path, path: Path) -> None:
    """Plot a clip of an aus file. Raises StoreError if that, its faces or its events cannot be read."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex", "aus")}
    with (
        store.open_file(files["faces"], "faces") as faces,
        store.open_file(files["apex"], "apex") as apex,
        store.open_file(files["aus"], "aus") as aus,
        save_page(path, 6.2) as page,
    ):
        groups = {"faces": faces[clip.name], "apex": apex[clip.name], "aus": aus[clip.name]}
        add_heading(page, f"{clip.id}: action units", clip.origin == "generated")
        draw(page, clip, groups)


def draw(figure: Figure, clip: Clip, groups: Mapping[str, Any]) -> None:
    """Plot the clip's groups of a faces, an apex and an aus file on an empty figure."""
    faces, events = groups["faces"], groups["apex"]
    onset, apex, offset = (inputs.position(faces, events, event) for event in ("onset", "apex", "offset"))
    crops = luma(faces["crop"][()])
    apex_crop = crops[apex, 16:-16, 16:-16]
    names = ("apex", "left half, mirrored", "right half, mirrored")
    for i, (title, face) in enumerate(zip(names, (apex_crop, *mirror_halves(apex_crop)), strict=True)):
        axes = figure.add_axes((0.015 + 0.172 * i, 0.535, 0.165, 0.29))
        show_image(axes, face, title)
        stamp(axes, clip)
    frames = faces["frame"][()]
    curves = {title: groups["aus"][title][()] for title in ("raw", "smoothed", "relative")}
    units = largest_units(curves["relative"], frames, frames[onset], frames[offset])[:SHOWN]
    _sizes(_over_time(figure, RIGHT, 0.545, 0.25, frames, (onset, apex)), frames, crops, onset)
    _smoothed(_over_time(figure, LEFT, BOTTOM, HIGH, frames, (onset, apex)), frames, curves, units)
    _relative(_over_time(figure, RIGHT, BOTTOM, HIGH, frames, (onset, apex)), frames, curves["relative"], units)


def mirror_halves(face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whole faces of the subject's left half, which is at the right of the image, and of the right half.

    This is FAMGAN's figure 2. The reader looks at each half only, so that it reads such a face and the half alike.
    """
    middle = face.shape[1] // 2
    right, left = face[:, :middle], face[:, middle:]
    return np.hstack([left[:, ::-1], left]), np.hstack([right, right[:, ::-1]])


def _over_time(
    figure: Figure, left: float, bottom: float, height: float, frames: np.ndarray, events: tuple[int, int]
) -> Axes:
    """Return axes over frame numbers, with onset and apex in them."""
    axes = figure.add_axes((left, bottom, WIDE, height))
    axes.set_xlim(frames[0], frames[-1])
    for event, style in zip(events, (":", "-"), strict=True):
        axes.axvline(frames[event], color=GREY, linewidth=1, linestyle=style)
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="x", nbins=6, integer=True)
    return axes


def _sizes(axes: Axes, frames: np.ndarray, crops: np.ndarray, onset: int) -> None:
    """Plot FAMGAN's claim about image sizes on this clip, with the shipped regressor."""
    model = regressor.load()

    def read(images: np.ndarray) -> np.ndarray:
        return regressor.regress(images, onset, model, (0,))[..., :2]

    one_size, averages = sizes.size_jumps(read, crops, SIZES, BY)
    for values, color, name in ((one_size, "0.6", "one size"), (averages, BLUE, f"mean of {len(SIZES)} sizes")):
        axes.plot(frames, values, color=color, label=f"{name}: {values.mean():.3f}")
    axes.set_ylim(0, None)
    axes.set_title(f"effect of {BY} pixels of image size (length over all AUs)", pad=18)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.97), ncols=2, fontsize=9, borderpad=0)


def _smoothed(axes: Axes, frames: np.ndarray, curves: Mapping[str, np.ndarray], units: list[int]) -> None:
    both, widths = SIDES.index("both"), {"raw": 0.8, "smoothed": 1.8}
    for unit, color in zip(units, COLOURS, strict=False):
        for name, width in widths.items():
            axes.plot(frames, curves[name][:, unit, both], color=color, linewidth=width)
    lines = [axes.plot([], [], color=GREY, linewidth=width, label=name)[0] for name, width in widths.items()]
    _legend(axes, units, lines)
    axes.set_title("intensity, both sides (FACS), by frame", pad=18)


def _relative(axes: Axes, frames: np.ndarray, relative: np.ndarray, units: list[int]) -> None:
    styles = dict(zip(SIDES[:2], ("-", "--"), strict=True))
    for unit, color in zip(units, COLOURS, strict=False):
        for side, style in styles.items():
            axes.plot(frames, relative[:, unit, SIDES.index(side)], style, color=color, linewidth=1.5)
    _legend(axes, units, [axes.plot([], [], style, color=GREY, label=side)[0] for side, style in styles.items()])
    axes.set_title("change since the onset (FACS), by frame", pad=18)


def _legend(axes: Axes, units: list[int], handles: list[Line2D]) -> None:
    unit_handles = [
        axes.plot([], [], color=color, label=ACTION_UNITS[unit])[0] for unit, color in zip(units, COLOURS, strict=False)
    ]
    unit_handles += handles
    axes.legend(handles=unit_handles, loc="lower left", bbox_to_anchor=(0, 0.98), ncols=5, fontsize=9, borderpad=0,
                handlelength=1.4, handletextpad=0.4, columnspacing=1)  # fmt: skip
