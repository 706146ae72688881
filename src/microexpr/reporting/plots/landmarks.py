"""Plot a clip's landmarks: their positions, their movement next to the predictor's output, the head's pose."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import (
    BLUE,
    GREEN,
    GREY,
    RED,
    add_heading,
    draw_landmarks,
    save_page,
    show_image,
    stamp,
)
from microexpr.signals.faces import detection

POINTS = {"inner right brow": 21, "inner left brow": 22, "right mouth corner": 48, "left mouth corner": 54}
ANGLES = {"yaw": BLUE, "pitch": RED, "roll": GREEN}


def write(clip: Clip, results: Path, path: Path) -> None:
    """Plot a clip of a faces file. Raises StoreError if it cannot be read."""
    with (
        store.open_file(results / "faces" / clip.dataset / f"{clip.subject}.h5", "faces") as file,
        save_page(path, 5) as page,
    ):
        faces = file[clip.name]
        add_heading(page, f"{clip.id}: landmarks", clip.origin == "generated")
        draw(page, clip, {name: faces[name][()] for name in ("frame", "crop", "landmarks_crop", "pose")})


def draw(figure: Figure, clip: Clip, faces: Mapping[str, Any]) -> None:
    """Plot the arrays of a faces file's group on an empty figure."""
    face_axes = figure.add_axes((0.015, 0.05, 0.4, 0.8))
    show_image(face_axes, luma(faces["crop"][0]), "crop with 68 landmarks")
    draw_landmarks(face_axes, faces["landmarks_crop"][0])
    stamp(face_axes, clip)
    height_axes = figure.add_axes((0.48, 0.42, 0.5, 0.4))
    _heights(height_axes, faces)
    pose_axes = figure.add_axes((0.48, 0.1, 0.5, 0.19))
    for (name, colour), values in zip(ANGLES.items(), faces["pose"].T, strict=True):
        pose_axes.plot(faces["frame"], values - values[0], color=colour, label=name)
    pose_axes.set_title("turn of the head, degrees")
    pose_axes.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 0.98), fontsize=8)
    for axes in (height_axes, pose_axes):
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
        axes.locator_params(axis="x", nbins=8, integer=True)
        axes.set_xlim(faces["frame"][0], faces["frame"][-1])


def _heights(axes: Axes, faces: Mapping[str, Any]) -> None:
    """Plot the height of some points, tracked and as predicted in each frame separately."""
    each_frame = predict_each_frame(luma(faces["crop"]), faces["landmarks_crop"])
    for i, (name, point) in enumerate(POINTS.items()):
        for points, colour, width in ((each_frame, "0.7", 1.0), (faces["landmarks_crop"], BLUE, 1.8)):
            heights = points[:, point, 1]
            axes.plot(faces["frame"], 3 * i + np.median(heights) - heights, color=colour, linewidth=width)
        axes.text(1.01, 3 * i, name, transform=axes.get_yaxis_transform(), va="center", ha="left", fontsize=8)
    axes.set_yticks([3 * i for i in range(len(POINTS))], ["0"] * len(POINTS))
    axes.set_position((0.48, 0.42, 0.38, 0.4))
    axes.set_title("height of points, lines at a distance of 3 pixels of the crop")
    axes.plot([], [], color=BLUE, label="faces stage")
    axes.plot([], [], color="0.7", label="predictor by frame")
    axes.legend(loc="upper left", fontsize=8, bbox_to_anchor=(1.0, 1.25), labelcolor=GREY)


def predict_each_frame(crops: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return float64[T, 68, 2], pixels of the crop: the predictor's output for each grey crop [T, H, W] separately."""
    return np.array(
        [
            detection.predict_landmarks(crop, detection.face_box(points))
            for crop, points in zip(crops, landmarks, strict=True)
        ]
    )
