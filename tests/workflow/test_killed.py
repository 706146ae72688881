"""A run that is killed, and resumed on one core without the fork server: the bytes of one that was neither."""

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress

import psutil
import pytest

EVERYTHING = ("results", "data/rendered", ".snakemake", "work")
ALL = ("snakemake", "--cores", "2", "--", "all")
KILLS, LONGEST_S = 8, 30  # at random moments, and seconds until the latest
SIGNALS, ENDED_S = 3, 10  # of each kind, and seconds until all have ended


@pytest.fixture(autouse=True)
def fork_server(monkeypatch):
    """Jobs are forked, whatever started these tests."""
    monkeypatch.delenv("MICROEXPR_FORK_SERVER", raising=False)


def delete(project, *folders):
    for folder in folders:
        shutil.rmtree(project.root / folder, ignore_errors=True)


def kill(running):
    os.killpg(running.pid, 9)
    running.wait()


def test_killed_run_on_one_core_goes_on(finished, project, monkeypatch):
    """kill -9 of everything in the middle leaves no half-written file; the same command ends in the same bytes, those
    that two cores and a server made."""
    delete(project, "results/apex", "results/flow")
    command = ("snakemake", "--cores", "1", "--", "table_flow")
    running = project.start(*command)
    forked = None
    while len(list(project.root.glob("results/flow/*/*.h5"))) < 3:
        forked = forked or forked_job(running.pid)
        assert running.poll() is None, "ended before it could be killed"
        time.sleep(0.02)
    kill(running)
    assert forked
    digests, expected = project.digests(), finished.digests()
    assert {path: digest for path, digest in digests.items() if path.startswith("results/")}.items() < expected.items()
    project.snakemake("--unlock")
    monkeypatch.setenv("MICROEXPR_FORK_SERVER", "")
    project.run(*command)
    assert project.digests() == expected
    assert len(expected) > 300


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_in_the_same_bytes(finished, project):
    """Everything is deleted, and all processes are killed again and again, or one of them some seconds before."""
    delete(project, *EVERYTHING)
    rng, expected = random.Random(1), finished.digests()
    for _ in range(KILLS):
        running = project.start(*ALL)
        with suppress(subprocess.TimeoutExpired):
            running.wait(rng.uniform(0, LONGEST_S))
            break
        if rng.random() < 1 / 3:
            rng.choice([psutil.Process(running.pid), *psutil.Process(running.pid).children(recursive=True)]).kill()
            time.sleep(rng.uniform(0, 5))
        with suppress(ProcessLookupError):
            kill(running)
        results = {path: digest for path, digest in project.digests().items() if path.startswith("results/")}
        assert results.items() <= expected.items()
        project.snakemake("--unlock")
    project.run(*ALL)
    assert project.digests() == expected


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_run_and_its_jobs_within_seconds(finished, project, number):
    """At random moments, to the main process alone, as SLURM, systemd and a closed terminal do."""
    delete(project, *EVERYTHING)
    rng = random.Random(int(number))
    for _ in range(SIGNALS):
        running = project.start(*ALL)
        with suppress(subprocess.TimeoutExpired):
            running.wait(rng.uniform(10, LONGEST_S))
            break
        jobs = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(number)
        running.wait(ENDED_S)
        assert running.returncode != 0 and psutil.wait_procs(jobs, 5)[1] == []
        assert not list(project.root.glob(".snakemake/locks/*"))
        output = project.root.with_name("started.log").read_text(encoding="utf-8")
        assert "Traceback" not in output and "want of memory" not in output
    project.run(*ALL)
    assert project.digests() == finished.digests()


@pytest.mark.slow
def test_a_killed_job_is_named_and_the_same_command_resumes(finished, project):
    """kill -9 of one job alone, as the kernel does where memory runs out."""
    delete(project, "results/apex", "results/flow")
    running = project.start("snakemake", "--cores", "2", "--", "table_flow")
    while not ((job := forked_job(running.pid)) and list(project.root.glob("work/logs/**/*.under_way"))):
        assert running.poll() is None, "ended before a job could be killed"
        time.sleep(0.02)
    job.kill()
    assert running.wait() == 1
    output = project.root.with_name("started.log").read_text(encoding="utf-8")
    assert "error: the job was killed, maybe for want of memory; run the same command again" in output
    project.run("snakemake", "--cores", "2", "--", "table_flow")
    assert project.digests() == finished.digests()


@pytest.mark.slow
def test_a_killed_training_resumes_from_its_checkpoint(project, tmp_path):
    project.edit("params.yaml", "checkpoint_minutes: 10", "checkpoint_minutes: 0.005")
    project.edit("params.yaml", "{epochs: 2, batch: 16, lr: 0.0005", "{epochs: 80, batch: 16, lr: 0.0005")
    undisturbed = project.copy(tmp_path / "undisturbed")
    undisturbed.run(*ALL)
    running = project.start(*ALL)
    while not list(project.root.glob("work/checkpoints/**/*.safetensors")):
        assert running.poll() is None, "ended before there was a checkpoint"
        time.sleep(0.02)
    kill(running)
    project.snakemake("--unlock")
    project.run(*ALL)
    logs = [path.read_text(encoding="utf-8") for path in project.root.glob("work/logs/train/**/*.log")]
    assert any("note: resumes from" in log for log in logs)
    assert project.digests() == undisturbed.digests()


def forked_job(pid):
    """Return a job of a run, below the server and the process that watches the job, or None."""
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            line = [process, *process.parents()[:2]]
            if all(any("fork_server.py" in word for word in each.cmdline()) for each in line):
                return process
    return None
