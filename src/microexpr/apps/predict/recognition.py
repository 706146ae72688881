"""The network that classifies a spotted expression: the shipped one, or one that the stage `refit` made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from microexpr.apps.predict import domain
from microexpr.apps.predict.domain import Calibration
from microexpr.core import onnx
from microexpr.core.arrays import luma
from microexpr.core.errors import ParamsError, StoreError, remedy
from microexpr.core.files import shipped
from microexpr.signals import aus, face_regions, flow, inputs
from microexpr.signals.aus import filters, regressor
from microexpr.signals.faces import CROP
from microexpr.signals.flow import pictures

if TYPE_CHECKING:
    from microexpr.training import refit

SHIPPED = shipped("predict.onnx")

Recogniser: TypeAlias = "OnnxRecogniser | refit.Recogniser"  # a trained network: call it with inputs
Groups = dict[str, dict[str, np.ndarray]]  # by stage: the contents of its file on a clip
Certainty = Literal["sure", "unsure", "cannot tell", ""]
SURE, TELLS = 0.8, 0.5  # least probability of the class


class OnnxRecogniser:
    """The network of an ONNX file with its inputs, as `inputs.derive` takes them, and classes in the metadata."""

    def __init__(self, network: onnx.Network):
        """Raises KeyError or ValueError for other metadata."""
        self.network, self.metadata = network, network.metadata
        self.classes = tuple(network.metadata["classes"].split(", "))
        self.fitted_on = frozenset(network.fitted_on)  # clips, as in `provenance`
        self.inputs = {name: tuple(shape) for name, shape in json.loads(network.metadata["inputs"]).items()}

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return scores float32[B, C] of inputs, each [B, ...]; the largest is of the predicted class."""
        return self.network(**{name: np.asarray(inputs[name], np.float32) for name in self.inputs})[0]


def load(path: str | Path) -> Recogniser:
    """Load the shipped recogniser, or one that the stage `refit` made. Raises StoreError for any other file."""
    if Path(path).suffix == ".onnx":
        try:
            return OnnxRecogniser(onnx.load(path))
        except (KeyError, ValueError, AttributeError, TypeError) as error:
            raise StoreError(f"{path}: must be a recogniser of `microexpr`, not without {error}") from error
    from microexpr.training import refit  # with torch

    return refit.load(path)


class Classes(NamedTuple):
    """The result for one expression, empty for one that is not classified."""

    probabilities: Mapping[str, float] = {}  # by class
    reasons: tuple[str, ...] = ()  # how it differs from the expressions that the model knows, as text
    regions: Mapping[str, float] = {}  # by how much the class is less probable if a region of the face keeps still

    @property
    def predicted_class(self) -> str:
        """The most probable class, "" for none."""
        return max(self.probabilities, key=lambda name: self.probabilities[name], default="")

    @property
    def certainty(self) -> Certainty:
        """Return how reliable the most probable class is, as text: "sure" only without any reason, "" for none."""
        if not self.probabilities:
            return ""
        highest = max(self.probabilities.values())
        if highest < TELLS:
            return "cannot tell"
        return "sure" if highest >= SURE and not self.reasons else "unsure"

    @property
    def shares(self) -> str:
        """Each class and its probability as text."""
        return ", ".join(f"{name} {share:.2f}" for name, share in self.probabilities.items())

    def to_dict(self) -> dict[str, Any]:
        """Return the result by the names of the JSON file, rounded."""
        return {
            "class": self.predicted_class,
            "classes": {name: round(share, 4) for name, share in self.probabilities.items()},
            "certainty": self.certainty,
            "reasons": list(self.reasons),
            "regions": {name: round(share, 4) for name, share in self.regions.items()},
        }


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """The frames of a spotted expression, aligned by one similarity; events are positions in them."""

    crop: np.ndarray  # uint8[n, 288, 288, C]
    landmarks_crop: np.ndarray  # float32[n, 68, 2], as they are in a steady face at the apex
    tracked_landmarks: np.ndarray  # float64[n, 68, 2], pixels of the crop
    pose: np.ndarray  # float64[n, 3], degrees
    onset: int
    apex: int
    offset: int
    fps: float
    in_frame: np.ndarray | None = None  # bool[288, 288], pixels of the crop that show the frame; None if all do


def weights_path(method: str | None, folder: Path) -> Path:
    """Return the path of the shipped network, or <folder>/<method>.safetensors. Raises ParamsError if there is no such
    network, StoreError if there is no such file."""
    if method is None:
        return SHIPPED
    path = folder / f"{method}.safetensors"
    if not path.is_file():
        from microexpr.models import recognisers  # with torch
        from microexpr.models.base import NetworkMethod

        if not issubclass(recognisers.find(method), NetworkMethod):
            raise ParamsError(f"--method must name a network, not {method}")
        raise StoreError(f"{path}: is not there{remedy(path)}, or leave --method out")
    return path


def classify(model: Recogniser, calibration: Calibration, excerpt: Excerpt, reader: regressor.Model) -> Classes:
    """Return the probability of each class by name, and how the expression differs from those that the model knows."""
    groups = stage_groups(excerpt, set(model.inputs), reader)
    measured: dict[str, float] = {}
    if calibration.limits:
        (vectors,) = inputs.derive({"flow": (3, domain.FLOW_SIZE, domain.FLOW_SIZE)}, groups)["flow"]
        crop = np.stack([domain.reduce(image) for image in luma(excerpt.crop)])
        landmarks = (excerpt.tracked_landmarks + 0.5) * domain.SIZE / CROP - 0.5
        view = domain.View(crop, landmarks, excerpt.pose, vectors, excerpt.onset, excerpt.apex)
        measured = domain.measure(view)  # as of the population
    distance = domain.distance(measured, calibration.limits)
    probabilities = calibration.probabilities(scores(model, groups)[None], distance)[0]
    regions = {}
    if "flow" in groups and {*model.inputs} == {"flow"}:
        best, vectors = int(probabilities.argmax()), groups["flow"]["onset_apex"]
        size = vectors.shape[-1]
        landmarks = (excerpt.landmarks_crop[excerpt.apex] + 0.5) * size / CROP - 0.5
        labels = face_regions.region_labels(landmarks, size)
        for i, name in enumerate(face_regions.FLOW_REGIONS):
            still = groups | {"flow": {"onset_apex": np.where(labels == i, 0, vectors)}}
            without = calibration.probabilities(scores(model, still)[None], distance)[0, best]
            regions[name] = float(probabilities[best] - without)
    named = dict(zip(model.classes, map(float, probabilities), strict=True))
    return Classes(named, domain.reasons(measured, calibration.limits), regions)


def scores(model: Recogniser, groups: Groups) -> np.ndarray:
    """Return the scores of the classes, float32[C], from the contents of the stages' files."""
    if "pictures" in model.metadata:
        params = pictures.Params.model_validate_json(model.metadata["pictures"])
        assert params.region != "auto"
        picture = pictures.flow_as_picture(groups["flow"]["onset_apex"], params.region, params.normalise)
        groups = groups | {"flow": {"onset_apex": picture}}
    return model(inputs.derive(model.inputs, groups))[0]


def stage_groups(excerpt: Excerpt, input_names: set[str], reader: regressor.Model) -> Groups:
    """Return the contents of the stages' files on a clip, as far as the inputs of these names need them."""
    stages = {stage for name in input_names for stage in inputs.SOURCES[name]}
    frame, grey = np.arange(len(excerpt.crop)), luma(excerpt.crop)
    groups = {
        "faces": {"frame": frame, "crop": excerpt.crop, "landmarks_crop": excerpt.landmarks_crop}
        | ({} if excerpt.in_frame is None else {"in_frame": excerpt.in_frame}),
        "apex": {event: np.array(getattr(excerpt, event)) for event in ("onset", "apex", "offset")},
    }
    if "flow" in stages:
        vectors = flow.clip_flow(grey, excerpt.onset, excerpt.apex, flow.Params(), excerpt.in_frame)
        groups["flow"] = {"onset_apex": vectors}
    if "aus" in stages:
        values = regressor.regress(grey, excerpt.onset, reader)
        groups["aus"] = {"frame": frame, **filters.curves(values, excerpt.onset, excerpt.fps, aus.Params())}
    return groups
