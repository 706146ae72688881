"""What a file of ours holds as one picture: frames with landmarks, flow, spotting scores or action units of each clip.

Knows datasets by their names, as the store's schemas have them, and no stage.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure, SubFigure

from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.reporting.plots.drawing import (
    BLUE,
    GREEN,
    GREY,
    PINK,
    RED,
    flow_colours,
    heading,
    outline,
    refuse_origin,
    stamp_origin,
    written,
)
from microexpr.reporting.plots.journey import largest_units
from microexpr.signals.aus import SIDES
from microexpr.signals.flow import magnitude

MOST = 24  # clips on a page
FRAMES = 7  # of a clip
TITLE = 0.75  # inches
EVENTS = {"onset": ":", "apex": "-", "offset": ":"}


def write(source: str | Path, path: str | Path, show_licensed_faces: bool = False) -> None:
    """Writes a PNG of what an HDF5 file holds, a cell for each of at most `MOST` clips, in the file's order.

    Raises DataError for a file without anything that can be drawn, or with pictures that are licensed unless
    `show_licensed_faces`; StoreError if one cannot be read or written.
    """
    with store.opened(source) as file:
        name, groups = _drawable(file, source)
        _, _, across, height, faces = DRAWN[name]
        if faces:
            refuse_origin(_origin(file), str(source), show_licensed_faces)
        rows = -(-min(len(groups), MOST) // across)
        with written(path, TITLE + height * rows) as page:
            draw(page, file, source)


def draw(page: Figure, file: Any, source: str | Path) -> None:
    """What an open file from `source` holds, on an empty figure."""
    name, groups = _drawable(file, source)
    what, draw_one, across, height, _ = DRAWN[name]
    shown, origin = groups[:MOST], _origin(file)
    count = f"{len(shown)} of {len(groups)}" if len(groups) > MOST else len(groups)
    heading(page, f"{source}: {what} of {count} clips", "generated" in origin, "faces")
    rows = -(-len(shown) // across)
    below = page.add_subfigure(page.add_gridspec(2, 1, height_ratios=(TITLE, height * rows))[1])
    cells = below.add_gridspec(rows, across)
    for place, group in enumerate(shown):
        draw_one(below.add_subfigure(cells[divmod(place, across)]), group, origin)


def _origin(file: Any) -> str:
    return store.word(file.attrs.get("origin", "of unknown origin"))


def _drawable(file: Any, source: str | Path) -> tuple[str, list[Any]]:
    """The name of what is drawn, and the groups that have it."""
    found: dict[str, list[Any]] = {name: [] for name in DRAWN}

    def visit(_: str, item: Any) -> None:
        for name in DRAWN:
            if hasattr(item, "keys") and name in item:
                found[name].append(item)

    file.visititems(visit)
    for name, groups in found.items():
        if groups:
            return name, groups
    raise DataError(f"{source}: must hold one of {', '.join(DRAWN)} to be drawn; without --png its tree is printed")


def _frames(cell: SubFigure, group: Any, origin: str) -> None:
    """Frames of a film, evenly, with their landmarks where there are some."""
    places = np.unique(np.linspace(0, len(group["crop"]) - 1, FRAMES).round().astype(int))
    crops = group["crop"][places]
    for column, (place, crop) in enumerate(zip(places, crops, strict=True)):
        axes = cell.add_axes((0.015 + column * 0.97 / FRAMES, 0.02, 0.96 / FRAMES, 0.88))
        axes.imshow(crop.squeeze(), cmap="gray", vmin=0, vmax=255)
        axes.set_anchor("NW")
        axes.set_axis_off()
        if "landmarks_crop" in group:
            outline(axes, group["landmarks_crop"][place], 1.5)
        stamp_origin(axes, origin, 6)
        number = f"frame {group['frame'][place]}"
        axes.set_title(number if column else f"{_name(group)}, {number}", fontsize=7, pad=3)


def _pair(cell: SubFigure, group: Any, origin: str) -> None:
    """A face, and the apex of what was made of it."""
    for column, event in enumerate(("onset", "apex")):
        crop = group["crop"][int(group[event][()])]
        axes = cell.add_axes((0.03 + column * 0.48, 0.02, 0.46, 0.84))
        axes.imshow(crop.squeeze(), cmap="gray", vmin=0, vmax=255)
        axes.set_anchor("NW")
        axes.set_axis_off()
        stamp_origin(axes, origin, 6)
        axes.set_title("" if column else _name(group), fontsize=7, pad=3)


def _flow(cell: SubFigure, group: Any, origin: str) -> None:
    """Flow in the colours of the usual wheel, and strain, each to its own largest."""
    flow = group["onset_apex"][()]
    largest = max(float(np.percentile(magnitude(flow), 99)), 1e-6)
    strain = max(float(np.percentile(flow[2], 99.5)), 1e-6)
    for column, pixels in enumerate((flow_colours(flow[:2], largest), flow[2])):
        axes = cell.add_axes((0.03 + column * 0.48, 0.02, 0.46, 0.8))
        axes.imshow(pixels, cmap="magma", vmin=0, vmax=strain)
        axes.set_anchor("NW")
        axes.set_axis_off()
        stamp_origin(axes, origin, 6, "white" if column else "black")
        title = f"strain, 0 to {strain:.2g}" if column else f"{_name(group)}, to {largest:.1f} px"
        axes.set_title(title, fontsize=7, pad=3)


def _events(cell: SubFigure, group: Any, origin: str) -> None:
    """The events, and the spotting score by frame where there is one."""
    axes = _over_time(cell, group)
    if "score" in group:
        axes.plot(group["frame"][()], group["score"][()], color=BLUE)
    for event, style in EVENTS.items():
        axes.axvline(int(group[event][()]), color=GREY, linewidth=1, linestyle=style)
    how = store.word(group.attrs.get("method", ""))
    axes.set_title(f"{_name(group)}: onset, apex ({how}), offset", fontsize=8)


def _units(cell: SubFigure, group: Any, origin: str) -> None:
    """Both sides of the action units that change most."""
    name = next(one for one in ("relative", "au_intensity") if one in group)
    frame, values = group["frame"][()], group[name][()]
    axes = _over_time(cell, group)
    for unit, colour in zip(largest_units(values, frame, frame[0], frame[-1]), (BLUE, RED, GREEN, PINK), strict=True):
        for side, style in zip(SIDES[:2], ("-", "--"), strict=True):
            label = store.strings(group["au_names"])[unit] if side == SIDES[0] else None
            axes.plot(frame, values[:, unit, SIDES.index(side)], style, color=colour, linewidth=1.3, label=label)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=4, fontsize=7, borderpad=0, handlelength=1.3)
    axes.set_title(f"{_name(group)}", fontsize=8)


def _over_time(cell: SubFigure, group: Any) -> Any:
    axes = cell.add_axes((0.08, 0.17, 0.88, 0.65))
    axes.set_xlim(group["frame"][0], group["frame"][-1])
    axes.ticklabel_format(axis="x", style="plain", useOffset=False)
    axes.locator_params(axis="x", nbins=6, integer=True)
    axes.tick_params(labelsize=7)
    return axes


def _name(group: Any) -> str:
    return str(group.name).rpartition("/")[2]


# What is drawn of a clip that has such a dataset: its name, by whom, how many in a row, inches of it, whether faces.
DRAWN: dict[str, tuple[str, Callable[[SubFigure, Any, str], None], int, float, bool]] = {
    "source": ("faces, each with the one made of it,", _pair, 3, 1.9, True),
    "crop": ("frames", _frames, 1, 1.62, True),
    "onset_apex": ("flow from onset to apex", _flow, 3, 1.9, True),
    "relative": ("change of action units since the onset, left and - - right,", _units, 2, 1.7, False),
    "au_intensity": ("true action units, left and - - right,", _units, 2, 1.7, False),
    "apex": ("events, and where one was spotted the score by frame,", _events, 2, 1.7, False),
}
