"""ICE-GAN's Figures 4 and 5, of this run's faces: made beside real ones, and where they differ from neutral ones.

Every face is of a held-out person, made by weights that never saw them; clips are the first by name, not the best.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.gridspec import SubplotSpec
from matplotlib.patches import Rectangle

from microexpr.core.clip import Clip
from microexpr.evaluation.resemblance import TrueFace
from microexpr.evaluation.rows import Row
from microexpr.evaluation.synthesised_faces import Face, SynthesisedFaces
from microexpr.reporting.papers.changes import squared
from microexpr.reporting.plots.drawing import BLUE, GREY, RED, caption, hidden, picture, stamp, written
from microexpr.signals.face_regions import FLOW_REGIONS, region_labels

PEOPLE = 4
Faces = Sequence[Face]  # of every class from every held-out clip
TrueFaces = Mapping[str, TrueFace]  # by clip id


def chosen(faces: Faces, people: int = PEOPLE) -> list[Clip]:
    """The first clip by name of people spread over data sets and subjects."""
    first: dict[tuple[str, str], Clip] = {}
    for clip in sorted((face.clip for face in faces), key=lambda clip: clip.id):
        first.setdefault((clip.dataset, clip.subject), clip)
    places = np.linspace(0, len(first) - 1, min(people, len(first))).round().astype(int)
    return [list(first.values())[place] for place in places]


def fig4(
    path: str | Path,
    made: SynthesisedFaces,
    true: TrueFaces,
    variants: Mapping[str, SynthesisedFaces],
    show_licensed: bool,
) -> None:
    """(a) Neutral, real and made faces of four people; (b) the same person's faces by each kind of generator.

    `made` are those of the whole ICE-GAN, `variants` of others by the words to show; all of every class.
    """
    clips, classes = chosen(made.faces), made.protocol.classes
    if hidden(path, clips, show_licensed, "Fig. 4"):
        return
    with written(path, 0.7 + 1.35 * max(len(clips), len(variants))) as page:
        top = caption(page, "Fig. 4: made faces of held-out people, (a) beside real ones, (b) by generator", clips)
        halves = page.add_gridspec(1, 2, left=0, right=1, top=top, bottom=0, width_ratios=(7, 4), wspace=0)
        _people(page.add_subfigure(halves[0]), clips, made.faces, true, classes)
        if variants:
            others = {words: one.faces for words, one in variants.items()}
            _generators(page.add_subfigure(halves[1]), others, classes)


def _people(part: SubFigure, clips: Sequence[Clip], faces: Faces, true: TrueFaces, classes: Sequence[str]) -> None:
    grid = part.add_gridspec(len(clips), 1 + 2 * len(classes), left=0.01, right=0.99, top=0.9, bottom=0.01, wspace=0.05)
    by_label = {(face.clip.id, face.label): face for face in faces}
    own = {(face.clip.dataset, face.clip.subject, face.clip.label): face.clip for face in reversed(faces)}
    for row, clip in enumerate(clips):
        _cell(part, grid[row, 0], by_label[clip.id, 0].pair[0], f"{clip.dataset}/{clip.subject}\nneutral", clip)
        for label, name in enumerate(classes):
            real = own.get((clip.dataset, clip.subject, label))
            shown = true[real.id].apex if real else None
            _cell(part, grid[row, 1 + label], shown, f"real\n{name}" if real else f"no real\n{name}", clip)
            place = grid[row, 1 + len(classes) + label]
            _cell(part, place, by_label[clip.id, label].pair[1], f"made\n{name}", clip)


def _generators(part: SubFigure, variants: Mapping[str, Faces], classes: Sequence[str]) -> None:
    everywhere = set.intersection(*({face.clip.id for face in faces} for faces in variants.values()))
    clip = chosen([face for faces in variants.values() for face in faces if face.clip.id in everywhere], 1)[0]
    grid = part.add_gridspec(len(variants), 1 + len(classes), left=0.04, right=0.99, top=0.9, bottom=0.01, wspace=0.05)
    for row, (words, faces) in enumerate(variants.items()):
        own = {face.label: face for face in faces if face.clip.id == clip.id}
        _cell(part, grid[row, 0], own[0].pair[0], f"{words}\nneutral", clip)
        for label, name in enumerate(classes):
            _cell(part, grid[row, 1 + label], own[label].pair[1], f"\n{name}", clip)


def _cell(part: SubFigure, place: SubplotSpec, image: np.ndarray | None, title: str, clip: Clip) -> None:
    axes = part.add_subplot(place)
    if image is None:
        axes.set_title(title, fontsize=7)
        axes.set_axis_off()
        return
    picture(axes, np.broadcast_to(image, (*image.shape[:2], 3)), "")
    axes.set_title(title, fontsize=7)
    stamp(axes, clip)


def fig5(path: str | Path, made: SynthesisedFaces, true: TrueFaces, found: Sequence[Row], show_licensed: bool) -> None:
    """Squared difference of made from neutral faces, with boxes where the class's action units are, and its shares.

    `found` are the rows of `papers.changes`.
    """
    clips, asked = chosen(made.faces), list(dict.fromkeys(row["class"] for row in found))
    if hidden(path, clips, show_licensed, "Fig. 5"):
        return
    by_label = {(face.clip.id, face.label): face for face in made.faces}
    with written(path, 0.6 + 3.9 * len(asked)) as page:
        top = caption(
            page, "Fig. 5: where made faces differ from neutral ones; boxes: units the class should move", clips
        )
        for part, name in zip(_rows(page, len(asked), top), asked, strict=True):
            shape = {"left": 0.015, "right": 0.98, "top": 0.89, "bottom": 0.06}
            halves = part.add_gridspec(1, 2, **shape, width_ratios=(7, 3), wspace=0.18)
            grid = halves[0].subgridspec(2, len(clips), wspace=0.06, hspace=0.15)
            own = [row for row in found if row["class"] == name]
            boxes = [row["region"] for row in own if row["expected"]]
            for column, clip in enumerate(clips):
                face = by_label[clip.id, made.protocol.classes.index(name)]
                _cell(part, grid[0, column], face.pair[1], f"{clip.dataset}/{clip.subject}\nmade, {name}", clip)
                _difference(part, grid[1, column], face, true[clip.id], boxes)
            _bars(part, halves[1], own)


def _rows(page: Figure, count: int, top: float) -> list[SubFigure]:
    grid = page.add_gridspec(1 + count, 1, height_ratios=[(1 - top) * count / top, *[1] * count])  # all it heeds
    return [page.add_subfigure(grid[1 + row, 0]) for row in range(count)]


def _difference(part: SubFigure, place: SubplotSpec, face: Face, true: TrueFace, boxes: Sequence[str]) -> None:
    axes = part.add_subplot(place)
    shown = np.sqrt(squared(face.pair, true.crop_size))
    axes.imshow(shown, cmap="magma", vmin=0, vmax=max(float(np.percentile(shown, 99.5)), 1.0))
    where = region_labels(true.landmarks["onset"], true.crop_size)
    for region in boxes:
        rows, columns = np.nonzero(where == FLOW_REGIONS.index(region))
        (left, right), (top, bottom) = ((int(one.min()), int(one.max())) for one in (columns, rows))
        axes.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor=RED, linewidth=1.2))
    axes.set_title(f"0 to {shown.max():.0f} grey levels", fontsize=7)
    axes.set_axis_off()
    stamp(axes, face.clip)


def _bars(part: SubFigure, place: SubplotSpec, found: Sequence[Row]) -> None:
    """Share of the change by region: in made faces, in real clips, and were it everywhere alike."""
    axes = part.add_subplot(place)
    middle = np.arange(len(found))
    kinds = (("made", BLUE, "made faces"), ("true", RED, "real clips"), ("area", GREY, "everywhere alike"))
    for step, (key, colour, words) in enumerate(kinds):
        axes.barh(middle + 0.27 * (step - 1), [row[key] or 0 for row in found], 0.25, color=colour, label=words)
    names = [f"{row['region']}\n{row['expected']}".strip() for row in found]
    axes.set_yticks(middle, names, fontsize=7)
    axes.invert_yaxis()
    axes.set_title(f"share of the squared difference, {found[0]['class']}", fontsize=8)
    axes.legend(fontsize=7, loc="center right", bbox_to_anchor=(1, 0.6))
