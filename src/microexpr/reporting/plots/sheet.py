"""A contact sheet: each subject's face at an apex, and its magnified difference from the onset."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.reporting.plots.drawing import add_caption, clip_groups, refuse_licensed, save_page, show_cell
from microexpr.signals import inputs

MAGNIFIED = 8  # factor of the difference
AROUND = 1  # frames averaged with an event on each side of it, since noise is magnified too
BLUR = 1.5  # pixels, standard deviation
ACROSS = 6  # subjects in a row


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """The row of one subject."""

    clip: Clip
    apex: np.ndarray  # uint8[288, 288, C]
    change: np.ndarray  # uint8[288, 288]: apex minus onset, MAGNIFIED times, about 128


def entries(clips: Iterable[Clip], results: Path) -> list[Entry]:
    """Return one entry for each subject, with the clip of median flow length, in the order of data set and subject.

    Raises DataError if there are no clips or single pictures, StoreError for a stage file that cannot be read."""
    clips_by_subject: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        if clip.frames == 1:
            raise DataError(f"a contact sheet must be of clips, not of single pictures ({clip.id})")
        clips_by_subject.setdefault((clip.dataset, clip.subject), []).append(clip)
    if not clips_by_subject:
        raise DataError("a contact sheet must have at least one clip, not none")
    chosen = []
    for _, of_subject in sorted(clips_by_subject.items()):
        lengths = []
        for clip in of_subject:
            with clip_groups(clip, results, "flow") as (flow,):
                lengths.append(float(np.hypot(*flow["onset_apex"][:2]).mean()))
        clip = of_subject[int(np.argsort(lengths, kind="stable")[len(lengths) // 2])]
        with clip_groups(clip, results, "faces", "apex") as (face, events):
            apex = face["crop"][inputs.position(face, events, "apex")]
            chosen.append(Entry(clip, apex, magnified_change(face, events)))
    return chosen


def magnified_change(face: Mapping[str, Any], events: Mapping[str, Any]) -> np.ndarray:
    """Return the apex of a clip less its onset, `MAGNIFIED` times, about 128: uint8[288, 288].

    `face` and `events` are the clip's groups in a faces and an apex file."""
    means = {}
    for event in ("onset", "apex"):
        position = inputs.position(face, events, event)
        crops = luma(face["crop"][max(0, position - AROUND) : position + AROUND + 1])
        means[event] = crops.astype(np.float32).mean(axis=0)
    change = cv2.GaussianBlur(means["apex"] - means["onset"], (0, 0), BLUR)
    return np.clip(128 + MAGNIFIED * change, 0, 255).astype(np.uint8)


def write(entries: Sequence[Entry], path: str | Path, show_licensed_faces: bool = False) -> None:
    """Write a PNG of subjects, each with an apex and, below it, its difference from the onset.

    Raises DataError for licensed faces unless `show_licensed_faces`, StoreError if the file cannot be written.
    """
    clips = [entry.clip for entry in entries]
    refuse_licensed(clips, show_licensed_faces)
    rows = -(-len(entries) // ACROSS)
    with save_page(path, 0.6 + rows * 3.75) as figure:
        inch = 1 / figure.get_figheight()
        title = (
            f"A clip of each subject: the apex, and below {MAGNIFIED} times its difference from the onset (grey: none)"
        )
        add_caption(figure, title, clips)
        grid = figure.add_gridspec(
            rows, ACROSS, left=0.015, right=0.985, top=1 - 0.95 * inch, bottom=0.01, wspace=0.04, hspace=0.15
        )
        for i, entry in enumerate(entries):
            cell = grid[divmod(i, ACROSS)].subgridspec(2, 1, hspace=0.04)
            description = ", ".join(filter(None, (entry.clip.emotion, entry.clip.action_units)))
            title = f"{entry.clip.dataset}/{entry.clip.subject}\n{description}"
            show_cell(figure, cell[0], entry.apex.squeeze(), title, entry.clip)
            show_cell(figure, cell[1], entry.change, "", entry.clip)
