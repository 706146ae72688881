"""Each row of the table under its committed params: a fold's scores do not depend on what its held-out subject shows.

The subject's emotions, action units and regions are replaced and the fold is trained again, from the same weights,
teacher and synthesised faces: the same bytes. With the leak planted they must be others, or the test could not fail.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scratch import ROOT

from microexpr.cli import config
from microexpr.core import store
from microexpr.core.clip import LABELS, Clip
from microexpr.datasets import index
from microexpr.models import generators, recognisers
from microexpr.protocols import PROTOCOLS
from microexpr.tasks.run import SIGNALS, Run
from microexpr.training import pretrain, synthesise, train
from reader_fits.population.planned import Population

PROTOCOL = PROTOCOLS["megc2019"]
COMMITTED = config.check_cached(config.load(ROOT / "params.yaml"))
ROWS = [name for name, about in COMMITTED.methods.items() if about.in_table or about.appendix]
SHOWN = {  # in place of each emotion another one of another class, with its action units
    "negative": ("happiness", "6+12"),
    "positive": ("surprise", "1+2+5"),
    "surprise": ("disgust", "4+9"),
}


@pytest.fixture
def run(once, finished, monkeypatch) -> Any:
    """The run of the tiny preset's clips, and of macro-expressions, under the committed methods."""

    def make(root: Path) -> None:
        project = finished.copy(root)
        project.edit("params.yaml", "macro: [mmi]", "macro: [ckplus, mmi]")
        monkeypatch.chdir(root)
        tiny, macro = Run(config.check_cached(config.load("params.yaml")), Population), ["ckplus", "mmi"]
        files = [path for stage in SIGNALS for path in tiny.corpus.per_subject(stage, macro)]
        project.snakemake("--", *tiny.corpus.indices(macro), *files)

    monkeypatch.chdir(once("held_out", make).root)
    tiny, committed = config.load("params.yaml"), config.load(ROOT / "params.yaml")
    values = tiny | {name: committed[name] for name in ("methods", "variants", "population")}
    values["papers"] = tiny["papers"] | {"variants": {}}
    return Run(config.check_cached(values), Population)


def other(clip: Clip) -> Clip:
    """Return a clip with another class, emotion, action units and class by action units."""
    emotion, units = SHOWN[LABELS[clip.label]]
    label = (clip.label + 1) % len(LABELS)
    return replace(clip, emotion=emotion, label=label, action_units=units, objective_class=1 + label)


def make_job(run: Any, name: str, change: Callable[[Clip], Clip] = lambda clip: clip, **changed: Any) -> train.Job:
    """Return a row's training of its first fold, whose held-out clips are changed after the folds are made."""
    kind, about = recognisers.find(name), run.plan.rows[name]
    method = kind(kind.Params(**about.params | changed), len(PROTOCOL.classes))
    clips = PROTOCOL.select(index.read_all(run.corpus.indices(run.plan.sources(PROTOCOL.name))))
    fold, *_ = PROTOCOL.folds(clips, run.corpus.params["seed"])
    clips = [change(clip) if clip.id in fold.test else clip for clip in clips]
    macro = train.macro_clips(PROTOCOL, index.read_all(run.corpus.indices(run.plan.macro_sets(name))))
    params, synth = train.Params(**run.corpus.params["train"]), train.SynthParams(per_class=1)
    return train.Job(name, method, PROTOCOL, clips, [fold], params, synth, run.corpus.params["seed"], macro)


def read_files(run: Any, job: train.Job, folder: Path) -> dict[str, list[str]]:
    """Return by role the files that a job reads; its teacher is trained into `folder`."""
    training = run.plan.training(job.name, PROTOCOL.name)
    files = training.signals | {"initial": run.first.paths(training)}
    if job.teacher:
        teacher = replace(job, method=job.teacher, clips=[], folds=[])
        macro = run.corpus.signals(run.plan.rows[job.name].reads, run.plan.macro_sets(job.name))
        macro["initial"] = run.first.paths(training, "teacher_population")
        files["teacher"] = [str(folder / "teacher.safetensors")]
        pretrain.run(teacher, macro, files["teacher"][0], lambda done, total: None)
    return files


def trained(job: train.Job, files: dict[str, list[str]], path: Path, **more: str) -> np.ndarray:
    """Return a fold's scores."""
    train.run(job, files, {"train": str(path), **more}, lambda done, total: None)
    with store.open_file(path) as file:
        return file[job.folds[0].name]["scores"][()]


def synthetic_clips(run: Any, job: train.Job, path: Path) -> str:
    """Return the file of clips by a row's generator, trained without the group of the subject that a job holds out."""
    name, params = job.synthetic, run.corpus.params
    (group,) = [fold.name for fold in run.generators.groups(name) if job.folds[0].test[0] in fold.test]
    clips, macro = (
        index.read_all(run.corpus.indices(names))
        for names in (run.generators.sets(name), run.generators.still_sets(name))
    )
    settings = train.Params(**params["train"]), synthesise.Params(**params["synthesise"])
    described = run.generators.rows[name].params
    generator = synthesise.make_job(
        name, generators.find(name), described, (clips, macro), settings, params["seed"], group
    )
    synthesise.run(generator, run.generators.signals(name), str(path), lambda done, total: None)
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_scores_do_not_depend_on_what_a_held_out_subject_shows(run, tmp_path, name):
    job = make_job(run, name)
    files = read_files(run, job, tmp_path)
    if job.synthetic in run.generators.rows:
        files["synthetic_groups"] = [synthetic_clips(run, job, tmp_path / "clips.h5")]
    elif job.synthetic:
        generator = make_job(run, job.synthetic)
        files["synthetic"] = [str(tmp_path / "faces.h5")]
        path = tmp_path / "generator.h5"
        trained(generator, read_files(run, generator, tmp_path), path, synth=files["synthetic"][0])
    changed = make_job(run, name, other)
    assert all(job.labels[clip] != changed.labels[clip] for clip in job.folds[0].test)
    scores = trained(job, files, tmp_path / "true.h5")
    assert scores.tobytes() == trained(changed, files, tmp_path / "changed.h5").tobytes()
    if name != "majority":  # whose answer is the same for these classes
        leaks = [make_job(run, name, change, planted_leak="held_out_clips") for change in (lambda clip: clip, other)]
        first, second = (trained(leak, files, tmp_path / f"leak{i}.h5") for i, leak in enumerate(leaks))
        assert first.tobytes() != second.tobytes()
