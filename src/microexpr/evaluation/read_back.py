"""Made clips of held-out people, and whether they do what was asked: intensities read back, and how steady they are.

The reader is the embedded one of action units, fitted on other people. What may not come in: clips made to train on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import StoreError
from microexpr.core.grayscale import luma
from microexpr.evaluation.resemblance import enlarged
from microexpr.evaluation.synthesised_faces import SIDE
from microexpr.protocols import provenance
from microexpr.signals.aus import ACTION_UNITS, SIDES, regressor

LEAST = 0.1  # of FACS's 0..5: what varies less, over all frames, was not asked


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One made clip, of somebody whom its generator never saw."""

    source: Clip  # whose neutral face it begins from
    emotion: str
    film: np.ndarray  # uint8[K, H, W, C]
    asked: np.ndarray  # float32[K, 17], FACS 0..5, both sides together
    landmarks: np.ndarray  # float32[68, 2] of the neutral face, pixels of its crop
    side: int  # pixels of that crop

    def found(self, model: regressor.Model) -> np.ndarray:
        """float32[K, 17]: intensities read off it."""
        crops = luma(enlarged(self.film, self.side))
        points = np.repeat(self.landmarks[None], len(crops), 0)
        return regressor.regress(crops, points, 0, model)[:, :, SIDES.index("both")]


def read(path: str | Path, clips: Iterable[Clip], files: Iterable[str | Path]) -> list[Shown]:
    """Those in a file of the synth stage, sorted by name; `files` are results/{faces,apex}/<dataset>/<subject>.h5.

    Raises LeakError where its generator saw somebody whom it shows, StoreError for a clip that nobody knows."""
    known = {clip.provenance: clip for clip in clips}
    stages = {(Path(name).parts[-3], Path(name).parts[-2], Path(name).stem): name for name in map(str, files)}
    seen = provenance.read_fitted_on(path, [SIDE])[SIDE]
    shown = []
    with store.opened(path, "synth") as file:
        emotions = file.attrs["classes"].decode().split(", ")
        for name, group in sorted(file[SIDE].items()):
            (source,) = store.strings(group["source"])
            if source not in known:
                raise StoreError(f"{path}: {name} must be made from a clip of the index, not from {source}")
            clip = known[source]
            provenance.check(str(path), name, "subject", [clip], seen)
            landmarks, side = _neutral(clip, stages)
            emotion = emotions[group["label"][()]]
            shown.append(Shown(clip, emotion, group["crop"][()], group["au_asked"][()].mean(-1), landmarks, side))
    return shown


def _neutral(clip: Clip, stages: dict[tuple[str, str, str], str]) -> tuple[np.ndarray, int]:
    """Landmarks at the onset, and the side of the crop."""
    paths = [stages.get((stage, clip.dataset, clip.subject), "") for stage in ("faces", "apex")]
    if not all(paths):
        raise StoreError(f"results/faces and results/apex must have {clip.dataset}/{clip.subject}.h5")
    with store.opened(paths[0], "faces") as faces, store.opened(paths[1], "apex") as apex:
        place = int(np.flatnonzero(faces[clip.name]["frame"][()] == apex[clip.name]["onset"][()])[0])
        return faces[clip.name]["landmarks_crop"][place], faces[clip.name]["crop"].shape[1]


@dataclass(frozen=True, slots=True)
class Obeyed:
    """Of one action unit, or of all together."""

    unit: str
    clips: int  # in which it was asked
    correlation: float  # of change asked with change found, over frames
    shuffled: float  # the same with the frames of each clip in another order, mean over orders
    p: float  # share of orders that do as well
    slope: float  # found of each asked


def obeyed(
    asked: Sequence[np.ndarray], found: Sequence[np.ndarray], rng: np.random.Generator, orders: int
) -> list[Obeyed]:
    """A line for each unit that was asked, then one of all: of films' intensities [K, 17], less their first frames."""
    asked, found = ([one - one[:1] for one in films] for films in (asked, found))
    shuffles = [[one[rng.permutation(len(one))] for one in found] for _ in range(orders)]
    units = [unit for unit in range(len(ACTION_UNITS)) if max(float(np.ptp(one[:, unit])) for one in asked) > LEAST]
    return [_obeyed(ACTION_UNITS[unit], [unit], asked, found, shuffles) for unit in units] + [
        _obeyed("all", units, asked, found, shuffles)
    ]


def _obeyed(
    name: str, units: list[int], asked: list[np.ndarray], found: list[np.ndarray], shuffles: list[list[np.ndarray]]
) -> Obeyed:
    wanted = np.concatenate([one[:, units].ravel() for one in asked])

    def correlation(films: list[np.ndarray]) -> float:
        read = np.concatenate([one[:, units].ravel() for one in films])
        return float(np.corrcoef(wanted, read)[0, 1]) if np.ptp(read) else 0.0

    there, others = correlation(found), np.array([correlation(films) for films in shuffles])
    read = np.concatenate([one[:, units].ravel() for one in found])
    clips = sum(float(np.ptp(one[:, units], 0).max()) > LEAST for one in asked)
    p = (1 + int((others >= there).sum())) / (1 + len(others))
    return Obeyed(name, clips, there, float(others.mean()), p, float(wanted @ read / (wanted @ wanted)))


def roughness(film: np.ndarray) -> float:
    """Mean change of the change from frame to frame over mean change, of a film uint8[K, ...]; 0: at one speed,
    and of fewer than three frames."""
    if len(film) < 3:
        return 0.0
    steps = np.diff(film.astype(np.float64), axis=0)
    moved = np.abs(steps).mean()
    return float(np.abs(np.diff(steps, axis=0)).mean() / moved) if moved else 0.0
