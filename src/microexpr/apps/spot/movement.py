"""Measure the movement in a long video, which every spotter but that of `predict` reads."""

from pathlib import Path

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.signals.faces.alignment import CROP
from microexpr.signals.spotting import movement
from microexpr.signals.spotting.movement import GAPS, Params


def write(path: str | Path, curves: str | Path, clip: Clip, params: Params) -> None:
    """Write the movement in a video of whose curves this is the file. Raises StoreError for another file."""
    with store.open_file(curves, "spot") as file:
        (group,) = store.clip_groups(file).values()
        crops, landmarks, fps = (group[name][()] for name in ("movement_crop", "movement_landmarks", "fps"))
        fitted_on = store.fitted_on(group)
    content = movement.measure(crops, landmarks, float(fps), params, CROP / params.size)
    with store.subject_file(path, "movement", [clip], movement=params.model_dump(mode="json")) as file:
        file.put("fitted_on", fitted_on)
        file.group(clip.name).put_all(gap=list(GAPS), **content)
