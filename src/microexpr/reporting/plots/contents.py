"""Plot the contents of an HDF5 file: frames with landmarks, flow, spotting scores or action units of each clip.

Recognises datasets by their names, as the store's schemas have them, and knows no stage.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.clips import largest_units
from microexpr.reporting.plots.drawing import BLUE, GREEN, PINK, RED
from microexpr.signals.apex import EVENTS
from microexpr.signals.aus import SIDES
from microexpr.signals.flow import magnitude

MOST = 24  # clips on a page
FRAMES = 7  # of each clip
TITLE = 0.75  # inches
FRAMED = 1.15  # times a clip's height, alone on a page


def draw(page: Figure, source: str | Path, show_licensed_faces: bool = False) -> None:
    """Plot the contents of an HDF5 file, a cell for each of at most `MOST` clips, in the file's order.

    Raises DataError for a file without anything to plot, or with licensed faces unless `show_licensed_faces`;
    StoreError if it cannot be read, or has other datasets than a stage writes."""
    with store.open_file(source) as file, store.content_of_a_stage(source):
        groups_by_name: dict[str, list[Any]] = {name: [] for name in KINDS}

        def visit(_: str, item: Any) -> None:
            for name in KINDS:
                if hasattr(item, "keys") and name in item:
                    groups_by_name[name].append(item)

        file.visititems(visit)
        if not (name := next((name for name, groups in groups_by_name.items() if groups), "")):
            names = ", ".join(KINDS)
            raise DataError(f"{source}: must hold one of {names} to be plotted; without --png its tree is printed")
        kind, groups = KINDS[name], groups_by_name[name]
        origin = store.attribute_text(file.attrs.get("origin", "of unknown origin"))
        if kind.shows_faces:
            drawing.refuse_origin(origin, str(source), show_licensed_faces)
        plotted = groups[:MOST]
        rows = -(-len(plotted) // kind.across)
        count = f"{len(plotted)} of {len(groups)}" if len(groups) > MOST else len(groups)
        title, height = f"{source}: {kind.description} of {count} clips", TITLE + kind.height * rows
        drawing.add_heading(page, height, title, "generated" in origin, "faces")
        body = page.add_subfigure(page.add_gridspec(2, 1, height_ratios=(TITLE, kind.height * rows))[1])
        cells = body.add_gridspec(rows, kind.across)
        for i, group in enumerate(plotted):
            kind.draw(body.add_subfigure(cells[divmod(i, kind.across)]), group, origin)


def draw_clip(page: Figure, name: str, group: Any, origin: str) -> None:
    """Plot one clip in memory, by the name of its dataset in `KINDS`."""
    page.set_figheight(KINDS[name].height * FRAMED)
    KINDS[name].draw(page.add_subfigure(page.add_gridspec(1, 1)[0]), group, origin)


def _frames(cell: SubFigure, group: Any, origin: str) -> None:
    """Plot evenly spaced frames, with their landmarks if there are any."""
    positions = np.unique(np.linspace(0, len(group["crop"]) - 1, FRAMES).round().astype(int))
    crops = group["crop"][positions]
    for column, (position, crop) in enumerate(zip(positions, crops, strict=True)):
        label = f"frame {group['frame'][position]}"
        title = label if column else f"{_name(group)}, {label}".removeprefix(", ")
        axes = _image(cell, (0.015 + column * 0.97 / FRAMES, 0.02, 0.96 / FRAMES, 0.88), crop.squeeze(), title, origin)
        if "landmarks_crop" in group:
            drawing.draw_landmarks(axes, group["landmarks_crop"][position], 1.5)


def _pair(cell: SubFigure, group: Any, origin: str) -> None:
    """Plot a neutral face, and the apex of the clip that was synthesised from it."""
    for column, event in enumerate(("onset", "apex")):
        crop = group["crop"][int(group[event][()])]
        _image(cell, (0.03 + column * 0.48, 0.02, 0.46, 0.84), crop.squeeze(), "" if column else _name(group), origin)


def _flow(cell: SubFigure, group: Any, origin: str) -> None:
    """Plot flow in the colours of the usual wheel, and strain, each scaled to its own largest value."""
    flow = group["onset_apex"][()]
    longest, strain = drawing.largest(magnitude(flow), 99), drawing.largest(flow[2], 99.5)
    title = f"{_name(group)}, to {longest:.1f} px".removeprefix(", ")
    _image(cell, (0.03, 0.02, 0.46, 0.8), drawing.flow_colours(flow[:2], longest), title, origin, "black")
    _image(cell, (0.51, 0.02, 0.46, 0.8), flow[2], f"strain, 0 to {strain:.2g}", origin, cmap="magma", vmax=strain)


def _image(
    cell: SubFigure, box: tuple[float, float, float, float], pixels: np.ndarray, title: str, origin: str,
    colour: str = "white", cmap: str = "gray", vmax: float = 255,
) -> Axes:  # fmt: skip
    """Show an image in a box of a cell, with the label on rendered faces; return its axes."""
    axes = cell.add_axes(box)
    drawing.show_image(axes, pixels, "", cmap=cmap, vmax=vmax)
    axes.set_anchor("NW")
    drawing.stamp(axes, origin, 6, colour)
    axes.set_title(title, fontsize=7, pad=3)
    return axes


def _events(cell: SubFigure, group: Any, origin: str) -> None:
    """Plot the events, and the spotting score by frame if there is one."""
    axes = _over_time(cell, group)
    if "score" in group:
        axes.plot(group["frame"][()], group["score"][()], color=BLUE)
    drawing.mark_events(axes, {event: int(group[event][()]) for event in EVENTS})
    method = store.attribute_text(group.attrs.get("method", ""))
    axes.set_title(f"{_name(group)}: onset, apex ({method}), offset".removeprefix(": "), fontsize=8)


def _units(cell: SubFigure, group: Any, origin: str) -> None:
    name = next(name for name in ("relative", "au_intensity") if name in group)
    frame, values = group["frame"][()], group[name][()]
    axes = _over_time(cell, group)
    units = largest_units(values, frame, frame[0], frame[-1])
    curves = [(values[..., SIDES.index(side)], style, 1.3) for side, style in zip(SIDES[:2], ("-", "--"), strict=True)]
    drawing.plot_units(axes, frame, curves, units, (BLUE, RED, GREEN, PINK), store.strings(group["action_unit"]))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.97), ncols=4, fontsize=7, borderpad=0, handlelength=1.3)
    axes.set_title(_name(group), fontsize=8)


def _over_time(cell: SubFigure, group: Any) -> Axes:
    axes = cell.add_axes((0.08, 0.17, 0.88, 0.65))
    drawing.over_time(axes, group["frame"][()])
    axes.tick_params(labelsize=7)
    return axes


def _name(group: Any) -> str:
    return str(group.name).rpartition("/")[2]


class Kind(NamedTuple):
    """How the clips of a file are plotted."""

    description: str
    draw: Callable[[SubFigure, Any, str], None]
    across: int  # cells in a row
    height: float  # inches of a cell
    shows_faces: bool


KINDS: dict[str, Kind] = {  # by the dataset that a clip's group has
    "source": Kind("faces, each with the one synthesised from it,", _pair, 3, 1.9, True),
    "crop": Kind("frames", _frames, 1, 1.62, True),
    "onset_apex": Kind("flow from onset to apex", _flow, 3, 1.9, True),
    "relative": Kind("change of action units since the onset, left and - - right,", _units, 2, 1.7, False),
    "au_intensity": Kind("true action units, left and - - right,", _units, 2, 1.7, False),
    "apex": Kind("events, and where one was spotted the score by frame,", _events, 2, 1.7, False),
}
