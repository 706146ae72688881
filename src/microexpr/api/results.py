"""Display results and progress: one line each, with a plot in notebooks, and `plot`. Measures nothing."""

import html
import sys
import warnings
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import TqdmWarning

from microexpr.api.checks import describe, reporter
from microexpr.apps.read.take import Progress
from microexpr.core.errors import DataError
from microexpr.signals.apex import Events
from microexpr.signals.aus import SIDES
from microexpr.signals.faces import Faces

if TYPE_CHECKING:
    from matplotlib.figure import Figure

with warnings.catch_warnings():
    warnings.simplefilter("ignore", TqdmWarning)  # in a notebook without ipywidgets bars are text
    from tqdm.auto import tqdm

DELAY = 2.0  # seconds


class Shown:
    """A result with a short `repr`, a plot in notebooks, and `plot`."""

    __slots__ = ()

    def plot(self) -> "Figure":
        """Return a figure of matplotlib; `.savefig(path)` writes it."""
        return plot(self)

    def _repr_html_(self) -> str:
        buffer = BytesIO()
        self.plot().savefig(buffer, format="png")
        picture = b64encode(buffer.getvalue()).decode()
        return f'<p><code>{html.escape(repr(self))}</code></p><img src="data:image/png;base64,{picture}">'


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TrackedFaces(Shown, Faces):
    """One face through a clip, as `track_faces` returns it."""

    generated: bool = False  # whether the video is marked as rendered

    def __repr__(self) -> str:
        frames, rows, columns, channels = self.crop.shape
        kind = "RGB" if channels == 3 else "grey"
        return f"TrackedFaces({frames} frames, {self.detected.sum()} with a face, {kind} crops of {columns} x {rows})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FoundEvents(Shown, Events):
    """Onset, apex and offset of a clip, as `find_apex` returns them."""

    def __repr__(self) -> str:
        return f"FoundEvents(onset {self.onset}, apex {self.apex}, offset {self.offset} of {len(self.frame)} frames)"


class Group(dict[str, Any]):
    """Arrays in memory in place of a clip's group of an HDF5 file."""

    attrs: Mapping[str, Any] = {"method": "flow"}
    name = ""


def plot(result: Any) -> "Figure":
    """Return a figure of a result of this package: a face, events, flow, action units, a prediction, a reenactment.

    `result` was returned by `track_faces`, `find_apex`, `flow`, `action_units`, `predict` or `reenact`; the first
    two and the last two have it as their method `plot` as well. The figure is matplotlib's: notebooks show it, and
    `.savefig(path)` writes it. Frames of a rendered video are marked as generated.

    Raises DataError for something else.

    >>> import microexpr
    >>> faces = microexpr.track_faces(microexpr.example_video("example"))
    >>> microexpr.plot(microexpr.flow(faces.crop[47], faces.crop[55])).savefig("flow.png")
    >>> faces.plot().savefig("faces.png")
    """
    import pandas as pd

    from microexpr.apps.predict import Prediction
    from microexpr.apps.reenact.alone import Reenactment
    from microexpr.reporting.plots import contents, drawing, prediction, reenactment

    match getattr(result, "result", result):
        case Prediction() as predicted:
            return drawing.plot(prediction.draw, predicted)
        case Reenactment() as reenacted:
            return drawing.plot(reenactment.draw, reenacted)
        case TrackedFaces():
            group = Group(result.arrays(), frame=np.arange(len(result.crop)))
            kind, origin = "crop", "generated" if result.generated else ""
        case FoundEvents():
            kind, group, origin = "apex", Group({k: np.asarray(v) for k, v in result.arrays().items()}), ""
        case np.ndarray() if result.ndim == 3 and len(result) == 3 and result.dtype.kind in "fiu":
            kind, group, origin = "onset_apex", Group(onset_apex=result), ""
        case pd.DataFrame() if {*result.columns.names} == {"unit", "side"}:
            units, named = result.columns.unique("unit"), result.columns.unique("side")
            sides = [side for side in SIDES if side in named]
            if "frame" not in result.index.names or not len(result) or not {*SIDES[:2]} <= {*sides}:
                raise DataError("action units must be of frames, and of both left and right, to be plotted")
            values = np.stack([result.xs(side, axis=1, level="side")[units].to_numpy() for side in sides], axis=-1)
            frame = result.index.get_level_values("frame").to_numpy()
            labels = np.array([unit.encode() for unit in units])
            kind, group, origin = "relative", Group(frame=frame, relative=values, action_unit=labels), ""
        case _:
            expected = "track_faces, find_apex, flow, action_units, predict or reenact"
            raise DataError(f"result must be what {expected} returned, not {describe(result)}")
    return drawing.plot(contents.draw_clip, kind, group, origin)


@contextmanager
def shown(progress: Progress | None) -> Iterator[Progress]:
    """Yield the caller's function, or else one that draws a bar for each thing that is done."""
    if progress is not None:
        yield reporter(progress, progress)
        return
    bars: dict[str, Any] = {}
    hidden = not (sys.stderr.isatty() or "ipykernel" in sys.modules)

    def report(what: str, done: int, total: int) -> None:
        if what not in bars:
            bars[what] = tqdm(desc=what, total=total, delay=DELAY, disable=hidden, leave=False)
        bars[what].total = total  # another input may have more frames
        bars[what].update(done - bars[what].n)

    try:
        yield report
    finally:
        for bar in bars.values():
            bar.close()
