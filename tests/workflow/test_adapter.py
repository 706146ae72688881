"""The adapter of scripts: progress bars of resumed jobs, last lines of logs, jobs of a run that was killed."""

import io
import os
import platform
import subprocess
import sys
import time

import psutil
import pytest
import tqdm
from session import end_orphans

from adapter import MAIN, UNDER_WAY, logged, logger, progress_bar
from microexpr.core.errors import DataError


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_time_left_is_reckoned_from_what_this_job_trained(monkeypatch):
    """Three of four quarters were there: they count as done, and say nothing of the speed."""
    bars, kind = [], tqdm.tqdm
    monkeypatch.setattr(tqdm, "tqdm", lambda *args, **options: bars.append(kind(*args, **options)) or bars[-1])
    monkeypatch.setattr(sys, "__stderr__", Terminal())
    show = progress_bar("ststnet")
    for done in (300, 301, 310):
        show(done, 400)
    (bar,) = bars
    state = bar.format_dict
    assert (state["initial"], state["n"], state["total"]) == (300, 310, 400)


def test_no_bar_where_there_is_no_terminal(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", log)
    show = progress_bar("ststnet")
    show(0, 4)
    show(4, 4)
    assert log.getvalue() == ""


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "error: out of memory; run with fewer --cores"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), "error: out of memory"),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), "error: out of memory"),
        (RuntimeError("shapes differ"), "error: unexpected RuntimeError: shapes differ"),
        (DataError("sub\x1b[2J01: is not there"), r"error: sub\x1b[2J01: is not there"),
    ],
)
def test_a_jobs_last_line_is_its_error(tmp_path, error, message):
    with pytest.raises(SystemExit), logged(str(tmp_path / "log")):
        raise error
    last = (tmp_path / "log").read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith(message)


def test_notes_hold_no_commands_of_a_terminal(tmp_path):
    with logged(str(tmp_path / "log")):
        logger.warning("%s: passed over", "img\x1b[2J.jpg")
    assert (tmp_path / "log").read_text().splitlines()[-1] == r"note: img\x1b[2J.jpg: passed over"


def test_only_a_job_that_was_killed_leaves_word_that_it_is_under_way(tmp_path):
    with logged(str(tmp_path / "one.log")):
        assert (tmp_path / "one.under_way").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["one.log"]


def test_a_job_whose_run_was_killed_does_not_begin(tmp_path, monkeypatch):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setenv(MAIN, str(ended.pid))
    with pytest.raises(SystemExit), logged(str(tmp_path / "one.log")):
        pytest.fail("began")
    assert not list(tmp_path.iterdir())


def test_a_run_ends_the_jobs_that_a_killed_one_left_and_no_other_process(tmp_path):
    sleeping = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(3)]
    for process, machine in zip(sleeping, (platform.node(), "elsewhere", platform.node()), strict=True):
        (tmp_path / f"{process.pid}{UNDER_WAY}").write_text(f"{machine} {process.pid}")
    os.utime(tmp_path / f"{sleeping[2].pid}{UNDER_WAY}", (0, 0))  # of an earlier process of the same number
    (tmp_path / f"empty{UNDER_WAY}").touch()
    end_orphans(tmp_path)
    try:
        assert [psutil.pid_exists(process.pid) for process in sleeping] == [False, True, True]
    finally:
        for process in sleeping:
            process.kill()


def test_job_writes_its_seconds_and_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "work/logs/train/ststnet/megc2019/1of1.log"
    log.parent.mkdir(parents=True)
    start = time.perf_counter()
    with logged(str(log.relative_to(tmp_path))):
        sum(range(10**6))
    names, values = (tmp_path / "work/times/train/ststnet/megc2019/1of1.tsv").read_text(encoding="utf-8").splitlines()
    row = {name: float(value) for name, value in zip(names.split("\t"), values.split("\t"), strict=True)}
    assert 0 <= row["s"] <= time.perf_counter() - start + 0.01
    assert row["cpu_time"] > 0
    assert 20 < row["max_rss"] < 20_000
