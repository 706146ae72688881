"""A run that is killed, and resumed on one core without the fork server: the bytes of one that was neither."""

import os
import shutil
import time
from contextlib import suppress

import psutil
import pytest

EVERYTHING = ("results", "data/rendered", ".snakemake", "work")


@pytest.mark.parametrize(
    ("target", "deleted", "middle"),
    [
        ("table_flow", ("results/apex", "results/flow"), "flow"),
        pytest.param("all", EVERYTHING, "faces", marks=pytest.mark.slow),
    ],
)
def test_killed_run_on_one_core_goes_on(finished, project, monkeypatch, target, deleted, middle):
    """kill -9 of everything in the middle leaves no half-written file; the same command ends in the same bytes, those
    that two cores and a server made."""
    monkeypatch.delenv("MICROEXPR_FORK_SERVER", raising=False)
    for folder in deleted:
        shutil.rmtree(project.root / folder)
    command = ("snakemake", "--cores", "1", "--", target)
    running = project.start(*command)
    forked = False
    while len(list(project.root.glob(f"results/{middle}/*/*.h5"))) < 3:
        forked = forked or has_forked_job(running.pid)
        assert running.poll() is None, "ended before it could be killed"
        time.sleep(0.02)
    os.killpg(running.pid, 9)
    running.wait()
    assert forked
    digests, expected = project.digests(), finished.digests()
    assert {path: digest for path, digest in digests.items() if path.startswith("results/")}.items() < expected.items()
    project.snakemake("--unlock")
    monkeypatch.setenv("MICROEXPR_FORK_SERVER", "")
    project.run(*command)
    assert project.digests() == expected
    assert len(expected) > 300


def has_forked_job(pid):
    """Whether a run has a job below the server and the process that watches the job."""
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            line = [process, *process.parents()[:2]]
            if all(any("fork_server.py" in word for word in each.cmdline()) for each in line):
                return True
    return False
