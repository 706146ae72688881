"""Measure a face: landmarks, crops, apex, flow, strain, action units. Arrays and tables; no file is written."""

import warnings
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from microexpr.api import checks
from microexpr.api.results import FoundEvents, TrackedFaces, shown
from microexpr.api.videos import Source, read_video
from microexpr.apps.read import counted
from microexpr.apps.read.take import Progress, find_turn
from microexpr.apps.reenact.photograph import find_faces
from microexpr.core.arrays import luma
from microexpr.core.errors import DataError
from microexpr.signals import apex, aus, faces
from microexpr.signals import flow as optical_flow
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIDES, filters, regressor
from microexpr.signals.faces import Faces
from microexpr.videos import Video, picture

Curve = Literal["raw", "smoothed", "relative"]


def track_faces(
    video: Source, fps: float | None = None, params: faces.Params | None = None, progress: Progress | None = None
) -> TrackedFaces:
    """Return the largest face of a clip of T frames, frame by frame.

    `video` is a `Video`, or what `read_video` accepts together with `fps`. `params` are those of section `faces` of
    params.yaml. `progress` is called with the step, frames done and frames in all; by default a terminal or
    notebook shows a bar after two seconds. The result has a method `plot`, and

    - `landmarks` float32[T, 68, 2], iBUG's 68 points in pixels of the frame, `landmarks_crop` in those of the crop;
    - `pose` float32[T, 3], yaw, pitch and roll of the head in degrees;
    - `crop` uint8[T, 288, 288, C], all frames aligned by one similarity, RGB or grey;
    - `detected` bool[T], `other_faces`, and `in_frame`, the crop's pixels that show the frame (None: all).

    Every crop takes 0.25 MB, so cut a long video into clips first; `spot` and `predict` read one of any length.
    Raises DataError if fewer than 90 % of the frames show a face.

    >>> import microexpr
    >>> faces = microexpr.track_faces(microexpr.example_video("example"))
    >>> faces.crop.shape, faces.landmarks.shape, bool(faces.detected.all())
    ((120, 288, 288, 3), (120, 68, 2), True)
    """
    video, settings = read_video(video, fps), checks.params(params, faces.Params)
    video, frames = video.turned(find_turn(video)), len(video)
    with shown(progress) as report:
        steps = iter(("tracking the face", "aligning the face"))
        tracked = faces.track(
            lambda: counted(video.read(), next(steps), frames, report), settings, str(video.path), video.fps
        )
    values = {name: getattr(tracked, name) for name in Faces.__dataclass_fields__}
    return TrackedFaces(**values, generated=video.generated)


def find_apex(video: Source | Faces, fps: float | None = None, params: apex.Params | None = None) -> FoundEvents:
    """Return onset, apex and offset of the one expression in a clip, as frame numbers from 0.

    `video` is a tracked face, a `Video`, or what `read_video` accepts together with `fps`. `params` are those of
    section `apex` of params.yaml. The result's `score`, float32[T], is how far ten regions of the face have moved since
    the first frame, in pixels of the crop. A clip begins at rest and has one expression; `spot` searches a long video.

    Raises DataError if there is no face.

    >>> import microexpr
    >>> events = microexpr.find_apex(microexpr.example_video("example"))
    >>> events.onset < events.apex < events.offset, 47 < events.apex < 69
    (True, True)
    """
    if isinstance(video, Faces) and fps is not None:
        raise DataError(f"fps must be of a video, not of a tracked face, whose events are frame numbers; it is {fps!r}")
    settings = checks.params(params, apex.Params)
    tracked = video if isinstance(video, Faces) else track_faces(video, fps)
    frame = np.arange(len(tracked.detected))
    events = apex.find_events(frame, {}, tracked.arrays(), settings)
    if events.score is not None and not np.ptp(events.score):
        warnings.warn("no frame of the clip differs from another: its apex is none", UserWarning, stacklevel=2)
    return FoundEvents(*(getattr(events, name) for name in apex.Events.__dataclass_fields__))


def flow(onset: np.ndarray, apex: np.ndarray, params: optical_flow.Params | None = None) -> np.ndarray:
    """Return the optical flow between two aligned crops and its strain, float32[3, S, S].

    `onset` and `apex` are uint8[H, H, 3] RGB or uint8[H, H] grey, such as two of `track_faces(video).crop`. Channels
    are u to the right and v downwards, in pixels of the crop, and optical strain (no unit). Head motion is subtracted.
    `params` are those of section `flow` of params.yaml, by default TV-L1 with S = 128.

    Raises DataError for another type than uint8, and unless both crops are square and of one size.

    >>> import microexpr
    >>> faces = microexpr.track_faces(microexpr.example_video("example"))
    >>> u, v, strain = microexpr.flow(faces.crop[47], faces.crop[55])
    >>> u.shape, bool(0.1 < abs(v).max() < 10)
    ((128, 128), True)
    """
    first, second = luma(checks.crop(onset, "onset")), luma(checks.crop(apex, "apex"))
    if first.shape != second.shape:
        raise DataError(f"onset and apex must be of one size, not {len(first)} and {len(second)} pixels wide")
    return optical_flow.onset_apex(first, second, checks.params(params, optical_flow.Params))


def strain(flow: np.ndarray, spacing: float = 1.0) -> np.ndarray:
    """Return the optical strain of any flow [2 or 3, H, W], [H, W]: its first channels are u and v.

    `spacing` is the distance of two values of the flow, in the unit of u and v. Strain has no unit: it is the magnitude
    of the infinitesimal strain tensor, sqrt(e_xx^2 + e_yy^2 + 2 e_xy^2).

    Raises DataError for another shape, and for values that are not finite numbers.

    >>> import microexpr, numpy
    >>> y, x = numpy.mgrid[:4, :5]
    >>> microexpr.strain(numpy.stack([0.1 * x, 0 * y])).round(3)[0]
    array([0.1, 0.1, 0.1, 0.1, 0.1])
    """
    array = checks.numbers(flow, "flow")
    if array.ndim != 3 or len(array) not in (2, 3) or min(array.shape[1:]) < 2:
        raise DataError(f"flow must have the shape [2 or 3, H, W], H and W 2 or more, not {[*array.shape]}")
    spacing = checks.positive(spacing, "spacing must be a number above 0")
    return optical_flow.strain(np.moveaxis(array[:2].astype(np.result_type(array, np.float32)), 0, -1), spacing)


def action_units(
    video: Source | Faces,
    fps: float | None = None,
    onset: int = 0,
    curve: Curve = "smoothed",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Return intensities of 17 action units through a clip, by the shipped reader: a row for each frame.

    `video` is a tracked face, a `Video`, or what `read_video` accepts; a tracked face and an array need `fps`. A
    picture, a file or uint8[H, W, 3], has a row for each face, the largest first, from this picture alone, whatever
    `fps` and `onset`. Rows of a clip have the index (frame, seconds), columns (unit, side): AU1 to AU45, by left and
    right (the subject's own) and both, their mean. `curve` is

    - "raw": FACS intensities 0..5, where 5 is E;
    - "smoothed": these, averaged over 0.01 s before and after;
    - "relative": their change since the frame `onset`, -5..5.

    The face at `onset` should be at rest: its intensities are read off that frame alone, all others by their change
    since. `attrs` name scale, reader and onset. `progress` is as for `track_faces`.

    Raises DataError if there is no face, no such frame or curve, or for the "relative" curve of a picture.

    >>> import microexpr
    >>> table = microexpr.action_units(microexpr.example_video("example"), onset=47, curve="relative")
    >>> table.shape, list(table.index.names), list(table.columns.names)
    ((120, 51), ['frame', 'seconds'], ['unit', 'side'])
    >>> table.xs("both", axis=1, level="side").iloc[55].idxmax()
    'AU15'
    """
    if curve not in (names := get_args(Curve)):
        raise DataError(f"curve must be one of {', '.join(names)}, not {curve}")
    if (image := as_picture(video)) is not None:
        return _picture_units(image, curve)
    rate = fps if isinstance(video, Faces) else (video := read_video(video, fps)).fps
    if rate is None:
        raise DataError("fps must be the frames a second of a tracked face, not None")
    rate = checks.positive(rate, "fps must be a number of frames a second")
    onset = checks.whole(onset, "onset", 0)
    tracked = video if isinstance(video, Faces) else track_faces(video, progress=progress)
    frames = len(tracked.detected)
    if onset >= frames:
        raise DataError(f"onset must be one of the frames 0..{frames - 1}, not {onset}")
    reader = regressor.load()
    with shown(progress) as report:

        def count(crops: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
            return counted(crops, "reading action units", frames, report)

        values = regressor.regress(luma(tracked.crop), onset, reader, count=count)
    curves = filters.curves(values, onset, rate, aus.Params())
    seconds = video.seconds[video.timeline.present] if isinstance(video, Video) else np.arange(frames) / rate
    table = au_table(curves[curve], np.arange(frames), seconds, SIDES)
    span = f"-{LARGEST:g}..{LARGEST:g}, since onset" if curve == "relative" else f"0..{LARGEST:g}"
    scale, name = f"FACS intensity {span}", Path(regressor.MODEL).name
    table.attrs = {"scale": scale, "curve": curve, "onset": onset, "reader": name}
    return table


def as_picture(source: Any) -> np.ndarray | None:
    """Return the pixels of a picture, a file or uint8[H, W, 3]; None if the source is none."""
    if isinstance(source, (str, PathLike)) and Path(source).is_file() and picture.is_picture(Path(source)):
        return picture.read(Path(source))
    is_image = isinstance(source, np.ndarray) and source.dtype == np.uint8 and source.ndim == 3 and source.shape[2] == 3
    return np.asarray(source) if is_image else None


def _picture_units(image: np.ndarray, curve: str) -> pd.DataFrame:
    """Return the action units of each face of a picture, read off that picture alone."""
    if curve == "relative":
        raise DataError("curve must be raw or smoothed for a picture, which has no onset, not relative")
    model, grey = regressor.load(), luma(image)
    landmarks = [points.astype(float) for points in find_faces(image)]
    crops = [faces.align(grey, faces.alignment(points[None]))[..., 0] for points in landmarks]
    reduced = [regressor.reduce_crop(crop) for crop in crops]
    values = model.alone(reduced).values.transpose(0, 2, 1) if reduced else np.zeros((0, 17, 2))
    both = np.clip(np.concatenate([values, values.mean(axis=2, keepdims=True)], axis=2), 0, LARGEST)
    table = au_table(both, np.arange(len(both)), np.arange(len(both)), SIDES)
    table.index = pd.RangeIndex(len(both), name="face")
    table.attrs = {"scale": f"FACS intensity 0..{LARGEST:g}", "curve": "raw", "reader": Path(regressor.MODEL).name}
    return table


def au_table(values: np.ndarray, frame: np.ndarray, seconds: np.ndarray, sides: tuple[str, ...]) -> pd.DataFrame:
    """Return values [T, 17, S] with rows (frame, seconds) and columns (unit, side)."""
    index = pd.MultiIndex.from_arrays([frame, seconds], names=("frame", "seconds"))
    columns = pd.MultiIndex.from_product([ACTION_UNITS, sides], names=("unit", "side"))
    return pd.DataFrame(values.reshape(len(values), len(columns)), index, columns)
