"""Gather the results of all stages for one clip, for plots and the report. Reads through the store only."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.evaluation.faces import HELD_OUT
from microexpr.signals import inputs
from microexpr.signals.apex import Params, stored_score

STAGES = ("faces", "apex", "flow", "aus")  # stages with results in a journey
EVENTS = ("onset", "apex", "offset")


@dataclass(frozen=True, slots=True, eq=False)
class Journey:
    """The results of all stages for one clip. T frames; sides are left, right, both."""

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
    synthetic: dict[str, np.ndarray]  # uint8[2, h, w, C] by class: neutral and synthesised face; {} without a generator


def read(clip: Clip, files: Mapping[str, str | Path], synth: Sequence[str | Path]) -> Journey:
    """Return the journey of a clip, from its subject's `files` by stage (`STAGES`) and all shards of a generator.

    The synthesised faces are those that the generator made from this clip with weights that never saw its subject.
    Raises DataError for a clip that is not in a file or has another origin there, StoreError for a file that cannot
    be read.
    """
    faces_by_class = synthetic(clip, synth)
    with ExitStack() as stack:
        open_files = {stage: stack.enter_context(store.open_file(files[stage], stage)) for stage in STAGES}
        for stage, file in open_files.items():
            if clip.name not in file:
                raise DataError(
                    f"clip must be one of {', '.join(store.clip_groups(file))}, not {clip.name} ({files[stage]})"
                )
        _check_origins({file.attrs["origin"].decode() for file in open_files.values()}, clip)
        faces, apex, flow, aus = (open_files[stage][clip.name] for stage in STAGES)
        positions = {event: inputs.position(faces, apex, event) for event in EVENTS}
        return Journey(
            clip=clip,
            events={event: int(apex[event][()]) for event in EVENTS},
            apex_by=apex.attrs["method"].decode(),
            frame=apex["frame"][()],
            score=stored_score(faces, apex, Params(**json.loads(open_files["apex"].attrs["params"])["apex"])),
            crops={event: luma(faces["crop"][position]) for event, position in positions.items()},
            landmarks={event: faces["landmarks_crop"][position] for event, position in positions.items()},
            flow=flow["onset_apex"][()],
            action_units=store.strings(aus["action_unit"]),
            relative=aus["relative"][()],
            synthetic=faces_by_class,
        )


def synthetic(clip: Clip, synth: Sequence[str | Path]) -> dict[str, np.ndarray]:
    """Return `Journey.synthetic` alone.

    Raises DataError for faces of another origin, StoreError for a file that cannot be read."""
    faces = [face for face in held_out_faces(synth, clip.id) if face[1] == clip.provenance]
    _check_origins({origin for origin, *_ in faces}, clip)
    return {LABELS[label]: pair for *_, label, pair in faces}


def _check_origins(origins: set[str], clip: Clip) -> None:
    if origins - {clip.origin}:
        reason = f"stage files must all be {clip.origin}, not {sorted(origins)} ({clip.id})"
        raise DataError(f"{reason}; `make table` makes them again")


def held_out_faces(synth: Sequence[str | Path], clip_id: str = "") -> Iterator[tuple[str, str, int, np.ndarray]]:
    """Yield origin, source clip, class and pair of images of each held-out face; of one clip where it is named."""
    for path in synth:
        with store.open_file(path, "synth") as file:
            for side in _sides(file):
                for group in (side[name] for name in side if name.startswith(clip_id.replace("/", "_"))):
                    (source,) = store.strings(group["source"])
                    yield file.attrs["origin"].decode(), source, int(group["label"][()]), group["crop"][()]


def _sides(group: Any) -> Iterator[Any]:
    """Yield the held-out faces of a file's folds, which are named after groups of subjects, or data set and subject."""
    for fold in store.clip_groups(group).values():
        if HELD_OUT in fold:
            yield fold[HELD_OUT]
        elif "fitted_on" not in fold:
            yield from _sides(fold)
