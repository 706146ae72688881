"""Measure a long video: action units at one rate, and the intervals that `predict` spots."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import BaseModel, BeforeValidator, Field

from microexpr import videos
from microexpr.apps import predict
from microexpr.apps.predict import recognition
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.datasets import LONG, OWN
from microexpr.datasets.layout import is_video
from microexpr.datasets.layouts import own
from microexpr.signals import flow
from microexpr.signals.aus import ACTION_UNITS, regressor
from microexpr.signals.faces import detection
from microexpr.signals.faces.alignment import CROP
from microexpr.signals.spotting import network
from microexpr.signals.spotting.movement import Params as Movement
from microexpr.videos import Video

SIDE = 144  # rows and columns of the crops that are kept
prepare = detection.prepare


def whole(name: str) -> str:
    """Return the name of an own data set's recordings as a whole for that of its clips; other names unchanged."""
    return name + own.WHOLE if name in OWN else name


class Params(BaseModel, frozen=True, extra="forbid"):
    """Section `spot` of params.yaml."""

    datasets: list[Annotated[Literal[tuple(LONG)], BeforeValidator(whole)]] = Field(  # type: ignore[valid-type]
        default=list(LONG), min_length=1, description="data sets of long videos"
    )
    methods: dict[str, dict[str, Any] | None] = Field(
        default={}, min_length=1, description="spotters: all params that are not a method's defaults"
    )
    rate: float = Field(default=30, ge=20, le=200, description="frames a second that are read, at most")
    movement: Movement = Movement()


def write(path: str | Path, clip: Clip, numbers: Sequence[int], video: Video, params: Params) -> int:
    """Measure a long video and write its file; return the number of frames that were read. `numbers` are the data set's
    own of all frames. Raises DataError if no face is found."""
    reader = regressor.load()
    content = measure(video, np.array(numbers), reader, params)
    settings = params.model_dump(mode="json", include={"rate": True, "movement": {"size"}})
    with store.subject_file(path, "spot", [clip], spot=settings) as file:
        file.put("fitted_on", sorted({*reader.fitted_on, *detection.fitted_on("network"), *network.load().fitted_on}))
        file.group(clip.name).put_all(**content)
    return len(content["frame"])


def open_clip(clip: Clip, frames: Sequence[tuple[int, Path]]) -> tuple[list[int], Video]:
    """Return the frame numbers of a long video and the video; the frame before replaces a missing one."""
    if is_video(frames[0][1]):
        video = videos.open_video(frames[0][1])
        if len(video) != clip.frames:
            raise DataError(f"{video.path}: must hold {clip.frames} frames, as its index says, not {len(video)}")
        return [number for number, _ in frames], video
    by_number, files = dict(frames), list[Path]()
    numbers = list(range(clip.first, clip.last + 1))
    for number in numbers:
        files.append(by_number.get(number, files[-1] if files else frames[0][1]))
    return numbers, videos.of_files(dict(enumerate(files)), clip.fps, clip.origin == "generated")


def measure(video: Video, numbers: np.ndarray, reader: regressor.Model, params: Params) -> dict[str, Any]:
    """Measure a long video, T frames of it; return the content of its file. Raises DataError if no face is found.
    `numbers` int64[frames] are the data set's own of all frames."""
    size, movement_crops, pictures = params.movement.size, list[np.ndarray](), list[np.ndarray]()

    def see(crop: np.ndarray | None) -> None:
        """Keep the crop at both sizes; where no face was found, the one before."""
        for images, side in ((movement_crops, size), (pictures, SIDE)):
            if crop is None:
                images.append(images[-1] if images else np.zeros((side, side), np.uint8))
            else:
                images.append(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA))

    spotted = predict.spot(video, reader, rate=params.rate, see=see)
    curves, signal, intervals = spotted.curves, spotted.signal, spotted.intervals
    read = curves.numbers.tolist()
    landmarks = np.median([spotted.take.at(number).landmarks_at(number) for number in read], axis=0) * (size / CROP)
    return {
        "frame": numbers[curves.numbers], "fps": curves.fps, "seen": curves.detected, "resting": curves.resting,
        "action_unit": ACTION_UNITS, "au": curves.intensity, "au_change": signal.change,
        "au_sustained": signal.sustained, "au_transient": signal.transient, "gaze": signal.gaze, "mouth": signal.mouth,
        "turn": curves.turn, "score": signal.score, "crop": np.stack(pictures),
        "movement_crop": np.stack(movement_crops), "movement_landmarks": landmarks,
        "kind": [interval.kind for interval in intervals],
        **{event: [numbers[getattr(i, event)] for i in intervals] for event in ("onset", "apex", "offset")},
        "confidence": [interval.score for interval in intervals],
    }  # fmt: skip


def classify(recogniser: recognition.Recogniser, onset: np.ndarray, apex: np.ndarray) -> str:
    """Return the class of the movement from one crop to another, uint8[SIDE, SIDE] each."""
    vectors = CROP / SIDE * flow.onset_apex(onset, apex, flow.Params(size=SIDE, stored_size=128))
    vectors[2] *= SIDE / CROP  # strain has no unit
    scores = recognition.scores(recogniser, {"flow": {"onset_apex": vectors}})
    return recogniser.classes[int(scores.argmax())]
