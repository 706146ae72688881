"""Plot a clip's spotting: the scores of both spotters by frame, and the events that were chosen."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import BLUE, GREEN, add_heading, clip_page, mark_events, show_image, stamp
from microexpr.signals import apex, inputs
from microexpr.signals.apex import EVENTS, SPOTTERS

COLOURS = dict(zip(SPOTTERS, (BLUE, GREEN), strict=True))
TITLES = {
    "flow": "flow: displacement of ten regions since the onset, pixels of the crop",
    "regions": "regions: difference from onset and offset, relative to that from the frame before",
}


def write(clip: Clip, results: Path, path: Path) -> None:
    """Plot a clip of a faces and an apex file. Raises StoreError if one cannot be read."""
    with clip_page(clip, results, path, 5.2, "faces", "apex") as (page, faces, events):
        add_heading(page, f"{clip.id}: apex, {events.attrs['method'].decode()}", clip.origin == "generated")
        params = apex.Params(**json.loads(events.file.attrs["params"])["apex"])
        draw(page, clip, faces, events, params)


def draw(figure: Figure, clip: Clip, faces: Mapping[str, Any], events: Any, params: apex.Params) -> None:
    """Plot the groups of a faces and an apex file, made with `params`, on an empty figure."""
    at = {event: inputs.position(faces, events, event) for event in EVENTS}
    crop, points, frame = luma(faces["crop"][()]), faces["landmarks_crop"][()], faces["frame"][()]
    face_axes = figure.add_axes((0.015, 0.06, 0.33, 0.72))
    show_image(face_axes, crop[at["onset"]], "the ten regions, on the onset")
    for rows, columns in apex.region_boxes(points[at["onset"]], crop.shape[1], params.region):
        edges = np.array([(columns.start, rows.start), (columns.stop, rows.start), (columns.stop, rows.stop)])
        corners = np.vstack([edges, (columns.start, rows.stop), edges[:1]])
        face_axes.plot(*corners.T, color="white", linewidth=1)
    stamp(face_axes, clip.origin)
    # the stage searched between the annotated events only
    first = at["onset"] if events.attrs["onset_method"] == b"annotated" else 0
    last = at["offset"] if events.attrs["offset_method"] == b"annotated" else len(frame) - 1
    for i, spotter in enumerate(SPOTTERS):
        axes = figure.add_axes((0.42, 0.56 - 0.47 * i, 0.56, 0.28))
        spotter_params = params.model_copy(update={"spotter": spotter})
        is_used = spotter == params.spotter
        score = (
            apex.stored_score(faces, events, params) if is_used else apex.score_clip(faces, first, last, spotter_params)
        )
        axes.plot(frame, score, color=COLOURS[spotter])
        top = apex.find_apex(score, first, last, spotter)
        axes.plot(frame[top], score[top], "o", color=COLOURS[spotter])
        mark_events(axes, {event: frame[position] for event, position in at.items()})
        axes.set_title(TITLES[spotter])
        axes.set_xlim(frame[0], frame[-1])
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
