"""Flow from onset to apex as the small pictures that circulate, and the part of our crop that such pictures show.

A picture is a part of a face, each channel scaled in its clip. The part is found without a label: where rendered faces
move as those in the pictures do. Shapes: channels are u (to the right), v (downwards) and strain; pictures are
uint8[N, 28, 28, 3], flow of crops is float[3, H, W]. Out of scope: a label."""

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import cv2
import numpy as np
from pydantic import BaseModel, Field, model_validator

from microexpr.core import store
from microexpr.core.errors import DataError

SIZE = 28  # rows and columns of a picture
MIDDLE = 127.5  # of a grey level's range, so that -u is the u of a mirrored clip, as with flow in pixels
SAMPLES = 4  # along a side of each pixel, over which flow is averaged
FARTHEST = 0.2  # share of a crop's side by which a region may reach beyond the crop

Place = Annotated[float, Field(ge=-FARTHEST, le=1 + FARTHEST)]
Region = tuple[Place, Place, Place, Place]  # left, right, top, bottom of a crop, as shares of its sides
USUAL: Region = (0.20, 0.80, 0.05, 0.85)  # of the pictures that circulate most (docs/real-faces.md)
Normalisation = Literal["as_published", "centred"]

FIELDS: dict[Normalisation, str] = {  # of schema `flow`, which describes them
    "as_published": "onset_apex_scaled",
    "centred": "onset_apex_centred",
}

logger = logging.getLogger(__name__)

WRONG: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # as which no pictures of faces should fit
    "upside down": lambda flow: flow[:, :, ::-1],
    "turned by 90 degrees": lambda flow: flow.swapaxes(2, 3)[..., ::-1],
    "u and v exchanged": lambda flow: flow[:, [1, 0, 2]],
    "u and strain exchanged": lambda flow: flow[:, ::-1],
}
CLIPS = 120  # rendered clips that are enough
SIDE = 64  # pixels of rendered flow, in which regions are cut out
KEPT = 128  # regions with stored statistics
LARGEST = 3.0  # standard deviations, beyond which a pixel counts no more
COARSE, STEPS, FINEST = 0.1, (0.04, 0.02, 0.01), 3  # of a crop's side; the last: decimals of a region
SMALLEST = 0.35  # sides of a region
ASIDE = 0.3  # twice as far as a region's middle may be from the crop's, to the left or right, in the coarse search
STARTS, APART = 4, 0.1  # best regions of the coarse search from which the fine one starts, and a side's distance
PARTS = 8  # random halves of the clips, in which the region is found again
LEAST = 0.05  # by which pictures of faces agree better than wrong versions of them (docs/real-faces.md)
FAR = 0.05  # of a region given in params.yaml: distance of a side from that found, from which on a warning is worth it
SIDES = ("left", "right", "top", "bottom")
COLUMNS = ("pictures", *SIDES, "agreement", "spread")
USED = "used"  # the row of the region that the run uses


class Params(BaseModel, frozen=True, extra="forbid"):
    """Section `flow_folders` of params.yaml."""

    normalise: Normalisation = Field(
        default="centred", description="channels of a picture: as published | each less its median, in deviations"
    )
    subjects: int = Field(
        default=60,
        ge=0,
        le=5000,
        description="subjects of the population on whom rows of their own are trained; 0: no such",
    )
    both: int = Field(default=24, ge=1, le=5000, description="how many of them train together with recorded subjects")
    region: Region | Literal["auto"] = Field(
        default="auto",
        description="left, right, top, bottom of what such a picture shows, as shares of our crop; auto: found",
    )
    methods: dict[str, dict[str, Any] | None] = Field(
        default={}, description="params of methods on such pictures, where they differ from `methods`"
    )

    @model_validator(mode="after")
    def _check_region(self) -> "Params":
        if self.region == "auto":
            return self
        left, right, top, bottom = self.region
        if not (left < right and top < bottom):
            raise ValueError(f"region must be left < right and top < bottom, not {list(self.region)}")
        return self


def from_flow(flow: np.ndarray, region: Region) -> np.ndarray:
    """Return flow float[3, H, W] of a crop as such a picture, uint8[28, 28, 3]. Each channel is scaled to 0..255
    between its smallest and its largest value; one without any is 0."""
    left, right, top, bottom = region
    rows, columns = flow.shape[1:]
    size = SIZE * SAMPLES
    scale = np.array([(right - left) * columns, (bottom - top) * rows]) / size
    shift = np.array([left * columns, top * rows]) + scale / 2 - 0.5  # between centres of pixels
    matrix = np.column_stack([np.diag(scale), shift])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    channels = []
    for channel in flow.astype(np.float32):
        warped = cv2.warpAffine(channel, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        channels.append(np.asarray(warped).reshape(SIZE, SAMPLES, SIZE, SAMPLES).mean((1, 3)))
    small = np.stack(channels, -1)
    low, high = small.min((0, 1)), small.max((0, 1))
    return np.rint((small - low) / np.where(high > low, high - low, 1) * 255).astype(np.uint8)


def flow_as_picture(flow: np.ndarray, region: Region, normalise: Normalisation) -> np.ndarray:
    """Return flow float[3, H, W] of a crop as the channels of such a picture, float32[3, 28, 28]."""
    return channels(from_flow(flow, region), normalise)


def channels(picture: np.ndarray, normalise: Normalisation) -> np.ndarray:
    """Return the channels of a picture uint8[28, 28, 3] as float32[3, 28, 28].

    `as_published`: u and v as grey levels minus 127.5, strain as grey levels 0..255. The scaling of each clip has lost
    the size of the movement and the grey level of no movement. `centred` estimates both: each channel minus its median,
    since most of a face stays where it is, in units of its standard deviation; a channel of one level is 0."""
    levels = picture.transpose(2, 0, 1).astype(np.float32)
    if normalise == "as_published":
        return levels - np.array([MIDDLE, MIDDLE, 0], np.float32)[:, None, None]
    centred = levels - np.median(levels, (1, 2), keepdims=True)
    deviation = levels.std((1, 2), keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0)


class Fit(NamedTuple):
    """The region where pictures agree best with rendered flow."""

    region: Region
    agreement: float  # -1..1


class Registration(NamedTuple):
    """The region that pictures show, how certain it is, and how well wrong versions of the same pictures agree."""

    best: Fit
    spread: float  # largest standard deviation of a side over random halves of the clips, share of the crop
    wrong: dict[str, Fit]  # by name of WRONG

    @property
    def margin(self) -> float:
        """By how much the pictures agree better than the best incorrect version."""
        return self.best.agreement - max(fit.agreement for fit in self.wrong.values())

    def describe(self) -> str:
        """Return the region and its certainty in one line."""
        wrong = ", ".join(f"{fit.agreement:.2f} {name}" for name, fit in self.wrong.items())
        sides = ", ".join(f"{side} {value:.2f}" for side, value in zip(SIDES, self.best.region, strict=True))
        return f"region {sides} of our crop, +/- {self.spread:.3f}; agreement {self.best.agreement:.2f}, but {wrong}"


class Rendered:
    """Flow of rendered clips, as pictures of any region."""

    def __init__(self, flow: Sequence[np.ndarray]):
        """`flow` are N crops, float[3, H, W], of one size."""
        small = [cv2.resize(clip.astype(np.float32).transpose(1, 2, 0), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
                 for clip in flow]  # fmt: skip
        self.flow = np.stack(small).transpose(0, 3, 1, 2)
        self.in_region = lru_cache(KEPT)(lambda region: Pictures(centre(cut(self.flow, region))))


class Pictures:
    """Statistics of pictures that need no label: where each channel moves, and what moves together."""

    def __init__(self, centred: np.ndarray):
        """`centred` is the result of `centre`, float32[N, 3, 28, 28]."""
        self.centred = centred
        self.moving = standardised(np.concatenate([np.abs(centred[:, :2]), centred[:, 2:]], 1).mean(0))
        varying = (centred - centred.mean(0)).reshape(len(centred), 3, -1).swapaxes(0, 1)
        gram = np.linalg.norm(varying @ varying.swapaxes(1, 2), axis=(1, 2))
        self.varying = varying / np.sqrt(np.maximum(gram, 1e-9))[:, None, None]

    def agreement(self, other: "Pictures") -> float:
        """Return the similarity of movement in two sets of pictures, -1..1. Mean over channels of the correlation
        between mean absolute movements, and of the cosine between the covariances of pixels."""
        together = np.square(self.varying @ other.varying.swapaxes(1, 2)).sum((1, 2))
        return float(((self.moving * other.moving).mean((1, 2)) + together).mean() / 2)


def register(rendered: Rendered, pictures: np.ndarray, rng: np.random.Generator) -> Registration:
    """Return the position of pictures uint8[N, 28, 28, 3] in the crop of rendered flow."""
    flow = pictures.transpose(0, 3, 1, 2).astype(np.float32)
    recorded = Pictures(centre(flow))
    best = find(rendered, recorded)
    halves = [rng.permutation(len(flow))[: (len(flow) + 1) // 2] for _ in range(PARTS)]
    regions = [_refine(rendered, Pictures(recorded.centred[half]), best.region, STEPS[-1:]).region for half in halves]
    wrong = {name: find(rendered, Pictures(centre(change(flow)))) for name, change in WRONG.items()}
    return Registration(best, float(np.std(regions, axis=0).max()), wrong)


def choose(outcome: Registration, chosen: Region | Literal["auto"], where: str) -> Region:
    """Return the region to use: the one that is given, else the one found. Raises DataError if none is given and the
    pictures fit nowhere; logs a warning if the given one lies elsewhere."""
    if outcome.margin < LEAST:
        closest = max(outcome.wrong, key=lambda name: outcome.wrong[name].agreement)
        problem = (
            f"{where}: pictures must move as rendered faces do somewhere in our crop, at least {LEAST} better than any "
            f"wrong version of them; found: {outcome.describe()} (closest: {closest})"
        )
        if chosen == "auto":
            raise DataError(
                f"{problem}; flow_folders.region: [left, right, top, bottom] sets the region by hand, "
                "flow_folders.subjects: 0 trains on recorded subjects alone"
            )
        logger.warning("%s; flow_folders.region is used", problem)
    elif chosen != "auto" and np.abs(np.subtract(chosen, outcome.best.region)).max() > FAR:
        logger.warning("%s: flow_folders.region is %s, found: %s", where, list(chosen), outcome.describe())
    return outcome.best.region if chosen == "auto" else chosen


def rows(outcome: Registration, region: Region) -> Iterator[dict[str, str]]:
    """Yield rows of COLUMNS: the region used, the one found, and where wrong versions of the pictures agree best."""
    yield {"pictures": USED, **dict(zip(SIDES, map(str, region), strict=True)), "agreement": "", "spread": ""}
    for name, fit in {"found": outcome.best, **outcome.wrong}.items():
        sides = dict(zip(SIDES, map(str, fit.region), strict=True))
        spread = f"{outcome.spread:.4f}" if name == "found" else ""
        yield {"pictures": name, **sides, "agreement": f"{fit.agreement:.4f}", "spread": spread}


def read(path: str | Path) -> Region:
    """Return the region used, from a CSV of these rows."""
    (row,) = (row for row in store.read_csv(path, COLUMNS) if row["pictures"] == USED)
    left, right, top, bottom = (float(row[side]) for side in SIDES)
    return left, right, top, bottom


def find(rendered: Rendered, recorded: Pictures) -> Fit:
    """Return the region of the crop in which rendered flow agrees best with pictures."""
    moving = np.concatenate([np.abs(rendered.flow[:, :2]), rendered.flow[:, 2:]], 1)
    moving = (moving / np.maximum(moving.mean((2, 3), keepdims=True), 1e-6)).mean(0)  # no clip counts more
    places = [round(float(side), FINEST) for side in np.arange(-FARTHEST, 1 + FARTHEST + COARSE / 2, COARSE)]
    sides = [(first, last) for first, last in itertools.product(places, repeat=2) if last - first >= SMALLEST]
    middle = [side for side in sides if abs(sum(side) - 1) <= ASIDE]
    regions = [(*across, *down) for across, down in itertools.product(middle, sides)]
    agreement = {region: float((standardised(cut(moving, region)) * recorded.moving).mean()) for region in regions}
    starts: list[Region] = []  # of the coarse grid
    for region in sorted(regions, key=lambda region: -agreement[region]):
        if len(starts) < STARTS and all(np.abs(np.subtract(region, other)).max() > APART for other in starts):
            starts.append(region)
    fits = [_refine(rendered, recorded, region, STEPS[:1]) for region in starts]
    return _refine(rendered, recorded, max(fits, key=lambda fit: fit.agreement).region, STEPS)


def _refine(rendered: Rendered, recorded: Pictures, region: Region, steps: Sequence[float]) -> Fit:
    """Improve a region by ever smaller steps, as long as the agreement rises. A step moves a side, two opposite sides
    apart or together, or both to one side."""
    best = Fit(region, recorded.agreement(rendered.in_region(region)))
    for step in steps:
        while True:
            near = []
            for (first, second), axis, sign in itertools.product(((1, 0), (0, 1), (1, 1), (1, -1)), (0, 2), (1, -1)):
                moved = list(best.region)
                moved[axis] = round(moved[axis] + sign * first * step, FINEST)
                moved[axis + 1] = round(moved[axis + 1] + sign * second * step, FINEST)
                left, right, top, bottom = moved
                is_inside = min(left, top) >= -FARTHEST and max(right, bottom) <= 1 + FARTHEST
                if is_inside and min(right - left, bottom - top) >= SMALLEST:
                    other = left, right, top, bottom
                    near.append(Fit(other, recorded.agreement(rendered.in_region(other))))
            nearest = max(near, key=lambda fit: fit.agreement)
            if nearest.agreement <= best.agreement:
                break
            best = nearest
    return best


def cut(flow: np.ndarray, region: Region) -> np.ndarray:
    """Return a region of maps [..., H, W], averaged to [..., 28, 28]; beyond their edges, edge values repeat."""
    left, right, top, bottom = region
    across, down = _weights(left, right, flow.shape[-1]), _weights(top, bottom, flow.shape[-2])
    return np.asarray(down @ flow @ across.T)


@lru_cache(KEPT)
def _weights(first: float, last: float, length: int) -> np.ndarray:
    """Return float[28, length], by which pixels between two places of a line are interpolated and averaged."""
    samples = (first + (np.arange(SIZE * SAMPLES) + 0.5) * (last - first) / (SIZE * SAMPLES)) * length - 0.5
    samples = np.clip(samples, 0, length - 1)
    pixels = np.arange(length)
    near = np.maximum(0, 1 - np.abs(samples[:, None] - pixels))
    return near.reshape(SIZE, SAMPLES, length).mean(1).astype(np.float32)


def centre(flow: np.ndarray) -> np.ndarray:
    """Return flow [N, 3, H, W], in any unit and with any zero, as float32: each channel less its median, in deviations.
    Beyond `LARGEST` deviations values are clipped."""
    centred = flow - np.median(flow.reshape(*flow.shape[:2], -1), 2)[..., None, None]
    deviation = np.maximum(centred.std((2, 3), keepdims=True), 1e-6)
    return np.clip(centred / deviation, -LARGEST, LARGEST).astype(np.float32)


def standardised(maps: np.ndarray) -> np.ndarray:
    """Return maps [..., H, W], each less its mean, in standard deviations."""
    deviation = np.maximum(maps.std((-2, -1), keepdims=True), 1e-6)
    return np.asarray((maps - maps.mean((-2, -1), keepdims=True)) / deviation)
