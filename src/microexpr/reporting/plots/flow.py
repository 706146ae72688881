"""A clip's flow as one picture: what either algorithm finds, what of it is the head's, and what is left."""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import flow_colours, flow_wheel, heading, picture, stamp, written
from microexpr.signals import flow, inputs
from microexpr.signals.motion.head import FACE, ellipse_mask, head_motion

TITLES = {"tvl1": "TV-L1", "farneback": "Farneback"}
WIDER = (1, 1, 1.15, 1.2)  # brows and chin, too, say how long the longest arrow is
STEP = 12  # of a colour: fewer of them make a smaller file
COLUMNS = ("as found", "the head's", "the rest: u, v", "magnitude", "strain")


def write(clip: Clip, results: Path, path: Path) -> None:
    """Draws a clip of a faces and an apex file, with the flow file's params but for the algorithm.

    Raises StoreError if one of the files cannot be read.
    """
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex", "flow")}
    with store.opened(files["faces"], "faces") as faces, store.opened(files["apex"], "apex") as events:
        crop = luma(faces[clip.name]["crop"][()])
        at = {name: inputs.position(faces[clip.name], events[clip.name], name) for name in ("onset", "apex")}
    with store.opened(files["flow"], "flow") as file:
        params = flow.Params(**json.loads(file.attrs["params"])["flow"])
    with written(path, 4.5) as page:
        heading(page, f"{clip.id}: flow from onset to apex", clip.origin == "generated")
        draw(page, clip, crop, at, params)


def draw(figure: Figure, clip: Clip, crop: np.ndarray, at: dict[str, int], params: flow.Params) -> None:
    """Grey crops [T, H, H] with the positions of two events, on an empty figure: a row for each algorithm."""
    grid = figure.add_gridspec(2, 6, left=0.015, right=0.985, top=0.79, bottom=0.015, hspace=0.14, wspace=0.05)
    for row, (event, place) in enumerate(at.items()):
        shown = figure.add_subplot(grid[row, 0])
        picture(shown, crop[place], event)
        stamp(shown, clip)
    for row, (algorithm, title) in enumerate(TITLES.items()):
        _draw_row([figure.add_subplot(grid[row, column]) for column in range(1, 6)], title, crop, at, params, algorithm)


def _draw_row(
    places: Sequence[Axes], title: str, crop: np.ndarray, at: dict[str, int], params: flow.Params, algorithm: str
) -> None:
    settings = params.model_copy(update={"algorithm": algorithm, "stabilise": "none"})
    found = flow.clip_flow(crop, at["onset"], at["apex"], settings)
    rest = flow.clip_flow(crop, at["onset"], at["apex"], settings.model_copy(update={"stabilise": params.stabilise}))
    by_row = np.moveaxis(found[:2], 0, -1)
    head = np.moveaxis(np.broadcast_to(head_motion(by_row, params.stabilise), by_row.shape), -1, 0)
    skin = ellipse_mask(FACE * WIDER, len(by_row))
    largest, top = (max(float(np.percentile(of[skin], 99.5)), 1e-6) for of in (flow.magnitude(rest), rest[2]))
    for axes, moved in zip(places, (found, head, rest), strict=False):
        axes.imshow(flow_colours(moved[:2], largest) // STEP * STEP, interpolation="nearest")
    few = matplotlib.colormaps["magma"].resampled(256 // STEP)
    places[3].imshow(flow.magnitude(rest), cmap=few, vmin=0, vmax=largest, interpolation="nearest")
    places[4].imshow(rest[2], cmap=few, vmin=0, vmax=top, interpolation="nearest")
    units = ("", f" ({params.stabilise})", "", f", 0 to {largest:.1f} px", f", 0 to {top:.2g}")
    for axes, name, unit in zip(places, COLUMNS, units, strict=True):
        axes.set_title((f"{title}: " if axes is places[0] else "") + name + unit)
        axes.set_axis_off()
    flow_wheel(places[0], 0.24, f"rim {largest:.1f} px")
