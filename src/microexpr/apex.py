"""Where an expression is strongest: a spotting score for every frame. Arrays in, arrays out; no files, no torch.

After Van Quang, Chun and Tokuyama 2019 (CapsuleNet for micro-expression recognition), who took the apex of unannotated
clips from ten regions around the eyebrows and the corners of the mouth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.clip import Clip
from microexpr.errors import DataError
from microexpr.luma import luma

BROWS = (17, 19, 21, 22, 24, 26)  # outer end, arch and inner end of either brow
MOUTH_CORNERS = (48, 54)


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    region: int = Field(default=36, ge=8, le=96, description="side of each of the ten regions, in pixels of the crop")
    neighbour: int = Field(
        default=1, ge=1, le=20, description="frames back to the one whose difference is taken for noise"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """When a clip's expression starts, is largest and ends, in the data set's own frame numbers."""

    method: Literal["annotated", "spotted"]  # of the apex
    frame: np.ndarray  # int64[T]
    onset: int
    apex: int
    offset: int
    score: np.ndarray  # float32[T]; there for annotated clips too

    def arrays(self) -> dict[str, Any]:
        """All but `method` by name, as an apex file holds them."""
        return {name: getattr(self, name) for name in ("frame", "onset", "apex", "offset", "score")}


def locate(clip: Clip, faces: Mapping[str, Any], params: Params) -> Events:
    """A clip's events: the annotated apex where there is one, else the spotted one.

    `faces` holds `frame` [T], `crop` [T, H, W, C] and `landmarks_crop` [T, 68, 2], arrays or what `[()]` makes one.

    Raises DataError where an event's frame is not among the clip's.
    """
    frame = faces["frame"][()]
    for event in ("onset", "apex", "offset"):
        number = getattr(clip, event)
        if number is not None and number not in frame:
            raise DataError(f"{event} must be one of the frames {frame[0]}..{frame[-1]}, not {number} ({clip.id})")
    onset, offset = (int(np.searchsorted(frame, number)) for number in (clip.onset, clip.offset))
    score = spot(luma(faces["crop"][()]), faces["landmarks_crop"][()], onset, offset, params)
    if clip.apex is not None:
        return Events("annotated", frame, clip.onset, clip.apex, clip.offset, score)
    return Events("spotted", frame, clip.onset, int(frame[apex(score, onset, offset)]), clip.offset, score)


def spot(crop: np.ndarray, landmarks_crop: np.ndarray, onset: int, offset: int, params: Params) -> np.ndarray:
    """float32[T]: how far each frame is from onset and offset, in units of how far it is from the frame before.

    `crop` is grey [T, H, W], `landmarks_crop` [T, 68, 2]; `onset` and `offset` are positions. In each region

        (|frame - onset| + 1) / (|frame - before| + 1) + (|frame - offset| + 1) / (|frame - before| + 1)

    of mean absolute grey differences, averaged over the regions: noise stands above and below alike, and a face that
    has stopped where it is farthest from rest scores highest. The paper names regions, differences and normalisation;
    where exactly the regions lie, that means are taken before the ratio, and the 1 that keeps a still picture finite
    are our reading. Ours, too: frames are first made equally bright, since the flicker of lamps is no movement.
    """
    brightness = crop.mean(axis=(1, 2))
    gain = (brightness.mean() / np.maximum(brightness, 1)).astype(np.float32)[:, None, None]
    boxes = regions(landmarks_crop[onset], crop.shape[1], params.region)
    scores = np.zeros(len(crop))
    for rows, columns in boxes:
        region = crop[:, rows, columns] * gain
        noise = _difference(region, region[_before(len(crop), params.neighbour)])
        for reference in (onset, offset):
            scores += (_difference(region, region[reference]) + 1) / (noise + 1)
    return (scores / len(boxes)).astype(np.float32)


def apex(score: np.ndarray, onset: int, offset: int) -> int:
    """Position of the largest score between `onset` and `offset`, neither of them unless nothing lies between."""
    if offset - onset < 2:
        return offset
    return onset + 1 + int(np.argmax(score[onset + 1 : offset]))


def regions(landmarks: np.ndarray, size: int, side: int) -> list[tuple[slice, slice]]:
    """Rows and columns of the ten regions in a crop of `size` pixels: three on each brow, two at each mouth corner.

    Those of a mouth corner lie above and below it, where AU12 and AU15 pull.
    """
    half = np.array([0, side / 2])
    corners = [landmarks[corner] + shift for corner in MOUTH_CORNERS for shift in (-half, half)]
    centres = np.array([landmarks[point] for point in BROWS] + corners)
    first = np.clip(np.rint(centres - side / 2).astype(int), 0, size - side)
    return [(slice(y, y + side), slice(x, x + side)) for x, y in first.tolist()]


def _before(frames: int, neighbour: int) -> np.ndarray:
    """Position of the frame each is compared with for noise; the first ones, that have none before, look ahead."""
    time = np.arange(frames)
    return np.where(time >= neighbour, time - neighbour, np.minimum(time + neighbour, frames - 1))


def _difference(frames: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.abs(frames - others).mean(axis=(1, 2))
