"""Small trainings on flow that is drawn, from stage files to shards, for tests. No assertions here."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from microexpr import store, train
from microexpr.clip import Clip
from microexpr.models import find
from microexpr.protocols import PROTOCOLS
from microexpr.seeds import generator
from microexpr.training.checkpoint import CheckpointDir

EPOCHS = 5


def flow_files(root: Path, clips: Sequence[Clip], shown: float = 0.1) -> list[str]:
    """results/flow/<dataset>/<subject>.h5 below `root`: noise, the second channel raised by `shown` times label."""
    paths = []
    for dataset, subject in sorted({(clip.dataset, clip.subject) for clip in clips}):
        own = [clip for clip in clips if (clip.dataset, clip.subject) == (dataset, subject)]
        paths.append(str(root / "results/flow" / dataset / f"{subject}.h5"))
        with store.subject_file(paths[-1], "flow", own) as file:
            for clip in own:
                flow = generator(0, clip.id).normal(size=(3, 28, 28)) + np.reshape(
                    [0, shown * (clip.label or 0), 0], (3, 1, 1)
                )
                file.group(clip.name).put("onset_apex", flow)
    return paths


def job(clips: Sequence[Clip], protocol: str = "megc2019", folds: int = 0, **changed: Any) -> train.Job:
    """Of STSTNet with a few epochs; `changed` are fields of train.Params, or of the method's where it has them."""
    kind, chosen = find("ststnet"), PROTOCOLS[protocol]
    own = {"epochs": EPOCHS, "batch": 8, "lr": 5e-3} | {
        k: v for k, v in changed.items() if k in kind.Params.model_fields
    }
    rest = {k: v for k, v in changed.items() if k in train.Params.model_fields}
    params = train.Params(**{"plan": "sequential", "checkpoint_minutes": 1e-9, **rest})  # at every epoch
    made = chosen.folds(clips, 1, params.inner_subjects, params.seeds, folds)
    return train.Job(
        "ststnet", kind(kind.Params(**own), len(chosen.classes)), chosen, chosen.select(clips), made,
        params, train.SynthParams(), seed=1,
    )  # fmt: skip


def trained(
    root: Path, job: train.Job, files: Iterable[str], place: CheckpointDir | None = None, stops: int | None = None
) -> str:
    """The shard of a job, where the pipeline would put it below `root`. InterruptedError after `stops` epochs."""
    path = str(root / "results/train" / job.name / job.protocol.name / "1of1.h5")
    train.run(job, files, {"train": path}, interrupted(stops) if stops else lambda done, total: None, place)
    return path


def interrupted(epochs: int) -> Callable[[int, int], None]:
    """Progress that ends a training when so many more epochs have been trained, before the last of them is kept."""
    left = iter(range(epochs, -1, -1))

    def progress(done: int, total: int) -> None:
        if next(left) == 0:
            raise InterruptedError

    return progress
