"""One reenactment for the command line: a clip of a run, any image of a face, the shipped generator or another."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from microexpr.apps.reenact import Kind, SourceFace, onto
from microexpr.apps.reenact.source import STAGES, DrivingClip, read
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, StoreError, remedy
from microexpr.datasets import picture
from microexpr.models.generators.famgan import Famgan
from microexpr.protocols import provenance
from microexpr.signals.aus import regressor
from microexpr.signals.faces import Faceless
from microexpr.training.generator_file import SHIPPED, LoadedGenerator, load

LARGEST = 2048  # pixels of a side of the image and so of each generated frame; a larger one is reduced to it


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A reenactment, and what it was made with."""

    reenactment: onto.Reenactment
    reader: regressor.Model
    description: tuple[str, ...]  # lines on generator, driving clip and source face


def read_driving_clip(clip: Clip, results: Path) -> DrivingClip:
    """Return a clip of a run. Raises StoreError if its stages have not run."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in STAGES}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        raise StoreError(f"{missing[0]}: is not there{remedy(missing[0])}")
    return read(clip, files)


def reenact(driving: DrivingClip, path: Path, weights: Path | None, kind: Kind) -> Result:
    """Give the movement of a driving clip to the largest face of the image at `path`.

    Raises DataError if the image cannot be read or shows no face, StoreError if `weights` is no FAMGAN generator."""
    cv2.setNumThreads(1)  # as in a run
    torch.set_num_threads(1)
    model, reader = load(weights or SHIPPED), regressor.load()
    if not isinstance(model.method, Famgan):
        raise StoreError(f"{weights}: must be a generator of FAMGAN's, not {model.metadata['network']}")
    image = picture.read(path)
    try:
        face = SourceFace.detect(reduce(image), str(path))
    except Faceless:
        raise DataError(f"{path}: must show a face, seen from the front; none was found") from None
    reenactment = onto.reenact(driving, face, face.resting_aus(reader), path.stem, model, kind)
    return Result(reenactment, reader, _describe(model, weights, driving, kind, face, image.shape))


def reduce(image: np.ndarray) -> np.ndarray:
    """Return an image uint8[H, W, ...] reduced by area so that no side is longer than `LARGEST`."""
    share = LARGEST / max(image.shape[:2])
    if share >= 1:
        return image
    size = (max(1, round(share * image.shape[1])), max(1, round(share * image.shape[0])))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _describe(
    model: LoadedGenerator,
    weights: Path | None,
    driving: DrivingClip,
    kind: Kind,
    face: SourceFace,
    shape: tuple[int, ...],
) -> tuple[str, ...]:
    """Return lines on generator, driving clip and source face; `shape` is that of the image as it was read."""
    clip, side = driving.clip, model.method.params.image_size  # type: ignore[attr-defined]
    seen = provenance.has_seen("subject", [clip], model.fitted_on)
    height, width = face.image.shape[:2]
    reduced = f", reduced from {shape[1]} x {shape[0]}" if (height, width) != shape[:2] else ""
    return (
        f"generator: {weights or 'shipped'}, {side} pixels, fitted on {len(model.fitted_on)} entries"
        f", {'among' if seen else 'none of'} them the subject of the driving clip",
        f"driving clip: {clip.id} ({clip.origin}), {len(driving.crops)} frames at {clip.fps} a second, "
        f"action units by {driving.params.backend}",
        f"source face: {width} x {height} pixels{reduced}; super-resolution: {kind}",
    )
