"""What every reader of action units shares: one subject's file, clip by clip, from its faces and apex files."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.signals import aus, inputs
from microexpr.signals.aus import filters

Read = Callable[[Clip, Any, int], tuple[np.ndarray, dict[str, str]]]  # clip, its faces, onset: values, what is said


def write(
    out: str, sources: tuple[str, str], clips: Sequence[Clip], params: aus.Params, read: Read, seen: Sequence[str]
):
    """`sources` are faces and apex file, `read` gives values [T, 17, 3] and attributes, `seen` is its provenance."""
    faces, apex = (store.opened(path, stage) for path, stage in zip(sources, ("faces", "apex"), strict=True))
    with store.subject_file(out, "aus", clips, aus=params.model_dump()) as file, faces as found, apex as events:
        file.put("fitted_on", seen)
        for clip in store.kept(found, clips):
            face = found[clip.name]
            onset = inputs.position(face, events[clip.name], "onset")
            values, said = read(clip, face, onset)
            curves = filters.curves(values, onset, clip.fps, params)
            file.group(clip.name, **said).put_all(frame=face["frame"][()], au_names=aus.ACTION_UNITS, **curves)
