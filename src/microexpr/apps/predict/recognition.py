"""The network that classifies a spotted expression: the shipped one, or one that the stage `refit` made."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core.errors import ParamsError, StoreError, remedy
from microexpr.core.grayscale import luma
from microexpr.core.weights import shipped
from microexpr.models import recognisers
from microexpr.models.base import NetworkMethod
from microexpr.signals import aus, flow, inputs
from microexpr.signals.aus import filters, regressor
from microexpr.training import refit

SHIPPED = shipped("predict.safetensors")


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """The frames of a spotted expression, aligned by one similarity; events are positions in them."""

    crop: np.ndarray  # uint8[n, 288, 288, C]
    landmarks_crop: np.ndarray  # float32[n, 68, 2]
    onset: int
    apex: int
    offset: int
    fps: float


def weights_path(method: str | None, folder: Path) -> Path:
    """Return the path of the shipped network, or <folder>/<method>.safetensors.

    Raises ParamsError if there is no such network, StoreError if there is no such file.
    """
    if method is None:
        return SHIPPED
    path = folder / f"{method}.safetensors"
    if not path.is_file():
        if not issubclass(recognisers.find(method), NetworkMethod):
            raise ParamsError(f"--method must name a network, not {method}")
        raise StoreError(f"{path}: is not there{remedy(path)}, or leave --method out")
    return path


def class_probabilities(model: refit.Recogniser, excerpt: Excerpt, reader: regressor.Model) -> dict[str, float]:
    """Return the probability of each class by name."""
    groups = stage_groups(excerpt, set(model.method.inputs), reader)
    scores = model(inputs.derive(model.method.inputs, groups))[0].astype(float)
    exponentials = np.exp(scores - scores.max())
    return dict(zip(model.classes, map(float, exponentials / exponentials.sum()), strict=True))


def stage_groups(excerpt: Excerpt, input_names: set[str], reader: regressor.Model) -> dict[str, dict[str, np.ndarray]]:
    """Return what the stages' files hold of a clip, as far as the inputs of these names need it."""
    stages = {stage for name in input_names for stage in inputs.SOURCES[name]}
    frame, grey = np.arange(len(excerpt.crop)), luma(excerpt.crop)
    groups = {
        "faces": {"frame": frame, "crop": excerpt.crop, "landmarks_crop": excerpt.landmarks_crop},
        "apex": {event: np.array(getattr(excerpt, event)) for event in ("onset", "apex", "offset")},
    }
    if "flow" in stages:
        groups["flow"] = {"onset_apex": flow.clip_flow(grey, excerpt.onset, excerpt.apex, flow.Params())}
    if "aus" in stages:
        values = regressor.regress(grey, excerpt.landmarks_crop, excerpt.onset, reader)
        groups["aus"] = {"frame": frame, **filters.curves(values, excerpt.onset, excerpt.fps, aus.Params())}
    return groups
