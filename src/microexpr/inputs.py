"""What a method reads of a clip, by name and shape: derived in memory from stage files. No files are made, no torch.

Shapes: n clips, T frames, H rows, W columns.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from microexpr import store
from microexpr.errors import DataError, ParamsError, nearest
from microexpr.luma import luma

Shape = tuple[int, ...]
Groups = Mapping[str, Any]  # one clip's group in each stage's file, by stage noun
Read = Callable[[Groups, Shape], np.ndarray]


def flow(groups: Groups, shape: Shape) -> np.ndarray:
    """float32[3, H, W]: u, v (pixels of the crop) and strain from onset to apex, averaged over each new pixel."""
    return np.stack([_resized(channel, shape[1:]) for channel in groups["flow"]["onset_apex"][()]])


def video(groups: Groups, shape: Shape) -> np.ndarray:
    """uint8[1, T, H, W]: grey frames from onset to offset, interpolated linearly to T at equal distances in time."""
    faces, apex = groups["faces"], groups["apex"]
    first, last = position(faces, apex, "onset"), position(faces, apex, "offset")
    frames = [_resized(frame, shape[2:]) for frame in luma(faces["crop"][first : last + 1]).astype(np.float32)]
    return _rounded(resampled(np.stack(frames), shape[1]))[None]


def onset(groups: Groups, shape: Shape) -> np.ndarray:
    """uint8[1, H, W]: the grey onset frame."""
    return _event(groups, shape, "onset")


def apex(groups: Groups, shape: Shape) -> np.ndarray:
    """uint8[1, H, W]: the grey apex frame."""
    return _event(groups, shape, "apex")


# name -> (stages it reads, axes after that of the clips, how); an axis with a number has that size always
INPUTS: dict[str, tuple[tuple[str, ...], tuple[str | int, ...], Read]] = {
    "flow": (("flow",), (3, "H", "W"), flow),
    "video": (("apex", "faces"), (1, "T", "H", "W"), video),
    "onset": (("apex", "faces"), (1, "H", "W"), onset),
    "apex": (("apex", "faces"), (1, "H", "W"), apex),
}
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
    with ExitStack() as stack:
        opened = {stage: stack.enter_context(store.opened(files[stage], stage)) for stage in stages}
        groups = [{stage: _group(file, clip, files[stage]) for stage, file in opened.items()} for clip in clips]
        return {name: np.stack([INPUTS[name][2](group, shape) for group in groups]) for name, shape in shapes.items()}


def check(name: str, shape: Shape) -> None:
    """Raises ParamsError unless there is an input `name` that can have this shape."""
    if name not in INPUTS:
        raise ParamsError(f"an input must be one of {', '.join(INPUTS)}, not {name}{nearest(name, INPUTS)}")
    axes = INPUTS[name][1]
    fits = len(axes) == len(shape) and all(
        size == axis if isinstance(axis, int) else size > 0 for size, axis in zip(shape, axes, strict=True)
    )
    if not fits:
        raise ParamsError(f"input {name} must have shape ({', '.join(map(str, axes))}), not {tuple(shape)}")


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


def resampled(frames: np.ndarray, count: int) -> np.ndarray:
    """[count, ...] of [T, ...]: linear interpolation at equally spaced times from the first frame to the last."""
    times = np.linspace(0, len(frames) - 1, count)
    before = np.minimum(times.astype(int), max(len(frames) - 2, 0))
    after = np.minimum(before + 1, len(frames) - 1)
    share = (times - before).astype(np.float32).reshape(-1, *[1] * (frames.ndim - 1))
    return frames[before] * (1 - share) + frames[after] * share


def _group(file: Mapping[str, Any], clip: str, path: str | Path) -> Any:
    if clip not in file:
        raise DataError(f"clip must be one of {', '.join(file)}, not {clip} ({path})")
    return file[clip]


def _event(groups: Groups, shape: Shape, event: str) -> np.ndarray:
    frame = grey_frame(groups["faces"], groups["apex"], event).astype(np.float32)
    return _rounded(_resized(frame, shape[1:]))[None]


def _resized(picture: np.ndarray, shape: Shape) -> np.ndarray:
    """float32[H, W], each pixel the mean over its area."""
    return cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
