"""Plot a clip's flow: the estimate of each algorithm, its head motion, and the rest."""

import json
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import add_heading, clip_page, flow_colours, flow_wheel, largest, show_cell
from microexpr.signals import flow, frame_edges, inputs
from microexpr.signals.motion.head import FACE, ellipse_mask

TITLES = {"tvl1": "TV-L1", "farneback": "Farneback"}
WIDER = (1, 1, 1.15, 1.2)  # the longest arrow may be at brows or chin
STEP = 12  # between colours: fewer colours make a smaller file
COLUMNS = ("estimate", "head motion", "rest: u, v", "length", "strain")


def write(clip: Clip, results: Path, path: Path) -> None:
    """Plot a clip of a faces and an apex file, with the flow file's params except the algorithm.

    Raises StoreError if one of the files cannot be read.
    """
    with clip_page(clip, results, path, 4.5, "faces", "apex", "flow") as (page, faces, events, flows):
        crop, in_frame = luma(faces["crop"][()]), frame_edges.read(faces)
        at = {name: inputs.position(faces, events, name) for name in ("onset", "apex")}
        add_heading(page, f"{clip.id}: flow from onset to apex", clip.origin == "generated")
        params = flow.Params(**json.loads(flows.file.attrs["params"])["flow"])
        draw(page, clip, crop, at, params, in_frame)


def draw(
    figure: Figure,
    clip: Clip,
    crop: np.ndarray,
    at: dict[str, int],
    params: flow.Params,
    in_frame: np.ndarray | None = None,
) -> None:
    """Plot grey crops [T, H, H] with the positions of two events on an empty figure: a row for each algorithm."""
    grid = figure.add_gridspec(2, 6, left=0.015, right=0.985, top=0.79, bottom=0.015, hspace=0.14, wspace=0.05)
    for row, (event, position) in enumerate(at.items()):
        show_cell(figure, grid[row, 0], crop[position], event, clip)
    for row, (algorithm, title) in enumerate(TITLES.items()):
        all_axes = [figure.add_subplot(grid[row, column]) for column in range(1, 6)]
        both = [params.model_copy(update={"algorithm": algorithm} | other) for other in ({"stabilise": "none"}, {})]
        estimate, rest = (flow.clip_flow(crop, at["onset"], at["apex"], settings, in_frame) for settings in both)
        skin = ellipse_mask(FACE * WIDER, rest.shape[1])
        longest, largest_strain = (largest(values[skin], 99.5) for values in (flow.magnitude(rest), rest[2]))
        for axes, motion in zip(all_axes, (estimate, estimate - rest, rest), strict=False):
            axes.imshow(flow_colours(motion[:2], longest) // STEP * STEP, interpolation="nearest")
        colours = matplotlib.colormaps["magma"].resampled(256 // STEP)
        all_axes[3].imshow(flow.magnitude(rest), cmap=colours, vmin=0, vmax=longest, interpolation="nearest")
        all_axes[4].imshow(rest[2], cmap=colours, vmin=0, vmax=largest_strain, interpolation="nearest")
        units = ("", f" ({params.stabilise})", "", f", 0 to {longest:.1f} px", f", 0 to {largest_strain:.2g}")
        for axes, name, unit in zip(all_axes, COLUMNS, units, strict=True):
            axes.set_title((f"{title}: " if axes is all_axes[0] else "") + name + unit)
            axes.set_axis_off()
        flow_wheel(all_axes[0], 0.24, f"rim {longest:.1f} px")
