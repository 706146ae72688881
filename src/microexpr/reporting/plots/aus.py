"""A clip's action units as one picture: what is looked at, what is read, filtered and left, and what sizes change."""

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
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED, heading, picture, stamp, written
from microexpr.reporting.plots.journey import largest_units
from microexpr.signals import inputs
from microexpr.signals.aus import ACTION_UNITS, SIDES, SIZES, regressor, sizes

SHOWN = 3  # action units whose curves are drawn
COLOURS = (BLUE, RED, GREEN)
BY = 5  # pixels of image size
LEFT, RIGHT, BOTTOM = 0.055, 0.58, 0.075  # of the panels with axes, in shares of the page
WIDE, HIGH = 0.4, 0.33


def write(clip: Clip, results: Path, path: Path) -> None:
    """Draws a clip of an aus file. Raises StoreError if that, its faces or its events cannot be read."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex", "aus")}
    with (
        store.opened(files["faces"], "faces") as faces,
        store.opened(files["apex"], "apex") as apex,
        store.opened(files["aus"], "aus") as aus,
        written(path, 6.2) as page,
    ):
        groups = {"faces": faces[clip.name], "apex": apex[clip.name], "aus": aus[clip.name]}
        heading(page, f"{clip.id}: action units", clip.origin == "generated")
        draw(page, clip, groups)


def draw(figure: Figure, clip: Clip, groups: Mapping[str, Any]) -> None:
    """The clip's groups of a faces, an apex and an aus file on an empty figure."""
    faces, events = groups["faces"], groups["apex"]
    onset, top, offset = (inputs.position(faces, events, event) for event in ("onset", "apex", "offset"))
    crops, points = luma(faces["crop"][()]), faces["landmarks_crop"][()]
    whole = crops[top, 16:-16, 16:-16]
    names = ("at the apex", "its left half, mirrored", "its right half, mirrored")
    for number, (name, face) in enumerate(zip(names, (whole, *made_whole(whole)), strict=True)):
        axes = figure.add_axes((0.015 + 0.172 * number, 0.535, 0.165, 0.29))
        picture(axes, face, name)
        stamp(axes, clip)
    frames = faces["frame"][()]
    curves = {name: groups["aus"][name][()] for name in ("raw", "smoothed", "relative")}
    units = largest_units(curves["relative"], frames, frames[onset], frames[offset])[:SHOWN]
    _sizes(_over_time(figure, RIGHT, 0.545, 0.25, frames, (onset, top)), frames, crops, points, onset)
    _smoothed(_over_time(figure, LEFT, BOTTOM, HIGH, frames, (onset, top)), frames, curves, units)
    _relative(_over_time(figure, RIGHT, BOTTOM, HIGH, frames, (onset, top)), frames, curves["relative"], units)


def made_whole(face: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The subject's left half (right in the picture) and its mirror image, and the right one's, as FAMGAN's figure 2.

    What is read of one half is what is read of such a face; the reader looks at the half alone.
    """
    middle = face.shape[1] // 2
    right, left = face[:, :middle], face[:, middle:]
    return np.hstack([left[:, ::-1], left]), np.hstack([right, right[:, ::-1]])


def _over_time(
    figure: Figure, left: float, bottom: float, height: float, frames: np.ndarray, events: tuple[int, int]
) -> Axes:
    """Axes over frame numbers, with onset and apex in them."""
    axes = figure.add_axes((left, bottom, WIDE, height))
    axes.set_xlim(frames[0], frames[-1])
    for event, style in zip(events, (":", "-"), strict=True):
        axes.axvline(frames[event], color=GREY, linewidth=1, linestyle=style)
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="x", nbins=6, integer=True)
    return axes


def _sizes(axes: Axes, frames: np.ndarray, crops: np.ndarray, points: np.ndarray, onset: int) -> None:
    """FAMGAN's claim, on this clip and by the shipped regressor."""
    model = regressor.load()

    def read(pictures: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        return regressor.regress(pictures, landmarks, onset, model, (0,))[..., :2]

    alone, averages = sizes.size_jumps(read, crops, points, SIZES, BY)
    for values, color, name in ((alone, "0.6", "one size"), (averages, BLUE, f"mean of {len(SIZES)} sizes")):
        axes.plot(frames, values, color=color, label=f"{name}: {values.mean():.3f}")
    axes.set_ylim(0, None)
    axes.set_title(f"what {BY} px of image size change (length of the vector of units)", pad=18)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.97), ncols=2, fontsize=8, borderpad=0)


def _smoothed(axes: Axes, frames: np.ndarray, curves: Mapping[str, np.ndarray], units: list[int]) -> None:
    both, widths = SIDES.index("both"), {"raw": 0.8, "smoothed": 1.8}
    for unit, color in zip(units, COLOURS, strict=False):
        for name, width in widths.items():
            axes.plot(frames, curves[name][:, unit, both], color=color, linewidth=width)
    lines = [axes.plot([], [], color=GREY, linewidth=width, label=name)[0] for name, width in widths.items()]
    _legend(axes, units, lines)
    axes.set_title("intensity, both sides (FACS 0 to 5), by frame", pad=18)


def _relative(axes: Axes, frames: np.ndarray, relative: np.ndarray, units: list[int]) -> None:
    styles = dict(zip(SIDES[:2], ("-", "--"), strict=True))
    for unit, color in zip(units, COLOURS, strict=False):
        for side, style in styles.items():
            axes.plot(frames, relative[:, unit, SIDES.index(side)], style, color=color, linewidth=1.5)
    _legend(axes, units, [axes.plot([], [], style, color=GREY, label=side)[0] for side, style in styles.items()])
    axes.set_title("change since the onset, either side (FACS), by frame", pad=18)


def _legend(axes: Axes, units: list[int], more: list[Line2D]) -> None:
    named = [
        axes.plot([], [], color=color, label=ACTION_UNITS[unit])[0] for unit, color in zip(units, COLOURS, strict=False)
    ]
    axes.legend(handles=named + more, loc="lower left", bbox_to_anchor=(0, 0.98), ncols=5, fontsize=8, borderpad=0,
                handlelength=1.8, columnspacing=1.3)  # fmt: skip
