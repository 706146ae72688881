"""Plot a clip's motion signals: frames around the apex, magnified frames, and lines of pixels through time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import add_heading, clip_page, show_cell
from microexpr.signals import frame_edges, inputs, motion
from microexpr.signals.apex import EVENTS
from microexpr.signals.motion import around_apex, head

LENGTH = 16  # frames after interpolation
LINE = 40  # length in pixels of the line that is shown through time
POINTS = (18, 20, 23, 25, 48, 51, 54, 57)  # landmarks on brows and mouth: lines go through one of them


def write(clip: Clip, results: Path, path: Path) -> None:
    """Plot a clip of a faces and an apex file. Raises StoreError if one cannot be read."""
    with clip_page(clip, results, path, 4.3, "faces", "apex") as (page, faces, events):
        add_heading(page, f"{clip.id}: movement made visible", clip.origin == "generated")
        draw(page, clip, faces, events)


def draw(figure: Figure, clip: Clip, faces: Mapping[str, Any], events: Mapping[str, Any]) -> None:
    """Plot the groups of a faces and an apex file on an empty figure."""
    onset, apex, offset = (inputs.position(faces, events, event) for event in EVENTS)
    film = luma(faces["crop"][onset : offset + 1])
    changed = (motion.magnify(film, len(film)), motion.interpolate(film, LENGTH))
    large, interpolated = (np.clip(np.rint(frames), 0, 255).astype(np.uint8) for frames in changed)
    in_frame = frame_edges.read(faces)
    still = head.hold_still(film[..., None], head.head_path(film, 0, in_frame), in_frame)[..., 0]
    grid = figure.add_gridspec(2, 5, left=0.015, right=0.7, top=0.79, bottom=0.015, hspace=0.16, wspace=0.05)
    for column, position in enumerate(around_apex(0, apex - onset, offset - onset)):
        title = f"frame {int(faces['frame'][onset + position])}"
        for row, (frames, label) in enumerate(((film, title), (large, "magnified"))):
            show_cell(figure, grid[row, column], frames[position], label, clip)
    rows, column = _most_active_line(still, faces["landmarks_crop"][onset])
    lines = {
        f"the white line in time, {len(film)} frames": film,
        f"by TIM, {LENGTH} frames": interpolated,
        "with the head held still": still,
        "magnified": large,
    }
    slices = figure.add_gridspec(4, 1, left=0.73, right=0.985, top=0.79, bottom=0.015, hspace=0.35)
    for i, (title, frames) in enumerate(lines.items()):
        axes = figure.add_subplot(slices[i, 0])
        axes.imshow(frames[:, rows, column].T, cmap="gray", aspect="auto", interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()
    figure.axes[0].plot([column, column], [rows.start, rows.stop], color="white", linewidth=1)


def _most_active_line(film: np.ndarray, landmarks: np.ndarray) -> tuple[slice, int]:
    """Return rows and column of the line through one of POINTS that changes most in time."""
    last = film.shape[1] - LINE
    corners = [(int(np.clip(round(y) - LINE // 2, 0, last)), round(x)) for x, y in landmarks[list(POINTS)].tolist()]
    change = [
        film[:, row : row + LINE, column - 1 : column + 2].mean(axis=2).std(axis=0).mean() for row, column in corners
    ]
    first, column = corners[int(np.argmax(change))]
    return slice(first, first + LINE), column
