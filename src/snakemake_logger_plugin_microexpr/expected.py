"""The expected times of jobs: as in earlier runs here (work/times), otherwise as in a shipped one.

`python benchmarks/times.py --ship` writes seconds.json, the shipped core-seconds, from the times of a finished run.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from statistics import median

SHIPPED = Path(__file__).with_name("seconds.json")
TIMES = Path("work/times")  # a file for each job whose script ended, of the name of its log in work/logs
ENOUGH = 30.0  # s of earlier jobs that tell a machine's speed


class Expected:
    """Seconds of jobs by name, which is the path of a log below work/logs: `faces/casme2/sub01`.

    A job takes what the same one took, otherwise the median of those below the nearest folder. In each folder, times of
    this machine win over shipped ones, which are scaled by how much faster or slower this machine was."""

    def __init__(self, earlier: Mapping[str, float], shipped: Mapping[str, float]):
        self.earlier, self.shipped, self.scale = _by_folder(earlier), _by_folder(shipped), 1.0
        self.is_speed_known = sum(earlier.values()) >= ENOUGH
        if self.is_speed_known:
            self.scale = sum(earlier.values()) / sum(self._nearest(name, self.shipped) for name in earlier)

    @classmethod
    def read(cls) -> "Expected":
        """Return what jobs of this folder's run are expected to take."""
        return cls(earlier_seconds(TIMES), json.loads(SHIPPED.read_text(encoding="utf-8"))["seconds"])

    def seconds(self, name: str) -> float:
        """Return what a job is expected to take; 0 for one without a log, which runs nothing."""
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
    """Return what jobs took by name, in seconds or, as `cpu_time`, core-seconds; unreadable files count as none."""
    seconds = {}
    for path in folder.rglob("*.tsv"):
        try:
            header, row = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
            seconds[path.relative_to(folder).with_suffix("").as_posix()] = float(row[header.index(column)])
        except (OSError, ValueError):
            continue
    return seconds
