"""What a method reads of a clip, by name and shape: derived in memory from stage files. No files are made, no torch.

Shapes: n clips, C channels (1 grey, 3 RGB; grey repeated where the source has no colour), T frames, H rows, W columns.
docs/inputs.md has them as a table.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.errors import DataError, ParamsError, nearest
from microexpr.core.grayscale import luma
from microexpr.signals import motion
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIDES
from microexpr.signals.motion import interpolation, magnification, steady

Shape = tuple[int, ...]
Groups = Mapping[str, Any]  # one clip's group in each stage's file, by stage noun
CHANNELS = (1, 3)
COMPARED = 144  # rows and columns of frames between which flow is looked for, at least
SIDE = 160  # of a region's rows or columns: so many are the distance between the outer eye corners
REGIONS = {  # rows, columns, and the landmarks whose box has the same middle; left and right are the subject's own
    "region_left_eye": (80, 100, (*range(22, 27), *range(42, 48))),
    "region_right_eye": (80, 100, (*range(17, 22), *range(36, 42))),
    "region_nose": (80, 120, tuple(range(27, 36))),
    "region_left_cheek": (60, 60, (14, 35, 46, 54)),
    "region_right_cheek": (60, 60, (2, 31, 41, 48)),
    "region_mouth": (60, 160, tuple(range(48, 68))),
}


@dataclass(frozen=True, eq=False)
class Source:
    """One clip, and what several inputs derive from it."""

    groups: Groups

    def at(self, event: str) -> int:
        return position(self.groups["faces"], self.groups["apex"], event)

    def frame(self, place: int, channels: int) -> np.ndarray:
        """uint8[288, 288, C]: one crop."""
        return coloured(self.groups["faces"]["crop"][place], channels)

    @cached_property
    def crops(self) -> np.ndarray:
        """uint8[T, 288, 288, C]: from onset to offset, in the source's own channels."""
        found: np.ndarray = self.groups["faces"]["crop"][self.at("onset") : self.at("offset") + 1]
        return found

    @cached_property
    def steady(self) -> np.ndarray:
        """The same with the head held where it is at the onset."""
        return steady.steadied(self.crops, steady.head_path(luma(self.crops), 0))

    @property
    def landmarks(self) -> np.ndarray:
        """float32[68, 2]: of the onset, pixels of the crop."""
        found: np.ndarray = self.groups["faces"]["landmarks_crop"][self.at("onset")]
        return found


Read = Callable[[Source, Shape], np.ndarray]


def flow(source: Source, shape: Shape) -> np.ndarray:
    """float32: u, v (pixels of the crop, unless the flow is normalised) and strain, averaged over each new pixel."""
    return np.stack([_resized(channel, shape[1:]) for channel in source.groups["flow"]["onset_apex"][()]])


def flow_video(source: Source, shape: Shape) -> np.ndarray:
    """float32: u, v (pixels of the crop) and strain from the first to each later one of T + 1 frames made by TIM.

    As the flow stage makes it by default, of frames reduced to the shape asked for or to `COMPARED`, if that is more.
    """
    from microexpr.signals.flow import Params, onset_apex  # with a compiler, which few methods need

    size = source.crops.shape[1]
    less = min(max(COMPARED, *shape[2:]), size)
    film = np.stack([_resized(frame, (less, less)) for frame in coloured(source.crops, 1)])
    first, *later = interpolation.interpolated(film, shape[1] + 1)
    flows = [onset_apex(first, frame, Params(size=less, kept=less)) for frame in later]
    units = np.array([size / less, size / less, 1], np.float32)[:, None, None]  # strain has none
    made = [[_resized(channel, shape[2:]) for channel in one * units] for one in flows]
    return np.moveaxis(np.array(made, np.float32), 0, 1)


def event(name: str, source: Source, shape: Shape) -> np.ndarray:
    """uint8: the frame of an event."""
    return _film(source.frame(source.at(name), shape[0])[None], shape[1:])[:, 0]


def around_apex(source: Source, shape: Shape) -> np.ndarray:
    """uint8: the apex and the frames next to it, none outside of onset..offset."""
    places = motion.around_apex(source.at("onset"), source.at("apex"), source.at("offset"), shape[1])
    return _film(np.stack([source.frame(place, shape[0]) for place in places]), shape[2:])


def video(source: Source, shape: Shape) -> np.ndarray:
    """uint8: from onset to offset, T frames at equal distances in time by TIM."""
    return _retimed(coloured(source.crops, shape[0]), shape)


def video_steady(source: Source, shape: Shape) -> np.ndarray:
    """uint8: `video` with the head held still."""
    return _retimed(coloured(source.steady, shape[0]), shape)


def video_magnified(source: Source, shape: Shape) -> np.ndarray:
    """uint8: `video` with its movements magnified before it is brought to T frames."""
    films = _film(coloured(source.crops, shape[0]), shape[2:], round_=False)
    wavelength = magnification.WAVELENGTH * shape[2] / source.crops.shape[1]
    large = [magnification.magnified(film, len(film), wavelength=wavelength) for film in films]
    return _rounded(np.stack([interpolation.interpolated(film, shape[1]) for film in large]))


def sequence_steady(source: Source, shape: Shape) -> np.ndarray:
    """uint8: the frames from onset to offset with the head held still, then zeros; a clip longer than T by TIM."""
    return _padded(coloured(source.steady, shape[0]), shape)


def sequence_real(source: Source, shape: Shape) -> np.ndarray:
    """bool: which frames of `sequence_steady`, and of the regions, are the clip's."""
    return np.arange(shape[0]) < len(source.crops)


def region(name: str, source: Source, shape: Shape) -> np.ndarray:
    """uint8: what `sequence_steady` is, of a part of the face; its box is laid by the onset's landmarks and held."""
    rows, columns, _ = REGIONS[name]
    look = partial(
        cv2.warpAffine, M=box(name, source.landmarks), dsize=(columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    frames = np.stack([look(frame).reshape(rows, columns, -1) for frame in source.steady])
    return _padded(coloured(frames, shape[0]), shape)


def box(name: str, landmarks: np.ndarray) -> np.ndarray:
    """float64[2, 3]: from a region's pixels, x first, to those that landmarks [68, 2] are in."""
    rows, columns, points = REGIONS[name]
    scale = float(np.linalg.norm(landmarks[45] - landmarks[36])) / SIDE
    around = landmarks[list(points)]
    middle = (around.min(axis=0) + around.max(axis=0)) / 2
    return np.column_stack([scale * np.eye(2), middle - scale * (np.array([columns, rows]) - 1) / 2])


def face_mask(source: Source, shape: Shape) -> np.ndarray:
    """float32: the share of each pixel inside of the convex hull of the onset's landmarks."""
    size = source.groups["faces"]["crop"].shape[1:3]
    hull = cv2.convexHull(np.rint(source.landmarks).astype(np.int32))
    filled = cv2.fillConvexPoly(np.zeros(size, np.float32), hull, 1.0)
    return _resized(np.asarray(filled), shape[1:])[None]


def au_intensities(source: Source, shape: Shape) -> np.ndarray:
    """float32, FACS 0..5, both sides together: filtered intensities from onset to offset, at the times of `video`."""
    aus, apex = source.groups["aus"], source.groups["apex"]
    first, last = (position(aus, apex, event) for event in ("onset", "offset"))
    found = interpolation.interpolated(aus["smoothed"][first : last + 1, :, SIDES.index("both")], shape[0])
    return np.clip(found, 0, LARGEST)


def au_changes(source: Source, shape: Shape) -> np.ndarray:
    """float32, FACS -5..5, by the subject's left and right: change since the onset, at the times of `video`."""
    aus, apex = source.groups["aus"], source.groups["apex"]
    first, last = (position(aus, apex, event) for event in ("onset", "offset"))
    sides = [SIDES.index(side) for side in ("left", "right")]
    found = interpolation.interpolated(aus["relative"][first : last + 1][:, :, sides], shape[0])
    return np.clip(found, -LARGEST, LARGEST)


PICTURE, FILM = ("C", "H", "W"), ("C", "T", "H", "W")
SHOT = ("apex", "faces")  # the stages that everything but `flow` and action units is derived from
# name -> (stages it reads, axes after that of the clips, how); an axis with a number has that size always
INPUTS: dict[str, tuple[tuple[str, ...], tuple[str | int, ...], Read]] = {
    "flow": (("flow",), (3, "H", "W"), flow),
    "flow_video": (SHOT, (3, "T", "H", "W"), flow_video),
    "onset": (SHOT, PICTURE, partial(event, "onset")),
    "apex": (SHOT, PICTURE, partial(event, "apex")),
    "au_intensities": (("apex", "aus"), ("T", len(ACTION_UNITS)), au_intensities),
    "au_changes": (("apex", "aus"), ("T", len(ACTION_UNITS), 2), au_changes),
    "around_apex": (SHOT, ("C", 5, "H", "W"), around_apex),
    "video": (SHOT, FILM, video),
    "video_steady": (SHOT, FILM, video_steady),
    "video_magnified": (SHOT, FILM, video_magnified),
    "sequence_steady": (SHOT, FILM, sequence_steady),
    "sequence_real": (SHOT, ("T",), sequence_real),
    "face_mask": (SHOT, (1, "H", "W"), face_mask),
    **{name: (SHOT, ("C", "T", rows, columns), partial(region, name)) for name, (rows, columns, _) in REGIONS.items()},
}
LANDMARKED = {"face_mask", *REGIONS}  # of these the onset's landmarks are needed
SOURCES: dict[str, tuple[str, ...]] = {name: stages for name, (stages, _, _) in INPUTS.items()}


def load(shapes: Mapping[str, Shape], files: Mapping[str, str | Path], clips: Sequence[str]) -> dict[str, np.ndarray]:
    """Each input of `shapes` as an array [n, *shape], in the order of `clips`.

    `files` are one subject's HDF5 files by stage noun, at least those that `SOURCES` names; `clips` the names of the
    groups in them.

    Raises ParamsError for an unknown input or a shape it cannot have, DataError for a clip that is not in a
    file, StoreError for a file that cannot be read.
    """
    for name, shape in shapes.items():
        check(name, shape)
    stages = sorted({stage for name in shapes for stage in SOURCES[name]})
    read: dict[str, list[np.ndarray]] = {name: [] for name in shapes}
    with ExitStack() as stack:
        opened = {stage: stack.enter_context(store.opened(files[stage], stage)) for stage in stages}
        for source in _sources(opened, files, clips):
            for name, shape in shapes.items():
                read[name].append(INPUTS[name][2](source, shape))
    return {name: np.stack(values) for name, values in read.items()}


def derived(shapes: Mapping[str, Shape], groups: Groups) -> dict[str, np.ndarray]:
    """The same [1, *shape] of one clip whose groups are in memory: arrays by name, by stage."""
    source = Source(groups)
    return {name: INPUTS[name][2](source, shape)[None] for name, shape in shapes.items()}


def _sources(opened: Mapping[str, Any], files: Mapping[str, str | Path], clips: Sequence[str]) -> Iterator[Source]:
    for clip in clips:
        for stage, file in opened.items():
            if clip not in file:
                raise DataError(f"clip must be one of {', '.join(file)}, not {clip} ({files[stage]})")
        yield Source({stage: file[clip] for stage, file in opened.items()})


def check(name: str, shape: Shape) -> None:
    """Raises ParamsError unless there is an input `name` that can have this shape."""
    if name not in INPUTS:
        raise ParamsError(f"an input must be one of {', '.join(INPUTS)}, not {name}{nearest(name, INPUTS)}")
    axes = INPUTS[name][1]
    if len(axes) != len(shape) or not all(_fits(size, axis) for size, axis in zip(shape, axes, strict=True)):
        known = ", C 1 or 3" if "C" in axes else ""
        raise ParamsError(f"input {name} must have shape ({', '.join(map(str, axes))}){known}, not {tuple(shape)}")


def _fits(size: int, axis: str | int) -> bool:
    return size in CHANNELS if axis == "C" else size == axis if isinstance(axis, int) else size > 0


def grey_frame(faces: Mapping[str, Any], apex: Mapping[str, Any], event: str) -> np.ndarray:
    """uint8[288, 288]: the crop at a clip's onset, apex or offset, as luma."""
    return luma(faces["crop"][position(faces, apex, event)])


def position(faces: Mapping[str, Any], apex: Mapping[str, Any], event: str) -> int:
    """Where the frame of an event stands among a clip's frames. Raises DataError if it is not there."""
    number, frame = int(apex[event][()]), faces["frame"][()]
    where = np.flatnonzero(frame == number)
    if len(where) != 1:
        raise DataError(f"{event} must be one of the frames {frame[0]}..{frame[-1]}, not {number} ({_place(faces)})")
    return int(where[0])


def _place(group: Any) -> str:
    """File and clip of an HDF5 group, for an error."""
    file = getattr(group, "file", None)
    return f"{file.filename}, clip {group.name.strip('/')}" if file else "no file"


def coloured(frames: np.ndarray, channels: int) -> np.ndarray:
    """uint8[..., H, W, channels] of uint8[..., H, W, 1 or 3]: luma where one is wanted, grey repeated for three."""
    return luma(frames)[..., None] if channels == 1 else np.broadcast_to(frames, (*frames.shape[:-1], channels))


def _film(frames: np.ndarray, shape: Shape, round_: bool = True) -> np.ndarray:
    """[C, T, H, W] of frames uint8[T, h, w, C], each new pixel the mean over its area; uint8 or, unrounded, float32."""
    resized = np.stack([_resized(frame, shape).reshape(*shape, -1) for frame in frames])
    film = np.moveaxis(resized, -1, 0)
    return _rounded(film) if round_ else film


def _retimed(frames: np.ndarray, shape: Shape) -> np.ndarray:
    film = np.moveaxis(_film(frames, shape[2:], round_=False), 1, 0)
    return _rounded(np.moveaxis(interpolation.interpolated(film, shape[1]), 1, 0))


def _padded(frames: np.ndarray, shape: Shape) -> np.ndarray:
    if len(frames) > shape[1]:
        return _retimed(frames, shape)
    film = _film(frames, shape[2:])
    return np.pad(film, [(0, 0), (0, shape[1] - len(frames)), (0, 0), (0, 0)])


def _resized(picture: np.ndarray, shape: Shape) -> np.ndarray:
    """float32[H, W, ...], each pixel the mean over its area."""
    wide = np.ascontiguousarray(picture, np.float32)
    return np.asarray(cv2.resize(wide, (shape[1], shape[0]), interpolation=cv2.INTER_AREA))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
