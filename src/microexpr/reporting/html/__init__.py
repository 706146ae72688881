"""The report: everything a run wrote, as one page that needs no network. Trains nothing and computes no figure.

`page` builds it; this file is what a run must know before anything is there: its section, and which clips are shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import ParamsError, nearest


class Params(BaseModel):
    """Section `report` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    clips: tuple[str, ...] = Field((), description="whose way is shown, as dataset/subject/name; none: one a data set")
    show_licensed_faces: bool = Field(False, description="in its pictures; ask your licence")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is to show, as a run knows it. Files lie where their stages put them."""

    protocol: str
    methods: Sequence[str]  # rows of the table, in its order
    shards: Mapping[str, Sequence[str]]  # of each one's training
    synthesising: Mapping[str, Sequence[str]]  # those of them that make faces, and the files of these
    clips: Sequence[str]  # ids
    show_licensed_faces: bool
    params: Mapping[str, Any]  # all of params.yaml
    papers: Sequence[str] = ()  # tables that have been made
    truth: Mapping[str, str] = field(default_factory=dict)  # CSV by stage, where they have been made


def chosen(clips: Iterable[Clip], wanted: Sequence[str]) -> list[Clip]:
    """The clips that `wanted` names, or of each data set the first of a class, classes in turn: by annotation alone.

    Raises ParamsError for a name of no clip.
    """
    known = {clip.id: clip for clip in clips}
    for name in wanted:
        if name not in known:
            raise ParamsError(
                f"params.yaml: report.clips must name clips of this run, not {name}{nearest(name, known)}"
            )
    if wanted:
        return [known[name] for name in dict.fromkeys(wanted)]
    found = []
    for place, dataset in enumerate(dict.fromkeys(clip.dataset for clip in known.values())):
        own = [clip for clip in known.values() if clip.dataset == dataset]
        of_class = [clip for clip in own if clip.label == place % len(LABELS)]
        found.append((of_class or own)[0])
    return found
