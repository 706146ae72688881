"""How far a run is, and how much time is left by what its finished jobs took."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A job that runs: the stage and the subject, method or table that it is for; `begin` in seconds."""

    rule: str
    stage: str
    name: str
    begin: float

    @property
    def label(self) -> str:
        """The stage and what the job is for."""
        return f"{self.stage} {self.name}".strip()


class Progress:
    """Jobs of a run: how many, which run, and the seconds of those that are done, by rule."""

    def __init__(self) -> None:
        self.total, self.failed = 0, set[int]()
        self.remaining = Counter[str]()  # by rule, those that run included
        self.running: dict[int, Job] = {}
        self.counts, self.seconds = Counter[str](), defaultdict[str, float](float)  # by rule, of finished jobs
        self.begin: float | None = None

    @property
    def done(self) -> int:
        """The number of finished jobs."""
        return self.counts.total()

    def begin_run(self, stats: Mapping[str, int]) -> None:
        """Take the numbers of jobs by rule, and `total`."""
        self.total = stats["total"]
        self.remaining.update({rule: count for rule, count in stats.items() if rule != "total"})

    def start(self, job_id: int, job: Job) -> None:
        """Take a job that starts."""
        self.running[job_id] = job
        self.begin = job.begin if self.begin is None else self.begin

    def finish(self, job_id: int, now: float) -> Job | None:
        """Take a job that has ended, and return it; None for a job that never started."""
        self.failed.discard(job_id)  # it was run again
        if job := self.running.pop(job_id, None):
            self.counts[job.rule] += 1
            self.seconds[job.rule] += now - job.begin
            self.remaining[job.rule] -= 1
        return job

    def left(self, now: float) -> str:
        """Return the time left as text, "" if nothing is known.

        A job takes as long as those of its rule took on average, and as many run at a time as did until now. Rules
        of which no job is done count nothing: the time is then a least."""
        if self.begin is None or now <= self.begin:
            return ""
        means = {rule: self.seconds[rule] / count for rule, count in self.counts.items()}
        work = sum(means.get(rule, 0.0) * count for rule, count in self.remaining.items())
        elapsed = {job: now - job.begin for job in self.running.values()}
        work -= sum(min(seconds, means.get(job.rule, 0.0)) for job, seconds in elapsed.items())
        at_once = (sum(self.seconds.values()) + sum(elapsed.values())) / (now - self.begin)
        unknown = any(count > 0 and rule not in means for rule, count in self.remaining.items())
        if at_once <= 0 or work / at_once < 1:
            return ""
        return f"{'at least' if unknown else 'about'} {duration(work / at_once)} left"


def duration(seconds: float) -> str:
    """Return a time in words: 7 s, 4 min 10 s, 2 h 5 min."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
