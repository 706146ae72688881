"""The driving clip of a reenactment, as the stages wrote it. Reads only through the store."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.apps.reenact import HALVES, ONE_SIZE, Movement
from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.signals import aus, inputs
from microexpr.signals.aus import coded, regressor

STAGES = ("faces", "apex", "aus")


@dataclass(frozen=True, slots=True, eq=False)
class DrivingClip:
    """The clip to reenact: K frames from onset to offset."""

    clip: Clip
    movement: Movement
    params: aus.Params  # how its action units were read
    crops: np.ndarray  # uint8[K, 288, 288, C]
    apex: int  # index among these frames
    rendered_changes: np.ndarray | None  # float32[K, 24, 2]: changes of all AUs of a rendered face; None if recorded

    def true_changes(self) -> np.ndarray | None:
        """Return float32[K, 17, 2]: the rendered changes of the 17 AUs that are read; None if recorded."""
        from microexpr.rendering.display import ACTION_UNITS as RENDERED

        return None if self.rendered_changes is None else coded(self.rendered_changes, RENDERED)


def read(clip: Clip, files: Mapping[str, str | Path], ground_truth: str | Path | None = None) -> DrivingClip:
    """Read a clip from its subject's `files` by stage (`STAGES`), and from a rendered subject's ground truth file.

    The shipped reader reads the action units again, at five sizes and at one, since an aus file has values clipped to
    0..5. Raises DataError if a file lacks the clip, StoreError if a file cannot be read."""
    with ExitStack() as stack:
        opened = {stage: stack.enter_context(store.open_file(files[stage], stage)) for stage in STAGES}
        for stage, file in opened.items():
            if clip.name not in file:
                raise DataError(
                    f"clip must be one of {', '.join(store.clip_groups(file))}, not {clip.name} ({files[stage]})"
                )
        face, events, units = (opened[stage][clip.name] for stage in STAGES)
        params = aus.Params(**json.loads(opened["aus"].attrs["params"].decode())["aus"])
        onset, apex, offset = (inputs.position(face, events, event) for event in ("onset", "apex", "offset"))
        crops = face["crop"][()]
        values, at_one_size = units["raw"][()], None
        if params.backend == "embedded":
            arguments = luma(crops), onset, regressor.load()
            values, at_one_size = (regressor.regress(*arguments, sizes) for sizes in (aus.SIZES, ONE_SIZE))
        expression = slice(onset, offset + 1)
        return DrivingClip(
            clip,
            Movement(values, at_one_size, float(clip.fps), onset, offset),
            params,
            crops[expression],
            apex - onset,
            read_rendered_changes(clip, ground_truth, face["frame"][()][expression]) if ground_truth else None,
        )


def read_rendered_changes(clip: Clip, ground_truth: str | Path, frames: np.ndarray) -> np.ndarray:
    """Return float32[K, 24, 2]: rendered changes of intensity since the first of these frames."""
    with store.open_file(ground_truth, "truth") as file:
        group: Any = file[clip.name]
        positions = np.searchsorted(group["frame"][()], frames)
        intensity = group["au_intensity"][()][positions][..., HALVES]
    return np.asarray(intensity - intensity[0])
