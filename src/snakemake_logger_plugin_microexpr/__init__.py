"""The log of a run for a person: a line for each finished job. Snakemake finds it by the package's name.

`logger: microexpr` in a profile selects it. Nothing heavy may come in: Snakemake imports it at each of its starts.
"""

import os
import re
import sys
from logging import ERROR, INFO, WARNING, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from microexpr.core.errors import printable
from snakemake_logger_plugin_microexpr.progress import Expected, Job, Planned, Progress, duration, left_text

LOG = re.compile(r"(?:^|/)logs/([^/]+)(?:/(.+))?\.log$")  # of a rule: stage, and subject, method or table
LAST_LINES = 15  # of a failed job's log
RED, YELLOW, DIM = "31", "33", "2"  # codes of SGR
HIDDEN_EVENTS = {
    LogEvent.WORKFLOW_STARTED, LogEvent.SHELLCMD, LogEvent.JOB_STARTED, LogEvent.GROUP_INFO, LogEvent.PROGRESS,
    LogEvent.RESOURCES_INFO, LogEvent.RULEGRAPH, LogEvent.DEBUG_DAG,
}  # fmt: skip
HIDDEN_TEXTS = (  # beginnings of messages without an event; others are printed
    "Assuming unrestricted shared filesystem", "Building DAG of jobs", "Using shell", "Select jobs to execute",
    "Group jobs: inactive", "Conda environments: ignored", "Singularity containers: ignored", "Trying to restart job",
    "Removing output files of failed job", "Exiting because a job execution failed", "Touching output file",
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
        self.progress = Progress()

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
        if "planned" in about:
            self._plan(about["planned"])
            text = ""
        elif event == LogEvent.RUN_INFO:
            total = self.progress.total = about["stats"]["total"]
            rules = [f"    {name}: {count}" for name, count in about["stats"].items() if name != "total"]
            text = "\n".join([f"{total} job{'s' * (total > 1)}", *(rules if self.common_settings.verbose else ())])
        elif event == LogEvent.JOB_INFO:
            text = self._started(about)
        elif event == LogEvent.JOB_FINISHED:
            text = self._finished(about["job_id"], record.created)
        elif event == LogEvent.JOB_ERROR:
            text = self._failed(about)
        elif event == LogEvent.GROUP_ERROR:
            text = self._paint(f"failed: a submission of {len(about['job_error_info'])} jobs", RED)
        elif message.startswith("Elapsed time"):
            failed, seconds = len(self.progress.failed), record.created - (self.progress.begin or record.created)
            failures = self._paint(f", {failed} failed", RED) if failed else ""
            done = f"done: {self.progress.done} of {self.progress.total} jobs in {duration(seconds)}{failures}"
            text = done if self.progress.total else ""
        elif message.startswith("Complete log"):
            text = message if self.progress.failed else ""
        else:
            text = self._message(record, message)
        return "" if "all" in self.quiet else text

    def _message(self, record: LogRecord, message: str) -> str:
        """Return a message that is about no job, "" for those that do not concern a user."""
        event, is_debug = getattr(record, "event", None), record.levelno < INFO and TRACEBACK not in message
        is_exit_code = event == LogEvent.ERROR and EXIT_CODE in message
        if is_debug or is_exit_code or event in HIDDEN_EVENTS or message.startswith(HIDDEN_TEXTS):
            return ""
        return self._paint(message.rstrip(), RED if record.levelno >= ERROR else YELLOW * (record.levelno >= WARNING))

    def _plan(self, jobs: dict[int, tuple[str, tuple[int, ...]]]) -> None:
        """Take the jobs that will run: the log of each, and which of them it needs."""
        expected, planned = Expected.read(), {}
        for job_id, (log, needs) in jobs.items():
            stage, name = stage_and_name(log)
            planned[job_id] = Planned(stage, expected.seconds(f"{stage}/{name}".strip("/")), needs)
        self.progress.plan(planned, expected.is_speed_known)

    def _started(self, about: dict[str, Any]) -> str:
        """Return "", or with --verbose which job starts and why."""
        log = about["log"][0] if about["log"] else ""
        stage, name = stage_and_name(log)
        if not stage:
            stage, name = about["rule_name"], "/".join(map(str, about["wildcards"].values()))
        job = Job(about["rule_name"], stage, name, about["created"])
        self.progress.start(about["jobid"], job)
        if not self.common_settings.verbose:
            return ""
        reason = printable(about["reason"] or "forced")
        return self._paint(f"started: {job.label}, rule {job.rule}, log {log or 'none'}: {reason}", DIM)

    def _finished(self, job_id: int, now: float) -> str:
        """Return the line of a job: the number of jobs done, its name and seconds, and about how much time is left."""
        job = self.progress.finish(job_id, now)
        if "progress" in self.quiet or job is None:
            return ""
        total = str(self.progress.total)
        count = f"{self.progress.done:>{len(total)}} of {total}"
        left = left_text(self.progress.left(now))
        line = f"{count}  {job.stage:<10} {printable(job.name):<32} {duration(now - job.begin):>10}"
        return f"{line}   {self._paint(left, DIM)}".rstrip()

    def _failed(self, about: dict[str, Any]) -> str:
        """Return the lines on a failed job, with the last lines of its log."""
        job = self.progress.running.pop(about["jobid"], None)
        self.progress.failed.add(about["jobid"])
        lines = [self._paint(f"failed: {job.label if job else about['rule_name']}, rule {about['rule_name']}", RED)]
        if about["shellcmd"]:
            lines.append(f"    command: {printable(about['shellcmd'])}")
        for log in about["log"]:
            lines += [f"    log: {log}", *(f"    | {line}" for line in last_lines(Path(log)))]
        return "\n".join(lines)

    def _paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.has_colours and code and text else text


def stage_and_name(log: str) -> tuple[str, str]:
    """Return the stage of a job's log, and its subject, method or table; "" where there is none."""
    match = LOG.search(log)
    return (match[1], match[2] or "") if match else ("", "")


def last_lines(path: Path) -> list[str]:
    """Return the last lines of a job's log, or one that says why there are none."""
    try:
        lines = printable(path.read_text(encoding="utf-8", errors="replace")).splitlines()
    except OSError as error:
        return [f"({error.strerror})"]
    return lines[-LAST_LINES:] or ["(empty: the job was killed before it began)"]
