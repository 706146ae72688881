"""Progress of a run, and the time left: from the seconds that jobs are expected to take and that finished ones took.

Jobs are expected to take as long as in earlier runs here (work/times), otherwise in a shipped one:
`python benchmarks/times.py --ship` writes seconds.json, the shipped core-seconds, from the times of a finished run.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath
from statistics import median

PRIOR = 30.0  # s of finished work that weigh as much as what was known before
LEAST = 0.05  # share of the work that must be done where nothing tells this machine's speed
SHIPPED = Path(__file__).with_name("seconds.json")
TIMES = Path("work/times")  # a file for each job with an ended script, named like its log in work/logs
ENOUGH = 30.0  # s of earlier jobs that tell a machine's speed


@dataclass(frozen=True)
class Job:
    """A job that runs: the stage and the subject, method or table that it is for; `begin` in seconds."""

    rule: str
    stage: str
    name: str
    begin: float

    @property
    def label(self) -> str:
        return f"{self.stage} {self.name}".strip()


@dataclass(frozen=True)
class Planned:
    """A job that will run: its stage, the seconds that it is expected to take, and the jobs that it needs."""

    stage: str
    seconds: float
    needs: tuple[int, ...] = ()


class Progress:
    """Jobs of a run: how many, which run, and the seconds of those that are done, by stage."""

    def __init__(self) -> None:
        self.total, self.done, self.failed = 0, 0, set[int]()
        self.running: dict[int, Job] = {}
        self.begin: float | None = None
        self.took = 0.0  # s of all finished jobs
        self.planned: dict[int, Planned] = {}
        self.is_speed_known = False
        self.chains: list[tuple[float, int]] = []  # s of a job and the longest row of jobs after it, ascending
        # s by stage: expected of jobs that are not done, expected of jobs that are done, and taken by these
        self.ahead, self.expected, self.seconds = (defaultdict[str, float](float) for _ in range(3))

    def plan(self, jobs: Mapping[int, Planned], is_speed_known: bool) -> None:
        """Take the jobs that will run, and whether their seconds are those of this machine."""
        self.planned, self.is_speed_known = dict(jobs), is_speed_known
        after = dict.fromkeys(jobs, 0.0)
        for job_id in reversed([*TopologicalSorter({key: job.needs for key, job in jobs.items()}).static_order()]):
            chain = jobs[job_id].seconds + after[job_id]
            self.chains.append((chain, job_id))
            for needed in jobs[job_id].needs:
                after[needed] = max(after[needed], chain)
        self.chains.sort()
        for job in jobs.values():
            self.ahead[job.stage] += job.seconds

    def start(self, job_id: int, job: Job) -> None:
        self.running[job_id] = job
        self.begin = job.begin if self.begin is None else self.begin

    def finish(self, job_id: int, now: float) -> Job | None:
        """Take a job that has ended, and return it; None for a job that never started."""
        self.failed.discard(job_id)  # it was run again
        if job := self.running.pop(job_id, None):
            self.done += 1
            self.took += now - job.begin
            if planned := self.planned.pop(job_id, None):
                self.ahead[planned.stage] -= planned.seconds
                self.expected[planned.stage] += planned.seconds
                self.seconds[planned.stage] += now - job.begin
        return job

    def left(self, now: float) -> float | None:
        """Return the seconds left, None if they are not known yet.

        A job takes its expected time, scaled by how much longer its stage took until now. As many run at a time as
        did until now, and no time is shorter than that of jobs that wait for each other."""
        done, ahead = sum(self.expected.values()), sum(self.ahead.values())
        is_known = self.is_speed_known or done >= LEAST * (done + ahead) > 0
        if self.begin is None or now <= self.begin or not is_known:
            return None
        prior = PRIOR * self.is_speed_known
        slowness = (sum(self.seconds.values()) + prior) / (done + prior)
        by_stage = {
            stage: (self.seconds[stage] + PRIOR * slowness) / (self.expected[stage] + PRIOR) for stage in self.ahead
        }
        elapsed = {job_id: now - job.begin for job_id, job in self.running.items()}
        running = {job_id: self.planned.get(job_id) for job_id in elapsed}
        limits = {job_id: job.seconds * by_stage[job.stage] if job else 0.0 for job_id, job in running.items()}
        spent = {job_id: min(elapsed[job_id], limits[job_id]) for job_id in elapsed}
        work = sum(seconds * by_stage[stage] for stage, seconds in self.ahead.items()) - sum(spent.values())
        at_once = (self.took + sum(elapsed.values())) / (now - self.begin)
        return max(work / at_once if at_once else 0.0, self._longest(slowness, spent))

    def _longest(self, slowness: float, spent: Mapping[int, float]) -> float:
        """Return the seconds of the longest row of jobs that wait for each other, less those that its first has run."""
        while self.chains and self.chains[-1][1] not in self.planned:
            self.chains.pop()
        longest = 0.0
        for chain, job_id in reversed(self.chains):
            if chain * slowness <= longest:
                break
            if job_id in self.planned:
                longest = max(longest, chain * slowness - spent.get(job_id, 0.0))
        return longest


def left_text(seconds: float | None) -> str:
    """Return a time left as text, rounded to 10 s from 1 minute on, to 1 minute from 5 on; "" if there is none."""
    if seconds is None or seconds < 1:
        return ""
    step = 1 if seconds < 60 else 10 if seconds < 300 else 60
    return f"about {duration(round(seconds / step) * step)} left"


def duration(seconds: float) -> str:
    """Return a time as text, at least 1 s: 7 s, 4 min 10 s, 2 h 5 min."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class Expected:
    """Seconds of jobs by name, which is the path of a log below work/logs: `faces/casme2/sub01`.

    A job takes the time of the same one, otherwise the median of those below the nearest folder. In a folder, times of
    this machine win over shipped ones, which are scaled by how much faster or slower this machine was."""

    def __init__(self, earlier: Mapping[str, float], shipped: Mapping[str, float]):
        self.earlier, self.shipped, self.scale = _by_folder(earlier), _by_folder(shipped), 1.0
        self.is_speed_known = sum(earlier.values()) >= ENOUGH
        if self.is_speed_known:
            self.scale = sum(earlier.values()) / sum(self._nearest(name, self.shipped) for name in earlier)

    @classmethod
    def read(cls) -> "Expected":
        """Return the expected times of jobs of this folder's run."""
        return cls(earlier_seconds(TIMES), json.loads(SHIPPED.read_text(encoding="utf-8"))["seconds"])

    def seconds(self, name: str) -> float:
        """Return the expected time of a job; 0 for one without a log, which runs nothing."""
        return self._nearest(name, self.earlier, self.shipped) if name else 0.0

    def _nearest(self, name: str, *tables: Mapping[str, float]) -> float:
        """Return the seconds of a job in the first table that has its name, otherwise its folder, and so on."""
        for folder in (name, *map(str, PurePosixPath(name).parents)):
            for table in tables:
                if folder in table:
                    return table[folder] * (self.scale if table is self.shipped else 1.0)
        return 0.0


def _by_folder(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds of each job and the median of each folder of jobs; `.` is that of all."""
    groups = defaultdict(list)
    for name, value in seconds.items():
        for folder in (name, *map(str, PurePosixPath(name).parents)):
            groups[folder].append(value)
    return {folder: median(values) for folder, values in groups.items()}


def earlier_seconds(folder: Path, column: str = "s") -> dict[str, float]:
    """Return the times of jobs by name, in seconds or, as `cpu_time`, core-seconds; unreadable files count as none."""
    seconds = {}
    for path in folder.rglob("*.tsv"):
        try:
            header, row = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
            seconds[path.relative_to(folder).with_suffix("").as_posix()] = float(row[header.index(column)])
        except (OSError, ValueError):
            continue
    return seconds
