"""MTMNet's Figure 3: faces beside what the decoder makes of their parts, and one's identity with another's expression.

The first people of CASME II by name are held out of the network that draws them; those after them trained it. Clips
are the first by name, not the best.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import SubFigure
from matplotlib.gridspec import SubplotSpec

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.models.augmentation import to_unit_range
from microexpr.protocols import provenance
from microexpr.reporting.plots.drawing import hidden, picture, stamp, written
from microexpr.training.load_clips import load_clips
from microexpr.training.refit import Recogniser

DATASET = "casme2"
PEOPLE = 2  # at most so many held out, and at most so many of those who trained
HEAD, ROW = 0.95, 1.3  # inches of the page: title, and each person
TITLE = """Fig. 3: (a) faces, each beside what is made of its two parts, and how many grey levels that is off
(b) the identity of a row's neutral face with the expression of a column's"""


@dataclass(frozen=True, eq=False)
class Parted:
    """Faces and the parts of them that a network finds. N clips, F features, pixels float32[N, 3, H, H] in 0..1."""

    onset: torch.Tensor
    apex: torch.Tensor
    expression: torch.Tensor  # f^e of the apex, [N, F]
    identity: torch.Tensor  # f^s of the onset, [N, F]


def people(clips: Iterable[Clip]) -> list[str]:
    """Subjects of CASME II by name. Raises DataError unless there are two: one held out, one who trains."""
    found = sorted({clip.subject for clip in clips if clip.dataset == DATASET})
    if len(found) < 2:
        raise DataError(f"{DATASET} must have 2 people for Fig. 3, one of them held out, not {len(found)}")
    return found


def held_out(clips: Sequence[Clip]) -> list[Clip]:
    """All clips of the first people of CASME II, of half of them at most."""
    own = people(clips)
    apart = own[: min(PEOPLE, len(own) // 2)]
    return [clip for clip in clips if clip.dataset == DATASET and clip.subject in apart]


def chosen(clips: Sequence[Clip], held: Sequence[Clip]) -> dict[str, list[Clip]]:
    """By subject, those held out first, the first clip by name of each class."""
    apart = sorted({clip.subject for clip in held})
    shown = [*apart, *[name for name in people(clips) if name not in apart][:PEOPLE]]
    found: dict[str, dict[int | None, Clip]] = {name: {} for name in shown}
    for clip in sorted(clips, key=lambda clip: clip.id):
        if clip.dataset == DATASET and clip.subject in found:
            found[clip.subject].setdefault(clip.label, clip)
    return {name: [own[label] for label in sorted(own, key=str)] for name, own in found.items()}


@torch.no_grad()
def parted(network: Recogniser, clips: Sequence[Clip], files: Iterable[str]) -> Parted:
    data = load_clips(network.method, clips, files)
    onset, apex = (to_unit_range(data.inputs[name]) for name in ("onset", "apex"))
    return Parted(onset, apex, network.modules.encoder(apex)[0], network.modules.encoder(onset)[1])


@torch.no_grad()
def drawn(network: Recogniser, expression: torch.Tensor, identity: torch.Tensor) -> np.ndarray:
    """uint8[N, H, H, 3]: the decoder's faces of parts [N, F]."""
    return pixels(network.modules.decoder(expression, identity))


def crossed(network: Recogniser, parts: Parted, places: np.ndarray) -> np.ndarray:
    """uint8[K, K, H, H, 3] of K clips: the identity of the row's, the expression of the column's."""
    count = len(places)
    identity, expression = parts.identity[places].repeat_interleave(count, 0), parts.expression[places].repeat(count, 1)
    made = drawn(network, expression, identity)
    return made.reshape(count, count, *made.shape[1:])


def pixels(faces: torch.Tensor) -> np.ndarray:
    """uint8[N, H, H, 3] of float[N, 3, H, H] in 0..1."""
    return np.rint(faces.numpy().transpose(0, 2, 3, 1) * 255).astype(np.uint8)


def off(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square of the difference of two pictures, in grey levels."""
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)))


def fig3(
    path: str | Path,
    network: Recogniser,
    clips: Sequence[Clip],
    held: Sequence[Clip],
    files: Iterable[str],
    show_licensed: bool,
) -> None:
    """(a) Apex faces, each beside the face made of its own expression and the neutral frame's identity (eq. 2);
    (b) the same of the first clip of each, identities and expressions crossed.

    Raises LeakError where the network has seen somebody of `held`, StoreError if a file cannot be read.
    """
    provenance.check("the network of Fig. 3", DATASET, "subject", held, network.fitted_on)
    by_person = chosen(clips, held)
    shown = [clip for own in by_person.values() for clip in own]
    if hidden(path, shown, show_licensed, "Fig. 3"):
        return
    parts, unseen = parted(network, shown, files), {clip.subject for clip in held}
    with written(path, HEAD + ROW * len(by_person)) as page:
        word = "\ngenerated faces, no person is shown" if any(clip.origin == "generated" for clip in shown) else ""
        page.suptitle(TITLE + word, x=0.015, y=1 - 0.1 / page.get_figheight(), ha="left", va="top", linespacing=1.4)
        columns = 2 * max(map(len, by_person.values()))
        ratios = {"height_ratios": (HEAD, ROW * len(by_person)), "width_ratios": (columns, 1.1 * (len(by_person) + 1))}
        grid = page.add_gridspec(2, 2, **ratios)
        _reconstructed(page.add_subfigure(grid[1, 0]), network, parts, by_person, unseen, columns)
        _crossed(page.add_subfigure(grid[1, 1]), network, parts, by_person)


def _reconstructed(
    part: SubFigure,
    network: Recogniser,
    parts: Parted,
    by_person: dict[str, list[Clip]],
    unseen: Collection[str],
    columns: int,
) -> None:
    real, made = pixels(parts.apex), drawn(network, parts.expression, parts.identity)
    grid = part.add_gridspec(len(by_person), columns, left=0.015, right=0.97, top=0.93, bottom=0.01, wspace=0.05)
    place = 0
    for row, (name, own) in enumerate(by_person.items()):
        about = "held out" if name in unseen else "trained on"
        for column, clip in enumerate(own):
            title = f"{name}, {about}\n{clip.emotion}" if not column else f"\n{clip.emotion}"
            _cell(part, grid[row, 2 * column], real[place], title, clip)
            _cell(part, grid[row, 2 * column + 1], made[place], f"\noff by {off(real[place], made[place]):.0f}", clip)
            place += 1


def _crossed(part: SubFigure, network: Recogniser, parts: Parted, by_person: dict[str, list[Clip]]) -> None:
    first = np.cumsum([0, *map(len, by_person.values())])[:-1]
    clips, count, made = [own[0] for own in by_person.values()], len(first), crossed(network, parts, first)
    onset, apex = pixels(parts.onset[first]), pixels(parts.apex[first])
    grid = part.add_gridspec(
        count + 1, count + 1, left=0.02, right=0.98, top=0.93, bottom=0.01, wspace=0.05, hspace=0.3
    )
    for place, clip in enumerate(clips):
        _cell(part, grid[0, 1 + place], apex[place], f"{clip.subject}\n{clip.emotion}", clip)
        _cell(part, grid[1 + place, 0], onset[place], f"{clip.subject}, neutral", clip)
        for column in range(count):
            _cell(part, grid[1 + place, 1 + column], made[place, column], "", clip)


def _cell(part: SubFigure, place: SubplotSpec, image: np.ndarray, title: str, clip: Clip) -> None:
    axes = part.add_subplot(place)
    picture(axes, image, "")
    axes.set_title(title, fontsize=7)
    stamp(axes, clip)
