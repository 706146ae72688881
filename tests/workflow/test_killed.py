"""A run that is killed, and a run on one core: the same bytes as of one that was neither."""

import os
import shutil
import time

import pytest

EVERYTHING = ("results", "data/rendered", ".snakemake", "work")


@pytest.mark.parametrize(
    ("target", "deleted", "middle"),
    [
        ("table_flow", ("results/apex", "results/flow"), "flow"),
        pytest.param("all", EVERYTHING, "faces", marks=pytest.mark.slow),
    ],
)
def test_killed_run_on_one_core_goes_on(finished, project, target, deleted, middle):
    """kill -9 of everything in the middle leaves no half-written file; the same command ends in the same bytes, those
    that two cores made."""
    for folder in deleted:
        shutil.rmtree(project.root / folder)
    command = ("snakemake", "--cores", "1", "--", target)
    running = project.start(*command)
    while len(list(project.root.glob(f"results/{middle}/*/*.h5"))) < 3:
        assert running.poll() is None, "ended before it could be killed"
        time.sleep(0.02)
    os.killpg(running.pid, 9)
    running.wait()
    digests, expected = project.digests(), finished.digests()
    assert {path: digest for path, digest in digests.items() if path.startswith("results/")}.items() < expected.items()
    project.snakemake("--unlock")
    project.run(*command)
    assert project.digests() == expected
    assert len(expected) > 300
