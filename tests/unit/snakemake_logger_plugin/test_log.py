"""The log of a run: lines by the records that Snakemake makes, and the time left by hand."""

import io
import logging
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_microexpr as plugin
from snakemake_logger_plugin_microexpr.progress import Job, Progress, duration


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
    # 7 faces of 20 s, at 40 / 30 jobs at once; of `all` nothing is known
    assert rows[1].endswith(f"at least {7 * 20 * 30 // 40 // 60} min 45 s left")


def test_time_left_counts_the_part_of_running_jobs_that_is_over():
    progress = Progress()
    progress.begin_run({"train": 4, "total": 4})
    for job_id in (1, 2):
        progress.start(job_id, Job("train", "train", "", 0.0))
    progress.finish(1, 60.0)
    assert progress.left(60.0) == f"about {duration((3 * 60 - 60) / 2)} left"
    progress.finish(2, 60.0)
    assert progress.left(60.0) == "about 1 min left"  # 2 of 60 s, 2 at once


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
