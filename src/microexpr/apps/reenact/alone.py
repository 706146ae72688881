"""Reenactment for the command line: a movement on one face of a photograph, at several strengths, and its measures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from microexpr.apps.reenact import Kind, evaluation
from microexpr.apps.reenact.driving import DrivingCurves
from microexpr.apps.reenact.moved import MovedFace, move
from microexpr.apps.reenact.photograph import Photograph
from microexpr.core.errors import StoreError
from microexpr.core.grayscale import luma
from microexpr.models.generators.famgan import Famgan
from microexpr.protocols import provenance
from microexpr.signals.aus import regressor
from microexpr.training.generator_file import SHIPPED, LoadedGenerator, load

WEAK_R = 0.6  # below which a warning is due
METRICS = {  # columns of metrics.csv, and what is printed of each; at the apex, but the first two
    "au_r": "r {:.2f} of asked and read AU changes",
    "au_share": "{:.0%} of them read",
    "moved_tenth": "the tenth of the face's pixels that moves most changes by {:.1f} grey levels",
    "largest": "the most by {:.0f}",
    "identity_cosine": "likeness to the photograph {:.3f}",
    "noise": "noise {:.1f}",
}


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The photograph with the movement at one strength."""

    strength: float
    target_aus: np.ndarray  # float32[K, 17, 2], changes
    moved: MovedFace
    crops: np.ndarray  # uint8[K, 288, 288, 3]
    read_back: np.ndarray  # float32[K, 17, 2]: changes read off the crops, since the first
    metrics: dict[str, float]  # by `METRICS`; without those of action units if there is no target


@dataclass(frozen=True, slots=True, eq=False)
class Reenactment:
    """A reenactment at each strength, and what it was made with."""

    photograph: Photograph
    number: int  # of the face, from 1
    driving: DrivingCurves
    outcomes: Sequence[Outcome]
    description: tuple[str, ...]  # lines on generator, driving clip and photograph

    @property
    def origin(self) -> str:
        """Origins of driving clip and photograph, joined by "+"; a photograph counts as licensed."""
        return "+".join(sorted({self.driving.origin, "licensed"}))


def load_generator(path: Path | None) -> LoadedGenerator:
    """Return FAMGAN's generator in a file, None for the shipped one. Raises StoreError for any other file."""
    model = load(path or SHIPPED)
    if not isinstance(model.method, Famgan):
        raise StoreError(f"{path}: must be a generator of FAMGAN's, not {model.metadata['network']}")
    return model


def reenact(
    driving: DrivingCurves,
    photograph: Photograph,
    number: int,
    strengths: Sequence[float],
    weights: Path | None = None,
    kind: Kind | None = None,
) -> Reenactment:
    """Give a movement to a face of a photograph, by its number from 1, at each strength.

    `kind` as for `moved.move`. Raises DataError if the face cannot be moved, StoreError if `weights` is no generator
    of FAMGAN's."""
    cv2.setNumThreads(1)  # as in a run
    torch.set_num_threads(1)
    model, reader = load_generator(weights), regressor.load()
    face = photograph.select(number)
    outcomes = []
    for strength in strengths:
        target_aus = driving.target_aus(strength)
        moved = move(model, face, target_aus, kind)
        crops = moved.crops()
        read_back = evaluation.changes(crops, face, reader)
        metrics = dict(measure(moved, crops, target_aus, read_back, driving.apex))
        outcomes.append(Outcome(strength, target_aus, moved, crops, read_back, metrics))
    description = (*_describe(model, weights, driving), photograph.describe(number))
    return Reenactment(photograph, number, driving, outcomes, description)


def measure(
    moved: MovedFace, crops: np.ndarray, target_aus: np.ndarray, read_back: np.ndarray, apex: int
) -> Iterator[tuple[str, float]]:
    """Yield the `METRICS` of a moved face: correlation and share over all frames, units and sides."""
    if target_aus.any():
        varies = np.ptp(read_back) > 0
        yield "au_r", float(np.corrcoef(read_back.ravel(), target_aus.ravel())[0, 1]) if varies else 0.0
        yield "au_share", float((read_back * target_aus).sum() / np.square(target_aus).sum())
    changes = np.sort(np.abs(luma(crops[apex]).astype(float) - luma(moved.face.crop)), axis=None)
    yield "moved_tenth", float(changes[-(len(changes) // 10) :].mean())
    yield "largest", float(np.abs(moved.parts[apex].astype(int) - moved.still).max())
    for figure in evaluation.appearance(crops[apex], moved.face):
        yield figure.metric, figure.value


def summary(reenactment: Reenactment) -> Iterator[str]:
    """Yield a line for each strength, and a warning where the movement is hardly read back."""
    for outcome in reenactment.outcomes:
        values = (METRICS[name].format(value) for name, value in outcome.metrics.items())
        yield f"strength {outcome.strength:g}: {', '.join(values)}"
    if any(outcome.metrics.get("au_r", 1) < WEAK_R for outcome in reenactment.outcomes):
        yield "warning: the movement is hardly read back; a face that already shows it, as a smile, does not follow"


def _describe(model: LoadedGenerator, weights: Path | None, driving: DrivingCurves) -> tuple[str, ...]:
    """Return lines on generator and driving clip."""
    side = model.method.params.image_size  # type: ignore[attr-defined]
    fitted = f"generator: {weights or 'shipped'}, {side} pixels, fitted on {len(model.fitted_on)} entries"
    if driving.clip:
        has_seen = provenance.has_seen("subject", [driving.clip], model.fitted_on)
        fitted += f", {'among' if has_seen else 'none of'} them the subject of the driving clip"
    frames = len(driving.changes)
    return fitted, f"driving clip: {driving.description}, {frames} frames at {driving.fps:g} a second"
