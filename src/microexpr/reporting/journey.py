"""One clip as every stage wrote it, gathered for whoever shows it. Reads only through the store; draws nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError
from microexpr.signals import inputs
from microexpr.signals.apex import Params, stored_score

STAGES = ("faces", "apex", "flow", "aus")  # those a journey passes through
EVENTS = ("onset", "apex", "offset")


@dataclass(frozen=True, slots=True, eq=False)
class Journey:
    """One clip as each stage wrote it. T frames; sides are left, right, both."""

    clip: Clip
    events: dict[str, int]  # onset, apex, offset: frame numbers
    apex_by: str  # annotated, or the spotter
    frame: np.ndarray  # int64[T]
    score: np.ndarray  # float32[T]
    crops: dict[str, np.ndarray]  # uint8[288, 288] by event
    landmarks: dict[str, np.ndarray]  # float32[68, 2] by event, pixels of the crop
    flow: np.ndarray  # float32[3, H, W]: u, v, strain
    action_units: list[str]
    relative: np.ndarray  # float32[T, 17, 3], FACS
    synthetic: dict[str, np.ndarray]  # uint8[2, h, w, C] by class: neutral and made face; empty without a generator


def read(clip: Clip, files: Mapping[str, str | Path], synth: Sequence[str | Path]) -> Journey:
    """Gathers a clip from its subject's `files` by stage (`STAGES`) and from all shards of a generator, or none.

    Of a generator's faces those are taken that were made from this clip by weights that never saw its subject.
    Raises DataError for a clip that is not in a file or of another origin there, StoreError for a file that cannot be
    read.
    """
    made = synthetic(clip, synth)
    with ExitStack() as stack:
        opened = {stage: stack.enter_context(store.opened(files[stage], stage)) for stage in STAGES}
        for stage, file in opened.items():
            if clip.name not in file:
                raise DataError(f"clip must be one of {', '.join(file)}, not {clip.name} ({files[stage]})")
        _check_origins({file.attrs["origin"].decode() for file in opened.values()}, clip)
        faces, apex, flow, aus = (opened[stage][clip.name] for stage in STAGES)
        at = {event: inputs.position(faces, apex, event) for event in EVENTS}
        return Journey(
            clip=clip,
            events={event: int(apex[event][()]) for event in EVENTS},
            apex_by=apex.attrs["method"].decode(),
            frame=apex["frame"][()],
            score=stored_score(faces, apex, Params(**json.loads(opened["apex"].attrs["params"])["apex"])),
            crops={event: inputs.grey_frame(faces, apex, event) for event in EVENTS},
            landmarks={event: faces["landmarks_crop"][place] for event, place in at.items()},
            flow=flow["onset_apex"][()],
            action_units=store.strings(aus["au_names"]),
            relative=aus["relative"][()],
            synthetic=made,
        )


def synthetic(clip: Clip, synth: Sequence[str | Path]) -> dict[str, np.ndarray]:
    """`Journey.synthetic` alone. Raises DataError for faces of another origin, StoreError for a file that cannot be
    read."""
    made = list(_synthetic(clip, synth))
    _check_origins({origin for origin, _, _ in made}, clip)
    return {LABELS[label]: pair for _, label, pair in made}


def _check_origins(origins: set[str], clip: Clip) -> None:
    if origins - {clip.origin}:
        raise DataError(f"stage files must all be {clip.origin}, not {sorted(origins)} ({clip.id}); run again")


def _synthetic(clip: Clip, synth: Sequence[str | Path]) -> Iterator[tuple[str, int, np.ndarray]]:
    """Origin, class and pair of pictures of each held-out face that was made from this clip."""
    held_out = f"{clip.dataset}/{clip.subject}/held_out"
    for path in synth:
        with store.opened(path, "synth") as file:
            if held_out not in file:
                continue
            for one in file[held_out].values():
                if store.strings(one["source"]) == [clip.provenance]:
                    yield file.attrs["origin"].decode(), int(one["label"][()]), one["crop"][()]
