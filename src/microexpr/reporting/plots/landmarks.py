"""Plot a clip's landmarks: their positions, their movement next to the network's output, the head's pose."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.drawing import BLUE, GREEN, RED
from microexpr.signals.faces.detection import NetworkPredictor
from microexpr.signals.landmarks.network import face_box

POINTS = {"inner right brow": 21, "inner left brow": 22, "right mouth corner": 48, "left mouth corner": 54}
DISTANCE = 3  # of two lines, pixels of the crop
ANGLES = {"yaw": BLUE, "pitch": RED, "roll": GREEN}


def write(clip: Clip, results: Path, path: Path) -> None:
    """Plot a clip of a faces file. Raises StoreError if it cannot be read."""
    with drawing.clip_page(clip, results, path, 5.4, "faces") as (page, faces):
        drawing.add_heading(page, f"{clip.id}: landmarks", clip.origin == "generated")
        draw(page, clip, {name: faces[name][()] for name in ("frame", "crop", "landmarks_crop", "pose")})


def draw(figure: Figure, clip: Clip, faces: Mapping[str, Any]) -> None:
    """Plot the arrays of a faces file's group on an empty figure."""
    face_axes = figure.add_axes((0.015, 0.02, 0.4, 0.78))
    drawing.show_image(face_axes, luma(faces["crop"][0]), "crop with 68 landmarks")
    drawing.draw_landmarks(face_axes, faces["landmarks_crop"][0])
    drawing.stamp(face_axes, clip.origin)
    height_axes, pose_axes = (
        figure.add_axes((0.46, bottom, 0.37, high)) for bottom, high in ((0.37, 0.43), (0.08, 0.18))
    )
    _heights(height_axes, faces)
    for (name, colour), values in zip(ANGLES.items(), faces["pose"].T, strict=True):
        pose_axes.plot(faces["frame"], values - values[0], color=colour, label=name)
    pose_axes.set_title("turn of the head, degrees, by frame")
    pose_axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    for axes in (height_axes, pose_axes):
        drawing.over_time(axes, faces["frame"])


def _heights(axes: Axes, faces: Mapping[str, Any]) -> None:
    """Plot the height of some points, tracked and as the network predicts them in each frame separately."""
    tracked = faces["landmarks_crop"]
    crops = zip(luma(faces["crop"]), tracked, strict=True)
    each_frame = np.array([NetworkPredictor(crop)(face_box(points)) for crop, points in crops])
    for i, (name, point) in enumerate(POINTS.items()):
        for points, colour, width in ((each_frame, "0.7", 1.0), (tracked, BLUE, 1.8)):
            heights = points[:, point, 1]
            axes.plot(faces["frame"], DISTANCE * i + (np.median(heights) - heights), color=colour, linewidth=width)
        axes.text(1.02, DISTANCE * i, name, transform=axes.get_yaxis_transform(), va="center")
    axes.set_yticks([DISTANCE * i for i in range(len(POINTS))], ["0"] * len(POINTS))
    axes.set_ylim(-DISTANCE, DISTANCE * (len(POINTS) - 0.3))
    axes.set_title(f"height of points, {DISTANCE} pixels of the crop from line to line", pad=20)
    axes.plot([], [], color=BLUE, label="faces stage")
    axes.plot([], [], color="0.7", label="network, frame by frame")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 0.98), ncols=2, fontsize=9, borderpad=0)
