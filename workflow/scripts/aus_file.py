"""Writes one subject's action units, clip by clip, from its faces and apex files, for any reader."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.signals import aus, inputs
from microexpr.signals.aus import filters

# clip, its group of the faces file, position of its onset -> values [T, 17, 3], attributes
Read = Callable[[Clip, Any, int], tuple[np.ndarray, dict[str, str]]]


def write(
    out: str, sources: tuple[str, str], clips: Sequence[Clip], params: aus.Params, read: Read, fitted_on: Sequence[str]
) -> None:
    """Writes the file `out` from `sources`, the faces and apex file; `fitted_on` is the provenance of `read`."""
    faces, apex = (store.open_file(path, stage) for path, stage in zip(sources, ("faces", "apex"), strict=True))
    with store.subject_file(out, "aus", clips, aus=params.model_dump()) as file, faces as face_file, apex as events:
        file.put("fitted_on", sorted({*fitted_on, *store.fitted_on(face_file)}))
        for clip in store.retained_clips(face_file, clips):
            face = face_file[clip.name]
            onset = inputs.position(face, events[clip.name], "onset")
            values, attributes = read(clip, face, onset)
            curves = filters.curves(values, onset, clip.fps, params)
            file.group(clip.name, **attributes).put_all(frame=face["frame"][()], action_unit=aus.ACTION_UNITS, **curves)
