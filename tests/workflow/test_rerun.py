"""Reruns after an edit, under Snakemake: exactly the jobs that depend on it."""

import subprocess
import sys

import pytest
from conftest import Project
from scratch import ROOT

SUBJECTS = 6
BELOW_TRAIN = {"train": 3, "evaluate": 3, "table": 1}  # two methods and a variant of one
# what is edited: file, old text, new text -> jobs by rule
QUICK = (  # a method's param is edited in test_dvc.py; studies/reruns.py makes more edits, and runs their jobs
    "code of flow, which apex reads too",
    "minutes between checkpoints, and faces per class where no method makes any",
    "resamples, and a method's file",
)
CASES = {
    "apex params": (
        ("params.yaml", "  region: 36 ", "  region: 40 "),
        {"apex": SUBJECTS, "flow": SUBJECTS, "aus": SUBJECTS} | BELOW_TRAIN,
    ),
    "code of flow, which apex reads too": (
        ("src/microexpr/signals/flow/__init__.py", "second / np.float32(255)", "second / np.float32(254)"),
        {"apex": SUBJECTS, "flow": SUBJECTS, "aus": SUBJECTS} | BELOW_TRAIN,
    ),
    "minutes between checkpoints, and faces per class where no method makes any": (
        ("params.yaml", "checkpoint_minutes: 10", "checkpoint_minutes: 5"),
        ("params.yaml", "per_class: 4", "per_class: 5"),
        {},
    ),
    "resamples": (("params.yaml", "resamples: 50", "resamples: 60"), {"evaluate": 3, "table": 1}),
    "resamples, and a method's file": (
        ("params.yaml", "resamples: 50", "resamples: 60"),
        ("src/microexpr/models/recognisers/majority.py", "minlength=self.classes", "minlength=self.classes + 0"),
        {"train": 1, "evaluate": 3, "table": 1},
    ),
}


INDEX, BELOW_INDEX = {"annotation_smic": 1, "index": 1}, {"duplicate_subjects": 1} | BELOW_TRAIN


@pytest.mark.parametrize(
    ("target", "jobs", "left"),
    [
        ("results/index/smic.csv", INDEX, BELOW_INDEX),
        pytest.param("all", INDEX | BELOW_INDEX, {}, marks=pytest.mark.slow),
    ],
    ids=["index", "all"],
)
def test_one_subject_fewer(project, target, jobs, left):
    """All files of that subject are deleted, in the corpus and in results; the others stay as they are."""
    project.edit("params.yaml", "smic: {subjects: 2,", "smic: {subjects: 1,")
    assert project.jobs(target) == jobs
    assert not [path for top in ("data", "results") for path in (project.root / top).glob("**/smic/**/s02*")]
    assert project.planned() == left


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_snakemake(project, name):
    *edits, expected = CASES[name]
    for edit in edits:
        project.edit(*edit)
    assert project.planned() == expected


def test_what_has_no_meaning_plans_nothing(project, monkeypatch):
    """All at once: docstrings, layout and comments of every source file, times of all files, and a checkout moved."""
    monkeypatch.syspath_prepend(str(ROOT / "studies"))
    import reruns

    for edit in (reruns.document, reruns.reformat, reruns.comment, reruns.touch):
        edit(project.root)
    assert Project(reruns.move(project.root)).planned() == {}


@pytest.mark.slow
def test_every_edit_runs_the_jobs_that_have_to(finished, tmp_path):
    """Under Snakemake and under DVC, and the results are those of a run from nothing."""
    project = finished.copy(tmp_path / "project")
    command = [sys.executable, "studies/reruns.py", "--checkout", str(project.root)]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
