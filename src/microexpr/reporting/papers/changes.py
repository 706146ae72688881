"""ICE-GAN's Fig. 5 as numbers: where synthesised faces differ from their neutral faces, by regions of the face.

Shapes: N faces, images uint8[N, H, H, 1]. Out of scope: a choice of good-looking faces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.evaluation.faces import HELD_OUT, Face, SynthesisedFaces, TrueFace
from microexpr.evaluation.rows import Row
from microexpr.signals.face_regions import FLOW_REGIONS, region_labels

# The region in which each AU that the paper names moves the skin.
REGIONS = {"AU1": "brows", "AU2": "brows", "AU5": "eyes", "AU6": "cheeks", "AU12": "mouth", "AU25": "mouth"}
COLUMNS = (
    *("class", "region", "expected", "area", "made", "true", "faces", "clips", "units_shown", "method", "protocol"),
    *("origin", "side"),
)


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of each region in `FLOW_REGIONS`, 0..1, means over faces; each array sums to 1."""

    area: np.ndarray  # of the face's pixels
    change: np.ndarray  # of the squared difference


def squared_change(pair: np.ndarray, side: int) -> np.ndarray:
    """Return float64[side, side]: squared grey-level differences of a pair uint8[2, H, H, 1], each pixel enlarged."""
    difference = (pair[1].astype(float) - pair[0])[..., 0] ** 2
    return np.asarray(cv2.resize(difference, (side, side), interpolation=cv2.INTER_NEAREST))


def shares(pairs: Sequence[np.ndarray], true: Sequence[TrueFace]) -> Shares:
    """Return the shares of pairs (neutral, other) uint8[2, H, H, 1]; regions are those of each face at its onset.

    In a face that did not change, every pixel counts as changed equally.
    """
    areas, changes = [], []
    for pair, face in zip(pairs, true, strict=True):
        regions = region_labels(face.landmarks["onset"], face.crop_size)
        inside = regions >= 0
        difference = squared_change(pair, face.crop_size)[inside]
        weight = difference if difference.any() else np.ones_like(difference)
        areas.append(np.bincount(regions[inside], minlength=len(FLOW_REGIONS)) / inside.sum())
        changes.append(np.bincount(regions[inside], weight, minlength=len(FLOW_REGIONS)) / weight.sum())
    return Shares(np.mean(areas, 0), np.mean(changes, 0))


def rows(
    faces: SynthesisedFaces,
    true: Mapping[str, TrueFace],
    expected: Mapping[str, Sequence[str]],
    rendered: Mapping[str, Sequence[str]],
) -> list[Row]:
    """Return one row for each class in `expected`, which has its action units, and each region.

    `faces` are synthesised faces of every class. By clip id, `true` are recorded or rendered faces, `rendered` the AUs
    at the apex of rendered faces. In a row, `made` is the share of the change in faces synthesised for the class,
    `true` that from onset to apex in the clips of the class, `area` the share of a change that is even over the face.
    """
    shared = {"method": faces.method, "protocol": faces.protocol.name, "origin": faces.origin, "side": HELD_OUT}
    table = []
    for name, units in expected.items():
        label = faces.protocol.classes.index(name)
        synthesised = [face for face in faces.faces if face.label == label]
        of_class = [face for face in synthesised if faces.protocol.label(face.clip) == label]
        change = shares([face.pair for face in synthesised], [true[face.clip.id] for face in synthesised])
        pairs = [np.stack([face.pair[0], true[face.clip.id].apex]) for face in of_class]
        true_change: Sequence[float | None] | np.ndarray = [None] * len(FLOW_REGIONS)
        if of_class:
            true_change = shares(pairs, [true[face.clip.id] for face in of_class]).change
        for i, region in enumerate(FLOW_REGIONS):
            region_units = [unit for unit in units if REGIONS[unit] == region]
            row: Row = {
                "class": name,
                "region": region,
                "expected": " ".join(region_units),
                "units_shown": _unit_rates(region_units, of_class, rendered),
            }
            row |= {"area": change.area[i], "made": change.change[i], "true": true_change[i]}
            table.append(row | {"faces": len(synthesised), "clips": len(of_class)} | shared)
    return table


def _unit_rates(units: Sequence[str], faces: Sequence[Face], rendered: Mapping[str, Sequence[str]]) -> str:
    """Return the share of clips in which each AU was rendered, as in "AU12 0.95"; "" if no clip was rendered."""
    units_of_clips = [rendered[face.clip.id] for face in faces if face.clip.id in rendered]
    if not units_of_clips:
        return ""
    return " ".join(f"{unit} {np.mean([unit in clip_units for clip_units in units_of_clips]):.2f}" for unit in units)


def units_at_apex(paths: Iterable[str], clips: Iterable[Clip]) -> dict[str, list[str]]:
    """Return, by clip id, the AUs of rendered faces at their true apex.

    `paths` are data/rendered/truth/<dataset>/<subject>.h5; clips of other subjects are left out."""
    by_file: dict[tuple[str, ...], list[Clip]] = {}
    for clip in clips:
        by_file.setdefault((clip.dataset, f"{clip.subject}.h5"), []).append(clip)
    units = {}
    for path in paths:
        with store.open_file(path, "truth") as file:
            for clip in by_file.get(Path(path).parts[-2:], []):
                group = file[clip.name]
                apex = int(np.flatnonzero(group["frame"][()] == group["apex"][()])[0])
                active = group["au_intensity"][apex].max(-1) > 0
                names = zip(store.strings(group["action_unit"]), active, strict=True)
                units[clip.id] = [name for name, is_active in names if is_active]
    return units
