"""Kinds of bad input through the command a user types: one line and a failure, and what was finished before stays.

Params and folders that the DAG refuses need no Snakemake to be refused. One case of each kind goes through the command
in `make test`: params, a licensed copy, a job, a target of its own. The others are refused there by the function that
raises the message: here, and in tests of datasets, aus and store.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from bad_input import CASES, PROJECT
from session import Session

from microexpr.cli import config
from microexpr.core.errors import MicroexprError
from microexpr.tasks.run import Run
from reader_fits.population.planned import Population

KEPT = "results/**/*.h5"
BY_JOBS = ("an OpenFace table", "precomputed flow", "no precomputed flow")  # how these kinds begin
BY_DAG = [case for case in PROJECT if not case.kind.startswith(BY_JOBS)]
QUICK = (
    "a key twice",
    "a clip's folder is missing",
    "a frame is truncated",
    "precomputed flow of 441 clips",
)
THROUGH_THE_COMMAND = [
    pytest.param(case, id=case.kind, marks=[] if case.kind in QUICK else pytest.mark.slow) for case in CASES
]


def sizes(project):
    return {str(path): path.stat().st_size for path in sorted(project.root.glob(KEPT))}


@pytest.mark.parametrize("case", BY_DAG, ids=lambda case: case.kind)
def test_is_refused_before_anything_runs(project, monkeypatch, case):
    case.make(project.root)
    monkeypatch.chdir(project.root)
    with pytest.raises(MicroexprError) as error:
        Run(config.check_cached(config.load("params.yaml")), Population)
    assert re.match(case.message, f"error: {error.value}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("case", THROUGH_THE_COMMAND)
def test_says_it_in_one_line(project, case):
    case.make(project.root)
    before = sizes(project)
    done = project.snakemake("--", case.target, check=False)
    output = done.stdout + done.stderr
    assert done.returncode != 0
    lines = {line for line in output.splitlines() if re.search(case.message, line)}
    assert lines, f"nothing like {case.message!r} in:\n{output[-3000:]}"
    assert "Traceback" not in output
    after = sizes(project)
    assert {path for path, size in before.items() if after.get(path) != size and case.touched not in path} == set()
    assert not list(project.root.glob("results/**/*.part"))


@pytest.fixture
def mount_namespace(tmp_path):
    """The beginning of a command that may mount over folders without anyone noticing."""
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if subprocess.run([*namespace, "mount", "-t", "tmpfs", "none", tmp_path], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    return namespace


@pytest.mark.slow
def test_full_disk(project, mount_namespace):
    """A tmpfs of 3 MB in place of results/faces, in a mount namespace of its own."""
    faces, target = project.root / "results/faces", "results/faces/samm/006.h5"
    flow_files = sorted((project.root / "results/flow").rglob("*.h5"))
    shutil.rmtree(faces)
    faces.mkdir()
    script = (
        f"mount -t tmpfs -o size=3m none '{faces}' && snakemake --cores 2 -- {target}; echo rc=$?; "
        f"find '{faces}' -name '*.part'"
    )
    done = project.run(*mount_namespace, "bash", "-c", script, check=False)
    output = done.stdout + done.stderr
    message = r"error: results/faces/\w+/\w+.h5: cannot be written: no space left on the disk"
    assert re.search(message, output), output[-3000:]
    assert "rc=1" in output and ".part\n" not in done.stdout
    assert sorted((project.root / "results/flow").rglob("*.h5")) == flow_files
    project.snakemake("--", target)  # with space again, one command goes on


def test_a_clip_of_the_report_that_this_run_lacks_is_said_in_one_line(project):
    project.edit("params.yaml", "  clips: []", "  clips: [casme2/sub01/nothere]")
    done = project.snakemake("-n", check=False)
    message = r"^error: params\.yaml: report\.clips must name clips of this run, not casme2/sub01/nothere"
    assert done.returncode == 1 and re.search(message, done.stderr, re.MULTILINE) and "File " not in done.stderr


def test_results_that_link_to_nothing_are_refused_before_a_plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results").symlink_to("/nowhere/results")
    workflow = SimpleNamespace(is_main_process=True, local_exec=False)
    with pytest.raises(SystemExit, match=r"^error: results: is a link to /nowhere/results, which is not there$"):
        Session(None, SimpleNamespace(of_table={}), workflow, None)


@pytest.mark.slow
def test_read_only_results(project, mount_namespace):
    assert project.planned() == {}  # which records that this is a copy
    (project.root / (target := "results/flow/samm/006.h5")).unlink()
    script = f"mount --bind results results && mount -o remount,bind,ro results && exec snakemake --cores 2 -- {target}"
    done = project.run(*mount_namespace, "bash", "-c", script, check=False)
    assert done.returncode == 1
    assert "error: results: cannot be written (mounted read-only, or owned by somebody else?)" in done.stderr
