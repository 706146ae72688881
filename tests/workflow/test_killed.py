"""A run that is killed, and a run on one core: the same bytes as of one that was neither."""

import os
import shutil
import time


def test_killed_run_on_one_core_goes_on(finished, project):
    """kill -9 of everything in the middle leaves no half-written file; the same command ends in the same bytes, those
    that two cores made."""
    for folder in ("results", "data/rendered", ".snakemake", "work"):
        shutil.rmtree(project.root / folder)
    command = ("snakemake", "--cores", "1", "--", "all")
    running = project.start(*command)
    while len(list(project.root.glob("results/faces/*/*.h5"))) < 3:
        assert running.poll() is None, "ended before it could be killed"
        time.sleep(0.02)
    os.killpg(running.pid, 9)
    running.wait()
    made, expected = project.digests(), finished.digests()
    assert {path: digest for path, digest in made.items() if path.startswith("results/")}.items() < expected.items()
    project.snakemake("--unlock")
    project.run(*command)
    assert project.digests() == expected
    assert len(expected) > 300
