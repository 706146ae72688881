"""Printed counts, of clips of the index or of synthetic clips, and printed marks of regions. No predictions."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from microexpr.core import store
from microexpr.core.clip import LABELS, Clip, join_origins
from microexpr.core.facs.reactions import REGIONS, reaction_mask
from microexpr.evaluation.published import Cell

COUNTS: dict[str, Callable[[Sequence[Clip]], str]] = {  # by metric
    "clips": lambda clips: str(len(clips)),
    "subjects": lambda clips: str(len({(clip.dataset, clip.subject) for clip in clips})),
    "fps": lambda clips: " ".join(map(str, sorted({clip.fps for clip in clips}))),
}
OBJECTIVE = ("i", "ii", "iii", "iv", "v", "vi", "vii")
EMOTIONS = ("happiness", "disgust", "surprise", "fear", "sadness", "anger", "repression", "contempt", "others")
OF_A_GROUP = "clips made of all but one group of subjects: what a fold of somebody in it trains on"


@dataclass(frozen=True, slots=True)
class SyntheticClips:
    """Counts of the training clips that a generator made without one group of subjects."""

    counts: Counter[tuple[str, str]]  # by data set and emotion
    origin: str


def counts_recorded_clips(cell: Cell) -> bool:
    """Whether a cell is a count of recorded clips, independent of any method."""
    return not cell.method and cell.metric in COUNTS


def count_recorded_clips(cell: Cell, clips: Sequence[Clip]) -> dict[str, str]:
    """Return the values of a row for a count of clips of an index; {} if the data set is not among them.

    Where the paper counts its composite, clips that belong to no class of MEGC2019 are left out.
    """
    available = [clip for clip in clips if cell.dataset == "full" or clip.dataset in cell.dataset.split("+")]
    if not available:
        return {}
    if cell.protocol == "megc2019":
        available = [clip for clip in available if clip.label is not None]
    counted = [clip for clip in available if _has_class(clip, _class_header(cell), cell.protocol)]
    origin = join_origins(clip.origin for clip in available)
    return {"reproduced": COUNTS[cell.metric](counted), "origin": origin, "n": str(len(available))}


def _class_header(cell: Cell) -> str:
    """Return the header, of row or column, that names a class; "" if all classes are counted."""
    headers = [header.rpartition(" / ")[2].lower() for header in (cell.row, cell.column)]
    return next((header for header in headers if header in (*LABELS, *OBJECTIVE, *EMOTIONS)), "")


def _has_class(clip: Clip, class_name: str, protocol: str) -> bool:
    if not class_name:
        return True
    if protocol == "megc2019":
        return clip.label == LABELS.index(class_name)
    if protocol == "objective":
        return clip.objective_class == OBJECTIVE.index(class_name) + 1
    return clip.emotion.lower().removesuffix("s") == class_name.removesuffix("s")  # SAMM writes "Other"


def region_mark(cell: Cell) -> dict[str, str]:
    """Return the paper's sign for whether an emotion (row) shows in a region (column)."""
    index = next(i for i, region in enumerate(REGIONS) if cell.column.startswith(region))
    return {"reproduced": "✗✓"[reaction_mask(cell.row.lower())[index]]}


def counts_synthetic_clips(cell: Cell) -> bool:
    """Whether a cell is a count of clips that a generator made."""
    return bool(cell.method) and cell.metric == "clips"


def read_synthetic_clips(path: str | Path) -> SyntheticClips:
    """Count the training clips in a file of the synth stage."""
    with store.open_file(path, "synth") as file:
        emotions = file.attrs["classes"].decode().split(", ")
        datasets_and_emotions = [
            (store.strings(clip["source"])[0].split("/")[1], emotions[clip["label"][()]])
            for clip in file["train"].values()
        ]
        return SyntheticClips(Counter(datasets_and_emotions), file.attrs["origin"].decode())


def count_synthetic_clips(cell: Cell, clips: SyntheticClips) -> dict[str, str]:
    """Return the values of a row for a count of synthetic clips; {} if there are none of the data set."""
    counts = {emotion: count for (dataset, emotion), count in clips.counts.items() if dataset == cell.dataset}
    if not counts:
        return {}
    emotion, total = _class_header(cell), sum(counts.values())
    return {"reproduced": str(counts.get(emotion, 0) if emotion else total), "origin": clips.origin, "n": str(total)}
