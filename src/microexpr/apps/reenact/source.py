"""A clip whose movement is given away, as the stages wrote it. Reads only through the store."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.apps.reenact import HALVES, ONE_SIZE, Movement
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.grayscale import luma
from microexpr.signals import aus, inputs
from microexpr.signals.aus import regressor

STAGES = ("faces", "apex", "aus")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """K frames from onset to offset."""

    clip: Clip
    movement: Movement
    params: aus.Params  # how it was read
    crops: np.ndarray  # uint8[K, 288, 288, C]
    landmarks: np.ndarray  # float32[68, 2] at the onset, pixels of the crop
    apex: int  # place among these frames
    performed: np.ndarray | None  # float32[K, 24, 2]: true change of all units that a rendered face shows

    def true(self) -> np.ndarray | None:
        """float32[K, 17, 2]: of it those that are read."""
        from microexpr.rendering.display import ACTION_UNITS as SHOWN

        read = [SHOWN.index(unit) for unit in aus.ACTION_UNITS]
        return None if self.performed is None else self.performed[:, read]


def read(clip: Clip, files: Mapping[str, str | Path], truth: str | Path | None = None) -> Source:
    """Of its subject's `files` by stage (`STAGES`), and of the truth file of who was rendered.

    The shipped reader looks once more, at five sizes and at one, since a file of action units has what it read cut to
    0..5. Raises DataError for a clip that is in no file, StoreError for a file that cannot be read."""
    with ExitStack() as stack:
        opened = {stage: stack.enter_context(store.opened(files[stage], stage)) for stage in STAGES}
        for stage, file in opened.items():
            if clip.name not in file:
                raise DataError(f"clip must be one of {', '.join(file)}, not {clip.name} ({files[stage]})")
        found, events, units = (opened[stage][clip.name] for stage in STAGES)
        params = aus.Params(**json.loads(opened["aus"].attrs["params"].decode())["aus"])
        onset, apex, offset = (inputs.position(found, events, event) for event in ("onset", "apex", "offset"))
        crops, landmarks = found["crop"][()], found["landmarks_crop"][()]
        values, at_one_size = units["raw"][()], None
        if params.backend == "embedded":
            seen = luma(crops), landmarks, onset, regressor.load()
            values, at_one_size = (regressor.regress(*seen, sizes) for sizes in (params.sizes, ONE_SIZE))
        kept = slice(onset, offset + 1)
        return Source(
            clip,
            Movement(values, at_one_size, float(clip.fps), onset, offset),
            params,
            crops[kept],
            landmarks[onset],
            apex - onset,
            performed(clip, truth, found["frame"][()][kept]) if truth else None,
        )


def performed(clip: Clip, truth: str | Path, frames: np.ndarray) -> np.ndarray:
    """float32[K, 24, 2]: change of intensities since the first of these frames, as it was rendered."""
    with store.opened(truth, "truth") as file:
        group: Any = file[clip.name]
        places = np.searchsorted(group["frame"][()], frames)
        intensity = group["au_intensity"][()][places][..., HALVES]
    return np.asarray(intensity - intensity[0])
