"""A clip's spotting as one picture: what either spotter says of each frame, and which frames were taken."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from microexpr import apex, inputs, store
from microexpr.apex import EVENTS, SPOTTERS
from microexpr.clip import Clip
from microexpr.luma import luma
from microexpr.plots.drawing import BLUE, GREEN, GREY, heading, picture, stamp, written

COLOURS = dict(zip(SPOTTERS, (BLUE, GREEN), strict=True))
TITLES = {
    "flow": "flow: pixels of the crop by which ten regions have moved since the onset",
    "regions": "regions: differences to onset and offset, in differences to the frame before",
}


def write(clip: Clip, results: Path, path: Path) -> None:
    """Draws a clip of a faces and an apex file. Raises StoreError if one cannot be read."""
    files = [results / stage / clip.dataset / f"{clip.subject}.h5" for stage in ("faces", "apex")]
    with (
        store.opened(files[0], "faces") as faces,
        store.opened(files[1], "apex") as events,
        written(path, 5.2) as page,
    ):
        heading(page, f"{clip.id}: apex, {events[clip.name].attrs['method'].decode()}", clip.origin == "generated")
        draw(page, clip, faces[clip.name], events[clip.name])


def draw(figure: Figure, clip: Clip, faces: Mapping[str, Any], events: Mapping[str, Any]) -> None:
    """The groups of a faces and an apex file on an empty figure."""
    at = {event: inputs.position(faces, events, event) for event in EVENTS}
    crop, points, frame = luma(faces["crop"][()]), faces["landmarks_crop"][()], faces["frame"][()]
    shown = figure.add_axes((0.015, 0.06, 0.33, 0.72))
    picture(shown, crop[at["onset"]], "the ten regions, on the onset")
    for rows, columns in apex.regions(points[at["onset"]], crop.shape[1], apex.Params().region):
        edges = np.array([(columns.start, rows.start), (columns.stop, rows.start), (columns.stop, rows.stop)])
        corners = np.vstack([edges, (columns.start, rows.stop), edges[:1]])
        shown.plot(*corners.T, color="white", linewidth=1)
    stamp(shown, clip)
    for place, spotter in enumerate(SPOTTERS):
        axes = figure.add_axes((0.42, 0.56 - 0.47 * place, 0.56, 0.28))
        score = apex.scored(crop, points, at["onset"], at["offset"], apex.Params(spotter=spotter))
        axes.plot(frame, score, color=COLOURS[spotter])
        found = apex.apex(score, at["onset"], at["offset"], spotter)
        axes.plot(frame[found], score[found], "o", color=COLOURS[spotter])
        for event, position in at.items():
            axes.axvline(frame[position], color=GREY, linewidth=1, linestyle="-" if event == "apex" else ":")
        axes.set_title(TITLES[spotter])
        axes.set_xlim(frame[0], frame[-1])
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
