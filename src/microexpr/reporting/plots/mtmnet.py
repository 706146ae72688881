"""MTMNet's Figure 1, from onset to apex, and Figure 3, faces by its decoder. Clips are the first by name, not the best.

For Figure 3 the first subjects of CASME II by name are held out of the network that decodes them; those after them
trained it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.models.recipe import to_unit_range
from microexpr.protocols import provenance
from microexpr.reporting.plots.drawing import add_caption, clip_groups, hide_licensed, show_cell
from microexpr.signals import inputs
from microexpr.training.refit import Recogniser
from microexpr.training.steps import load_clips

EMOTIONS = ("surprise", "disgust", "happiness")
MICRO, MACRO = "casme2", "ckplus"
FRAMES = 9  # of a clip in Figure 1
PEOPLE = 2  # largest number of held-out subjects, and of training subjects, in Figure 3
HEAD, ROW = 0.95, 1.3  # inches of its page: title, and each subject
TITLE = """Fig. 3: (a) faces, each with its reconstruction from its two parts, and the error in grey levels
(b) the identity of a row's neutral face with the expression of a column's"""


def choose_emotions(clips: Sequence[Clip]) -> list[Clip]:
    """Return the first clip by name of each emotion, of CASME II, then of CK+; none where a set has none."""
    ordered = sorted(clips, key=lambda clip: clip.id)
    pairs = ((dataset, emotion) for dataset in (MICRO, MACRO) for emotion in EMOTIONS)
    first_clips = (next((clip for clip in ordered if (clip.dataset, clip.emotion) == pair), None) for pair in pairs)
    return [clip for clip in first_clips if clip]


def read_frames(clip: Clip, results: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return nine frames uint8[9, H, W, C] at equal distances from onset to apex, and their numbers."""
    with clip_groups(clip, results, "faces", "apex") as (faces, events):
        first, last = (inputs.position(faces, events, event) for event in ("onset", "apex"))
        positions = np.rint(np.linspace(first, last, FRAMES)).astype(int)
        return np.stack([faces["crop"][position] for position in positions]), faces["frame"][()][positions]


def fig1(page: Figure, clips: Sequence[Clip], results: Path, show_licensed: bool) -> None:
    """Plot micro-expressions of an index above macro-expressions of the same emotions. Raises StoreError if a faces or
    apex file cannot be read."""
    first_clips = choose_emotions(clips)
    if hide_licensed(page, first_clips, show_licensed, "Fig. 1"):
        return
    height, text = 0.9 + 1.25 * len(first_clips), "Fig. 1: onset to apex, micro-expressions above macro-expressions"
    add_caption(page, height, text, first_clips)
    top = 1 - 0.95 / height
    grid = page.add_gridspec(len(first_clips), FRAMES, left=0.01, right=0.99, top=top, bottom=0.01, wspace=0.04)
    for row, clip in enumerate(first_clips):
        for column, (frame, number) in enumerate(zip(*read_frames(clip, results), strict=True)):
            title = f"{number}" if column else f"{clip.dataset}, {clip.emotion}"
            show_cell(page, grid[row, column], frame, title, clip, 7)


@dataclass(frozen=True, eq=False)
class FaceParts:
    """Faces and their parts as a network encodes them. N clips, F features, pixels float32[N, 3, H, H] in 0..1."""

    onset: torch.Tensor
    apex: torch.Tensor
    expression: torch.Tensor  # f^e of the apex, [N, F]
    identity: torch.Tensor  # f^s of the onset, [N, F]


def subjects(clips: Iterable[Clip]) -> list[str]:
    """Return the subjects of CASME II by name. Raises DataError unless there are two: one held out, one to train on."""
    names = sorted({clip.subject for clip in clips if clip.dataset == MICRO})
    if len(names) < 2:
        raise DataError(f"{MICRO} must have 2 subjects for Fig. 3, one of them held out, not {len(names)}")
    return names


def held_out(clips: Sequence[Clip]) -> list[Clip]:
    """Return all clips of the first subjects of CASME II, of half of them at most."""
    names = subjects(clips)
    held = names[: min(PEOPLE, len(names) // 2)]
    return [clip for clip in clips if clip.dataset == MICRO and clip.subject in held]


def choose_classes(clips: Sequence[Clip], held: Sequence[Clip]) -> dict[str, list[Clip]]:
    """Return the first clip by name of each class by subject, held-out subjects first."""
    held_names = sorted({clip.subject for clip in held})
    trained_names = [name for name in subjects(clips) if name not in held_names]
    by_class: dict[str, dict[int | None, Clip]] = {name: {} for name in [*held_names, *trained_names[:PEOPLE]]}
    for clip in sorted(clips, key=lambda clip: clip.id):
        if clip.dataset == MICRO and clip.subject in by_class:
            by_class[clip.subject].setdefault(clip.label, clip)
    return {name: [first[label] for label in sorted(first, key=str)] for name, first in by_class.items()}


@torch.no_grad()
def encode(network: Recogniser, clips: Sequence[Clip], files: inputs.Files) -> FaceParts:
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
    page: Figure, network: Recogniser, clips: Sequence[Clip], held: Sequence[Clip], files: inputs.Files,
    show_licensed: bool,
) -> None:  # fmt: skip
    """Plot (a) apex faces and their reconstructions from their own expression and the neutral frame's identity (eq. 2),
    (b) the same of the first clip of each subject, with identities and expressions crossed.

    Raises LeakError if the network has seen a subject of `held`, StoreError if a file cannot be read."""
    provenance.check("the network of Fig. 3", MICRO, "subject", held, network.fitted_on)
    by_subject, unseen = choose_classes(clips, held), {clip.subject for clip in held}
    page_clips = [clip for subject_clips in by_subject.values() for clip in subject_clips]
    if hide_licensed(page, page_clips, show_licensed, "Fig. 3"):
        return
    parts, count, columns = encode(network, page_clips, files), len(by_subject), 2 * max(map(len, by_subject.values()))
    onset, apex, decoded = pixels(parts.onset), pixels(parts.apex), decode(network, parts.expression, parts.identity)
    first = np.cumsum([0, *map(len, by_subject.values())])[:-1]  # clip of each subject
    faces = cross_faces(network, parts, first)
    add_caption(page, HEAD + ROW * count, TITLE, page_clips)
    ratios = {"height_ratios": (HEAD, ROW * count), "width_ratios": (columns, 1.1 * (count + 1))}
    halves = page.add_gridspec(2, 2, **ratios)
    shape = {"top": 0.93, "bottom": 0.01, "wspace": 0.05}
    part = page.add_subfigure(halves[1, 0])
    grid = part.add_gridspec(count, columns, left=0.015, right=0.97, **shape)
    for row, (start, (name, subject_clips)) in enumerate(zip(first, by_subject.items(), strict=True)):
        for column, clip in enumerate(subject_clips):
            i, role = start + column, "held out" if name in unseen else "trained on"
            title = f"\n{clip.emotion}" if column else f"{name}, {role}\n{clip.emotion}"
            show_cell(part, grid[row, 2 * column], apex[i], title, clip, 7)
            error = f"\nerror {rms_difference(apex[i], decoded[i]):.0f}"
            show_cell(part, grid[row, 2 * column + 1], decoded[i], error, clip, 7)
    part = page.add_subfigure(halves[1, 1])
    grid = part.add_gridspec(count + 1, count + 1, left=0.02, right=0.98, **shape, hspace=0.3)
    for row, i in enumerate(first, 1):
        clip = page_clips[i]
        show_cell(part, grid[0, row], apex[i], f"{clip.subject}\n{clip.emotion}", clip, 7)
        show_cell(part, grid[row, 0], onset[i], f"{clip.subject}, neutral", clip, 7)
        for column in range(count):
            show_cell(part, grid[row, 1 + column], faces[row - 1, column], "", clip, 7)
