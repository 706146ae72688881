"""Composites and trainings made by hand, for tests: few clips, known labels, known predictions. No assertions here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from microexpr import store
from microexpr.clip import Clip, Fold, Origin

# The published predictions of STSTNet, as counts by true (row) and predicted class: github.com/christy1206/STSTNet.
STSTNET = {
    "smic": [[54, 10, 6], [17, 30, 4], [14, 1, 28]],
    "casme2": [[83, 5, 0], [12, 19, 1], [2, 0, 23]],
    "samm": [[82, 7, 3], [11, 13, 2], [5, 2, 8]],
}


def clip(
    dataset: str = "casme2",
    subject: str = "sub01",
    name: str = "EP01_01",
    label: int | None = 0,
    origin: Origin = "generated",
) -> Clip:
    """A clip of which only these five matter."""
    return Clip(
        dataset=dataset, subject=subject, name=name, origin=origin, folder="", first=1, last=45, frames=45, onset=5,
        apex=20, offset=40, fps=200, emotion="", label=label, objective_class=None, action_units="",
    )  # fmt: skip


def composite(subjects: int = 2, clips: int = 6) -> list[Clip]:
    """Three data sets of so many subjects with so many clips each, whose labels go 0, 1, 2, 0, ..."""
    return [
        clip(dataset, f"s{subject:02}", f"c{number:02}", number % 3)
        for dataset in ("smic", "casme2", "samm")
        for subject in range(1, subjects + 1)
        for number in range(clips)
    ]


def scores(predicted: Sequence[int] | np.ndarray) -> np.ndarray:
    """Scores whose largest is the predicted class: one more axis, of three."""
    return np.eye(3, dtype=np.float32)[np.asarray(predicted)]


def shard(
    path: Path,
    folds: Sequence[Fold],
    clips: Sequence[Clip],
    predicted: Mapping[str, np.ndarray],
    fitted_on: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """A train file. `predicted` by fold name is int[S, E, N]; `fitted_on` overrides the fold's training clips."""
    known = {clip.id: clip for clip in clips}
    with store.create(path, "train", {}, origin=clips[0].origin, parameters="12345") as file:
        for fold in folds:
            group = file.group(fold.name)
            group.put("clips", fold.test)
            group.put("truth", [known[name].label for name in fold.test])
            group.put("scores", scores(predicted[fold.name]))
            entries = (fitted_on or {}).get(fold.name, sorted(known[name].provenance for name in fold.train))
            group.put("fitted_on", entries)
    return path
