"""Where made faces differ from the neutral ones they were made from, by regions of the face: ICE-GAN's Fig. 5 counted.

Shapes: N faces, images uint8[N, H, H, 1]. What may not come in: a choice of faces that look well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.evaluation.resemblance import TrueFace
from microexpr.evaluation.rows import Row
from microexpr.evaluation.synthesised_faces import HELD_OUT, Face, SynthesisedFaces
from microexpr.signals.face_regions import FLOW_REGIONS, region_labels

# Where each unit that the paper names moves the skin.
REGIONS = {"AU1": "brows", "AU2": "brows", "AU5": "eyes", "AU6": "cheeks", "AU12": "mouth", "AU25": "mouth"}
COLUMNS = (
    *("class", "region", "expected", "area", "made", "true", "faces", "clips", "units_shown", "method", "protocol"),
    *("origin", "side"),
)


@dataclass(frozen=True, slots=True)
class Shares:
    """Of each region in `FLOW`, 0..1, means over faces; each sums to 1."""

    area: np.ndarray  # of the face's pixels
    change: np.ndarray  # of the squared difference


def squared(pair: np.ndarray, side: int) -> np.ndarray:
    """float64[side, side]: squared difference of grey levels of a pair uint8[2, H, H, 1], each pixel enlarged."""
    difference = (pair[1].astype(float) - pair[0])[..., 0] ** 2
    return np.asarray(cv2.resize(difference, (side, side), interpolation=cv2.INTER_NEAREST))


def shares(pairs: Sequence[np.ndarray], true: Sequence[TrueFace]) -> Shares:
    """Of pairs (neutral, other) uint8[2, H, H, 1]; regions lie around the landmarks of each face's onset.

    A face that did not change at all counts as changed everywhere alike.
    """
    areas, changes = [], []
    for pair, face in zip(pairs, true, strict=True):
        where = region_labels(face.landmarks["onset"], face.crop_size)
        inside = where >= 0
        difference = squared(pair, face.crop_size)[inside]
        weight = difference if difference.any() else np.ones_like(difference)
        areas.append(np.bincount(where[inside], minlength=len(FLOW_REGIONS)) / inside.sum())
        changes.append(np.bincount(where[inside], weight, minlength=len(FLOW_REGIONS)) / weight.sum())
    return Shares(np.mean(areas, 0), np.mean(changes, 0))


def rows(
    made: SynthesisedFaces,
    true: Mapping[str, TrueFace],
    expected: Mapping[str, Sequence[str]],
    shown: Mapping[str, Sequence[str]],
) -> list[Row]:
    """One row for each class in `expected`, which has its action units, and each region.

    `made` are faces of every class; `true` and `shown`, the action units at the apex where they are known, by clip id.
    In a row `made` is the share of the change in faces asked for the class, `true` that from onset to apex in the
    clips that have it, `area` what a change everywhere alike would have.
    """
    about = {"method": made.method, "protocol": made.protocol.name, "origin": made.origin, "side": HELD_OUT}
    found = []
    for name, units in expected.items():
        label = made.protocol.classes.index(name)
        asked = [face for face in made.faces if face.label == label]
        own = [face for face in asked if made.protocol.label(face.clip) == label]
        change = shares([face.pair for face in asked], [true[face.clip.id] for face in asked])
        pairs = [np.stack([face.pair[0], true[face.clip.id].apex]) for face in own]
        real = shares(pairs, [true[face.clip.id] for face in own]).change if own else [None] * len(FLOW_REGIONS)
        for place, region in enumerate(FLOW_REGIONS):
            here = [unit for unit in units if REGIONS[unit] == region]
            row: Row = {
                "class": name,
                "region": region,
                "expected": " ".join(here),
                "units_shown": _shown(here, own, shown),
            }
            row |= {"area": change.area[place], "made": change.change[place], "true": real[place]}
            found.append(row | {"faces": len(asked), "clips": len(own)} | about)
    return found


def _shown(units: Sequence[str], faces: Sequence[Face], shown: Mapping[str, Sequence[str]]) -> str:
    """AU12 0.95: in which share of the clips the unit was asked of the rendered face; "" where that is not known."""
    known = [shown[face.clip.id] for face in faces if face.clip.id in shown]
    return " ".join(f"{unit} {np.mean([unit in one for one in known]):.2f}" for unit in units) if known else ""


def units_at_apex(paths: Iterable[str], clips: Iterable[Clip]) -> dict[str, list[str]]:
    """By clip id, the action units asked of a generated face at its true apex.

    `paths` are data/generated/truth/<dataset>/<subject>.h5; a clip whose person has none of them is left out."""
    own: dict[tuple[str, ...], list[Clip]] = {}
    for clip in clips:
        own.setdefault((clip.dataset, f"{clip.subject}.h5"), []).append(clip)
    found = {}
    for path in paths:
        with store.opened(path, "truth") as file:
            for clip in own.get(Path(path).parts[-2:], []):
                group = file[clip.name]
                at = int(np.flatnonzero(group["frame"][()] == group["apex"][()])[0])
                there = group["au_intensity"][at].max(-1) > 0
                names = zip(store.strings(group["au_names"]), there, strict=True)
                found[clip.id] = [name for name, shown in names if shown]
    return found


def write(path: str, found: Sequence[Row]) -> None:
    """Shares with four decimals, "" for what is not known."""
    store.write_csv(path, COLUMNS, ({key: _text(row[key]) for key in COLUMNS} for row in found))


def _text(value: float | int | str | None) -> str:
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
