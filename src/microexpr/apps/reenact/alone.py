"""One transfer by itself, as the command makes it: a clip of a run, any picture, the shipped generator or another."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from microexpr.apps.reenact import Kind, Target, onto
from microexpr.apps.reenact.source import STAGES, Source, read
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, StoreError
from microexpr.datasets import picture
from microexpr.models.generators.famgan import Famgan
from microexpr.protocols import provenance
from microexpr.signals.aus import regressor
from microexpr.signals.faces import Faceless
from microexpr.training.generator_file import LoadedGenerator, load

SHIPPED = Path(__file__).with_name("model.safetensors")


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What came of it."""

    transfer: onto.Transfer
    reader: regressor.Model
    said: tuple[str, ...]  # what was used


def source(clip: Clip, results: Path) -> Source:
    """A clip of a run. Raises StoreError where its stages have not run."""
    files = {stage: results / stage / clip.dataset / f"{clip.subject}.h5" for stage in STAGES}
    if missing := [str(path) for path in files.values() if not path.is_file()]:
        raise StoreError(f"{missing[0]}: is not there; `snakemake --cores all {missing[0]}` makes it")
    return read(clip, files)


def transferred(movement: Source, path: Path, weights: Path | None, kind: Kind) -> Made:
    """On the largest face of the picture at `path`.

    Raises DataError for a picture that cannot be read or shows no face, StoreError for weights that are none."""
    cv2.setNumThreads(1)  # as in a run
    torch.set_num_threads(1)
    model, reader = load(weights or SHIPPED), regressor.load()
    if not isinstance(model.method, Famgan):
        raise StoreError(f"{weights}: must be a generator of FAMGAN's, not {model.metadata['network']}")
    try:
        target = Target.of(picture.read(path), str(path))
    except Faceless:
        raise DataError(f"{path}: must show a face, seen from the front; none was found") from None
    made = onto.transferred(movement, target, target.own(reader), path.stem, model, kind)
    return Made(made, reader, _said(model, weights, movement, kind, target))


def _said(
    model: LoadedGenerator, weights: Path | None, movement: Source, kind: Kind, target: Target
) -> tuple[str, ...]:
    clip, side = movement.clip, model.method.params.image_size  # type: ignore[attr-defined]
    seen = provenance.has_seen("subject", [clip], model.fitted_on)
    height, width = target.picture.shape[:2]
    return (
        f"generator: {weights or 'shipped'}, {side} pixels, fitted on {len(model.fitted_on)} entries"
        f"{', among them the subject of the source' if seen else ', none of them the subject of the source'}",
        f"source: {clip.id} ({clip.origin}), {len(movement.crops)} frames at {clip.fps} a second, "
        f"action units by {movement.params.backend}",
        f"target: {width} x {height} pixels; super-resolution: {kind}",
    )
