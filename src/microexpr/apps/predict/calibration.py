"""Turn a network's scores into probabilities that are right as often as they say, by one temperature.

After Guo et al., On calibration of modern neural networks, ICML 2017.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import scipy

from microexpr.apps.predict.domain import Limits

BINS = 10  # of equal width, of the most probable class's probability
TEMPERATURES = (0.2, 20.0)
TOLERANCE = 1e-6
WIDENING = 0.7  # growth of the temperature by distance from the limits, of least calibration error (docs/predict.md)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Temperature of a network's scores, and limits outside of which its scores count for less; {} for none."""

    temperature: float = 1.0
    limits: Limits = field(default_factory=dict)

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> "Calibration | None":
        """Read a network's metadata, None for a network that is not calibrated."""
        if "calibration" not in metadata:
            return None
        values = json.loads(metadata["calibration"])
        return cls(
            float(values["temperature"]),
            {name: (float(low), float(high)) for name, (low, high) in values["limits"].items()},
        )

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
    """Return the expected calibration error of probabilities [N, C] against labels [N], in `BINS` bins.

    It is the mean, over the clips, of the distance between their bin's accuracy and mean probability (eq. 3)."""
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((correct[bins == b].astype(float) - confidence[bins == b]).sum()) for b in range(BINS)]
    return float(sum(gaps) / len(labels))
