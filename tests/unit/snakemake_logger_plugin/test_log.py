"""The log of a run: lines by the records that Snakemake makes, and the time left by hand."""

import heapq
import io
import json
import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_microexpr as plugin
from snakemake_logger_plugin_microexpr.progress import (
    SHIPPED,
    Expected,
    Job,
    Planned,
    Progress,
    duration,
    earlier_seconds,
)


class Log:
    """A handler that prints into a text, and the records of a run."""

    def __init__(self, monkeypatch, terminal=False, **settings):
        self.stream = io.StringIO()
        self.stream.isatty = lambda: terminal
        monkeypatch.setattr("sys.stderr", self.stream)
        defaults = {"stdout": False, "quiet": {"RULES"}, "nocolor": False, "verbose": False, "dryrun": False}
        self.handler = plugin.LogHandler(SimpleNamespace(**defaults | settings), None)

    def send(self, event, created=0.0, level=logging.INFO, msg="", **extra):
        self.handler.emit(
            logging.makeLogRecord({"event": event, "created": created, "levelno": level, "msg": msg} | extra)
        )

    def start(self, job_id, log, created, rule="faces"):
        about = {"rule_name": rule, "log": [log] * bool(log), "wildcards": {"dataset": "smic"}, "reason": "missing"}
        self.send(LogEvent.JOB_INFO, created, jobid=job_id, **about)

    def finish(self, job_id, created):
        self.send(LogEvent.JOB_FINISHED, created, job_id=job_id)

    def fail(self, job_id, *logs):
        about = {"rule_name": "faces", "log": list(logs), "shellcmd": None}
        self.send(LogEvent.JOB_ERROR, level=logging.ERROR, jobid=job_id, **about)

    def lines(self):
        return self.stream.getvalue().splitlines()


def test_each_finished_job_has_a_line(monkeypatch):
    log = Log(monkeypatch)
    log.send(None, msg="Building DAG of jobs...")
    log.send(LogEvent.RUN_INFO, stats={"faces": 9, "all": 1, "total": 10})
    log.start(3, "work/logs/faces/smic/s01.log", created=100.0)
    log.start(4, "work/logs/faces/smic/s02.log", created=100.0)
    log.finish(3, 110.0)
    log.finish(4, 130.0)
    log.start(0, "", created=130.0, rule="all")
    log.finish(0, 131.4)
    log.send(None, created=132.0, msg="Elapsed time: 0:00:32")
    first, *rows, last = log.lines()
    assert first == "10 jobs" and last == "done: 3 of 10 jobs in 32 s"
    assert [row.split()[:7] for row in rows] == [
        ["1", "of", "10", "faces", "smic/s01", "10", "s"],
        ["2", "of", "10", "faces", "smic/s02", "30", "s"],
        ["3", "of", "10", "all", "smic", "1", "s"],
    ]
    assert not any("left" in row for row in rows)  # nobody said which jobs will run


def test_a_planned_run_says_the_time_left_once_it_is_known(monkeypatch, tmp_path):
    """Four jobs of the shipped seconds of one training, each on this machine of 60 s."""
    monkeypatch.chdir(tmp_path)
    log, names = Log(monkeypatch), [f"train/ststnet/megc2019/1of1{copy}" for copy in "abcd"]
    log.send(LogEvent.RUN_INFO, stats={"train": 4, "total": 4})
    log.send(None, planned={number: (f"work/logs/{name}.log", ()) for number, name in enumerate(names)})
    log.start(0, f"work/logs/{names[0]}.log", created=100.0, rule="train")
    log.finish(0, 160.0)
    assert log.lines()[1].endswith("1 min   about 3 min left")


def progress_of(seconds, running=(), needs=(), is_speed_known=True):
    """The progress of a run of one stage, whose jobs of these seconds need others as `needs` says by number."""
    progress, needs = Progress(), dict(needs)
    planned = {number: Planned("train", value, needs.get(number, ())) for number, value in enumerate(seconds)}
    progress.plan(planned, is_speed_known)
    for job_id in running:
        progress.start(job_id, Job("train", "train", "", 0.0))
    return progress


def test_time_left_counts_the_part_of_running_jobs_that_is_over():
    progress = progress_of([60] * 4, running=(0, 1))
    progress.finish(0, 60.0)
    assert progress.left(60.0) == pytest.approx((3 * 60 - 60) / 2)
    progress.finish(1, 60.0)
    assert progress.left(60.0) == pytest.approx(60)  # 2 of 60 s, 2 at once


def test_time_left_is_at_least_that_of_jobs_that_wait_for_each_other():
    """Three at a time: a job of 10 s is done and two run, but the last of three in a row ends 50 s after it."""
    progress = progress_of([10, 10, 10, 20, 30], running=(0, 1, 2), needs={3: (1,), 4: (3,)})
    progress.finish(0, 10.0)
    assert progress.left(10.0) == pytest.approx(50)


def test_nothing_is_said_before_the_machines_speed_is_known():
    progress = progress_of([1, 4, 20, 75], is_speed_known=False)
    progress.start(0, Job("train", "train", "", 1.0))
    progress.finish(0, 2.0)
    assert progress.left(2.0) is None  # 1 % is done
    progress.start(1, Job("train", "train", "", 5.0))
    progress.finish(1, 10.0)
    assert progress.left(10.0) == pytest.approx(95 * 6 / 5 * 9 / 6)  # 6 s for 5, of 9 s since the first began
    assert Progress().left(1.0) is None


def errors_of_time_left(jobs, expected):
    """Run jobs, names and core-seconds, two at a time; return the error of the time left as shares of it."""
    ends, rows = [0.0, 0.0], []
    for number, (_, seconds) in enumerate(jobs):
        begin = heapq.heappop(ends)
        rows.append((begin, begin + seconds + 0.3, number))  # 0.3 s: Snakemake starts and ends it
        heapq.heappush(ends, rows[-1][1])
    progress = Progress()
    planned = {number: Planned(name.split("/")[0], expected.seconds(name)) for number, (name, _) in enumerate(jobs)}
    progress.plan(planned, expected.is_speed_known)
    end, printed = max(ends), []
    for time, is_start, number in sorted((row[not step], step, row[2]) for row in rows for step in (True, False)):
        if is_start:
            progress.start(number, Job("", "", "", time))
        else:
            progress.finish(number, time)
            printed.append((time, progress.left(time)))
    last = [max(line for line in printed if line[0] <= share * end) for share in (0.1, 0.25, 0.5, 0.75)]
    return [left / (end - time) - 1 for time, left in last]


@pytest.mark.parametrize("slowness", [None, 0.5, 1, 2])
def test_time_left_of_a_real_run_is_right_within_a_fifth(slowness):
    """Jobs of `make table` on 2026-11-24, another run than that of the shipped seconds. Earlier times are as if the
    machine had been as much slower or faster, and jobs differed by up to a fifth; None: there are none."""
    rows = (Path(__file__).with_name("run.tsv").read_text().splitlines())[1:]
    jobs = [(name, float(seconds)) for name, seconds in (row.split("\t") for row in rows)]
    shipped = json.loads(SHIPPED.read_text())["seconds"]
    rng = np.random.default_rng(1)
    earlier = {name: seconds * slowness * rng.uniform(0.8, 1.2) for name, seconds in jobs} if slowness else {}
    errors = errors_of_time_left(jobs, Expected(earlier, shipped))
    assert max(map(abs, errors)) < 0.2 and max(map(abs, errors[2:])) < 0.1


def test_a_job_is_expected_to_take_what_the_same_or_its_neighbours_took():
    earlier = {"faces/casme2/sub01": 40.0, "faces/casme2/sub02": 60.0, "train/ststnet/megc2019/1of1": 20.0}
    shipped = {"faces/casme2/sub01": 10.0, "train/ststnet/megc2019/1of1": 10.0, "train/elrcn/megc2019/1of1": 5.0}
    expected = Expected(earlier, shipped)  # four times slower: 120 s for 10, 10 and 10
    assert expected.is_speed_known
    assert expected.seconds("faces/casme2/sub01") == 40.0
    assert expected.seconds("faces/casme2/sub03") == 50.0
    assert expected.seconds("train/elrcn/megc2019/1of1") == 20.0
    assert expected.seconds("train/mine/megc2019/1of1") == 20.0
    assert expected.seconds("") == 0.0
    first = Expected({}, shipped)
    assert not first.is_speed_known and first.seconds("train/mine/megc2019/1of1") == 7.5


def test_times_of_earlier_runs_are_read_but_for_those_that_are_torn(tmp_path):
    for name, text in {"a/b": "s\tcpu_time\tmax_rss\n2.5\t1.5\t300\n", "c": "s\tcpu_time", "d": "s\n?\n"}.items():
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert earlier_seconds(tmp_path) == {"a/b": 2.5}
    assert earlier_seconds(tmp_path, "cpu_time") == {"a/b": 1.5}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "1 s"), (59.4, "59 s"), (59.6, "1 min"), (250, "4 min 10 s"), (3600, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations_in_words(seconds, text):
    assert duration(seconds) == text


def test_a_failed_job_shows_the_last_lines_of_its_log(monkeypatch, tmp_path):
    path, log = tmp_path / "work/logs/faces/smic/s01.log", Log(monkeypatch)
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"line {i}\n" for i in range(40)) + "error: \x1b[2Jonset must be <= apex\n")
    log.send(LogEvent.RUN_INFO, stats={"faces": 1, "total": 1})
    log.start(3, str(path), created=100.0)
    log.send(
        LogEvent.ERROR, level=logging.ERROR, msg="RuleException:\nCalledProcessError in file", exception="RuleException"
    )
    log.fail(3, str(path))
    log.send(None, msg="Complete log(s): a.log")
    log.send(None, created=103.0, msg="Elapsed time: 0:00:03")
    assert log.lines() == [
        "1 job",
        "failed: faces smic/s01, rule faces",
        f"    log: {path}",
        *(f"    | line {i}" for i in range(26, 40)),
        "    | error: \\x1b[2Jonset must be <= apex",
        "Complete log(s): a.log",
        "done: 0 of 1 jobs in 3 s, 1 failed",
    ]


def test_a_log_that_is_not_there_is_no_failure_of_the_log(monkeypatch, tmp_path):
    log = Log(monkeypatch)
    (tmp_path / "empty.log").touch()
    log.fail(1, str(tmp_path / "none.log"), str(tmp_path / "empty.log"))
    assert [line for line in log.lines() if "|" in line] == [
        "    | (No such file or directory)",
        "    | (empty: the job was killed before it began)",
    ]


def test_a_job_that_ends_at_its_second_attempt_did_not_fail(monkeypatch):
    log = Log(monkeypatch)
    log.send(LogEvent.RUN_INFO, stats={"faces": 1, "total": 1})
    log.start(3, "work/logs/faces/smic/s01.log", 100.0)
    log.fail(3)
    log.start(3, "work/logs/faces/smic/s01.log", 101.0)
    log.finish(3, 103.0)
    log.send(None, created=104.0, msg="Elapsed time: 0:00:04")
    assert log.lines()[-2:] == [
        "1 of 1  faces      smic/s01                                2 s",
        "done: 1 of 1 jobs in 4 s",
    ]


@pytest.mark.parametrize(
    ("level", "event", "msg", "lines"),
    [
        (logging.INFO, None, "Nothing to be done (all requested files are present and up to date).", 1),
        (logging.INFO, None, "Unlocked working directory.", 1),
        (logging.WARNING, None, "a warning", 1),
        (logging.ERROR, LogEvent.ERROR, "MissingRuleException:\nNo rule to produce x", 2),
        (logging.INFO, None, "Select jobs to execute...", 0),
        (logging.INFO, LogEvent.RESOURCES_INFO, "Provided cores: 2", 0),
        (logging.DEBUG, None, "Ready jobs: 1", 0),
        (logging.DEBUG, None, "Full Traceback (most recent call last):\n  File", 2),
    ],
)
def test_other_messages_are_printed_unless_they_say_nothing(monkeypatch, level, event, msg, lines):
    for quiet, expected in (({"RULES"}, lines), ({"ALL"}, 0)):
        log = Log(monkeypatch, quiet=quiet)
        log.send(event, level=level, msg=msg)
        assert len(log.lines()) == expected


def test_verbose_says_what_starts_and_why(monkeypatch):
    log = Log(monkeypatch, verbose=True)
    log.send(LogEvent.RUN_INFO, stats={"faces": 2, "total": 2})
    log.start(3, "work/logs/faces/smic/s01.log", created=100.0)
    assert log.lines() == [
        "2 jobs",
        "    faces: 2",
        "started: faces smic/s01, rule faces, log work/logs/faces/smic/s01.log: missing",
    ]


@pytest.mark.parametrize(
    ("terminal", "no_color", "colours"), [(True, "", True), (True, "1", False), (False, "", False)]
)
def test_colours_are_for_terminals_whose_user_wants_them(monkeypatch, terminal, no_color, colours):
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    log = Log(monkeypatch, terminal=terminal)
    log.fail(1)
    assert ("\033[31m" in log.stream.getvalue()) == colours
