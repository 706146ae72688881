"""Printed counts, over the index or what a generator made, and marks of regions. No predictions."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from microexpr.core import store
from microexpr.core.clip import LABELS, Clip
from microexpr.core.facs.reactions import REGIONS, reacts
from microexpr.evaluation.published import Cell

COUNTED: dict[str, Callable[[Sequence[Clip]], str]] = {  # by metric
    "clips": lambda clips: str(len(clips)),
    "subjects": lambda clips: str(len({(clip.dataset, clip.subject) for clip in clips})),
    "fps": lambda clips: " ".join(map(str, sorted({clip.fps for clip in clips}))),
}
OBJECTIVE = ("i", "ii", "iii", "iv", "v", "vi", "vii")
EMOTIONS = ("happiness", "disgust", "surprise", "fear", "sadness", "anger", "repression", "contempt", "others")
OF_A_GROUP = "clips made of all but one group of subjects: what a fold of somebody in it trains on"


@dataclass(frozen=True, slots=True)
class Made:
    """Clips that a generator made without one group of subjects, to train on."""

    clips: Counter[tuple[str, str]]  # by data set and emotion
    origin: str


def countable(cell: Cell) -> bool:
    """Whether a cell is a count over recorded clips, and no method's."""
    return not cell.method and cell.metric in COUNTED


def counted(cell: Cell, clips: Sequence[Clip]) -> dict[str, str]:
    """What a row says of a count over the clips of an index; nothing where the data set is not among them.

    Clips of no class of MEGC2019 are left out where the paper counts its composite."""
    there = [clip for clip in clips if cell.dataset == "full" or clip.dataset in cell.dataset.split("+")]
    if not there:
        return {}
    if cell.protocol == "megc2019":
        there = [clip for clip in there if clip.label is not None]
    chosen = [clip for clip in there if _is_of(clip, _word(cell), cell.protocol)]
    origin = "+".join(sorted({clip.origin for clip in there}, reverse=True))
    return {"reproduced": COUNTED[cell.metric](chosen), "origin": origin, "n": str(len(there))}


def _word(cell: Cell) -> str:
    """The header, of row or column, that names a class; "" where all are counted."""
    headers = [header.rpartition(" / ")[2].lower() for header in (cell.row, cell.column)]
    return next((header for header in headers if header in (*LABELS, *OBJECTIVE, *EMOTIONS)), "")


def _is_of(clip: Clip, word: str, protocol: str) -> bool:
    if not word:
        return True
    if protocol == "megc2019":
        return clip.label == LABELS.index(word)
    if protocol == "objective":
        return clip.objective_class == OBJECTIVE.index(word) + 1
    return clip.emotion.lower().removesuffix("s") == word.removesuffix("s")  # SAMM writes "Other"


def marked(cell: Cell) -> dict[str, str]:
    """Whether an emotion (row) shows in a region (column), in the print's signs."""
    place = next(number for number, region in enumerate(REGIONS) if cell.column.startswith(region))
    return {"reproduced": "✗✓"[reacts(cell.row.lower())[place]]}


def countable_made(cell: Cell) -> bool:
    """Whether a cell is a count of clips that a generator made."""
    return bool(cell.method) and cell.metric == "clips"


def read_made(path: str | Path) -> Made:
    """Of a file of the synth stage."""
    with store.opened(path, "synth") as file:
        emotions = file.attrs["classes"].decode().split(", ")
        made = file["train"].values()
        shown = [(store.strings(one["source"])[0].split("/")[1], emotions[one["label"][()]]) for one in made]
        return Made(Counter(shown), file.attrs["origin"].decode())


def counted_made(cell: Cell, made: Made) -> dict[str, str]:
    """What a row says of such a count; nothing where nothing was made of the data set."""
    own = {emotion: count for (dataset, emotion), count in made.clips.items() if dataset == cell.dataset}
    if not own:
        return {}
    word, total = _word(cell), sum(own.values())
    return {"reproduced": str(own.get(word, 0) if word else total), "origin": made.origin, "n": str(total)}
