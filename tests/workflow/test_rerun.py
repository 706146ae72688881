"""What reruns after an edit: exactly what it must, under Snakemake and under DVC."""

import pytest

SUBJECTS = 6
BELOW_TRAIN = {"train": 2, "evaluate": 2, "table": 1}
# what is edited: file, old text, new text -> jobs by rule
CASES = {
    "nothing": (None, {}),
    "one method's param": (
        ("params.yaml", "lr: 0.0005", "lr: 0.0007"),
        {"train": 1, "evaluate": 1, "table": 1},
    ),
    "apex params": (
        ("params.yaml", "apex: {}", "apex: {region: 40}"),
        {"apex": SUBJECTS, "flow": SUBJECTS, "aus": SUBJECTS} | BELOW_TRAIN,
    ),
    "flow.py": (
        ("src/microexpr/flow.py", "ROUNDS = 20", "ROUNDS = 21"),
        {"flow": SUBJECTS} | BELOW_TRAIN,
    ),
    "one more subject": (
        ("params.yaml", "samm: {subjects: 2,", "samm: {subjects: 3,"),
        {"generate_samm": 1, "workbook_samm": 1, "index": 1, "faces": 1, "apex": 1, "flow": 1, "aus": 1} | BELOW_TRAIN,
    ),
    "resamples": (("params.yaml", "resamples: 50", "resamples: 60"), {"evaluate": 2, "table": 1}),
    "a method's file": (
        ("src/microexpr/models/majority.py", "minlength=CLASSES", "minlength=CLASSES + 0"),
        {"train": 1, "evaluate": 1, "table": 1},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_snakemake(project, name):
    edit, expected = CASES[name]
    if edit:
        project.edit(*edit)
    assert project.planned() == expected
