"""Kinds of bad input through the command a user types: one line and a failure, and what was finished before stays."""

import os
import re
import shutil
import time

import pytest
from bad_input import CASES

KEPT = "results/**/*.h5"


def sizes(project):
    return {str(path): path.stat().st_size for path in sorted(project.root.glob(KEPT))}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_says_it_in_one_line(project, case):
    case.make(project.root)
    before = sizes(project)
    done = project.snakemake("--", case.target, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    lines = {line for line in said.splitlines() if re.search(case.message, line)}
    assert lines, f"nothing like {case.message!r} in:\n{said[-3000:]}"
    assert "Traceback" not in said
    after = sizes(project)
    assert {path for path, size in before.items() if after.get(path) != size and case.touched not in path} == set()
    assert not list(project.root.glob("results/**/*.part"))


def test_full_disk(project):
    """A tmpfs of 3 MB in place of results/faces, in a mount namespace of its own."""
    faces = project.root / "results/faces"
    kept = sorted((project.root / "results/flow").rglob("*.h5"))
    shutil.rmtree(faces)
    faces.mkdir()
    script = (
        f"mount -t tmpfs -o size=3m none '{faces}' && snakemake --cores 2 -- all_faces; echo rc=$?; "
        f"find '{faces}' -name '*.part'"
    )
    namespace = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if project.run(*namespace, "mount", "-t", "tmpfs", "none", str(faces), check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    done = project.run(*namespace, "bash", "-c", script, check=False)
    said = done.stdout + done.stderr
    assert re.search(r"error: results/faces/\w+/\w+.h5: cannot be written: no space left on the disk", said), said[
        -3000:
    ]
    assert "rc=1" in said
    assert ".part\n" not in done.stdout
    assert sorted((project.root / "results/flow").rglob("*.h5")) == kept
    project.snakemake("--", "all")  # with space again, one command goes on


def test_wrong_target(project):
    done = project.snakemake("results/megc2019_tabel.csv", check=False)
    assert done.returncode != 0
    assert "results/megc2019_tabel.csv" in done.stdout + done.stderr


def test_killed_run_goes_on(finished, project):
    """kill -9 of everything in the middle leaves no half-written file; the same command ends in the same bytes."""
    shutil.rmtree(project.root / "results")
    shutil.rmtree(project.root / ".snakemake")
    running = project.start("snakemake", "--cores", "2", "--", "all")
    while len(list(project.root.glob("results/faces/*/*.h5"))) < 3:
        assert running.poll() is None, "ended before it could be killed"
        time.sleep(0.02)
    os.killpg(running.pid, 9)
    running.wait()
    made = {path: digest for path, digest in project.digests().items() if path.startswith("results/")}
    assert made.items() < finished.digests().items()
    project.snakemake("--unlock")
    project.snakemake("--", "all")
    assert project.digests() == finished.digests()
