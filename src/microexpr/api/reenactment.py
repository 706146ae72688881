"""Show a micro-expression on a photograph, as the command does. Writes only into `out`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from microexpr.api import checks
from microexpr.api.measures import au_table
from microexpr.api.results import Shown
from microexpr.apps import driving_name
from microexpr.apps.reenact import alone
from microexpr.apps.reenact import driving as driving_curves
from microexpr.apps.reenact.generator import Kind
from microexpr.apps.reenact.photograph import Photograph
from microexpr.core import outputs
from microexpr.core.errors import DataError
from microexpr.reporting import app_folders
from microexpr.signals.aus import SIDES

RESULTS = Path("results")


@dataclass(frozen=True, eq=False, repr=False)
class ReenactedFace(Shown):
    """A photograph with the movement of a driving clip, at each strength.

    Tables of "all" faces have the face's number as a level of their index, after the strength."""

    metrics: pd.DataFrame  # a row for each strength: AUs read back, change of pixels, likeness
    curves: pd.DataFrame  # (unit, side) of "asked" and "read_back" by (strength, frame), changes in FACS intensity
    description: tuple[str, ...]  # generator, driving clip, photograph, and how well the movement is read back
    files: tuple[Path, ...]  # that were written
    result: alone.Reenactment  # arrays

    def __repr__(self) -> str:
        strengths = ", ".join(f"{strength:g}" for strength in self.result.strengths)
        source = str(self.result.photograph.path)
        return f"ReenactedFace({source!r}, driven by {self.result.driving.name}, strengths {strengths})"

    def frames(self, strength: float = 1.0) -> np.ndarray:
        """Return the photograph in motion, uint8[K, H, W, 3] RGB. Raises DataError for a strength that is not there."""
        if strength not in self.result.strengths:
            present = ", ".join(f"{strength:g}" for strength in self.result.strengths)
            raise DataError(f"strength must be one of {present}, not {strength:g}")
        return np.stack([*self.result.frames(strength)])


@checks.single()
def reenact(
    face: str | Path,
    driving: str | Path | None = None,
    out: str | Path | None = None,
    *,
    emotion: str | None = None,
    style: int | None = None,
    strength: float | Sequence[float] = (1.0, 2.0, 4.0),
    fps: float | None = None,
    face_number: int | Literal["all"] = 1,
    weights: str | Path | None = None,
    super_resolution: Kind | None = None,
    results: str | Path = RESULTS,
    force: bool = False,
) -> ReenactedFace:
    """Show a micro-expression on the face of a photograph: `microexpr reenact`.

    `face` is a picture, `face_number` which of several faces in it, 1 the largest, or "all" that can be moved, in the
    same frames. `driving` is a shipped sample (negative, positive, or surprise by default), a video or folder of frames
    (with `fps`), or DATASET/SUBJECT/CLIP of a run in the folder `results`; in its place may stand an `emotion` and its
    `style`, 1 the most frequent. Its changes of action units are multiplied by each `strength`. `weights` is a
    generator of a run in place of the shipped one. A folder `out` gets the command's files, each marked as synthesised.

    Raises DataError if the picture has no such face or the face is too small or turned too far, ParamsError for another
    driving clip, StoreError for weights of another network, and OutputError if `out` holds files of others (unless
    `force`).

    >>> import microexpr
    >>> from PIL import Image
    >>> video = microexpr.read_video(microexpr.example_video("example"))
    >>> Image.fromarray(next(iter(video))).save("example/face.png")
    >>> reenacted = microexpr.reenact("example/face.png", "surprise", strength=2)
    >>> reenacted.frames(2).shape[1:], bool(reenacted.metrics.loc[2, "au_r"] > 0.5)
    ((360, 480, 3), True)
    """
    name, source = driving_name.choose(driving, emotion, style), Path(face)
    paths = [source, *driving_name.files(name, Path(results)), *([Path(weights)] if weights else [])]
    output = None if out is None else app_folders.reenactment(Path(out), source, paths, force)
    photograph = Photograph.read(source)
    photograph.choose(face_number if face_number == "all" else checks.whole(face_number, "face_number", 1))
    curves = driving_curves.read(name, fps, Path(results))
    strengths = tuple(dict.fromkeys(np.atleast_1d(checks.numbers(strength, "strength")).astype(float).tolist()))
    if not all(0 <= value <= 10 for value in strengths):
        raise DataError(f"strength must be 0 to 10, not {strength}")
    result = alone.reenact(
        curves, photograph, face_number, strengths, Path(weights) if weights else None, super_resolution
    )
    if output:
        with outputs.publish(output) as part:
            app_folders.write_reenactment(part, result)
    names, keys = ["strength", "face"], [(outcome.strength, outcome.number) for outcome in result.outcomes]
    index = pd.MultiIndex.from_tuples(keys, names=names)
    metrics = pd.DataFrame([outcome.metrics for outcome in result.outcomes], index)
    frame = np.arange(len(curves.changes))
    tables = []
    for outcome in result.outcomes:
        parts = {"asked": outcome.target_aus, "read_back": outcome.read_back}
        by_part = {name: au_table(values, frame, frame / curves.fps, SIDES[:2]) for name, values in parts.items()}
        tables.append(pd.concat(by_part, axis=1))
    changes = pd.concat(tables, keys=keys, names=names)
    if face_number != "all":
        metrics, changes = metrics.droplevel("face"), changes.droplevel("face")
    return ReenactedFace(
        metrics,
        changes,
        (*result.description, *alone.summary(result)),
        tuple(output.paths) if output else (),
        result,
    )
