"""ICE-GAN's Figures 4 and 5 of this run: synthesised faces next to true ones, and their differences from neutral faces.

Each face is of a held-out subject, by weights that never saw it; clips are the first by name, not the best. Shapes:
N faces, images uint8[N, H, H, 1].
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.gridspec import SubplotSpec
from matplotlib.patches import Rectangle

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.evaluation.faces import HELD_OUT, Face, SynthesisedFaces, TrueFace
from microexpr.evaluation.rows import Row
from microexpr.reporting.plots.drawing import BLUE, GREY, RED, add_caption, hide_licensed, show_cell, stamp
from microexpr.signals.face_regions import FLOW_REGIONS, region_labels

SUBJECTS = 4
Faces = Sequence[Face]  # of every class from every held-out clip
TrueFaces = Mapping[str, TrueFace]  # by clip id
# The region in which each AU that the paper names moves the skin.
REGIONS = {"AU1": "brows", "AU2": "brows", "AU5": "eyes", "AU6": "cheeks", "AU12": "mouth", "AU25": "mouth"}
CHANGE_COLUMNS = (
    *("class", "region", "expected", "area", "made", "true", "faces", "clips", "units_shown", "method", "protocol"),
    *("origin", "side"),
)


def choose_clips(faces: Faces, count: int = SUBJECTS) -> list[Clip]:
    """Return the first clip by name of `count` subjects, spread over data sets and subjects."""
    first: dict[tuple[str, str], Clip] = {}
    for clip in sorted((face.clip for face in faces), key=lambda clip: clip.id):
        first.setdefault((clip.dataset, clip.subject), clip)
    positions = np.linspace(0, len(first) - 1, min(count, len(first))).round().astype(int)
    return [list(first.values())[position] for position in positions]


def fig4(
    page: Figure, synthesised: SynthesisedFaces, true: TrueFaces, variants: Mapping[str, SynthesisedFaces],
    show_licensed: bool,
) -> None:  # fmt: skip
    """Plot (a) neutral, true and synthesised faces of four subjects, (b) one subject's faces by each kind of generator.
    `synthesised` are faces of the whole ICE-GAN, `variants` those of others by their label; all of every class."""
    clips, classes = choose_clips(synthesised.faces), synthesised.protocol.classes
    if hide_licensed(page, clips, show_licensed, "Fig. 4"):
        return
    text = "Fig. 4: synthesised faces of held-out subjects, (a) next to true ones, (b) by generator"
    top = add_caption(page, 0.7 + 1.35 * max(len(clips), len(variants)), text, clips)
    halves = page.add_gridspec(1, 2, left=0, right=1, top=top, bottom=0, width_ratios=(7, 4), wspace=0)
    part, shape = page.add_subfigure(halves[0]), {"right": 0.99, "top": 0.9, "bottom": 0.01, "wspace": 0.05}
    grid = part.add_gridspec(len(clips), 1 + 2 * len(classes), left=0.01, **shape)
    faces = {(face.clip.id, face.label): face for face in synthesised.faces}
    true_clips = {(f.clip.dataset, f.clip.subject, f.clip.label): f.clip for f in reversed(synthesised.faces)}
    for row, clip in enumerate(clips):
        show_cell(part, grid[row, 0], faces[clip.id, 0].pair[0], f"{clip.dataset}/{clip.subject}\nneutral", clip, 7)
        for label, name in enumerate(classes):
            if true_clip := true_clips.get((clip.dataset, clip.subject, label)):
                show_cell(part, grid[row, 1 + label], true[true_clip.id].apex, f"true\n{name}", clip, 7)
            else:
                axes = part.add_subplot(grid[row, 1 + label])
                axes.set_title(f"no true\n{name}", fontsize=7)
                axes.set_axis_off()
            cell = grid[row, 1 + len(classes) + label]
            show_cell(part, cell, faces[clip.id, label].pair[1], f"synthesised\n{name}", clip, 7)
    if variants:
        _generators(page.add_subfigure(halves[1]), variants, classes, shape)


def _generators(
    part: SubFigure, variants: Mapping[str, SynthesisedFaces], classes: Sequence[str], shape: dict[str, float]
) -> None:
    """Plot the first clip that all of these generators have faces of: a row for each generator."""
    common = set.intersection(*({face.clip.id for face in other.faces} for other in variants.values()))
    shared = [face for other in variants.values() for face in other.faces if face.clip.id in common]
    (clip,), grid = choose_clips(shared, 1), part.add_gridspec(len(variants), 1 + len(classes), left=0.04, **shape)
    for row, (variant, other) in enumerate(variants.items()):
        by_label = {face.label: face for face in other.faces if face.clip.id == clip.id}
        show_cell(part, grid[row, 0], by_label[0].pair[0], f"{variant}\nneutral", clip, 7)
        for label, name in enumerate(classes):
            show_cell(part, grid[row, 1 + label], by_label[label].pair[1], f"\n{name}", clip, 7)


def fig5(
    page: Figure, synthesised: SynthesisedFaces, true: TrueFaces, rows: Sequence[Row], show_licensed: bool
) -> None:
    """Plot squared differences of synthesised from neutral faces, and their shares by region. Boxes mark the regions of
    the class's action units; `rows` are those of `change_rows`."""
    clips, classes = choose_clips(synthesised.faces), list(dict.fromkeys(row["class"] for row in rows))
    if hide_licensed(page, clips, show_licensed, "Fig. 5"):
        return
    by_label = {(face.clip.id, face.label): face for face in synthesised.faces}
    text = "Fig. 5: differences of synthesised from neutral faces; boxes: AUs the class should move"
    top = add_caption(page, 0.6 + 3.9 * len(classes), text, clips)
    heights = [(1 - top) * len(classes) / top, *[1] * len(classes)]  # all it heeds
    outer = page.add_gridspec(1 + len(classes), 1, height_ratios=heights)
    parts = [page.add_subfigure(outer[1 + i, 0]) for i in range(len(classes))]
    for part, name in zip(parts, classes, strict=True):
        shape = {"left": 0.015, "right": 0.98, "top": 0.89, "bottom": 0.06}
        halves = part.add_gridspec(1, 2, **shape, width_ratios=(7, 3), wspace=0.18)
        grid = halves[0].subgridspec(2, len(clips), wspace=0.06, hspace=0.15)
        class_rows = [row for row in rows if row["class"] == name]
        boxes = [row["region"] for row in class_rows if row["expected"]]
        for column, clip in enumerate(clips):
            face = by_label[clip.id, synthesised.protocol.classes.index(name)]
            title = f"{clip.dataset}/{clip.subject}\nmade, {name}"
            show_cell(part, grid[0, column], face.pair[1], title, clip, 7)
            _difference(part, grid[1, column], face, true[clip.id], boxes)
        _bars(part, halves[1], class_rows)


def _difference(part: SubFigure, cell: SubplotSpec, face: Face, true: TrueFace, boxes: Sequence[str]) -> None:
    axes = part.add_subplot(cell)
    difference = np.sqrt(squared_change(face.pair, true.crop_size))
    axes.imshow(difference, cmap="magma", vmin=0, vmax=max(float(np.percentile(difference, 99.5)), 1.0))
    regions = region_labels(true.landmarks["onset"], true.crop_size)
    for region in boxes:
        rows, columns = np.nonzero(regions == FLOW_REGIONS.index(region))
        (left, right), (top, bottom) = ((int(indices.min()), int(indices.max())) for indices in (columns, rows))
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=RED, linewidth=1.2))
    axes.set_title(f"0 to {difference.max():.0f} grey levels", fontsize=7)
    axes.set_axis_off()
    stamp(axes, face.clip.origin)


def _bars(part: SubFigure, cell: SubplotSpec, rows: Sequence[Row]) -> None:
    """Plot shares of the change by region: in synthesised faces, in true clips, and if it were even over the face."""
    axes = part.add_subplot(cell)
    middle = np.arange(len(rows))
    kinds = (("made", BLUE, "synthesised faces"), ("true", RED, "true clips"), ("area", GREY, "even change"))
    for i, (key, colour, label) in enumerate(kinds):
        axes.barh(middle + 0.27 * (i - 1), [row[key] or 0 for row in rows], 0.25, color=colour, label=label)
    names = [f"{row['region']}\n{row['expected']}".strip() for row in rows]
    axes.set_yticks(middle, names, fontsize=7)
    axes.invert_yaxis()
    axes.set_title(f"share of the squared difference, {rows[0]['class']}", fontsize=8)
    axes.legend(fontsize=7, loc="center right", bbox_to_anchor=(1, 0.6))


class Shares(NamedTuple):
    """Shares of each region in `FLOW_REGIONS`, 0..1, means over faces; each array sums to 1."""

    area: np.ndarray  # of the face's pixels
    change: np.ndarray  # of the squared difference


def squared_change(pair: np.ndarray, side: int) -> np.ndarray:
    """Return float64[side, side]: squared grey-level differences of a pair uint8[2, H, H, 1], each pixel enlarged."""
    difference = (pair[1].astype(float) - pair[0])[..., 0] ** 2
    return np.asarray(cv2.resize(difference, (side, side), interpolation=cv2.INTER_NEAREST))


def shares(pairs: Sequence[np.ndarray], true: Sequence[TrueFace]) -> Shares:
    """Return the shares of pairs (neutral, other) uint8[2, H, H, 1]; regions are those of each face at its onset. In a
    face that did not change, every pixel counts as changed equally."""
    areas, changes = [], []
    for pair, face in zip(pairs, true, strict=True):
        regions = region_labels(face.landmarks["onset"], face.crop_size)
        inside = regions >= 0
        difference = squared_change(pair, face.crop_size)[inside]
        weight = difference if difference.any() else np.ones_like(difference)
        areas.append(np.bincount(regions[inside], minlength=len(FLOW_REGIONS)) / inside.sum())
        changes.append(np.bincount(regions[inside], weight, minlength=len(FLOW_REGIONS)) / weight.sum())
    return Shares(np.mean(areas, 0), np.mean(changes, 0))


def change_rows(
    faces: SynthesisedFaces, true: Mapping[str, TrueFace], expected: Mapping[str, Sequence[str]],
    rendered: Mapping[str, Sequence[str]],
) -> list[Row]:  # fmt: skip
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
        active = [rendered[face.clip.id] for face in of_class if face.clip.id in rendered]
        for i, region in enumerate(FLOW_REGIONS):
            region_units = [unit for unit in units if REGIONS[unit] == region]
            rates = {unit: np.mean([unit in of_clip for of_clip in active]) for unit in region_units if active}
            rendering = " ".join(f"{unit} {rate:.2f}" for unit, rate in rates.items())  # share of clips with each
            row: Row = {"class": name, "region": region, "expected": " ".join(region_units), "units_shown": rendering}
            row |= {"area": change.area[i], "made": change.change[i], "true": true_change[i]}
            table.append(row | {"faces": len(synthesised), "clips": len(of_class)} | shared)
    return table


def units_at_apex(paths: Iterable[str], clips: Iterable[Clip]) -> dict[str, list[str]]:
    """Return, by clip id, the AUs of rendered faces at their true apex. `paths` are
    data/rendered/truth/<dataset>/<subject>.h5; clips of other subjects are left out."""
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
