"""The log of a run for a person: a line for each finished job. Snakemake finds it by the package's name.

`logger: microexpr` in a profile selects it. Nothing heavy may come in: Snakemake imports it at each of its starts.
"""

import os
import re
import sys
from collections import Counter, defaultdict
from contextlib import suppress
from itertools import accumulate
from logging import ERROR, INFO, WARNING, LogRecord
from pathlib import Path
from statistics import fmean
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from microexpr.core.errors import printable

TIMES = Path("work/times")  # of jobs of earlier runs: a file for each, named like its log in work/logs
TARGETS = ("all", "table_")  # how rules that run nothing begin
ENOUGH = 0.9  # share of the jobs left whose rules earlier runs must have had
LOG = re.compile(r"(?:^|/)logs/(.+)\.log$")  # with a job's name: its stage, then subject, method or table
LAST_LINES = 15  # of a failed job's log
RED, YELLOW, DIM = "31", "33", "2"  # codes of SGR
HIDDEN = (  # beginnings of messages without an event; others are printed
    "Assuming unrestricted shared filesystem", "Building DAG of jobs", "Using shell", "Select jobs to execute",
    "Group jobs: inactive", "Conda environments: ignored", "Singularity containers: ignored", "Trying to restart job",
    "Removing output files of failed job", "Exiting because a job execution failed", "Touching output file", "Elapsed",
)  # fmt: skip
TRACEBACK = "Traceback (most recent call last)"  # in a message of --verbose
EXIT_CODE = "CalledProcessError"  # of a failed job, about which an event says more


class LogHandler(LogHandlerBase):
    """Print the events of a run that concern a user; with --verbose also which job starts and why.

    A dry run is printed by Snakemake's own filter and formatter. All of its messages are in .snakemake/log, as ever."""

    writes_to_stream = True
    writes_to_file = False
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        settings = self.common_settings
        self.stream = sys.stdout if settings.stdout else sys.stderr
        self.quiet = {str(getattr(kind, "name", kind)).lower() for kind in settings.quiet or ()}
        is_terminal = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.has_colours = is_terminal and not settings.nocolor and not os.environ.get("NO_COLOR")
        self.total, self.done, self.failed = 0, 0, set[int]()
        self.left = Counter[str]()  # jobs of each rule
        self.running: dict[int, tuple[str, str, float]] = {}  # rule, name, begin
        self.begin = self.behind = 0.0  # s: begin of the first job, and what finished ones were expected to take
        self.earlier: dict[str, dict[str, float]] = {}  # s of jobs of earlier runs, by rule and name

    @property
    def has_filter(self) -> bool:
        """Return whether Snakemake should leave out its own filter."""
        return not self.common_settings.dryrun

    def emit(self, record: LogRecord) -> None:
        """Print the lines of a record. Raises nothing, since that would end the thread that prints."""
        try:
            text = self.format(record) if self.common_settings.dryrun else self._text(record)
            if text and text != "None":
                self.stream.write(f"{text}\n")
                self.stream.flush()
        except BrokenPipeError:
            pass
        except Exception:
            self.handleError(record)

    def _text(self, record: LogRecord) -> str:
        """Return the lines of a record, "" for none."""
        event, about, message = getattr(record, "event", None), record.__dict__, printable(str(record.msg or ""))
        if event == LogEvent.RUN_INFO:
            self.left = Counter(about["stats"])
            self.total = self.left.pop("total")
            self.earlier = earlier_seconds(TIMES, self.left)
            rules = [f"    {name}: {count}" for name, count in self.left.items() if self.common_settings.verbose]
            text = "\n".join([f"{self.total} job{'s' * (self.total > 1)}", *rules])
        elif event == LogEvent.JOB_INFO:
            text = self._started(about)
        elif event == LogEvent.JOB_FINISHED:
            text = self._finished(about["job_id"], record.created)
        elif event == LogEvent.JOB_ERROR:
            text = self._failed(about)
        elif event == LogEvent.GROUP_ERROR:
            text = self._paint(f"failed: a submission of {len(about['job_error_info'])} jobs", RED)
        elif message.startswith("Elapsed time") and self.total and "progress" not in self.quiet:
            failures = self._paint(f", {len(self.failed)} failed", RED) if self.failed else ""
            seconds = record.created - (self.begin or record.created)
            text = f"done: {self.done} of {self.total} jobs in {duration(seconds)}{failures}"
        elif message.startswith("Complete log"):
            text = message if self.failed else ""
        else:
            text = self._message(record, message)
        return "" if "all" in self.quiet else text

    def _message(self, record: LogRecord, message: str) -> str:
        """Return a message that is about no job, "" for those that do not concern a user."""
        event, is_debug = getattr(record, "event", None), record.levelno < INFO and TRACEBACK not in message
        is_exit_code = event == LogEvent.ERROR and EXIT_CODE in message
        if is_debug or is_exit_code or event not in (None, LogEvent.ERROR) or message.startswith(HIDDEN):
            return ""
        return self._paint(message.rstrip(), RED if record.levelno >= ERROR else YELLOW * (record.levelno >= WARNING))

    def _started(self, about: dict[str, Any]) -> str:
        """Return "", or with --verbose which job starts and why."""
        log = about["log"][0] if about["log"] else ""
        match = LOG.search(log)
        name = match[1] if match else "/".join(map(str, [about["rule_name"], *about["wildcards"].values()]))
        self.running[about["jobid"]] = about["rule_name"], name, about["created"]
        self.begin = self.begin or about["created"]
        if about["jobid"] in self.failed:  # another attempt
            self.failed.remove(about["jobid"])
            self.left[about["rule_name"]] += 1
        reason = printable(about["reason"] or "forced")
        text = f"started: {name.replace('/', ' ', 1)}, rule {about['rule_name']}, log {log or 'none'}: {reason}"
        return self._paint(text, DIM) if self.common_settings.verbose else ""

    def _finished(self, job_id: int, now: float) -> str:
        """Return the line of a job: the number of jobs done, its name and seconds, and about how much time is left."""
        if job_id not in self.running:
            return ""
        rule, job, begin = self.running.pop(job_id)
        earlier = self.earlier.get(rule, {})
        self.done += 1
        self.left[rule] -= 1
        self.behind += earlier.get(job, now - begin)
        if len(earlier) > 1:  # the last one tells of jobs that are new
            earlier.pop(job, None)
        count, (stage, _, name) = f"{self.done:>{len(str(self.total))}} of {self.total}", job.partition("/")
        line = f"{count}  {stage:<10} {printable(name):<32} {duration(now - begin):>10}"
        return f"{line}   {self._paint(self._time_left(now), DIM)}".rstrip()

    def _time_left(self, now: float) -> str:
        """Return the time left, "" if earlier runs tell too little of it.

        A job is expected to take the mean of its rule's earlier jobs, less those that this run has ended. What is ahead
        then takes as long for each expected second as what is behind, whatever runs at a time."""
        left = {rule: count for rule, count in self.left.items() if count > 0 and not rule.startswith(TARGETS)}
        expected = {rule: fmean(self.earlier[rule].values()) for rule in left if rule in self.earlier}
        spent = sum(min(now - begin, expected.get(rule, 0.0)) for rule, _, begin in self.running.values())
        ahead = sum(seconds * left[rule] for rule, seconds in expected.items()) - spent
        seconds = (now - self.begin) * ahead / (self.behind + spent or 1.0)
        step = 1 if seconds < 60 else 10 if seconds < 300 else 60
        is_known = sum(left[rule] for rule in expected) >= ENOUGH * sum(left.values())
        return f"about {duration(round(seconds / step) * step)} left" if is_known and seconds >= 1 else ""

    def _failed(self, about: dict[str, Any]) -> str:
        """Return the lines on a failed job, with the last lines of its log."""
        rule = about["rule_name"]
        _, job, _ = self.running.pop(about["jobid"], ("", rule, 0.0))
        self.left[rule] -= about["jobid"] not in self.failed
        self.failed.add(about["jobid"])
        lines = [self._paint(f"failed: {job.replace('/', ' ', 1)}, rule {rule}", RED)]
        if about["shellcmd"]:
            lines.append(f"    command: {printable(about['shellcmd'])}")
        for log in about["log"]:
            lines += [f"    log: {log}", *(f"    | {line}" for line in last_lines(Path(log)))]
        return "\n".join(lines)

    def _paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.has_colours and code and text else text


def last_lines(path: Path) -> list[str]:
    """Return the last lines of a job's log, or one that says why there are none."""
    try:
        lines = printable(path.read_text(encoding="utf-8", errors="replace")).splitlines()
    except OSError as error:
        return [f"({error.strerror})"]
    return lines[-LAST_LINES:] or ["(empty: the job was killed before it began)"]


def duration(seconds: float) -> str:
    """Return a time as text, at least 1 s: 7 s, 4 min 10 s, 2 h 5 min."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return " ".join([f"{minutes} min"] * (minutes > 0) + [f"{rest} s"] * (rest > 0))


def earlier_seconds(folder: Path, rules: Counter[str]) -> dict[str, dict[str, float]]:
    """Return the seconds of each job of earlier runs, by rule; unreadable files count as none.

    A rule's name begins with that of its folder, or is that of its file: render_smic, train_generator, units_table."""
    groups = defaultdict[str, dict[str, float]](dict)
    for path in folder.rglob("*.tsv"):
        with suppress(OSError, ValueError, KeyError):
            header, row = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
            job, seconds = path.relative_to(folder).with_suffix(""), dict(zip(header, row, strict=True))["s"]
            for group in (job.parts[0], "_".join(job.parts[:2]), job.name):
                groups[group][job.as_posix()] = float(seconds)
    keys = {rule: [name for name in accumulate(rule.split("_"), "{}_{}".format) if name in groups] for rule in rules}
    return {rule: groups[names[-1]] for rule, names in keys.items() if names}
