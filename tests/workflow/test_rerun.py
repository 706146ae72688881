"""Reruns after an edit, under Snakemake: exactly the jobs that depend on it."""

import pytest

SUBJECTS = 6
BELOW_TRAIN = {"train": 3, "evaluate": 3, "table": 1}  # two methods and a variant of one
# what is edited: file, old text, new text -> jobs by rule
QUICK = (  # a method's param is edited in test_dvc.py
    "code of flow, which apex reads too",
    "minutes between checkpoints, and faces per class where no method makes any",
    "resamples, and a method's file",
)
CASES = {
    "one method's param": (
        ("params.yaml", "lr: 0.0005", "lr: 0.0007"),
        {"train": 2, "evaluate": 2, "table": 1},  # and its variant
    ),
    "apex params": (
        ("params.yaml", "  region: 36 ", "  region: 40 "),
        {"apex": SUBJECTS, "flow": SUBJECTS, "aus": SUBJECTS} | BELOW_TRAIN,
    ),
    "code of flow, which apex reads too": (
        ("src/microexpr/signals/flow/__init__.py", "second / np.float32(255)", "second / np.float32(254)"),
        {"apex": SUBJECTS, "flow": SUBJECTS, "aus": SUBJECTS} | BELOW_TRAIN,
    ),
    "one more subject": (
        ("params.yaml", "samm: {subjects: 2,", "samm: {subjects: 3,"),
        {
            "render_samm": 1,
            "annotation_samm": 1,
            "index": 1,
            "faces": 1,
            "apex": 1,
            "flow": 1,
            "aus": 1,
            "duplicate_subjects": 1,
        }
        | BELOW_TRAIN,
    ),
    "minutes between checkpoints, and faces per class where no method makes any": (
        ("params.yaml", "checkpoint_minutes: 10", "checkpoint_minutes: 5"),
        ("params.yaml", "per_class: 4", "per_class: 5"),
        {},
    ),
    "resamples": (("params.yaml", "resamples: 50", "resamples: 60"), {"evaluate": 3, "table": 1}),
    "a method's file": (
        ("src/microexpr/models/recognisers/majority.py", "minlength=self.classes", "minlength=self.classes + 0"),
        {"train": 1, "evaluate": 1, "table": 1},
    ),
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
