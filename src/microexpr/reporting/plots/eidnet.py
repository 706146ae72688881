"""MTMNet's Figure 3: faces and their reconstructions by the decoder, and identities with other expressions.

The first subjects of CASME II by name are held out of the network that decodes them; those after them trained it.
Clips are the first by name, not the best.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import SubFigure

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.models.augmentation import to_unit_range
from microexpr.protocols import provenance
from microexpr.reporting.plots.drawing import add_caption, hide_licensed, save_page, show_cell
from microexpr.training.load_clips import load_clips
from microexpr.training.refit import Recogniser

DATASET = "casme2"
PEOPLE = 2  # largest number of held-out subjects, and of training subjects
HEAD, ROW = 0.95, 1.3  # inches of the page: title, and each subject
TITLE = """Fig. 3: (a) faces, each with its reconstruction from its two parts, and the error in grey levels
(b) the identity of a row's neutral face with the expression of a column's"""


@dataclass(frozen=True, eq=False)
class FaceParts:
    """Faces and their parts as a network encodes them. N clips, F features, pixels float32[N, 3, H, H] in 0..1."""

    onset: torch.Tensor
    apex: torch.Tensor
    expression: torch.Tensor  # f^e of the apex, [N, F]
    identity: torch.Tensor  # f^s of the onset, [N, F]


def subjects(clips: Iterable[Clip]) -> list[str]:
    """Return the subjects of CASME II by name. Raises DataError unless there are two: one held out, one to train on."""
    names = sorted({clip.subject for clip in clips if clip.dataset == DATASET})
    if len(names) < 2:
        raise DataError(f"{DATASET} must have 2 subjects for Fig. 3, one of them held out, not {len(names)}")
    return names


def held_out(clips: Sequence[Clip]) -> list[Clip]:
    """Return all clips of the first subjects of CASME II, of half of them at most."""
    names = subjects(clips)
    held = names[: min(PEOPLE, len(names) // 2)]
    return [clip for clip in clips if clip.dataset == DATASET and clip.subject in held]


def choose_clips(clips: Sequence[Clip], held: Sequence[Clip]) -> dict[str, list[Clip]]:
    """Return the first clip by name of each class by subject, held-out subjects first."""
    held_names = sorted({clip.subject for clip in held})
    trained_names = [name for name in subjects(clips) if name not in held_names]
    by_class: dict[str, dict[int | None, Clip]] = {name: {} for name in [*held_names, *trained_names[:PEOPLE]]}
    for clip in sorted(clips, key=lambda clip: clip.id):
        if clip.dataset == DATASET and clip.subject in by_class:
            by_class[clip.subject].setdefault(clip.label, clip)
    return {name: [first[label] for label in sorted(first, key=str)] for name, first in by_class.items()}


@torch.no_grad()
def encode(network: Recogniser, clips: Sequence[Clip], files: Iterable[str]) -> FaceParts:
    """Encode the clips' faces. Raises StoreError if a file cannot be read."""
    data = load_clips(network.method, clips, files)
    onset, apex = (to_unit_range(data.inputs[name]) for name in ("onset", "apex"))
    return FaceParts(onset, apex, network.modules.encoder(apex)[0], network.modules.encoder(onset)[1])


@torch.no_grad()
def decode(network: Recogniser, expression: torch.Tensor, identity: torch.Tensor) -> np.ndarray:
    """Return the decoder's faces uint8[N, H, H, 3] for parts [N, F]."""
    return pixels(network.modules.decoder(expression, identity))


def cross_faces(network: Recogniser, parts: FaceParts, indices: np.ndarray) -> np.ndarray:
    """Return uint8[K, K, H, H, 3] of K clips: the identity of the row's, the expression of the column's."""
    count = len(indices)
    identity, expression = parts.identity[indices], parts.expression[indices]
    faces = decode(network, expression.repeat(count, 1), identity.repeat_interleave(count, 0))
    return faces.reshape(count, count, *faces.shape[1:])


def pixels(faces: torch.Tensor) -> np.ndarray:
    """Return float[N, 3, H, H] in 0..1 as uint8[N, H, H, 3]."""
    return np.rint(faces.numpy().transpose(0, 2, 3, 1) * 255).astype(np.uint8)


def rms_difference(image: np.ndarray, other: np.ndarray) -> float:
    """Return the root mean square of the difference of two images, in grey levels."""
    return float(np.sqrt(np.mean((image.astype(float) - other) ** 2)))


def fig3(
    path: str | Path,
    network: Recogniser,
    clips: Sequence[Clip],
    held: Sequence[Clip],
    files: Iterable[str],
    show_licensed: bool,
) -> None:
    """Plot (a) apex faces and their reconstructions from their own expression and the neutral frame's identity (eq. 2),
    (b) the same of the first clip of each subject, with identities and expressions crossed.

    Raises LeakError if the network has seen a subject of `held`, StoreError if a file cannot be read.
    """
    provenance.check("the network of Fig. 3", DATASET, "subject", held, network.fitted_on)
    by_person = choose_clips(clips, held)
    clips_to_show = [clip for subject_clips in by_person.values() for clip in subject_clips]
    if hide_licensed(path, clips_to_show, show_licensed, "Fig. 3"):
        return
    parts, unseen = encode(network, clips_to_show, files), {clip.subject for clip in held}
    with save_page(path, HEAD + ROW * len(by_person)) as page:
        add_caption(page, TITLE, clips_to_show)
        columns = 2 * max(map(len, by_person.values()))
        ratios = {"height_ratios": (HEAD, ROW * len(by_person)), "width_ratios": (columns, 1.1 * (len(by_person) + 1))}
        grid = page.add_gridspec(2, 2, **ratios)
        _reconstructions(page.add_subfigure(grid[1, 0]), network, parts, by_person, unseen, columns)
        _crossings(page.add_subfigure(grid[1, 1]), network, parts, by_person)


def _reconstructions(
    part: SubFigure,
    network: Recogniser,
    parts: FaceParts,
    by_subject: dict[str, list[Clip]],
    unseen: Collection[str],
    columns: int,
) -> None:
    real, decoded = pixels(parts.apex), decode(network, parts.expression, parts.identity)
    grid = part.add_gridspec(len(by_subject), columns, left=0.015, right=0.97, top=0.93, bottom=0.01, wspace=0.05)
    i = 0
    for row, (name, subject_clips) in enumerate(by_subject.items()):
        role = "held out" if name in unseen else "trained on"
        for column, clip in enumerate(subject_clips):
            title = f"{name}, {role}\n{clip.emotion}" if not column else f"\n{clip.emotion}"
            error = f"\nerror {rms_difference(real[i], decoded[i]):.0f}"
            show_cell(part, grid[row, 2 * column], real[i], title, clip, 7)
            show_cell(part, grid[row, 2 * column + 1], decoded[i], error, clip, 7)
            i += 1


def _crossings(part: SubFigure, network: Recogniser, parts: FaceParts, by_subject: dict[str, list[Clip]]) -> None:
    first = np.cumsum([0, *map(len, by_subject.values())])[:-1]
    clips = [subject_clips[0] for subject_clips in by_subject.values()]
    count, faces = len(first), cross_faces(network, parts, first)
    onset, apex = pixels(parts.onset[first]), pixels(parts.apex[first])
    grid = part.add_gridspec(
        count + 1, count + 1, left=0.02, right=0.98, top=0.93, bottom=0.01, wspace=0.05, hspace=0.3
    )
    for i, clip in enumerate(clips):
        show_cell(part, grid[0, 1 + i], apex[i], f"{clip.subject}\n{clip.emotion}", clip, 7)
        show_cell(part, grid[1 + i, 0], onset[i], f"{clip.subject}, neutral", clip, 7)
        for column in range(count):
            show_cell(part, grid[1 + i, 1 + column], faces[i, column], "", clip, 7)
