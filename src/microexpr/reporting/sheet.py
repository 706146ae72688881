"""A contact sheet: everyone's face at an apex, and what differs from the onset, magnified. Reads through the store.

Gathers only; `plots` draws.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.signals import inputs

MAGNIFIED = 8  # times
AROUND = 1  # frames on both sides of an event that are averaged with it: noise would be magnified too
BLUR = 1.5  # pixels, standard deviation


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One person."""

    clip: Clip
    apex: np.ndarray  # uint8[288, 288, C]
    change: np.ndarray  # uint8[288, 288]: apex minus onset, MAGNIFIED times, about 128


def entries(clips: Iterable[Clip], results: Path) -> list[Entry]:
    """Of each person the clip that is in the middle by the length of its flow, in the order of data set and subject.

    Raises DataError where there are no clips or single pictures, StoreError for a stage file that cannot be read."""
    people: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        if clip.frames == 1:
            raise DataError(f"a contact sheet must be of clips, not of single pictures ({clip.id})")
        people.setdefault((clip.dataset, clip.subject), []).append(clip)
    if not people:
        raise DataError("a contact sheet must have at least one clip, not none")
    return [_entry(own, results) for _, own in sorted(people.items())]


def _entry(clips: Sequence[Clip], results: Path) -> Entry:
    files = {
        stage: results / stage / clips[0].dataset / f"{clips[0].subject}.h5" for stage in ("faces", "apex", "flow")
    }
    with store.opened(files["flow"], "flow") as flow:
        lengths = [float(np.hypot(*flow[clip.name]["onset_apex"][:2]).mean()) for clip in clips]
    clip = clips[int(np.argsort(lengths, kind="stable")[len(clips) // 2])]
    with store.opened(files["faces"], "faces") as faces, store.opened(files["apex"], "apex") as apex:
        own, events = faces[clip.name], apex[clip.name]
        onset, top = (_around(own, inputs.position(own, events, event)) for event in ("onset", "apex"))
        change = cv2.GaussianBlur(top - onset, (0, 0), BLUR)
        return Entry(
            clip=clip,
            apex=own["crop"][inputs.position(own, events, "apex")],
            change=np.clip(128 + MAGNIFIED * change, 0, 255).astype(np.uint8),
        )


def _around(faces: Mapping[str, Any], position: int) -> np.ndarray:
    """float32[288, 288]: the mean of the grey crops about a position."""
    return luma(faces["crop"][max(0, position - AROUND) : position + AROUND + 1]).astype(np.float32).mean(axis=0)
