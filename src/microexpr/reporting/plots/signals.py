"""Plots of one clip's signals: landmarks, apex, action units, flow and motion, each from the files of its stages."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.reporting.plots import drawing
from microexpr.reporting.plots.clips import largest_units
from microexpr.reporting.plots.drawing import BLUE, GREEN, GREY, RED
from microexpr.signals import apex, face_regions, flow, inputs, motion
from microexpr.signals.apex import EVENTS, SPOTTERS
from microexpr.signals.aus import ACTION_UNITS, SIDES, SIZES, regressor
from microexpr.signals.faces.detection import predict_by_network
from microexpr.signals.landmarks import face_box
from microexpr.signals.motion import around_apex, head

Group = Mapping[str, Any]  # of a clip, in the file of a stage
POINTS = {"inner right brow": 21, "inner left brow": 22, "right mouth corner": 48, "left mouth corner": 54}
DISTANCE = 3  # of two lines of points, pixels of the crop
SPOTTER_TITLES = {
    "flow": "flow: displacement of ten regions since the onset, pixels of the crop",
    "regions": "regions: difference from onset and offset, relative to that from the frame before",
}
SHOWN = 3  # action units with plotted curves
BY = 5  # pixels of image size
ALGORITHMS = {"tvl1": "TV-L1", "farneback": "Farneback"}
WIDER = (1, 1, 1.15, 1.2)  # the longest arrow may be at brows or chin
STEP = 12  # between colours: fewer colours make a smaller file
LENGTH = 16  # frames after interpolation
LINE = 40  # length in pixels of the line that is shown through time
LINE_POINTS = (18, 20, 23, 25, 48, 51, 54, 57)  # landmarks on brows and mouth: lines go through one of them


def draw(page: Figure, signal: str, clip: Clip, results: Path) -> None:
    """Plot a signal of a clip, by its name in `SIGNALS`. Raises StoreError if the file of a stage cannot be read."""
    draw_signal, *stages = SIGNALS[signal]
    with drawing.clip_groups(clip, results, *stages) as groups:
        draw_signal(page, clip, *groups)


def draw_landmarks(page: Figure, clip: Clip, faces: Group) -> None:
    """Plot positions of landmarks, their height as tracked and as the network predicts each frame, and the pose."""
    frame, crops, tracked, pose = (faces[name][()] for name in ("frame", "crop", "landmarks_crop", "pose"))
    drawing.add_heading(page, 5.4, f"{clip.id}: landmarks", clip.origin == "generated")
    face_axes = page.add_axes((0.015, 0.02, 0.4, 0.78))
    drawing.show_image(face_axes, luma(crops[0]), "crop with 68 landmarks")
    drawing.draw_landmarks(face_axes, tracked[0])
    drawing.stamp(face_axes, clip.origin)
    places = ((0.37, 0.43), (0.08, 0.18))
    height_axes, pose_axes = (page.add_axes((0.46, bottom, 0.37, high)) for bottom, high in places)
    crops_and_points = zip(luma(crops), tracked, strict=True)
    each_frame = np.array([predict_by_network(crop, face_box(points)) for crop, points in crops_and_points])
    for i, (name, point) in enumerate(POINTS.items()):
        for points, colour, width in ((each_frame, "0.7", 1.0), (tracked, BLUE, 1.8)):
            heights = points[:, point, 1]
            height_axes.plot(frame, DISTANCE * i + (np.median(heights) - heights), color=colour, linewidth=width)
        height_axes.text(1.02, DISTANCE * i, name, transform=height_axes.get_yaxis_transform(), va="center")
    height_axes.set_yticks([DISTANCE * i for i in range(len(POINTS))], ["0"] * len(POINTS))
    height_axes.set_ylim(-DISTANCE, DISTANCE * (len(POINTS) - 0.3))
    height_axes.set_title(f"height of points, {DISTANCE} pixels of the crop from line to line", pad=20)
    for colour, label in ((BLUE, "faces stage"), ("0.7", "network, frame by frame")):
        height_axes.plot([], [], color=colour, label=label)
    height_axes.legend(loc="lower left", bbox_to_anchor=(0, 0.98), ncols=2, fontsize=9, borderpad=0)
    for name, colour, values in zip(("yaw", "pitch", "roll"), (BLUE, RED, GREEN), pose.T, strict=True):
        pose_axes.plot(frame, values - values[0], color=colour, label=name)
    pose_axes.set_title("turn of the head, degrees, by frame")
    pose_axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    for axes in (height_axes, pose_axes):
        drawing.over_time(axes, frame)


def draw_apex(page: Figure, clip: Clip, faces: Group, events: Any) -> None:
    """Plot the ten regions, the scores of both spotters by frame, and the events that were chosen."""
    params = apex.Params(**json.loads(events.file.attrs["params"])["apex"])
    title = f"{clip.id}: apex, {events.attrs['method'].decode()}"
    drawing.add_heading(page, 5.2, title, clip.origin == "generated")
    at = {event: inputs.position(faces, events, event) for event in EVENTS}
    crop, points, frame = luma(faces["crop"][()]), faces["landmarks_crop"][()], faces["frame"][()]
    face_axes = page.add_axes((0.015, 0.06, 0.33, 0.72))
    drawing.show_image(face_axes, crop[at["onset"]], "the ten regions, on the onset")
    for rows, columns in apex.region_boxes(points[at["onset"]], crop.shape[1], params.region):
        edges = np.array([(columns.start, rows.start), (columns.stop, rows.start), (columns.stop, rows.stop)])
        corners = np.vstack([edges, (columns.start, rows.stop), edges[:1]])
        face_axes.plot(*corners.T, color="white", linewidth=1)
    drawing.stamp(face_axes, clip.origin)
    # the stage searched between the annotated events only
    first = at["onset"] if events.attrs["onset_method"] == b"annotated" else 0
    last = at["offset"] if events.attrs["offset_method"] == b"annotated" else len(frame) - 1
    for i, (spotter, colour) in enumerate(zip(SPOTTERS, (BLUE, GREEN), strict=True)):
        axes = page.add_axes((0.42, 0.56 - 0.47 * i, 0.56, 0.28))
        if spotter == params.spotter:
            score = apex.stored_score(faces, events, params)
        else:
            score = apex.score_clip(faces, first, last, params.model_copy(update={"spotter": spotter}))
        axes.plot(frame, score, color=colour)
        top = apex.find_apex(score, first, last, spotter)
        axes.plot(frame[top], score[top], "o", color=colour)
        drawing.mark_events(axes, {event: frame[position] for event, position in at.items()})
        axes.set_title(SPOTTER_TITLES[spotter])
        axes.set_xlim(frame[0], frame[-1])
        axes.ticklabel_format(axis="x", style="plain", useOffset=False)


def draw_action_units(page: Figure, clip: Clip, faces: Group, events: Group, aus: Group) -> None:
    """Plot the face that is read, raw, smoothed and relative intensities, and effects of image size."""
    drawing.add_heading(page, 6.2, f"{clip.id}: action units", clip.origin == "generated")
    onset, top, offset = (inputs.position(faces, events, event) for event in EVENTS)
    crops, frames = luma(faces["crop"][()]), faces["frame"][()]
    apex_crop = crops[top, 16:-16, 16:-16]
    names = ("apex", "left half, mirrored", "right half, mirrored")
    for i, (title, face) in enumerate(zip(names, (apex_crop, *drawing.mirror_halves(apex_crop)), strict=True)):
        axes = page.add_axes((0.015 + 0.172 * i, 0.535, 0.165, 0.29))
        drawing.show_image(axes, face, title)
        drawing.stamp(axes, clip.origin)
    raw, smoothed, relative = (aus[title][()] for title in ("raw", "smoothed", "relative"))
    units = largest_units(relative, frames, frames[onset], frames[offset])[:SHOWN]
    boxes = ((0.58, 0.545, 0.4, 0.25), (0.055, 0.075, 0.4, 0.33), (0.58, 0.075, 0.4, 0.33))
    size_axes, intensity_axes, change_axes = map(page.add_axes, boxes)
    for axes in (size_axes, intensity_axes, change_axes):
        drawing.over_time(axes, frames)
        drawing.mark_events(axes, {"onset": frames[onset], "apex": frames[top]})
    model = regressor.load()

    def read(images: np.ndarray) -> np.ndarray:
        return regressor.regress(images, onset, model, (0,))[..., :2]

    one_size, averages = regressor.size_jumps(read, crops, SIZES, BY)  # FAMGAN's claim about image sizes
    for values, colour, name in ((one_size, "0.6", "one size"), (averages, BLUE, f"mean of {len(SIZES)} sizes")):
        size_axes.plot(frames, values, color=colour, label=f"{name}: {values.mean():.3f}")
    size_axes.set_ylim(0, None)
    size_axes.set_title(f"effect of {BY} pixels of image size (length over all AUs)", pad=18)
    size_axes.legend(loc="lower left", bbox_to_anchor=(0, 0.97), ncols=2, fontsize=9, borderpad=0)
    left, right, both = (SIDES.index(side) for side in ("left", "right", "both"))
    curves = {"raw": (raw[..., both], "-", 0.8), "smoothed": (smoothed[..., both], "-", 1.8)}
    _units(intensity_axes, frames, curves, units, "intensity, both sides (FACS), by frame")
    curves = {"left": (relative[..., left], "-", 1.5), "right": (relative[..., right], "--", 1.5)}
    _units(change_axes, frames, curves, units, "change since the onset (FACS), by frame")


def _units(
    axes: Axes, frames: np.ndarray, curves: Mapping[str, tuple[np.ndarray, str, float]], units: list[int], title: str
) -> None:
    """Plot curves by name of some units, each in a colour, with a legend of units and of curves."""
    colours = (BLUE, RED, GREEN)
    drawing.plot_units(axes, frames, [*curves.values()], units, colours)
    named = zip(units, colours, strict=False)
    handles = [axes.plot([], [], color=colour, label=ACTION_UNITS[unit])[0] for unit, colour in named]
    for name, (_, style, width) in curves.items():
        handles += axes.plot([], [], style, color=GREY, linewidth=width, label=name)
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 0.98), ncols=5, fontsize=9, borderpad=0,
                handlelength=1.4, handletextpad=0.4, columnspacing=1)  # fmt: skip
    axes.set_title(title, pad=18)


def draw_flow(page: Figure, clip: Clip, faces: Group, events: Group, flows: Any) -> None:
    """Plot onset and apex, and in a row for each algorithm its flow, the head motion in it, and the rest. Params are
    those of the flow file except for the algorithm."""
    drawing.add_heading(page, 4.5, f"{clip.id}: flow from onset to apex", clip.origin == "generated")
    params = flow.Params(**json.loads(flows.file.attrs["params"])["flow"])
    crop, in_frame = luma(faces["crop"][()]), face_regions.read_in_frame(faces)
    onset, top = (inputs.position(faces, events, name) for name in ("onset", "apex"))
    grid = page.add_gridspec(2, 6, left=0.015, right=0.985, top=0.79, bottom=0.015, hspace=0.14, wspace=0.05)
    for row, (event, position) in enumerate((("onset", onset), ("apex", top))):
        drawing.show_cell(page, grid[row, 0], crop[position], event, clip)
    for row, (algorithm, title) in enumerate(ALGORITHMS.items()):
        all_axes = [page.add_subplot(grid[row, column]) for column in range(1, 6)]
        both = [params.model_copy(update={"algorithm": algorithm} | other) for other in ({"stabilise": "none"}, {})]
        estimate, rest = (flow.clip_flow(crop, onset, top, settings, in_frame) for settings in both)
        skin = head.ellipse_mask(head.FACE * WIDER, rest.shape[1])
        longest, largest_strain = (drawing.largest(values[skin], 99.5) for values in (flow.magnitude(rest), rest[2]))
        for axes, vectors in zip(all_axes, (estimate, estimate - rest, rest), strict=False):
            axes.imshow(drawing.flow_colours(vectors[:2], longest) // STEP * STEP, interpolation="nearest")
        colours = matplotlib.colormaps["magma"].resampled(256 // STEP)
        for axes, values, end in ((all_axes[3], flow.magnitude(rest), longest), (all_axes[4], rest[2], largest_strain)):
            axes.imshow(values, cmap=colours, vmin=0, vmax=end, interpolation="nearest")
        titles = (
            f"{title}: estimate", f"head motion ({params.stabilise})", "rest: u, v",
            f"length, 0 to {longest:.1f} px", f"strain, 0 to {largest_strain:.2g}",
        )  # fmt: skip
        for axes, text in zip(all_axes, titles, strict=True):
            axes.set_title(text)
            axes.set_axis_off()
        drawing.flow_wheel(all_axes[0], 0.24, f"rim {longest:.1f} px")


def draw_motion(page: Figure, clip: Clip, faces: Group, events: Group) -> None:
    """Plot frames around the apex, magnified frames, and a line of pixels through time."""
    drawing.add_heading(page, 4.3, f"{clip.id}: movement made visible", clip.origin == "generated")
    onset, top, offset = (inputs.position(faces, events, event) for event in EVENTS)
    film = luma(faces["crop"][onset : offset + 1])
    changed = (motion.magnify(film, len(film)), motion.interpolate(film, LENGTH))
    large, interpolated = (np.clip(np.rint(frames), 0, 255).astype(np.uint8) for frames in changed)
    in_frame = face_regions.read_in_frame(faces)
    still = head.hold_still(film[..., None], head.head_path(film, 0, in_frame), in_frame)[..., 0]
    grid = page.add_gridspec(2, 5, left=0.015, right=0.7, top=0.79, bottom=0.015, hspace=0.16, wspace=0.05)
    for column, position in enumerate(around_apex(0, top - onset, offset - onset)):
        title = f"frame {int(faces['frame'][onset + position])}"
        for row, (frames, label) in enumerate(((film, title), (large, "magnified"))):
            drawing.show_cell(page, grid[row, column], frames[position], label, clip)
    # the line through one of the points that changes most in time
    last, points = still.shape[1] - LINE, faces["landmarks_crop"][onset][list(LINE_POINTS)].tolist()
    corners = [(int(np.clip(round(y) - LINE // 2, 0, last)), round(x)) for x, y in points]
    change = [still[:, row : row + LINE, x - 1 : x + 2].mean(axis=2).std(axis=0).mean() for row, x in corners]
    first, x = corners[int(np.argmax(change))]
    lines = {
        f"the white line in time, {len(film)} frames": film,
        f"by TIM, {LENGTH} frames": interpolated,
        "with the head held still": still,
        "magnified": large,
    }
    slices = page.add_gridspec(4, 1, left=0.73, right=0.985, top=0.79, bottom=0.015, hspace=0.35)
    for i, (title, frames) in enumerate(lines.items()):
        axes = page.add_subplot(slices[i, 0])
        axes.imshow(frames[:, first : first + LINE, x].T, cmap="gray", aspect="auto", interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()
    page.axes[0].plot([x, x], [first, first + LINE], color="white", linewidth=1)


# what fills a page, and the stages that it reads
SIGNALS: dict[str, tuple[Callable[..., None], *tuple[str, ...]]] = {
    "landmarks": (draw_landmarks, "faces"),
    "apex": (draw_apex, "faces", "apex"),
    "aus": (draw_action_units, "faces", "apex", "aus"),
    "flow": (draw_flow, "faces", "apex", "flow"),
    "motion": (draw_motion, "faces", "apex"),
}
