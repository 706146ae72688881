"""The log of a run: lines by the records that Snakemake makes, and the time left after earlier runs."""

import io
import logging
from types import SimpleNamespace

import pytest
from snakemake_interface_logger_plugins.common import LogEvent

import snakemake_logger_plugin_microexpr as plugin


class Log:
    """A handler that prints into a text, and the records of a run."""

    def __init__(self, monkeypatch, terminal=False, jobs=None, **settings):
        self.stream = io.StringIO()
        self.stream.isatty = lambda: terminal
        monkeypatch.setattr("sys.stderr", self.stream)
        defaults = {"stdout": False, "quiet": {"RULES"}, "nocolor": False, "verbose": False, "dryrun": False}
        self.handler = plugin.LogHandler(SimpleNamespace(**defaults | settings), None)
        if jobs:
            self.send(LogEvent.RUN_INFO, stats=jobs | {"total": sum(jobs.values())})

    def send(self, event, created=0.0, level=logging.INFO, msg="", **extra):
        about = {"event": event, "created": created, "levelno": level, "msg": msg}
        self.handler.emit(logging.makeLogRecord(about | extra))

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


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def test_each_finished_job_has_a_line(monkeypatch):
    log = Log(monkeypatch, jobs={"faces": 9, "all": 1})
    log.start(3, "work/logs/faces/smic/s01.log", created=100.0)
    log.start(4, "work/logs/faces/smic/s02.log", created=100.0)
    log.finish(3, 110.0)
    log.finish(4, 130.0)
    log.start(0, "", created=130.0, rule="all")
    log.finish(0, 131.4)
    log.send(None, created=132.0, msg="Elapsed time: 0:00:32")
    first, *rows, last = log.lines()
    assert first == "10 jobs" and last == "done: 3 of 10 jobs in 32 s"
    assert rows[0] == " 1 of 10  faces      smic/s01                               10 s"  # no time left: no run before
    assert [" ".join(row.split()) for row in rows[1:]] == ["2 of 10 faces smic/s02 30 s", "3 of 10 all smic 1 s"]


@pytest.fixture
def earlier(tmp_path):
    """The times of an earlier run, of which two files are torn."""
    times = {"train/icegan/0": "40", "train/icegan/1": "40", "faces/smic/0": "10", "faces/smic/1": "10"}
    for name, text in (times | {"evaluate/table": "2", "flow/0": "", "apex/0": "?"}).items():
        path = tmp_path / f"work/times/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"s\tcpu_time\n{text}\t1\n" if text else "s\tcpu_time\n")


def times_left(monkeypatch, stats, *jobs):
    """Run jobs (rule, name, begin, end) one after another; return the times left that are printed."""
    log = Log(monkeypatch, jobs=stats)
    for number, (rule, name, begin, end) in enumerate(jobs):
        log.start(number, f"work/logs/{name}.log", begin, rule=rule)
        log.finish(number, end) if end else None
    return [line.partition("about ")[2] for line in log.lines() if " of " in line]


def test_time_left_is_of_rules_that_earlier_runs_had_as_much_longer_as_jobs_take_and_as_many_at_a_time(
    monkeypatch, earlier
):
    known = {"train_generator": "50 s left", "table": "12 s left", "table_flow": "10 s left", "all": "10 s left"}
    job = ("faces", "faces/smic/0", 1, 11)
    for rule, left in (known | dict.fromkeys(("flow", "apex", "render_smic"), "")).items():
        assert times_left(monkeypatch, {"faces": 2, rule: 1}, job) == [left]
    assert times_left(monkeypatch, {"faces": 11, "flow": 1}, job) == ["1 min 40 s left"]  # of which little is new
    longer = [("faces", "faces/smic/0", 1, 31), ("train", "train/icegan/0", 31, 151)]  # 30 s for 10, 120 s for 40
    assert times_left(monkeypatch, {"faces": 1, "train": 3}, *longer) == ["6 min left", "4 min left"]
    running = [("train", "train/icegan/0", 1, 0), ("faces", "faces/smic/0", 1, 11)]  # 40 s are left, two at a time
    assert times_left(monkeypatch, {"faces": 2, "train": 1}, *running) == ["20 s left"]
    texts = {0.1: "1 s", 59.4: "59 s", 59.6: "1 min", 250: "4 min 10 s", 3600: "1 h 0 min", 7500: "2 h 5 min"}
    assert {seconds: plugin.duration(seconds) for seconds in texts} == texts


def test_a_failed_job_is_left_only_while_it_runs_again(monkeypatch, earlier):
    log = Log(monkeypatch, jobs={"faces": 3})
    for job_id, begin, end in ((0, 100.0, 0.0), (1, 100.0, 110.0), (0, 110.0, 120.0)):
        log.start(job_id, f"work/logs/faces/smic/{job_id}.log", begin)
        log.finish(job_id, end) if end else log.fail(job_id)
    log.send(None, created=121.0, msg="Elapsed time: 0:00:21")
    assert [line.split(maxsplit=5)[5] for line in log.lines()[2:]] == ["10 s   about 10 s left"] * 2 + ["in 21 s"]


def test_a_failed_job_shows_the_last_lines_of_its_log(monkeypatch, tmp_path):
    path, log = tmp_path / "work/logs/faces/smic/s01.log", Log(monkeypatch, jobs={"faces": 2})
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"line {i}\n" for i in range(40)) + "error: \x1b[2Jonset must be <= apex\n")
    (tmp_path / "empty.log").touch()
    log.start(3, str(path), created=100.0)
    log.send(LogEvent.ERROR, level=logging.ERROR, msg="RuleException:\nCalledProcessError in file")
    log.fail(3, str(path))
    log.fail(4, "none.log", "empty.log")
    log.send(None, msg="Complete log(s): a.log")
    log.send(None, created=103.0, msg="Elapsed time: 0:00:03")
    assert log.lines() == [
        "2 jobs",
        "failed: faces smic/s01, rule faces",
        f"    log: {path}",
        *(f"    | line {i}" for i in range(26, 40)),
        "    | error: \\x1b[2Jonset must be <= apex",
        "failed: faces, rule faces",
        *("    log: none.log", "    | (No such file or directory)"),
        *("    log: empty.log", "    | (empty: the job was killed before it began)"),
        "Complete log(s): a.log",
        "done: 0 of 2 jobs in 3 s, 2 failed",
    ]


@pytest.mark.parametrize(
    ("level", "event", "msg", "lines"),
    [
        (logging.INFO, None, "Nothing to be done (all requested files are present and up to date).", 1),
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


def test_verbose_says_what_starts_and_why_and_colours_are_for_terminals_whose_user_wants_them(monkeypatch):
    log = Log(monkeypatch, verbose=True, jobs={"faces": 2})
    log.start(3, "a.log", created=100.0)
    assert log.lines() == ["2 jobs", "    faces: 2", "started: faces smic, rule faces, log a.log: missing"]
    monkeypatch.setenv("TERM", "xterm")
    for terminal, no_color, colour in ((True, "", True), (True, "1", False), (False, "", False)):
        monkeypatch.setenv("NO_COLOR", no_color)
        log = Log(monkeypatch, terminal=terminal)
        log.fail(1)
        assert ("\033[31m" in log.stream.getvalue()) == colour
