"""Reruns after an edit, under Snakemake: exactly the jobs that depend on it."""

import ast
import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from conftest import Project

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FLOW, INTERVALS = Path("src/microexpr/signals/flow/__init__.py"), Path("src/microexpr/evaluation/metrics/intervals.py")
MAJORITY = Path("src/microexpr/models/recognisers/majority.py")
SUBJECTS = 6
BELOW_TRAIN = {"train": 3, "evaluate": 3, "megc2019_table": 1}  # two methods and a variant of one
BELOW_FACES = {"apex": SUBJECTS, "flow": SUBJECTS, "aus": SUBJECTS} | BELOW_TRAIN


def test_one_subject_fewer(project):
    """All files of that subject are deleted, in the corpus and in results; the others stay as they are."""
    project.edit("params.yaml", "smic: {subjects: 2,", "smic: {subjects: 1,")
    assert project.jobs("results/index/smic.csv") == {"annotation_smic": 1, "index": 1}
    assert not [path for top in ("data", "results") for path in (project.root / top).glob("**/smic/**/s02*")]
    assert project.planned() == {"duplicate_subjects": 1} | BELOW_TRAIN


REGION = ("params.yaml", "  region: 36 ", "  region: 40 ")  # of apex
SCALE = (str(FLOW), "second / np.float32(255)", "second / np.float32(254)")  # code of flow, which apex reads too
MINUTES = ("params.yaml", "checkpoint_minutes: 10", "checkpoint_minutes: 5")
FACES = ("params.yaml", "per_class: 4", "per_class: 5")  # where no method makes any
RESAMPLES = ("params.yaml", "resamples: 50", "resamples: 60")
CLASSES = (str(MAJORITY), "minlength=self.classes", "minlength=self.classes + 0")


@pytest.mark.parametrize(  # a method's param is edited in test_dvc.py; EDITS below are more, whose jobs run
    ("edits", "jobs"),
    [
        pytest.param([REGION], BELOW_FACES, marks=pytest.mark.slow),
        ([SCALE], BELOW_FACES),
        ([RESAMPLES, CLASSES], {"train": 1, "evaluate": 3, "megc2019_table": 1}),
    ],
)
def test_an_edit_plans_the_jobs_that_have_to(project, edits, jobs):
    for edit in edits:
        project.edit(*edit)
    assert project.planned() == jobs


def python_files(root: Path) -> list[Path]:
    """All modules and scripts."""
    return [path for folder in ("src", "workflow", "envs") for path in sorted((root / folder).rglob("*.py"))]


def edit_without_meaning(root: Path) -> None:
    """Docstrings, layout, quotes and comments of every source file, rule file and params.yaml."""
    for path in python_files(root):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
                last = node.body[0].end_lineno - 1
                lines[last] = ' Edited."""'.join(lines[last].rsplit('"""', 1))
        path.write_text(ast.unparse(ast.parse("".join(lines))) + "\n", encoding="utf-8")
    for path in [*python_files(root), *root.glob("workflow/rules/*.smk"), root / "Snakefile", root / "params.yaml"]:
        path.write_text(f"# first\n{path.read_text(encoding='utf-8')}# last\n", encoding="utf-8")


def touch(root: Path) -> None:
    for folder in ("src", "workflow", "envs", "results", "data"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and not path.name.startswith(".snakemake"):
                os.utime(path)


def switch(root: Path) -> None:
    """Take the last edit back, commit one of the library on another branch, and go back."""
    project = Project(root)
    for arguments in (("checkout", "-q", "."), ("checkout", "-qb", "other")):
        project.run("git", *arguments)
    replace(FLOW, "np.float32(255)", "np.float32(200)")(root)
    for arguments in (("commit", "-qam", "other"), ("checkout", "-q", "main")):
        project.run("git", *arguments)


def switch_and_copy(root: Path) -> Path:
    """Visit another branch, then copy the checkout without the times of its files, and remove the first."""
    switch(root)
    target = root.with_name(f"{root.name}-copied")
    shutil.copytree(root, target, symlinks=True, copy_function=shutil.copyfile)
    shutil.copymode(root, target)
    shutil.rmtree(root)
    return target


def replace(path: str | Path, old: str, new: str) -> Callable[[Path], None]:
    """Return an edit of every occurrence of a text in a file."""

    def apply(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text, f"{path}: must have {old!r}"
        (root / path).write_text(text.replace(old, new), encoding="utf-8")

    return apply


def workbook_row(root: Path) -> None:
    """Edit the first clip's offset in the licensed workbook of CASME II."""
    path = root / "data/raw/casme2/CASME2-coding-20140508.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.active
    column = [cell.value for cell in sheet[1]].index("OffsetFrame") + 1
    sheet.cell(2, column).value -= 1
    book.save(path)


def license_casme2(root: Path) -> None:
    shutil.copytree(root / "data/rendered/casme2", root / "data/raw/casme2")


def test_what_has_no_meaning_plans_nothing(project):
    """All at once: params that no job here reads, text of every source file, times of all files, a checkout moved."""
    for edit in (MINUTES, FACES):
        project.edit(*edit)
    edit_without_meaning(project.root)
    touch(project.root)
    assert Project(project.root.rename(project.root.with_name("moved"))).planned() == {}


ONE = {"train": 1, "evaluate": 1, "megc2019_table": 1}
BELOW_SUBJECT = {"index": 1, "duplicate_subjects": 1} | BELOW_TRAIN
SUBJECT = {"faces": 1, "apex": 1, "flow": 1, "aus": 1} | BELOW_SUBJECT
EDITS = (  # in this order: an edit of a checkout, which may move it, and the jobs that run; more in test_dvc.py
    (edit_without_meaning, {}),
    (switch_and_copy, {}),
    (replace(FLOW, "np.float32(255)", "np.float32(254)"), BELOW_FACES),
    (replace(MAJORITY, "(np.float32)\n", "(np.float32)\n        share = share / share.sum()\n"), ONE),
    (
        replace(INTERVALS, "import math", "import math\nimport statistics"),
        {"duplicate_subjects": 1, "evaluate": 3, "megc2019_table": 1},
    ),
    (replace("src/microexpr/evaluation/published/ststnet.csv", "0.5882", "0.5883"), {"megc2019_table": 1}),
    (
        replace("params.yaml", "samm: {subjects: 2,", "samm: {subjects: 3,"),
        {"render_samm": 1, "annotation_samm": 1} | SUBJECT,
    ),
    (license_casme2, dict.fromkeys(("faces", "apex", "flow", "aus"), 2) | BELOW_SUBJECT),  # others leave the run
    (workbook_row, SUBJECT),
)


@pytest.mark.slow
def test_every_edit_runs_the_jobs_that_have_to(finished, tmp_path, monkeypatch):
    """Under Snakemake in one checkout and under DVC in another, with the results of a run without a server.

    Under DVC fewer jobs may run: a stage sees that a file that was computed again has the same bytes."""
    project_root, by_dvc = (finished.copy(tmp_path / name) for name in ("snakemake", "dvc"))
    by_dvc.run("python", "workflow/stage.py", "record")
    for edit, expected in EDITS:
        project_root, by_dvc = (Project(edit(project.root) or project.root) for project in (project_root, by_dvc))
        assert project_root.jobs() == expected, edit
        ran = by_dvc.jobs_of("dvc", "repro")
        assert Counter({rule: n for rule, n in ran.items() if not rule.startswith("table_")}) <= Counter(expected), edit
        assert results(project_root) == results(by_dvc), edit
    nothing = project_root.copy(tmp_path / "nothing")
    for folder in ("results", "data/rendered", ".snakemake", "work"):
        shutil.rmtree(nothing.root / folder)
    monkeypatch.setenv("MICROEXPR_FORK_SERVER", "")
    nothing.jobs()
    assert results(nothing) == results(project_root)


def results(project: Project) -> dict[str, str]:
    """SHA-256 of every result, by path."""
    return {path: digest for path, digest in project.digests().items() if path.startswith("results/")}
