"""Measure how an expression was filmed, and compare it with the population. Reads no file, and knows no network.

Outside the limits of each measure, rendered expressions were classified worse (docs/predict.md), so classes are less
sure there."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import cv2
import numpy as np
import scipy

from microexpr.signals.faces import CROP
from microexpr.signals.flow import magnitude
from microexpr.signals.motion.head import face_mask

SIZE = 144  # rows and columns of the measured crops, as files of the population hold them
FLOW_SIZE = 28  # rows and columns of the measured flow
RIGID = (36, 39, 42, 45, 27, 30, 33)  # landmarks that expressions move least: eye corners and nose
BLUR = 1.0  # pixels: sigma of the Gaussian that separates fine detail
QUANTILE = 0.01  # share of the population's clips below the lower limit of a measure, and above the upper
MARGIN = 0.5  # limits extend past the quantiles by this share of their distance
FARTHEST = 1.0  # widths of its limits that a measure counts at most
BINS = 10  # of equal width, of the most probable class's probability
TEMPERATURES = (0.2, 20.0)
TOLERANCE = 1e-6
WIDENING = 0.7  # growth of the temperature by distance from the limits, of least calibration error (docs/predict.md)

Limits = Mapping[str, tuple[float, float]]  # least and largest value by measure


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The n frames around one expression, aligned by one similarity."""

    crop: np.ndarray  # uint8[n, SIZE, SIZE], grey
    landmarks: np.ndarray  # float[n, 68, 2], pixels of `crop`
    pose: np.ndarray  # float[n, 3], yaw, pitch and roll in degrees
    flow: np.ndarray  # float32[3, FLOW_SIZE, FLOW_SIZE] from onset to apex, u and v in pixels of the crop of 288
    onset: int  # position of the frame
    apex: int

    @property
    def face(self) -> np.ndarray:
        """Grey levels inside the face at onset and apex, float32[2, pixels]."""
        return inside_face(self.crop[[self.onset, self.apex]])


class Measure(NamedTuple):
    """A number that describes how an expression was filmed."""

    words: str  # its description
    unit: str
    compute: Callable[[View], float]


def reduce(crop: np.ndarray) -> np.ndarray:
    """Return a grey crop uint8[288, 288] as it is measured, uint8[SIZE, SIZE]."""
    return np.asarray(cv2.resize(crop, (SIZE, SIZE), interpolation=cv2.INTER_AREA))


def inside_face(crop: np.ndarray) -> np.ndarray:
    """Return the grey levels inside the face of crops [..., SIZE, SIZE], float32[..., pixels]."""
    return crop[..., face_mask(SIZE)].astype(np.float32)


def camera_noise(first: np.ndarray, second: np.ndarray) -> float:
    """Return the standard deviation of the change from a crop [SIZE, SIZE] to the next, without slow ones in space."""
    change = second.astype(np.float32) - first.astype(np.float32)
    return float((change - cv2.GaussianBlur(change, (0, 0), 2 * BLUR))[face_mask(SIZE)].std())


def skin_detail(crop: np.ndarray) -> float:
    """Return the contrast of detail that a blur removes of a crop [SIZE, SIZE], relative to the face's brightness."""
    rest = crop - cv2.GaussianBlur(crop.astype(np.float32), (0, 0), BLUR)
    return float(rest[face_mask(SIZE)].std() / max(inside_face(crop).mean(), 1))


def head_shift(view: View) -> float:
    """Return by how much the head moves in the image from onset to apex."""
    movement = (view.landmarks[view.apex] - view.landmarks[view.onset])[list(RIGID)]
    return float(np.linalg.norm(movement.mean(axis=0)) * CROP / SIZE)


def brightening(view: View) -> float:
    """Return by how much the face's brightness changes from onset to apex, as the logarithm of the ratio."""
    first, second = np.maximum(view.face.mean(axis=1), 1)
    return float(abs(np.log(second / first)))


MEASURES = {
    "head_turn": Measure(
        "turn of the head from onset to apex",  # about the axis of the largest turn
        " degrees",
        lambda view: float(np.abs(view.pose[view.apex] - view.pose[view.onset]).max()),
    ),
    "head_shift": Measure("shift of the head from onset to apex", " pixels", head_shift),
    "flow": Measure("mean movement of the skin", " pixels", lambda view: float(magnitude(view.flow).mean())),
    "brightness": Measure("brightness of the face", " grey levels", lambda view: float(view.face[0].mean())),
    "brightening": Measure("change of brightness from onset to apex", "", brightening),
    "noise": Measure(  # from the onset to the next frame
        "noise of the camera", " grey levels", lambda view: camera_noise(*view.crop[view.onset : view.onset + 2])
    ),
}


def measure(view: View) -> dict[str, float]:
    """Return the measures of an expression by name: all but noise where the apex is the frame after the onset."""
    names = [name for name in MEASURES if name != "noise" or view.apex > view.onset + 1]
    return {name: MEASURES[name].compute(view) for name in names}


def fit_limits(measured: Sequence[Mapping[str, float]]) -> Limits:
    """Return the limits of each measure: quantiles of these clips, and further outside by `MARGIN`, but not below 0 for
    a measure without negative values."""
    limits = {}
    for name in MEASURES:
        low, high = np.quantile([values[name] for values in measured], [QUANTILE, 1 - QUANTILE])
        margin, least = MARGIN * (high - low), 0.0 if low >= 0 else -np.inf
        limits[name] = round(float(max(low - margin, least)), 4), round(float(high + margin), 4)
    return limits


def distance(values: Mapping[str, float], limits: Limits) -> float:
    """Return the summed distances of measures from their limits, in widths of these, each at most `FARTHEST`."""
    total = 0.0
    for name in (name for name in values if name in limits):
        low, high = limits[name]
        total += min(max(low - values[name], values[name] - high, 0.0) / (high - low), FARTHEST)
    return total


def reasons(values: Mapping[str, float], limits: Limits) -> tuple[str, ...]:
    """Describe the measures outside their limits, in the order of `MEASURES`."""
    return tuple(
        f"{measure.words} {values[name]:.3g}{measure.unit}, not {limits[name][0]:.3g} to {limits[name][1]:.3g}"
        for name, measure in MEASURES.items()
        if name in values and name in limits and not limits[name][0] <= values[name] <= limits[name][1]
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Temperature of a network's scores, and limits beyond which its scores count for less; {} for none."""

    temperature: float = 1.0
    limits: Limits = field(default_factory=dict)

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> "Calibration | None":
        """Read a network's metadata, None for a network that is not calibrated."""
        if "calibration" not in metadata:
            return None
        values = json.loads(metadata["calibration"])
        limits = {name: (float(low), float(high)) for name, (low, high) in values["limits"].items()}
        return cls(float(values["temperature"]), limits)

    def to_json(self) -> str:
        """Return the metadata that `read` reads, in JSON's own form."""
        return json.dumps(asdict(self), sort_keys=True)

    def probabilities(self, scores: np.ndarray, distance: float | np.ndarray = 0.0) -> np.ndarray:
        """Return probabilities float64[N, C] of scores [N, C], at distances [N] from the limits."""
        temperature = self.temperature * (1 + WIDENING * np.atleast_1d(distance)[:, None])
        return np.asarray(scipy.special.softmax(scores.astype(float) / temperature, axis=1))


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature under which labels [N] are most likely, given scores [N, C] (least cross-entropy)."""

    def loss(logarithm: float) -> float:
        likelihoods = scipy.special.log_softmax(scores.astype(float) / np.exp(logarithm), axis=1)
        return -float(likelihoods[np.arange(len(labels)), labels].mean())

    bounds = np.log(TEMPERATURES)
    optimum = scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": TOLERANCE})
    return round(float(np.exp(optimum.x)), 4)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the expected calibration error of probabilities [N, C] against labels [N], in `BINS` bins. It is the mean,
    over the clips, of the distance between their bin's accuracy and mean probability (eq. 3)."""
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((correct[bins == b].astype(float) - confidence[bins == b]).sum()) for b in range(BINS)]
    return float(sum(gaps) / len(labels))
