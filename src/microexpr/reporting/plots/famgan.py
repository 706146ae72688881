"""FAMGAN's Figures 2 to 5: halves of a face and what each is made to do, and movements on two other faces."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from microexpr.apps.reenact import evaluation, given
from microexpr.core.clip import LABELS
from microexpr.evaluation.read_back import MIN_RANGE
from microexpr.reporting.papers.transfers import Task, Transfer
from microexpr.reporting.plots.drawing import BLUE, GREEN, RED, enlarged, picture, withheld, written
from microexpr.signals.aus import ACTION_UNITS

FRAMES = 6  # of a row
MOST = 3  # action units drawn
ENLARGED = 6  # differences from the first frame
WORD = "generated faces, no person is shown"
MADE = "the target's movement is made: nobody moved like this"  # where somebody is shown
ASYMMETRIC = "fig5"
# Figure -> data set, class and target of what it shows.
SHOWN = {"fig3": ("casme2", "negative", "woman"), "fig4": ("casme2", "surprise", "woman"),
         "fig5": ("samm", "positive", "man")}  # fmt: skip


def chosen(found: Sequence[Transfer], figure: str) -> Transfer:
    """What a figure shows, or the nearest to it that there is."""
    dataset, emotion, person = SHOWN[figure]
    wanted = (person, emotion, dataset)

    def alike(one: Transfer) -> list[bool]:
        label = "" if one.source.clip.label is None else LABELS[one.source.clip.label]
        return [own != other for own, other in zip((one.person, label, one.source.clip.dataset), wanted, strict=True)]

    return min(found, key=alike)


def asymmetric(found: Sequence[Transfer]) -> Transfer:
    """The one of which most is asked of one side alone."""
    return max(found, key=lambda one: float(np.abs(one.asked[..., 0] - one.asked[..., 1]).sum(1).max()))


def driven(one: Transfer, task: Task, side: int) -> np.ndarray:
    """uint8[K, 288, 288, 3]: the film by one side's intensities alone."""
    return given(task.model, one.target, one.asked[..., [side, side]], task.kind).crops


def mirrored(crop: np.ndarray) -> dict[str, np.ndarray]:
    """Whole faces of the subject's left half, at the right of a picture, and of the right one."""
    middle = crop.shape[1] // 2
    left, right = crop[:, middle:], crop[:, :middle]
    return {
        "left": np.concatenate([left[:, ::-1], left], 1),
        "right": np.concatenate([right, right[:, ::-1]], 1),
    }


def fig2(path: str | Path, one: Transfer, task: Task, show_licensed: bool) -> None:
    """How two faces are made for an asymmetric movement, at the apex."""
    if withheld(path, [one.origin], show_licensed, "Fig. 2"):
        return
    source, (left, right) = one.source.crops[one.source.apex], (driven(one, task, side) for side in (0, 1))
    halves, at = mirrored(np.broadcast_to(source, (*source.shape[:2], 3))), one.apex
    with written(path, 6.0) as page:
        _title(page, one, f"Fig. 2: halves apart. Source {one.source.clip.id} at its apex, target: {one.person}")
        grid = page.add_gridspec(2, 4, left=0.01, right=0.99, top=0.86, bottom=0.02, wspace=0.05, hspace=0.15)
        pictures = {
            "source": source,
            "its left half, mirrored": halves["left"],
            "its right half, mirrored": halves["right"],
            "target": one.target.crop,
            "driven by the left": left[at],
            "driven by the right": right[at],
            "joined": one.result.crops[at],
            f"joined, change x {ENLARGED}": enlarged(one.result.crops[at], one.target.crop, ENLARGED),
        }
        for place, (name, shown) in zip(np.ndindex(2, 4), pictures.items(), strict=True):
            picture(page.add_subplot(grid[place]), np.broadcast_to(shown, (*shown.shape[:2], 3)), name)


def sequence(
    path: str | Path, figure: str, one: Transfer, task: Task, expected: Mapping[str, Sequence[str]], show_licensed: bool
) -> None:
    """Source, the target's films with what changes in them, the exact answer where there is one, and the curves."""
    title = f"Fig. {figure.removeprefix('fig')}"
    if withheld(path, [one.origin], show_licensed, title):
        return
    films = {"left": driven(one, task, 0)}  # of all but one the paper shows no more
    if figure == ASYMMETRIC:
        films |= {"right": driven(one, task, 1), "joined": one.result.crops}
    rows = {"source": one.source.crops[one.places]}
    for name, film in films.items():
        rows |= {name: film, f"{name}, change x {ENLARGED}": enlarged(film, one.target.crop, ENLARGED)}
    if one.answer is not None:
        rows |= {
            "exact answer": one.answer,
            f"answer, change x {ENLARGED}": enlarged(one.answer, one.target.crop, ENLARGED),
        }
    seen = sorted({unit for units in expected.values() for unit in units})
    wanted = f"; the text sees {', '.join(seen)}" if seen else ""
    text = f"{title}: {one.source.clip.id} given to a {one.person}{wanted}"
    _page(path, text, rows, one, evaluation.changes(one.result.crops, one.target, task.reader))


def alone(path: str | Path, one: Transfer, changed: np.ndarray) -> None:
    """What the command made: the target's face, what changes in it, and the curves. The source is not shown."""
    film = one.result.crops
    rows = {"made": film, f"change x {ENLARGED}": enlarged(film, one.target.crop, ENLARGED)}
    _page(path, f"{one.source.clip.id} given to {one.person}", rows, one, changed)


def _page(path: str | Path, text: str, rows: Mapping[str, np.ndarray], one: Transfer, changed: np.ndarray) -> None:
    """A row of frames of each film, and beside them the curves."""
    places = np.rint(np.linspace(0, len(one.places) - 1, FRAMES)).astype(int)
    places[np.abs(places - one.apex).argmin()] = one.apex
    with written(path, max(0.9 + 1.35 * len(rows), 5.0)) as page:
        _title(page, one, text)
        top = 1 - 0.7 / page.get_figheight()
        outer = page.add_gridspec(
            1, 2, left=0.01, right=0.985, top=top, bottom=0.45 / page.get_figheight(), width_ratios=(3, 1), wspace=0.1
        )
        grid = outer[0, 0].subgridspec(len(rows), FRAMES, wspace=0.03, hspace=0.2)
        for row, (name, film) in enumerate(rows.items()):
            for column, place in enumerate(places):
                shown = film[place]
                axes = page.add_subplot(grid[row, column])
                picture(axes, np.broadcast_to(shown, (*shown.shape[:2], 3)), "")
                if not column:
                    axes.set_title(name, fontsize=7)
        charts = outer[0, 1].subgridspec(2, 1, hspace=0.3)
        for row, side in enumerate(("left", "right")):
            _curves(page.add_subplot(charts[row]), one, changed, row, side)


def _curves(axes: Axes, one: Transfer, found: np.ndarray, side: int, name: str) -> None:
    """Changes of the units that move most: true, asked, and read back."""
    moved = np.ptp(one.true, axis=0).max(-1)
    units = [unit for unit in np.argsort(-moved, kind="stable")[:MOST] if moved[unit] > MIN_RANGE]
    for unit, colour in zip(units, (BLUE, RED, GREEN), strict=False):
        asked = one.asked[:, unit, side] - one.asked[0, unit, side]
        for values, style in ((one.true[:, unit, side], "-"), (asked, "--"), (found[:, unit, side], ":")):
            label = ACTION_UNITS[unit] if style == "-" else None
            axes.plot(one.places, values, style, color=colour, label=label, linewidth=1.2)
    known = "true" if one.source.performed is not None else "the source's, as read"
    axes.set_title(f"{name} side: - {known}, - - asked, ... read back", fontsize=7)
    axes.set_xlabel("frame since the onset", fontsize=6)
    axes.tick_params(labelsize=6)
    axes.legend(fontsize=6, loc="upper left")


def _title(page: Figure, one: Transfer, text: str) -> None:
    word = WORD if one.origin == "generated" else MADE
    page.suptitle(f"{text}\n{word}", x=0.015, y=1 - 0.1 / page.get_figheight(), ha="left", va="top", fontsize=9)
