"""Derive the inputs of methods from stage files, by name and shape, in memory. No files are written, no torch.

Shapes: n clips, C channels (1 grey, 3 RGB; grey repeated where the source has no colour), T frames, H rows, W columns.
docs/inputs.md has the inputs as a table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import POPULATION
from microexpr.core.errors import DataError, ParamsError, StoreError, nearest
from microexpr.core.files import visible
from microexpr.signals import face_regions, motion
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIDES
from microexpr.signals.motion import head

Shape = tuple[int, ...]
Files = Mapping[str, Sequence[str | Path]]  # <dataset>/<subject>.h5, or folders of these, by stage noun
Groups = Mapping[str, Any]  # one clip's group in each stage's file, by stage noun; the population has all in one
CHANNELS = (1, 3)
LEFT_RIGHT = [SIDES.index(side) for side in ("left", "right")]
MIN_FLOW_SIZE = 144  # rows and columns of the smallest frames between which flow is computed


class Region(NamedTuple):
    """A part of a face, in pixels with the outer eye corners `EYE_DISTANCE` apart."""

    rows: int
    columns: int
    landmarks: tuple[int, ...]  # their bounding box has the region's centre


EYE_DISTANCE = 160
REGIONS = {  # left and right are the subject's own
    "region_left_eye": Region(80, 100, (*range(22, 27), *range(42, 48))),
    "region_right_eye": Region(80, 100, (*range(17, 22), *range(36, 42))),
    "region_nose": Region(80, 120, tuple(range(27, 36))),
    "region_left_cheek": Region(60, 60, (14, 35, 46, 54)),
    "region_right_cheek": Region(60, 60, (2, 31, 41, 48)),
    "region_mouth": Region(60, 160, tuple(range(48, 68))),
}


@dataclass(frozen=True, eq=False)
class Source:
    """One clip, and intermediate results that several inputs share."""

    groups: Groups

    def at(self, event: str) -> int:
        """Return the position of an event among the clip's frames."""
        return position(self.groups["faces"], self.groups["apex"], event)

    @cached_property
    def crops(self) -> np.ndarray:
        """Crops from onset to offset, uint8[T, 288, 288, C], in the source's own channels."""
        return self.at_equal_distances(self.groups["faces"]["crop"], self.at("onset"), self.at("offset"))

    def at_equal_distances(self, frames: Any, first: int, last: int) -> np.ndarray:
        """Return the frames from position `first` to `last` that are at equal distances in time. These are all frames,
        but for the population, which has few of them."""
        values: np.ndarray = frames[first : last + 1]
        faces = self.groups.get("faces", {})
        return values[faces["in_video"][first : last + 1]] if "in_video" in faces else values

    def curves(self, name: str) -> np.ndarray:
        """Return a dataset of the aus file at equal distances from onset to offset, float32[T, 17, 3]."""
        aus, apex = self.groups["aus"], self.groups["apex"]
        first, last = (position(aus, apex, event) for event in ("onset", "offset"))
        return self.at_equal_distances(aus[name], first, last)

    @cached_property
    def steady(self) -> np.ndarray:
        """`crops` with the head held where it is at the onset, by the path in the apex file where there is one."""
        events = self.groups["apex"]
        path = (
            self.at_equal_distances(events["head"], self.at("onset"), self.at("offset"))
            if "head" in events
            else head.head_path(luma(self.crops), 0, self.in_frame)
        )
        return head.hold_still(self.crops, path, self.in_frame)

    @cached_property
    def in_frame(self) -> np.ndarray | None:
        """Pixels of the crops that show the frame, bool[288, 288]; None if all do."""
        return face_regions.read_in_frame(self.groups["faces"])

    @property
    def landmarks(self) -> np.ndarray:
        """Landmarks of the onset, float32[68, 2], pixels of the crop."""
        return self.groups["faces"]["landmarks_crop"][self.at("onset")]


Reader = Callable[[Source, Shape], np.ndarray]


def flow(source: Source, shape: Shape) -> np.ndarray:
    """Return u, v (pixels of the crop, unless the flow is normalised) and strain, averaged over each new pixel."""
    return np.stack([_resize(channel, shape[1:]) for channel in source.groups["flow"]["onset_apex"][()]])


def flow_video(source: Source, shape: Shape) -> np.ndarray:
    """Return `flow_between` the first and each later one of T + 1 frames resampled by TIM."""
    size = min(max(MIN_FLOW_SIZE, *shape[2:]), source.crops.shape[1])
    frames = np.stack([_resize(frame, (size, size)) for frame in luma(source.crops)])
    first, *later = motion.interpolate(frames, shape[1] + 1)
    return np.stack([flow_between(first, frame, source, shape[2:]) for frame in later], axis=1)


def flow_offset(source: Source, shape: Shape) -> np.ndarray:
    """Return `flow_between` apex and offset."""
    apex, offset = (luma(source.groups["faces"]["crop"][source.at(event)]) for event in ("apex", "offset"))
    return flow_between(apex, offset, source, shape[1:])


def flow_between(first: np.ndarray, second: np.ndarray, source: Source, shape: Shape) -> np.ndarray:
    """Return u, v and strain between two grey crops, float32[3, H, W]. The unit of u and v is a pixel of a crop of 288
    x 288, however large the crops here are. Flow is computed with the stage's default settings, on frames reduced to
    the shape of the input or to `MIN_FLOW_SIZE`, whichever is larger."""
    from microexpr.signals.faces import CROP
    from microexpr.signals.flow import Params, onset_apex  # compiles on import, and few methods need it

    size = min(max(MIN_FLOW_SIZE, *shape), len(first))
    vectors = onset_apex(first, second, Params(size=size, stored_size=size), source.in_frame)
    units = (CROP / len(first), CROP / len(first), 1)  # strain has no unit
    return np.stack([_resize(channel * unit, shape) for channel, unit in zip(vectors, units, strict=True)])


def event(name: str, source: Source, shape: Shape) -> np.ndarray:
    """Return the frame of an event, uint8."""
    return _resize_video(source.groups["faces"]["crop"][source.at(name)][None], shape)[:, 0]


def around_apex(source: Source, shape: Shape) -> np.ndarray:
    """Return the apex and the frames next to it within onset..offset, uint8."""
    positions = motion.around_apex(source.at("onset"), source.at("apex"), source.at("offset"), shape[1])
    return _resize_video(np.stack([source.groups["faces"]["crop"][position] for position in positions]), shape)


def video_change(source: Source, shape: Shape) -> np.ndarray:
    """Return `video_steady` less its first frame, never rounded to bytes, float16 in grey levels."""
    video = _resample(source.steady, shape, round_=False)
    return (video - video[:, :1]).astype(np.float16)


def video_magnified(source: Source, shape: Shape) -> np.ndarray:
    """Return `video` with movements magnified before it is resampled to T frames, uint8."""
    channels = _resize_video(source.crops, shape, round_=False)
    wavelength = motion.WAVELENGTH * shape[2] / source.crops.shape[1]
    magnified = [motion.magnify(frames, len(frames), wavelength=wavelength) for frames in channels]
    in_frame = face_regions.shrink(source.in_frame, shape[2:])
    magnified = [face_regions.hold_outside_still(frames, in_frame) for frames in magnified]
    return _round(np.stack([motion.interpolate(frames, shape[1]) for frames in magnified]))


def region(name: str, source: Source, shape: Shape) -> np.ndarray:
    """Return `sequence_steady` of a region of the face, uint8; its box follows the onset's landmarks."""
    rows, columns, _ = REGIONS[name]
    cut = partial(
        cv2.warpAffine, M=region_matrix(name, source.landmarks), dsize=(columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    frames = np.stack([cut(frame).reshape(rows, columns, -1) for frame in source.steady])
    return _pad(frames, shape)


def region_matrix(name: str, landmarks: np.ndarray) -> np.ndarray:
    """Return the matrix from a region's pixels, x first, to those of landmarks [68, 2], float64[2, 3]."""
    rows, columns, points = REGIONS[name]
    scale = float(np.linalg.norm(landmarks[45] - landmarks[36])) / EYE_DISTANCE
    landmark_points = landmarks[list(points)]
    centre = (landmark_points.min(axis=0) + landmark_points.max(axis=0)) / 2
    return np.column_stack([scale * np.eye(2), centre - scale * (np.array([columns, rows]) - 1) / 2])


def face_mask(source: Source, shape: Shape) -> np.ndarray:
    """Return the share of each pixel inside the frame and the convex hull of the onset's landmarks, float32."""
    size = source.groups["faces"]["crop"].shape[1:3]
    hull = cv2.convexHull(np.rint(source.landmarks).astype(np.int32))
    filled = cv2.fillConvexPoly(np.zeros(size, np.float32), hull, 1.0)
    in_frame = 1 if source.in_frame is None else source.in_frame
    return _resize(np.asarray(filled) * in_frame, shape[1:])[None]


def au_curve(name: str, sides: int | list[int], least: float, source: Source, shape: Shape) -> np.ndarray:
    """Return curves of a dataset of the aus file by side, float32 in FACS `least`..5, at the times of `video`."""
    return np.clip(motion.interpolate(source.curves(name)[..., sides], shape[0]), least, LARGEST)


def au_change(source: Source, shape: Shape) -> np.ndarray:
    """Return changes from onset to apex by left and right, float32 in FACS -5..5."""
    aus = source.groups["aus"]
    change: np.ndarray = aus["relative"][position(aus, source.groups["apex"], "apex")][:, LEFT_RIGHT]
    return np.clip(change, -LARGEST, LARGEST).astype(np.float32)


def au_read(source: Source, shape: Shape) -> np.ndarray:
    """Return `au_change` as the shipped reader reads it, also of the population, though its files have ground truth."""
    if "smoothed" not in (aus := source.groups["aus"]) or "crop" not in aus:
        return au_change(source, shape)
    from microexpr.signals.faces import CROP

    # imported by name, so that jobs with other inputs do not run again after an edit of the reader
    regressor = import_module("microexpr.signals.aus.regressor")
    model, crops, frame = regressor.load(), luma(aus["crop"][()]), aus["frame"][()]
    onset, apex = (
        [
            regressor.reduce_crop(cv2.resize(crops[i], (CROP, CROP), interpolation=cv2.INTER_CUBIC))
            for i in np.flatnonzero(abs(frame - int(aus[event][()])) <= 1)
        ]
        for event in ("onset", "apex")
    )
    changes = (model.change(onset[len(onset) // 2], faces).values.mean(0) for faces in (apex, onset))
    return np.clip(np.subtract(*changes).T, -LARGEST, LARGEST).astype(np.float32)


IMAGE_AXES, VIDEO_AXES = ("C", "H", "W"), ("C", "T", "H", "W")
FACE_STAGES = ("apex", "faces")  # the stages from which everything but `flow` and action units is derived
AU_STAGES, UNITS = ("apex", "aus"), len(ACTION_UNITS)


class Input(NamedTuple):
    """An array that a method can read of each clip."""

    stages: tuple[str, ...]  # with the files that it is derived from
    axes: tuple[str | int, ...]  # of one clip; a number is a fixed size
    read: Reader


INPUTS: dict[str, Input] = {
    "flow": Input(("flow",), (3, "H", "W"), flow),
    "flow_video": Input(FACE_STAGES, (3, "T", "H", "W"), flow_video),
    "flow_offset": Input(FACE_STAGES, (3, "H", "W"), flow_offset),
    "onset": Input(FACE_STAGES, IMAGE_AXES, partial(event, "onset")),
    "apex": Input(FACE_STAGES, IMAGE_AXES, partial(event, "apex")),
    "offset": Input(FACE_STAGES, IMAGE_AXES, partial(event, "offset")),
    "au_intensities": Input(AU_STAGES, ("T", UNITS), partial(au_curve, "smoothed", SIDES.index("both"), 0)),
    "au_change": Input(AU_STAGES, (UNITS, 2), au_change),
    "au_read": Input(AU_STAGES, (UNITS, 2), au_read),
    "au_changes": Input(AU_STAGES, ("T", UNITS, 2), partial(au_curve, "relative", LEFT_RIGHT, -LARGEST)),
    "around_apex": Input(FACE_STAGES, ("C", 5, "H", "W"), around_apex),
    # T frames at equal distances in time from onset to offset, by TIM, uint8; the same with the head held still
    "video": Input(FACE_STAGES, VIDEO_AXES, lambda source, shape: _resample(source.crops, shape)),
    "video_steady": Input(FACE_STAGES, VIDEO_AXES, lambda source, shape: _resample(source.steady, shape)),
    "video_change": Input(FACE_STAGES, VIDEO_AXES, video_change),
    "video_magnified": Input(FACE_STAGES, VIDEO_AXES, video_magnified),
    # the frames from onset to offset with the head held still, padded with zeros, or by TIM if there are more than T;
    # and which of these, and of the regions, are the clip's
    "sequence_steady": Input(FACE_STAGES, VIDEO_AXES, lambda source, shape: _pad(source.steady, shape)),
    "sequence_real": Input(FACE_STAGES, ("T",), lambda source, shape: np.arange(shape[0]) < len(source.crops)),
    "face_mask": Input(FACE_STAGES, (1, "H", "W"), face_mask),
    **{name: Input(FACE_STAGES, ("C", "T", r.rows, r.columns), partial(region, name)) for name, r in REGIONS.items()},
}
STILL = 5  # frames of an image of a scene, as many as `around_apex` has
NEED_LANDMARKS = {"face_mask", *REGIONS}  # inputs that need the onset's landmarks
SOURCES: dict[str, tuple[str, ...]] = {name: entry.stages for name, entry in INPUTS.items()}


def stages(names: Iterable[str]) -> list[str]:
    """Return the stages with the files that these inputs are derived from, sorted."""
    return sorted({stage for name in names for stage in SOURCES[name]})


STAGES = stages(SOURCES)


def expand(files: Files, stage: str) -> list[Path]:
    """Return the files of a stage, with each folder replaced by the files of all subjects in it."""
    paths = map(Path, files.get(stage, ()))
    return [file for path in paths for file in (visible(path, "*/*.h5") if path.is_dir() else [path])]


def subject_files(
    files: Files, needed: Iterable[str], subjects: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Path]]:
    """Return the files of each subject, (data set, name), by the stage nouns in `needed`; subjects are sorted. A
    subject of the population has one file of all stages. Raises StoreError for a subject without a file."""
    needed = sorted(needed)
    by_stage = {
        stage: {(path.parent.name, path.stem): path for path in expand(files, stage)} for stage in (*needed, POPULATION)
    }
    chosen = {
        subject: {stage: paths[subject] for stage, paths in by_stage.items() if subject in paths}
        for subject in sorted(subjects)
    }
    for subject, paths in chosen.items():
        if POPULATION not in paths and (missing := [stage for stage in needed if stage not in paths]):
            raise StoreError(f"results/{missing[0]}/{'/'.join(subject)}.h5 must be among the {missing[0]} files")
    return chosen


def load(shapes: Mapping[str, Shape], files: Mapping[str, str | Path], clips: Sequence[str]) -> dict[str, np.ndarray]:
    """Return each input of `shapes` as an array [n, *shape], in the order of `clips`.

    `files` are one subject's HDF5 files by stage noun, at least those that `SOURCES` names, or its file of the
    population; `clips` the names of the groups in them.

    Raises ParamsError for an unknown input or a shape it cannot have, DataError for a clip that is not in a
    file, StoreError for a file that cannot be read."""
    for name, shape in shapes.items():
        check(name, shape)
    needed, whole = stages(shapes), files.get(POPULATION)
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in shapes}
    with ExitStack() as stack:
        if whole is not None:
            recordings = Recordings(stack.enter_context(store.open_file(whole, POPULATION)))
            opened, files = dict.fromkeys(needed, recordings), dict.fromkeys(needed, whole)
        else:
            opened = {stage: stack.enter_context(store.open_file(files[stage], stage)) for stage in needed}
        for clip in clips:
            for stage, file in opened.items():
                if clip not in file:
                    expected = ", ".join(store.clip_groups(file))
                    raise DataError(f"clip must be one of {expected}, not {clip} ({files[stage]})")
            source = Source({stage: file[clip] for stage, file in opened.items()})
            for name, shape in shapes.items():
                arrays[name].append(INPUTS[name].read(source, shape))
    return {name: np.stack(values) for name, values in arrays.items()}


def scene_name(scene: int, image: int) -> str:
    """Return the name, as a clip, of an image of a scene of the population, which it jumps to from that at rest."""
    return f"scene{scene}_{image}"


@dataclass(frozen=True)
class Recordings(Mapping[str, Any]):
    """The recordings of a subject of the population, by name: groups of clips, and images of scenes like such groups.
    An image of a scene stays as long as any input looks. It has images, landmarks and changes."""

    file: Any  # an open file of the population

    def __getitem__(self, name: str) -> Any:
        if name in self.file["clips"]:
            return self.file["clips"][name]
        if name not in self._images:
            raise KeyError(name)
        scene, image = self._images[name]
        frames = np.array([0] + [image] * STILL)
        last, change = np.array(STILL), scene["change"][()][frames]
        return {
            "frame": np.arange(1 + STILL), "in_video": np.ones(1 + STILL, bool),
            "onset": np.array(0), "apex": last - STILL // 2, "offset": last,
            "crop": scene["face"][()][frames], "landmarks_crop": scene["landmarks"][()][frames],
            "relative": np.concatenate([change, change.mean(-1, keepdims=True)], -1),
        }  # fmt: skip

    @cached_property
    def _images(self) -> dict[str, tuple[Any, int]]:
        scenes = self.file["scenes"].items()
        return {scene_name(int(i), n): (scene, n) for i, scene in scenes for n in range(1, len(scene["label"]))}

    def __iter__(self) -> Iterator[str]:
        return iter((*self.file["clips"], *self._images))

    def __len__(self) -> int:
        return len(self.file["clips"]) + len(self._images)


def derive(shapes: Mapping[str, Shape], groups: Groups) -> dict[str, np.ndarray]:
    """Return each input of `shapes`, [1, *shape], of one clip with its groups by stage in memory."""
    source = Source(groups)
    return {name: INPUTS[name].read(source, shape)[None] for name, shape in shapes.items()}


def check(name: str, shape: Shape) -> None:
    """Raise ParamsError unless there is an input `name` that can have this shape."""
    if name not in INPUTS:
        raise ParamsError(f"an input must be one of {', '.join(INPUTS)}, not {name}{nearest(name, INPUTS)}")
    axes = INPUTS[name].axes
    fits = [
        size in CHANNELS if axis == "C" else size == axis if isinstance(axis, int) else size > 0
        for size, axis in zip(shape, axes, strict=False)
    ]
    if len(axes) != len(shape) or not all(fits):
        channels = ", C 1 or 3" if "C" in axes else ""
        raise ParamsError(f"input {name} must have shape ({', '.join(map(str, axes))}){channels}, not {tuple(shape)}")


def position(faces: Mapping[str, Any], apex: Mapping[str, Any], event: str) -> int:
    """Return the position of an event among a clip's frames. Raises DataError if its frame is not there."""
    frame_number, frame = int(apex[event][()]), faces["frame"][()]
    positions = np.flatnonzero(frame == frame_number)
    if len(positions) != 1:
        file = getattr(faces, "file", None)
        location = f"{file.filename}, clip {getattr(faces, 'name', '').strip('/')}" if file else "no file"
        raise DataError(f"{event} must be one of the frames {frame[0]}..{frame[-1]}, not {frame_number} ({location})")
    return int(positions[0])


def _resize_video(frames: np.ndarray, shape: Shape, round_: bool = True) -> np.ndarray:
    """Resize frames uint8[T, h, w, 1 or 3] by area to [C, T, H, W] of `shape` (C, ..., H, W), uint8 or, unrounded,
    float32. One channel is luma; grey is repeated in three."""
    images = luma(frames)[..., None] if shape[0] == 1 else np.broadcast_to(frames, (*frames.shape[:-1], shape[0]))
    video = np.moveaxis(np.stack([_resize(image, shape[-2:]).reshape(*shape[-2:], -1) for image in images]), -1, 0)
    return _round(video) if round_ else video


def _resample(frames: np.ndarray, shape: Shape, round_: bool = True) -> np.ndarray:
    """Resize frames and resample them in time by TIM, [C, T, H, W], uint8 or, unrounded, float32."""
    video = np.moveaxis(_resize_video(frames, shape, round_=False), 1, 0)
    resampled = np.moveaxis(motion.interpolate(video, shape[1]), 1, 0)
    return _round(resampled) if round_ else resampled


def _pad(frames: np.ndarray, shape: Shape) -> np.ndarray:
    """Resize frames and pad them with zeros to T frames, or resample a longer clip."""
    if len(frames) > shape[1]:
        return _resample(frames, shape)
    return np.pad(_resize_video(frames, shape), [(0, 0), (0, shape[1] - len(frames)), (0, 0), (0, 0)])


def _resize(image: np.ndarray, shape: Shape) -> np.ndarray:
    """Resize an image by area, float32[H, W, ...]."""
    pixels = np.ascontiguousarray(image, np.float32)
    return np.asarray(cv2.resize(pixels, (shape[1], shape[0]), interpolation=cv2.INTER_AREA))


def _round(values: np.ndarray) -> np.ndarray:
    """Round to uint8, clipped to 0..255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
