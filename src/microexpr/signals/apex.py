"""Locate onset, apex and offset of an expression: annotated, or spotted. Arrays in, arrays out; no files, no torch.

Two spotters score every frame. `regions` follows Van Quang, Chun and Tokuyama 2019 (CapsuleNet for micro-expression
recognition), who took the apex of unannotated clips from ten regions around the eyebrows and the corners of the mouth.
`flow` measures how far the same regions have moved since the onset and searches by halving, after Liong et al. 2015
(Automatic apex frame spotting in micro-expression database)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, Field

from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.signals import face_regions
from microexpr.signals.motion import head
from microexpr.signals.motion.head import PARAMETERS

BROWS = (17, 19, 21, 22, 24, 26)  # outer end, arch and inner end of either brow
MOUTH_CORNERS = (48, 54)
HIGH = 0.5  # of the highest local peak of a score
EVENTS = ("onset", "apex", "offset")
Spotter = Literal["flow", "regions"]
SPOTTERS: tuple[Spotter, ...] = get_args(Spotter)


class Params(BaseModel, frozen=True, extra="forbid"):
    """Section `apex` of params.yaml."""

    spotter: Spotter = Field(default="flow", description="method that finds the events that are not annotated")
    region: int = Field(default=36, ge=8, le=96, description="side of each of the ten regions, in pixels of the crop")
    neighbour: int = Field(
        default=1, ge=1, le=20, description="regions: frames back to the frame whose difference measures noise"
    )
    size: int = Field(default=144, ge=48, le=288, description="flow: rows and columns that the crop is reduced to")
    smooth: float = Field(
        default=1.5, ge=0, le=10, description="flow: Gaussian over time, standard deviation in frames"
    )
    rest: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="share of the score's height at the apex below which a face is at rest: onset and offset lie there",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Onset, apex and offset of a clip, in the data set's own frame numbers."""

    methods: dict[str, str]  # by event: annotated, or the spotter's name
    frame: np.ndarray  # int64[T]
    onset: int
    apex: int
    offset: int
    score: np.ndarray | None  # float32[T], by the spotter; None where all three are annotated

    def arrays(self) -> dict[str, Any]:
        """Return all fields but `methods` by name, as an apex file holds them."""
        names = ("frame", *EVENTS, *(["score"] if self.score is not None else []))
        return {name: getattr(self, name) for name in names}


def locate(clip: Clip, faces: Mapping[str, Any], params: Params) -> Events:
    """Return a clip's events: annotated where the data set has them, otherwise spotted.

    `faces` holds `frame` [T], `crop` [T, H, W, C] and `landmarks_crop` [T, 68, 2], as arrays or HDF5 data sets. No
    score is computed where all three events are annotated, because nothing would depend on it.

    Raises DataError where an annotated event's frame is not among the clip's."""
    frame = faces["frame"][()]
    annotated: dict[str, int] = {}  # positions
    for event in EVENTS:
        number = getattr(clip, event)
        if number is None:
            continue
        if number not in frame:
            raise DataError(f"{event} must be one of the frames {frame[0]}..{frame[-1]}, not {number} ({clip.id})")
        annotated[event] = int(np.searchsorted(frame, number))
    return find_events(frame, annotated, faces, params)


def find_events(frame: np.ndarray, annotated: Mapping[str, int], faces: Mapping[str, Any], params: Params) -> Events:
    """Return a clip's events from the positions of those that are annotated, none or more; the others are spotted.
    `frame`, int64[T], are the frames' numbers; `faces` as for `locate`."""
    score, positions = None, annotated
    if len(annotated) < len(EVENTS):
        first, last = annotated.get("onset", 0), annotated.get("offset", len(frame) - 1)
        score = score_clip(faces, first, last, params)
        apex_position = annotated["apex"] if "apex" in annotated else find_apex(score, first, last, params.spotter)
        start, end = find_bounds(score, apex_position, params.rest)
        positions = {"onset": start, "apex": apex_position, "offset": end} | {**annotated}
    methods = {event: "annotated" if event in annotated else params.spotter for event in EVENTS}
    onset, apex, offset = (int(frame[positions[event]]) for event in EVENTS)
    return Events(methods, frame, onset, apex, offset, score)


def head_path(faces: Mapping[str, Any], events: Events) -> np.ndarray:
    """Return how far the head is from where it is at the onset, float64[T, 6] as in `steady.head_path`. Before the
    onset and after the offset it is nan; `faces` are as for `locate`."""
    first, last = (int(np.searchsorted(events.frame, event)) for event in (events.onset, events.offset))
    path = np.full((len(events.frame), PARAMETERS), np.nan)
    path[first : last + 1] = head.head_path(luma(faces["crop"][first : last + 1]), 0, face_regions.read_in_frame(faces))
    return path


def stored_score(faces: Mapping[str, Any], events: Mapping[str, Any], params: Params) -> np.ndarray:
    """Return the score of a clip with known events, float32[T], from its groups of a faces and an apex file. The apex
    file holds the score where one of the events was spotted; otherwise it is computed again."""
    if "score" in events:
        return events["score"][()]
    first, last = (int(np.searchsorted(faces["frame"][()], events[event][()])) for event in ("onset", "offset"))
    return score_clip(faces, first, last, params)


def score_clip(faces: Mapping[str, Any], onset: int, offset: int, params: Params) -> np.ndarray:
    """Return the score of the chosen spotter from a clip's group of a faces file, float32[T]."""
    crop, landmarks = luma(faces["crop"][()]), faces["landmarks_crop"][()]
    if params.spotter == "regions":
        return region_scores(crop, landmarks, onset, offset, params)
    return flow_scores(crop, landmarks, onset, params, face_regions.read_in_frame(faces))


def flow_scores(
    crop: np.ndarray, landmarks_crop: np.ndarray, onset: int, params: Params, in_frame: np.ndarray | None = None
) -> np.ndarray:
    """Return how far the ten regions have moved since the onset, without head motion, float32[T] in pixels of the crop.

    `crop` is grey [T, H, W], `landmarks_crop` [T, 68, 2]; `onset` is a position; `in_frame`, bool[H, W], are the pixels
    that show the frame. Flow has the default settings of its stage but for `params.size`: section `flow` of params.yaml
    is of the stored flow, and events stay where they are when it changes. The mean flow vector of each region is
    taken before its length: noise, which points anywhere, cancels and movement of the skin does not."""
    from scipy.ndimage import gaussian_filter1d

    from microexpr.signals import flow  # compiles on import; annotated clips need neither

    settings = flow.Params(size=params.size, stored_size=params.size)
    scale = params.size / crop.shape[1]
    boxes = [
        tuple(slice(int(side.start * scale), int(side.stop * scale)) for side in box)
        for box in region_boxes(landmarks_crop[onset], crop.shape[1], params.region)
    ]
    lengths = np.zeros(len(crop))
    for position, frame in enumerate(crop):
        if position != onset:
            vectors = flow.onset_apex(crop[onset], frame, settings, in_frame)[:2]
            lengths[position] = np.mean([np.hypot(*vectors[:, *box].mean(axis=(1, 2))) for box in boxes])
    return (gaussian_filter1d(lengths, params.smooth) if params.smooth else lengths).astype(np.float32)


def region_scores(crop: np.ndarray, landmarks_crop: np.ndarray, onset: int, offset: int, params: Params) -> np.ndarray:
    """Return how far each frame is from onset and offset, in units of how far it is from the frame before, float32[T].

    `crop` is grey [T, H, W], `landmarks_crop` [T, 68, 2]; `onset` and `offset` are positions. The score of a region is

        (|frame - onset| + 1) / (|frame - before| + 1) + (|frame - offset| + 1) / (|frame - before| + 1)

    of mean absolute grey differences; it is averaged over the regions. Noise is in both numerator and denominator, so
    a face that has stopped where it is farthest from rest scores highest. The paper names regions, differences and
    normalisation. Our reading are the exact positions of the regions, means before the ratio, and the 1 that keeps the
    score of a still picture finite. Our addition is that frames are first made equally bright, against flicker."""
    brightness = crop.mean(axis=(1, 2))
    gain = (brightness.mean() / np.maximum(brightness, 1)).astype(np.float32)[:, None, None]
    boxes = region_boxes(landmarks_crop[onset], crop.shape[1], params.region)
    scores, time, back = np.zeros(len(crop)), np.arange(len(crop)), params.neighbour
    before = np.where(time >= back, time - back, np.minimum(time + back, len(crop) - 1))  # ahead for the first frames
    for rows, columns in boxes:
        region = crop[:, rows, columns] * gain
        others = region[before], region[onset], region[offset]
        noise, *changes = (np.abs(region - other).mean(axis=(1, 2)) for other in others)
        for change in changes:
            scores += (change + 1) / (noise + 1)
    return (scores / len(boxes)).astype(np.float32)


def find_apex(score: np.ndarray, onset: int, offset: int, spotter: Spotter) -> int:
    """Return the position of the apex strictly between `onset` and `offset`, or `offset` if nothing lies between."""
    if offset - onset < 2:
        return offset
    inside = score[onset + 1 : offset]
    return onset + 1 + (int(np.argmax(inside)) if spotter == "regions" else divide_and_conquer(inside))


def divide_and_conquer(score: np.ndarray) -> int:
    """Return the position of the peak of a score [n] that is left when the weaker half is dropped again and again.

    The halves are those of the interval, as Liong et al. have it. Peaks of less than `HIGH` of the highest are left
    out: in a long clip those of noise would add up to more than that of the expression. Without a local peak, the
    largest score is taken."""
    positions = local_peaks(score)
    if not len(positions):
        return int(np.argmax(score))
    positions = positions[score[positions] >= HIGH * score[positions].max()]
    low, high = 0.0, len(score) - 1.0
    while len(positions) > 1:
        middle = (low + high) / 2
        early = positions <= middle
        if score[positions[early]].sum() >= score[positions[~early]].sum():
            positions, high = positions[early], middle
        else:
            positions, low = positions[~early], middle
    return int(positions[0])


def local_peaks(score: np.ndarray) -> np.ndarray:
    """Return positions that are higher than both sides, int64[p], the ends of the score included. The middle one is
    taken of several equal frames."""
    steps = np.diff(np.pad(score, 1, mode="minimum"))
    changes = np.flatnonzero(steps)
    start, end = changes[:-1], changes[1:]  # of each level: its first frame, and the one after its last
    return ((start + end - 1) // 2)[(steps[start] > 0) & (steps[end] < 0)]


def find_bounds(score: np.ndarray, apex: int, rest: float) -> tuple[int, int]:
    """Return positions of onset and offset: the nearest frames at rest on either side of `apex`, or the clip's ends. A
    frame is at rest when its score lies no higher than `rest` of the way from that side's least score to the apex's."""

    def nearest(side: np.ndarray) -> int:
        """Return the steps from the apex to the nearest frame at rest; `side` starts with the apex."""
        low = side.min()
        at_rest = np.flatnonzero(side <= low + rest * (side[0] - low))
        return int(at_rest[0]) if side[0] > low else len(side) - 1

    return apex - nearest(score[apex::-1]), apex + nearest(score[apex:])


def region_boxes(landmarks: np.ndarray, size: int, side: int) -> list[tuple[slice, slice]]:
    """Return rows and columns of the ten regions in a crop of `size` pixels: three on a brow, two at a mouth corner.
    The two at a mouth corner lie above and below it, where AU12 and AU15 pull."""
    half = np.array([0, side / 2])
    corners = [landmarks[corner] + shift for corner in MOUTH_CORNERS for shift in (-half, half)]
    centres = np.array([landmarks[point] for point in BROWS] + corners)
    first = np.clip(np.rint(centres - side / 2).astype(int), 0, size - side)
    return [(slice(y, y + side), slice(x, x + side)) for x, y in first.tolist()]
