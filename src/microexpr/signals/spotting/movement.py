"""Measure the movement in a long video of an aligned face as published spotters read it. Arrays in, arrays out.

Every method reads the same aligned crop, at the same rate; its authors cut the face out of the first frame instead.
Gaps between the frames that are compared are in seconds, of the published number of frames at 30 a second: they were
chosen from the lengths of the data sets' expressions.

Shapes: T frames, G gaps, H rows and columns of the crop, R of the regions' picture."""

from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, Field

from microexpr.signals.flow import TvL1, strain

Gap = Literal["micro", "macro", "brief"]
GAPS: dict[Gap, float] = {"micro": 6 / 30, "macro": 18 / 30, "brief": 3 / 30}  # seconds: SOFTNet's two, MEAN's
REACH: dict[Gap, float] = {"micro": 12 / 30, "macro": 39 / 30}  # seconds: MDMD's
BLOCKS = 6  # of MDMD, by row and column
LARGEST = 3  # a third of the pixels, those with the largest differences, is averaged
BROWS, MOUTH = (17, 26), (48, 67)  # landmarks of SOFTNet's two regions
EYES = ((36, 42), (42, 48))  # landmarks of each eye, the second after the last
AROUND, NOSE = 12 / 128, 11 / 128  # margin of a region and side of the patch at the nose, as shares of the crop
EYE_MARGIN = 15 / 128
NOSE_TIP = 28  # landmark
POINTS = (18, 19, 20, 23, 24, 25, 48, 51, 54, 57)  # of brows and mouth: AUW-GCN's nodes that SpoT-GCN keeps
POINT_SIDE = 11 / 128  # of a node's patch
STRONGEST = 0.6  # share of its vectors, the longest ones, that is averaged


class Params(BaseModel, frozen=True, extra="forbid"):
    """Settings of movement in long videos."""

    size: int = Field(default=128, ge=48, le=288, description="rows and columns of the crop that is compared")
    regions: int = Field(default=42, ge=12, le=84, description="rows and columns of the picture of brows and mouth")
    tvl1: TvL1 = TvL1()


def prepare() -> None:
    """Load the compiled functions."""
    measure(np.zeros((3, 64, 64), np.uint8), np.zeros((68, 2)), 30, Params())


def measure(
    crops: np.ndarray, landmarks: np.ndarray, fps: float, params: Params, pixel: float = 1.0
) -> dict[str, np.ndarray]:
    """Return the movement of aligned grey crops uint8[T, H, H] at `fps`, with landmarks [68, 2] in them, by name.

    Movement is in pixels of the full crop; a pixel of these crops is `pixel` of them.

    - `regions` float16[T, G, 3, R, R]: u, v and strain between a frame and the one a gap later, brows above mouth; 0
      where there is no later frame
    - `nose` float32[T, G, 3]: their means at the tip of the nose; `least` and `most`, over the whole crop
    - `eyes` bool[R, R]: pixels of the regions that show an eye, or its surroundings
    - `blocks` float32[T, 2, 36]: of MDMD with both reaches, by how much a block has moved in its main direction before
      a frame, more than until as long after it
    - `points` float32[T, 10, 2]: flow since the frame before at points of brows and mouth, less that of the nose"""
    frames, size = len(crops), crops.shape[1]
    images = (crops / 255).astype(np.float32)
    below_eyes = landmarks[[*range(BROWS[0], BROWS[1] + 1), 40, 41, 46, 47]]
    boxes = _box(below_eyes, AROUND * size, size), _box(landmarks[MOUTH[0] : MOUTH[1] + 1], AROUND * size, size)

    def between(first: int, second: int) -> np.ndarray:
        from microexpr.signals.flow.tvl1 import tvl1  # with numba, which takes long to load

        return pixel * tvl1(images[first], images[second], **dict(params.tvl1))

    side = params.regions
    regions = np.zeros((frames, len(GAPS), 3, side, side), np.float16)
    nose, least, most = (np.zeros((frames, len(GAPS), 3), np.float32) for _ in range(3))
    blocks = np.zeros((frames, len(REACH), BLOCKS**2), np.float32)
    moved = np.zeros((frames, len(POINTS), 2), np.float32)
    for i in range(frames):
        for j, gap in enumerate(max(1, round(seconds * fps)) for seconds in GAPS.values()):
            if i + gap < frames:
                shift = between(i, i + gap)
                field = np.stack([shift[..., 0], shift[..., 1], strain(shift, pixel)])
                regions[i, j] = _regions(field, boxes, side)
                nose[i, j] = field[:, *_patch(landmarks[NOSE_TIP], NOSE, size)].mean((1, 2))
                least[i, j], most[i, j] = field.min((1, 2)), field.max((1, 2))
        for j, reach in enumerate(max(1, round(seconds * fps)) for seconds in REACH.values()):
            if reach <= i < frames - reach:
                blocks[i, j] = block_differences(between(i - reach, i), between(i - reach, i + reach))
        if i:
            shift = between(i - 1, i)
            nose_shift = _main(shift[_patch(landmarks[NOSE_TIP], 2 * NOSE, size)])
            moved[i] = [_main(shift[_patch(landmarks[k], POINT_SIDE, size)]) - nose_shift for k in POINTS]
    around_eyes = np.zeros((1, size, size), np.float32)
    for first, end in EYES:
        around_eyes[0, *_box(landmarks[first:end], EYE_MARGIN * size, size)] = 1
    eyes = _regions(around_eyes, boxes, side)[0] > 0.5
    return {
        "regions": regions, "nose": nose, "least": least, "most": most, "eyes": eyes, "blocks": blocks, "points": moved
    }  # fmt: skip


def block_differences(before: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Return float32[36] of two flows [H, H, 2] from the same frame, to a frame and to one as long after it.

    The main direction of a block is that of the four quadrants with most of its vectors of the first flow. Of these
    vectors the lengths of the second are subtracted from those of the first, and the largest third is averaged: a face
    that went there and came back."""
    side = len(before) // BLOCKS
    parts = [
        flow[: side * BLOCKS, : side * BLOCKS]
        .reshape(BLOCKS, side, BLOCKS, side, 2)
        .swapaxes(1, 2)
        .reshape(BLOCKS**2, -1, 2)
        for flow in (before, across)
    ]
    quadrant = quadrants(parts[0])  # [36, pixels]
    counts = np.stack([(quadrant == q).sum(1) for q in range(4)], 1)
    main = counts.argmax(1)
    difference = np.hypot(*np.moveaxis(parts[0], -1, 0)) - np.hypot(*np.moveaxis(parts[1], -1, 0))
    ordered = -np.sort(-np.where(quadrant == main[:, None], difference, -np.inf), axis=1)
    number = np.maximum(1, np.rint(counts.max(1) / LARGEST).astype(int))
    selection = np.arange(ordered.shape[1]) < number[:, None]
    return np.where(selection, ordered, 0).sum(1, dtype=np.float64).astype(np.float32) / number.astype(np.float32)


def quadrants(vectors: np.ndarray) -> np.ndarray:
    """Return the quadrant, 0 to 3, that each of the vectors [..., 2] points to."""
    return np.asarray((vectors[..., 0] < 0) + 2 * (vectors[..., 1] < 0))


Box = tuple[slice, slice]  # rows and columns


def _box(points: np.ndarray, margin: float, size: int) -> Box:
    """Return the box around points with a margin, within the crop."""
    low = np.clip(np.rint(points.min(0) - margin), 0, size - 2).astype(int)
    high = np.clip(np.rint(points.max(0) + margin), low + 1, size - 1).astype(int)
    return slice(int(low[1]), int(high[1]) + 1), slice(int(low[0]), int(high[0]) + 1)


def _patch(point: np.ndarray, side: float, size: int) -> Box:
    """Return the square around a point with a side of this share of the crop."""
    return _box(point[None], side * size / 2, size)


def _regions(field: np.ndarray, boxes: tuple[Box, Box], side: int) -> np.ndarray:
    """Return channels [C, side, side] of a field [C, H, H]: the brows above the mouth."""
    parts = [
        np.stack([cv2.resize(channel[box], (side, side // 2), interpolation=cv2.INTER_LINEAR) for channel in field])
        for box in boxes
    ]
    return np.concatenate(parts, axis=1)


def _main(vectors: np.ndarray) -> np.ndarray:
    """Return the mean of the longest vectors of the quadrant that most of a patch [h, w, 2] points to."""
    flat = vectors.reshape(-1, 2)
    quadrant = quadrants(flat)
    main = flat[quadrant == np.bincount(quadrant, minlength=4).argmax()]
    order = np.argsort(-np.hypot(*main.T), kind="stable")
    return main[order[: max(1, round(STRONGEST * len(main)))]].mean(0)
