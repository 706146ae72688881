"""The driving clip of a reenactment, as the stages wrote it. Reads only through the store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from microexpr.apps.reenact import ALL, HALVES, Components
from microexpr.core import store
from microexpr.core.arrays import luma
from microexpr.core.clip import Clip
from microexpr.signals import aus, inputs
from microexpr.signals.aus import SIDES, coded, filters, regressor

STAGES = ("faces", "apex", "aus")
ONE_SIZE = (0,)


@dataclass(frozen=True, slots=True, eq=False)
class DrivingClip:
    """The clip to reenact: T frames, K of them from onset to offset."""

    clip: Clip
    params: aus.Params  # how its action units were read
    values: np.ndarray  # float32[T, 17, 3]: intensities as read, by `SIDES`
    at_one_size: np.ndarray | None  # the same without FAMGAN's five sizes; None if the reader has one size only
    onset: int  # its position among all frames
    crops: np.ndarray  # uint8[K, 288, 288, C]
    apex: int  # index among these
    rendered_changes: np.ndarray | None  # float32[K, 24, 2]: changes of all AUs of a rendered face; None if recorded

    def true_changes(self) -> np.ndarray:
        """Return float32[K, 17, 2]: changes of AUs since the onset, rendered ones if it is rendered, else as read."""
        from facs_faces.display import ACTION_UNITS as RENDERED

        if self.rendered_changes is not None:
            return coded(self.rendered_changes, RENDERED)
        values = self._to_offset(self.values)[..., HALVES]
        return np.asarray(values - values[0])

    def target_aus(
        self, resting: np.ndarray, alpha: float, components: Components = ALL, relative_to: filters.Reference = "onset"
    ) -> np.ndarray:
        """Return float32[K, 17, 2], FACS 0..5 by left and right, for a face with intensities `resting` [17, 2].

        `alpha` is the share of `resting` that is kept; `relative_to` as in `filters.modulate`. Raises ValueError if
        `components` has no sizes and the clip was not read at one size."""
        values = self.values if components.sizes else self.at_one_size
        if values is None:
            raise ValueError("the clip must be read at one size too")
        sides = HALVES if components.sides else [SIDES.index("both")] * 2
        resting = resting if components.sides else resting.mean(-1, keepdims=True)
        half_window = self.params.half_window if components.filter else 0.0
        target = filters.smooth(values[..., sides], self.clip.fps, half_window)
        if components.relative:
            target = filters.modulate(target, resting, self.onset, alpha, relative_to)
        return np.clip(self._to_offset(target), 0, aus.LARGEST).astype(np.float32)

    def _to_offset(self, values: np.ndarray) -> np.ndarray:
        return values[self.onset : self.onset + len(self.crops)]


def read(clip: Clip, files: Mapping[str, str | Path], ground_truth: str | Path | None = None) -> DrivingClip:
    """Read a clip from its subject's `files` by stage (`STAGES`), and from a rendered subject's ground truth file.

    The shipped reader reads the action units again, at five sizes and at one, since an aus file has values clipped to
    0..5. Raises DataError if a file lacks the clip, StoreError if a file cannot be read."""
    with store.groups_of_clip(clip.name, {stage: files[stage] for stage in STAGES}) as (face, events, units):
        params = aus.Params(**json.loads(units.file.attrs["params"].decode())["aus"])
        onset, apex, offset = (inputs.position(face, events, event) for event in ("onset", "apex", "offset"))
        crops, expression = face["crop"][()], slice(onset, offset + 1)
        values, at_one_size = units["raw"][()], None
        if params.backend == "embedded":
            arguments = luma(crops), onset, regressor.load()
            values, at_one_size = (regressor.regress(*arguments, sizes) for sizes in (aus.SIZES, ONE_SIZE))
        numbers, rendered = face["frame"][()][expression], None
        if ground_truth:
            with store.open_file(ground_truth, "truth") as file:
                group: Any = file[clip.name]
                positions = np.searchsorted(group["frame"][()], numbers)
                intensity = group["au_intensity"][()][positions][..., HALVES]
            rendered = np.asarray(intensity - intensity[0])
        from_onset = crops[expression], apex - onset
        return DrivingClip(clip, params, values, at_one_size, onset, *from_onset, rendered)
