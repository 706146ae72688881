"""The network that names a spotted expression: the shipped one, or one that the stage `final` made."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core.errors import StoreError
from microexpr.core.grayscale import luma
from microexpr.signals import aus, flow, inputs
from microexpr.signals.aus import filters, regressor
from microexpr.training import refit

SHIPPED = Path(__file__).with_name("model.safetensors")


@dataclass(frozen=True, slots=True, eq=False)
class Brief:
    """A spotted expression's frames, aligned by one similarity; events are positions in them."""

    crop: np.ndarray  # uint8[n, 288, 288, C]
    landmarks_crop: np.ndarray  # float32[n, 68, 2]
    onset: int
    apex: int
    offset: int
    fps: float


def path(method: str | None, folder: Path) -> Path:
    """Of the shipped network, or of results/final/<method>.safetensors. Raises StoreError where it is not."""
    if method is None:
        return SHIPPED
    found = folder / f"{method}.safetensors"
    if not found.is_file():
        raise StoreError(f"{found}: is not there; `snakemake --cores all {found}` makes it, or leave --method out")
    return found


def classified(model: refit.Recogniser, brief: Brief, reader: regressor.Model) -> dict[str, float]:
    """Probability of each class, by name."""
    scores = model(inputs.derive(model.method.inputs, stages(brief, set(model.method.inputs), reader)))[0].astype(float)
    likely = np.exp(scores - scores.max())
    return dict(zip(model.classes, map(float, likely / likely.sum()), strict=True))


def stages(brief: Brief, wanted: set[str], reader: regressor.Model) -> dict[str, dict[str, np.ndarray]]:
    """What stage files hold of a clip, as far as these inputs want it."""
    asked = {stage for name in wanted for stage in inputs.SOURCES[name]}
    frame, grey = np.arange(len(brief.crop)), luma(brief.crop)
    made = {
        "faces": {"frame": frame, "crop": brief.crop, "landmarks_crop": brief.landmarks_crop},
        "apex": {event: np.array(getattr(brief, event)) for event in ("onset", "apex", "offset")},
    }
    if "flow" in asked:
        made["flow"] = {"onset_apex": flow.clip_flow(grey, brief.onset, brief.apex, flow.Params())}
    if "aus" in asked:
        values = regressor.regress(grey, brief.landmarks_crop, brief.onset, reader)
        made["aus"] = {"frame": frame, **filters.curves(values, brief.onset, brief.fps, aus.Params())}
    return made
