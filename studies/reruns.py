"""Edits, and the jobs that run after each: under Snakemake in one checkout, under DVC in another.

    python studies/reruns.py                        on the tiny preset, in temporary copies of this checkout
    python studies/reruns.py --checkout FOLDER      in a git checkout with a finished run, which is changed
    python studies/reruns.py --write                also writes the table into docs/dvc.md

The edits follow each other. Ends with exit code 1 where other jobs run than expected, where the two have
other results after an edit, or where results are not, byte for byte, those of a run from nothing with the same files.
Under DVC fewer jobs may run: a stage sees that a file that was computed again has the same bytes.
"""

import ast
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
from dvc_walk import Step, Walk, run_study

Jobs = dict[str, int]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
TRAINED = {"train": 3, "evaluate": 3, "table": 1}  # two methods and a variant of one
FLOW, INTERVALS = Path("src/microexpr/signals/flow/__init__.py"), Path("src/microexpr/evaluation/metrics/intervals.py")
MAJORITY = Path("src/microexpr/models/recognisers/majority.py")
PUBLISHED = Path("src/microexpr/evaluation/published/ststnet.csv")
WORKBOOK = "casme2/CASME2-coding-20140508.xlsx"


@dataclass(frozen=True)
class Edit:
    """A change of a checkout, which may also move it; the jobs that have to run, and others that run all the same."""

    name: str
    apply: Callable[[Path], Path | None]
    needed: Jobs = field(default_factory=dict)
    more: Jobs = field(default_factory=dict)
    complete: bool = False  # the results are to be compared with those of a run from nothing
    alone: bool = True  # DVC runs before the next edit


def python_files(root: Path) -> list[Path]:
    """All modules and scripts."""
    return [path for folder in ("src", "workflow", "envs") for path in sorted((root / folder).rglob("*.py"))]


def comment(root: Path) -> None:
    for path in [*python_files(root), *root.glob("workflow/rules/*.smk"), root / "Snakefile", root / "params.yaml"]:
        path.write_text(f"# first\n{path.read_text(encoding='utf-8')}# last\n", encoding="utf-8")


def document(root: Path) -> None:
    for path in python_files(root):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines(keepends=True)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, DOCUMENTED) and ast.get_docstring(node):
                last = node.body[0].end_lineno - 1
                lines[last] = ' Edited."""'.join(lines[last].rsplit('"""', 1))
        path.write_text("".join(lines), encoding="utf-8")


def reformat(root: Path) -> None:
    """Write every file as Python itself would: without comments, with other quotes, lines and parentheses."""
    for path in python_files(root):
        path.write_text(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))) + "\n", encoding="utf-8")


def touch(root: Path) -> None:
    for folder in ("src", "workflow", "envs", "results", "data"):
        for path in (root / folder).rglob("*"):
            if path.is_file() and not path.name.startswith(".snakemake"):
                os.utime(path)


def move(root: Path) -> Path:
    return Path(shutil.move(root, root.with_name(f"{root.name}-moved")))


def copy(root: Path) -> Path:
    """Copy the checkout without the times of its files, and remove the first."""
    target = root.with_name(f"{root.name}-copied")
    shutil.copytree(root, target, symlinks=True, copy_function=shutil.copyfile)
    shutil.copymode(root, target)
    shutil.rmtree(root)
    return target


def switch(root: Path) -> None:
    """Commit an edit of the library on another branch, and go back."""
    here = Walk(root)
    here.quietly("git", "commit", "-qam", "before")
    here.quietly("git", "checkout", "-qb", "other")
    replace(FLOW, "np.float32(255)", "np.float32(200)")(root)
    here.quietly("git", "commit", "-qam", "other")
    here.quietly("git", "checkout", "-q", "main")


def replace(path: str | Path, old: str, new: str) -> Callable[[Path], None]:
    """Return an edit of every occurrence of a text in a file."""

    def apply(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        if old not in text:
            raise LookupError(f"{path}: must have {old!r}")
        (root / path).write_text(text.replace(old, new), encoding="utf-8")

    return apply


def rename_argument(root: Path) -> None:
    replace(INTERVALS, "def holm(p:", "def holm(p_values:")(root)
    replace(INTERVALS, "np.asarray(p, float)", "np.asarray(p_values, float)")(root)


def workbook_row(folder: str) -> Callable[[Path], None]:
    """Return an edit of the first clip's offset in the workbook of CASME II."""

    def apply(root: Path) -> None:
        path = root / folder / WORKBOOK
        book = openpyxl.load_workbook(path)
        sheet = book.active
        column = [cell.value for cell in sheet[1]].index("OffsetFrame") + 1
        sheet.cell(2, column).value -= 1
        book.save(path)

    return apply


def license_casme2(root: Path) -> None:
    shutil.copytree(root / "data/rendered/casme2", root / "data/raw/casme2")


SUBJECT = {"faces": 1, "apex": 1, "flow": 1, "aus": 1, "index": 1, "duplicate_subjects": 1} | TRAINED
STATISTICS = {"duplicate_subjects": 1, "evaluate": 3, "table": 1}
RENDERED_SUBJECT = {"render_samm": 1, "annotation_samm": 1} | SUBJECT
INDEX = {"index": 1, "duplicate_subjects": 1} | TRAINED
EDITS = (
    Edit("every source file reformatted", reformat, alone=False),
    Edit("docstrings of every source file", document, alone=False),
    Edit("comments in every source file, rule file and params.yaml", comment),
    Edit("variables of a function renamed", replace(INTERVALS, "corrected", "adjusted")),
    Edit("every source, result and data file touched", touch),
    Edit("another branch checked out, and back", switch),
    Edit("checkout moved to another folder", move),
    Edit("checkout copied, with new times", copy),
    Edit(
        "constant of optical flow",
        replace(FLOW, "np.float32(255)", "np.float32(254)"),
        {"apex": 6, "flow": 6, "aus": 6} | TRAINED,
    ),
    Edit(
        "statement added to a method",
        replace(MAJORITY, "        return lambda", "        share = share / share.sum()\n        return lambda"),
        {"train": 1, "evaluate": 1, "table": 1},
    ),
    Edit("import added to intervals", replace(INTERVALS, "import math", "import math\nimport statistics"), STATISTICS),
    Edit("argument of a function renamed", rename_argument, {}, STATISTICS),
    Edit("published figure corrected", replace(PUBLISHED, "0.5882", "0.5883"), {"table": 1}),
    Edit("learning rate", replace("params.yaml", "lr: 0.0005", "lr: 0.0007"), {"train": 2, "evaluate": 2, "table": 1}),
    Edit("one more subject", replace("params.yaml", "samm: {subjects: 2,", "samm: {subjects: 3,"), RENDERED_SUBJECT),
    Edit(
        "one subject fewer",
        replace("params.yaml", "samm: {subjects: 3,", "samm: {subjects: 2,"),
        {"annotation_samm": 1} | INDEX,
    ),
    Edit(
        "row of a rendered workbook, which is rendered again",
        workbook_row("data/rendered"),
        {"annotation_casme2": 1} | INDEX,
        complete=True,
    ),
    Edit(
        "licensed data set added, which others then leave the run for",
        license_casme2,
        {name: 2 for name in ("faces", "apex", "flow", "aus")} | INDEX,
    ),
    Edit("row of a licensed workbook", workbook_row("data/raw"), SUBJECT),
)


@dataclass
class Row:
    """An edit, and what was done after it under Snakemake and under DVC; None where DVC waited for the next edit."""

    edit: Edit
    by_snakemake: Step | None
    by_dvc: Step | None

    def text(self) -> str:
        rules = ", ".join(f"{count} {rule}" for rule, count in self.edit.needed.items())
        counts = (step.jobs if step else 0 for step in (self.by_snakemake, self.by_dvc))
        return f"| {' | '.join(map(str, (self.edit.name, rules or 'none', *counts)))} |"

    def problems(self) -> list[str]:
        """Return a line on each thing that is not as it has to be."""
        expected = Counter(self.edit.needed) + Counter(self.edit.more)
        ran, by_dvc = (Counter(step.rules if step else []) for step in (self.by_snakemake, self.by_dvc))
        problems = []
        if ran != expected:
            problems.append(f"{self.edit.name}: Snakemake ran {dict(ran)}, not {dict(expected)}")
        if not by_dvc <= expected:
            problems.append(f"{self.edit.name}: DVC ran {dict(by_dvc)}, more than {dict(expected)}")
        if self.by_snakemake and self.by_dvc and self.by_snakemake.after != self.by_dvc.after:
            problems.append(f"{self.edit.name}: results under DVC are not those under Snakemake")
        return problems


def reruns(root: Path, folder: Path) -> tuple[list[str], list[str]]:
    """Return the table's rows, and what does not hold; `root` has a finished run."""
    by_snakemake, by_dvc = Walk(folder / "snakemake"), Walk(folder / "dvc")
    for here in (by_snakemake, by_dvc):
        shutil.copytree(root, here.root, symlinks=True)
    by_dvc.step("python", "workflow/stage.py", "record")
    problems: list[str] = []

    def after_edits(here: Walk, *command: str) -> list[Step | None]:
        """Return what a command, which must succeed, does after each edit."""
        steps: list[Step | None] = []
        for edit in EDITS:
            here.root = edit.apply(here.root) or here.root
            waits = here is by_dvc and not edit.alone
            steps.append(None if waits else here.step(*command, lose=True))
            print(f"{edit.name}: {command[0]} ran {Counter(steps[-1].rules) if steps[-1] else 'later'}", flush=True)
            if edit.apply is comment:  # after `reformat`, in which no later edit would find its text
                here.quietly("git", "checkout", "--", "src", "workflow", "envs")
            if edit.complete and here is by_snakemake:
                problems.extend(differences(here, from_nothing(here, folder / "nothing")))
        return steps

    with ThreadPoolExecutor() as threads:  # each waits for its own checkout
        columns = [
            threads.submit(after_edits, by_snakemake, "snakemake", "--cores", "1", "--", "all"),
            threads.submit(after_edits, by_dvc, "dvc", "repro"),
        ]
    rows = [Row(*row) for row in zip(EDITS, *(column.result() for column in columns), strict=True)]
    problems += [problem for row in rows for problem in row.problems()]
    return [row.text() for row in rows], problems + by_snakemake.problems + by_dvc.problems


def from_nothing(here: Walk, root: Path) -> Walk:
    """Return a run in a copy of a checkout without any result."""
    shutil.copytree(here.root, root, symlinks=True)
    there = Walk(root)
    there.quietly("git", "clean", "-xdfq", "--exclude", "*.nb[ic]")  # compiled kernels are no results
    there.step("snakemake", "--cores", "2", "--", "all")
    return there


def differences(here: Walk, there: Walk) -> list[str]:
    """Return a line on the results that are not in both checkouts with the same bytes."""
    one, two = here.digests(), there.digests()
    other = sorted(path for path in one.keys() | two.keys() if one.get(path) != two.get(path))
    return [f"{there.root.name}: {len(other)} results differ, {other[0]} for one"] if other else []


if __name__ == "__main__":
    titles = "| edit | jobs that have to run | ran under Snakemake | under DVC |"
    sys.exit(run_study(__doc__.partition("\n")[0], titles, reruns))
