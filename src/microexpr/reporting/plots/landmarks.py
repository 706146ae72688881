"""A clip's landmarks as one picture: where they lie, how they move beside the predictor's own, how the head turns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED, heading, outline, picture, stamp, written
from microexpr.signals.faces import detection
from microexpr.signals.faces.detection import FACE_SIZE, PATCH_SIZE, Box

POINTS = {"inner right brow": 21, "inner left brow": 22, "right mouth corner": 48, "left mouth corner": 54}
ANGLES = {"yaw": BLUE, "pitch": RED, "roll": GREEN}


def write(clip: Clip, results: Path, path: Path) -> None:
    """Draws a clip of a faces file. Raises StoreError if that cannot be read."""
    with (
        store.opened(results / "faces" / clip.dataset / f"{clip.subject}.h5", "faces") as file,
        written(path, 5) as page,
    ):
        faces = file[clip.name]
        heading(page, f"{clip.id}: landmarks", clip.origin == "generated")
        draw(page, clip, {name: faces[name][()] for name in ("frame", "crop", "landmarks_crop", "pose")})


def draw(figure: Figure, clip: Clip, faces: Mapping[str, Any]) -> None:
    """The arrays of a faces file's group on an empty figure."""
    place = figure.add_axes((0.015, 0.05, 0.4, 0.8))
    picture(place, luma(faces["crop"][0]), "the crop, and its 68 landmarks")
    outline(place, faces["landmarks_crop"][0])
    stamp(place, clip)
    curves = figure.add_axes((0.48, 0.42, 0.5, 0.4))
    _heights(curves, faces)
    turns = figure.add_axes((0.48, 0.1, 0.5, 0.19))
    for (name, colour), values in zip(ANGLES.items(), faces["pose"].T, strict=True):
        turns.plot(faces["frame"], values - values[0], color=colour, label=name)
    turns.set_title("turn of the head, degrees")
    turns.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 0.98), fontsize=8)
    for axes in (curves, turns):
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)
        axes.locator_params(axis="x", nbins=8, integer=True)
        axes.set_xlim(faces["frame"][0], faces["frame"][-1])


def _heights(axes: Axes, faces: Mapping[str, Any]) -> None:
    """How far some points have gone up, followed and as predicted in each frame alone."""
    alone = predicted(luma(faces["crop"]), faces["landmarks_crop"])
    for place, (name, point) in enumerate(POINTS.items()):
        for points, colour, width in ((alone, "0.7", 1.0), (faces["landmarks_crop"], BLUE, 1.8)):
            course = points[:, point, 1]
            axes.plot(faces["frame"], 3 * place + np.median(course) - course, color=colour, linewidth=width)
        axes.text(1.01, 3 * place, name, transform=axes.get_yaxis_transform(), va="center", ha="left", fontsize=8)
    axes.set_yticks([3 * place for place in range(len(POINTS))], ["0"] * len(POINTS))
    axes.set_position((0.48, 0.42, 0.38, 0.4))
    axes.set_title("how far points have gone up, lines 3 pixels of the crop apart")
    axes.plot([], [], color=BLUE, label="faces stage")
    axes.plot([], [], color="0.7", label="predictor alone")
    axes.legend(loc="upper left", fontsize=8, bbox_to_anchor=(1.0, 1.25), labelcolor=GREY)


def predicted(crops: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """float64[T, 68, 2], pixels of the crop: what the predictor says of each grey crop [T, H, W] by itself."""
    middle = Box(np.full(2, (PATCH_SIZE - 1) / 2), FACE_SIZE)
    found = []
    for crop, points in zip(crops, landmarks, strict=True):
        matrix = detection.patch_matrix(detection.face_box(points))
        found.append(
            detection.to_frame(detection.predict_landmarks(detection.cut_patch(crop, matrix), middle, 1), matrix)
        )
    return np.array(found)
