"""Where an expression starts, is strongest and ends: annotated, or spotted. Arrays in, arrays out; no files, no torch.

Two spotters score every frame: `regions` after Van Quang, Chun and Tokuyama 2019 (CapsuleNet for micro-expression
recognition), who took the apex of unannotated clips from ten regions around the eyebrows and the corners of the mouth;
`flow`, how far the same regions have moved since the onset, searched by halving after Liong et al. 2015 (Automatic apex
frame spotting in micro-expression database).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma

BROWS = (17, 19, 21, 22, 24, 26)  # outer end, arch and inner end of either brow
MOUTH_CORNERS = (48, 54)
EVENTS = ("onset", "apex", "offset")
Spotter = Literal["flow", "regions"]
SPOTTERS: tuple[Spotter, ...] = get_args(Spotter)


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    spotter: Spotter = Field(default="flow", description="what finds the events that are not annotated")
    region: int = Field(default=36, ge=8, le=96, description="side of each of the ten regions, in pixels of the crop")
    neighbour: int = Field(
        default=1, ge=1, le=20, description="regions: frames back to the one whose difference is taken for noise"
    )
    size: int = Field(default=144, ge=48, le=288, description="flow: rows and columns that the crop is reduced to")
    smooth: float = Field(
        default=1.5, ge=0, le=10, description="flow: Gaussian over time, standard deviation in frames"
    )
    rest: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="share of the score's height at the apex below which a face is at rest: there lie onset and offset",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """When a clip's expression starts, is largest and ends, in the data set's own frame numbers."""

    methods: dict[str, str]  # of each event: annotated, or the spotter
    frame: np.ndarray  # int64[T]
    onset: int
    apex: int
    offset: int
    score: np.ndarray | None  # float32[T], by the spotter; None where all three are annotated

    def arrays(self) -> dict[str, Any]:
        """All but `methods` by name, as an apex file holds them."""
        there = ("frame", *EVENTS, *(["score"] if self.score is not None else []))
        return {name: getattr(self, name) for name in there}


def locate(clip: Clip, faces: Mapping[str, Any], params: Params) -> Events:
    """A clip's events: annotated where they are, else spotted.

    `faces` holds `frame` [T], `crop` [T, H, W, C] and `landmarks_crop` [T, 68, 2], arrays or what `[()]` makes one.

    Nothing is scored where all three are annotated: no result would follow from it.
    Raises DataError where an annotated event's frame is not among the clip's.
    """
    frame = faces["frame"][()]
    known: dict[str, int] = {}  # positions
    for event in EVENTS:
        number = getattr(clip, event)
        if number is None:
            continue
        if number not in frame:
            raise DataError(f"{event} must be one of the frames {frame[0]}..{frame[-1]}, not {number} ({clip.id})")
        known[event] = int(np.searchsorted(frame, number))
    score, found = None, known
    if len(known) < len(EVENTS):
        first, last = known.get("onset", 0), known.get("offset", len(frame) - 1)
        score = scored(luma(faces["crop"][()]), faces["landmarks_crop"][()], first, last, params)
        top = known.get("apex", apex(score, first, last, params.spotter))
        start, end = bounds(score, top, params.rest)
        found = {"onset": start, "apex": top, "offset": end} | known
    methods = {event: "annotated" if event in known else params.spotter for event in EVENTS}
    start, top, end = (int(frame[found[event]]) for event in EVENTS)
    return Events(methods, frame, start, top, end, score)


def score_of(faces: Mapping[str, Any], events: Mapping[str, Any], params: Params) -> np.ndarray:
    """float32[T]: the score of a clip whose events are known, from its groups of a faces and an apex file: as that file
    holds it where one of them was spotted, made anew where all are annotated."""
    if "score" in events:
        stored: np.ndarray = events["score"][()]
        return stored
    first, last = (int(np.searchsorted(faces["frame"][()], events[event][()])) for event in ("onset", "offset"))
    return scored(luma(faces["crop"][()]), faces["landmarks_crop"][()], first, last, params)


def scored(crop: np.ndarray, landmarks_crop: np.ndarray, onset: int, offset: int, params: Params) -> np.ndarray:
    """float32[T]: the score of the chosen spotter; arguments as for either."""
    if params.spotter == "regions":
        return regions_score(crop, landmarks_crop, onset, offset, params)
    return flow_score(crop, landmarks_crop, onset, params)


def flow_score(crop: np.ndarray, landmarks_crop: np.ndarray, onset: int, params: Params) -> np.ndarray:
    """float32[T]: pixels of the crop by which the ten regions have moved since the onset, without the head's motion.

    `crop` is grey [T, H, W], `landmarks_crop` [T, 68, 2]; `onset` is a position. Of each region's flow the mean vector
    is taken, then its length: noise points anywhere and cancels, skin that is pulled does not.
    """
    from scipy.ndimage import gaussian_filter1d

    from microexpr.signals import flow  # with a compiler; where everything is annotated neither is needed

    settings = flow.Params(size=params.size, kept=params.size)
    scale = params.size / crop.shape[1]
    boxes = [
        tuple(slice(int(side.start * scale), int(side.stop * scale)) for side in box)
        for box in regions(landmarks_crop[onset], crop.shape[1], params.region)
    ]
    lengths = np.zeros(len(crop))
    for position, picture in enumerate(crop):
        if position != onset:
            vectors = flow.onset_apex(crop[onset], picture, settings)[:2]
            lengths[position] = np.mean([np.hypot(*vectors[:, *box].mean(axis=(1, 2))) for box in boxes])
    return (gaussian_filter1d(lengths, params.smooth) if params.smooth else lengths).astype(np.float32)


def regions_score(crop: np.ndarray, landmarks_crop: np.ndarray, onset: int, offset: int, params: Params) -> np.ndarray:
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


def apex(score: np.ndarray, onset: int, offset: int, spotter: Spotter) -> int:
    """Position of the apex between `onset` and `offset`, neither of them unless nothing lies between."""
    if offset - onset < 2:
        return offset
    inside = score[onset + 1 : offset]
    return onset + 1 + (int(np.argmax(inside)) if spotter == "regions" else divide_and_conquer(inside))


def divide_and_conquer(score: np.ndarray) -> int:
    """Of the local peaks of a score [n], those in the half with the larger sum, until one is left: its position.

    The largest score where there is no peak. The halves are those of the interval, as Liong et al. have it.
    """
    found = peaks(score)
    if not len(found):
        return int(np.argmax(score))
    low, high = 0.0, len(score) - 1.0
    while len(found) > 1:
        middle = (low + high) / 2
        early = found <= middle
        if score[found[early]].sum() >= score[found[~early]].sum():
            found, high = found[early], middle
        else:
            found, low = found[~early], middle
    return int(found[0])


def peaks(score: np.ndarray) -> np.ndarray:
    """int64[p]: what is higher than both sides, at either end too; of several frames as high, the middle one."""
    steps = np.diff(np.pad(score, 1, mode="minimum"))
    changes = np.flatnonzero(steps)
    start, end = changes[:-1], changes[1:]  # of levels: the first frame, and the one after the last
    return ((start + end - 1) // 2)[(steps[start] > 0) & (steps[end] < 0)]


def bounds(score: np.ndarray, apex: int, rest: float) -> tuple[int, int]:
    """Positions of onset and offset around `apex`: the nearest frames on either side at rest, or the clip's ends.

    At rest is what lies no higher than `rest` of the way from the least score on that side up to the apex's.
    """

    def nearest(side: np.ndarray) -> int:
        """Steps from the apex, of scores in that order; the apex itself is the first."""
        low = side.min()
        still = np.flatnonzero(side <= low + rest * (side[0] - low))
        return int(still[0]) if side[0] > low else len(side) - 1

    return apex - nearest(score[apex::-1]), apex + nearest(score[apex:])


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
