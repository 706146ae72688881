"""A clip's spotting as one picture: what either spotter says of each frame, and which frames were taken."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, heading, on_page, picture, stamp
from microexpr.signals import apex, inputs
from microexpr.signals.apex import EVENTS, SPOTTERS

COLOURS = dict(zip(SPOTTERS, (BLUE, GREEN), strict=True))
TITLES = {
    "flow": "flow: pixels of the crop by which ten regions have moved since the onset",
    "regions": "regions: differences to onset and offset, in differences to the frame before",
}


def write(clip: Clip, results: Path, path: Path) -> None:
    """Draws a clip of a faces and an apex file. Raises StoreError if one cannot be read."""
    with on_page(clip, results, path, 5.2) as (page, faces, events):
        heading(page, f"{clip.id}: apex, {events.attrs['method'].decode()}", clip.origin == "generated")
        params = apex.Params(**json.loads(events.file.attrs["params"])["apex"])
        draw(page, clip, faces, events, params)


def draw(figure: Figure, clip: Clip, faces: Mapping[str, Any], events: Any, params: apex.Params) -> None:
    """The groups of a faces and an apex file, made with `params`, on an empty figure."""
    at = {event: inputs.position(faces, events, event) for event in EVENTS}
    crop, points, frame = luma(faces["crop"][()]), faces["landmarks_crop"][()], faces["frame"][()]
    shown = figure.add_axes((0.015, 0.06, 0.33, 0.72))
    picture(shown, crop[at["onset"]], "the ten regions, on the onset")
    for rows, columns in apex.region_boxes(points[at["onset"]], crop.shape[1], params.region):
        edges = np.array([(columns.start, rows.start), (columns.stop, rows.start), (columns.stop, rows.stop)])
        corners = np.vstack([edges, (columns.start, rows.stop), edges[:1]])
        shown.plot(*corners.T, color="white", linewidth=1)
    stamp(shown, clip)
    # the stage knew no more of the clip than its annotation when it scored
    first = at["onset"] if events.attrs["onset_method"] == b"annotated" else 0
    last = at["offset"] if events.attrs["offset_method"] == b"annotated" else len(frame) - 1
    for place, spotter in enumerate(SPOTTERS):
        axes = figure.add_axes((0.42, 0.56 - 0.47 * place, 0.56, 0.28))
        own = params.model_copy(update={"spotter": spotter})
        kept = spotter == params.spotter
        score = apex.stored_score(faces, events, params) if kept else apex.score_frames(crop, points, first, last, own)
        axes.plot(frame, score, color=COLOURS[spotter])
        found = apex.find_apex(score, first, last, spotter)
        axes.plot(frame[found], score[found], "o", color=COLOURS[spotter])
        for event, position in at.items():
            axes.axvline(frame[position], color=GREY, linewidth=1, linestyle="-" if event == "apex" else ":")
        axes.set_title(TITLES[spotter])
        axes.set_xlim(frame[0], frame[-1])
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
