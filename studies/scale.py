"""Jobs, files, bytes, memory and core-hours of the main table at 1, 10 and 1,000 times the published sizes.

    MICROEXPR_FORK_SERVER= make table                      # in FOLDER, a checkout
    python studies/scale.py --run FOLDER [--write-docs]

The variable makes each job a process of its own, as on a cluster; its seconds and memory then have all that it loads.

Published are 442 labelled clips of 68 subjects. Snakemake plans rendered corpora of several sizes, none of which is
rendered, in a copy of the project in which params.yaml may ask for more than 200 subjects of a data set. A finished run
says what a clip costs on the disk and in each training, and simulated clips say what grows faster than their number.
Macro-expressions stay as params.yaml has them. Every figure beyond the largest measured size is extrapolated.
"""

import base64
import re
import subprocess
import sys
import tempfile
import time
import tracemalloc
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pages
import yaml
from checkout import environment, scratch
from composites import composite, shard  # of tests/, which `checkout` puts on the path

from microexpr import protocols
from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.clip import Clip
from microexpr.datasets import index
from microexpr.models.base import ClassicalMethod, Method
from microexpr.models.recognisers import find
from microexpr.rendering.layouts import NATIVES
from microexpr.reporting.html import times
from microexpr.training.load_clips import load_clips
from microexpr.training.train import macro_clips

sys.path.insert(0, str(scratch.ROOT / "workflow"))
from stages import COMPONENTS, STAGES, TABLE, expand

PAGE = "docs/scale.md"
SUBJECTS, CLIPS = 68, 442  # of the composite as published
TIMES = (1, 10, 1000)
DATASETS = ("smic", "casme2", "samm")
PLANNED = (4, 23, 91, 227, 907)
SIMULATED = (68, 272, 816)  # subjects, in three data sets, of 6 clips each
FITTED_CLIPS = (442, 1105, 2210)  # drawn from those of the run
LIMIT = re.compile(r"(subjects: int = Field\(ge=1, le=)200\b")  # of a rendered data set
PROTOCOL = protocols.PROTOCOLS[protocols.MEGC2019]
VIDEOS = sum(share.clips for name in DATASETS for share in NATIVES[name].census.shares)  # labelled or not
SPLITS, SHARE = 3, 48 / 68  # of split70: `papers.draws`, and the share of the subjects that train
STARTS = 2  # of Snakemake in each submission
SIGNALS = ("render", "faces", "apex", "flow", "aus")
JITTER = 0.5  # deviations of each feature, added to a clip that is drawn again
SHORT = 0.01  # s, below which a clock says little
MB = 2**20
# A small parent, since Linux counts that of a process, which is this one with torch, as the child's own memory.
MEASURE = """import os, resource, sys
status = os.spawnvp(os.P_WAIT, sys.argv[2], sys.argv[2:])
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    file.write(f"{usage.ru_utime + usage.ru_stime} {usage.ru_maxrss}")
sys.exit(status)
"""


@dataclass(frozen=True)
class Growth:
    """A value at the smallest size, and a power law of what is added above it: log-log, least squares."""

    smallest: float  # size
    start: float  # value there
    factor: float
    exponent: float

    @classmethod
    def fit(cls, sizes: Sequence[float], values: Sequence[float]) -> "Growth":
        """Fit the sizes whose values are at least a tenth above the first: less is noise.

        Raises ValueError where these are fewer than two."""
        pairs = [(size - sizes[0], value - values[0]) for size, value in zip(sizes, values, strict=True)]
        grown = np.array([(size, value) for size, value in pairs if size > 0 and value > 0.1 * values[0]])
        if len(grown) < 2:
            raise ValueError(f"values must grow with sizes {list(sizes)}, not {list(values)}")
        exponent, logarithm = np.polyfit(*np.log(grown.T), 1)
        return cls(sizes[0], values[0], float(np.exp(logarithm)), float(exponent))

    def at(self, size: float) -> float:
        """Return the value at a size, the smallest or a larger one."""
        return self.start + self.factor * max(0.0, size - self.smallest) ** self.exponent


def submissions(jobs: Mapping[str, int], datasets: Sequence[str], components: Mapping[str, int]) -> int:
    """Return how many submissions the Slurm profile makes of so many jobs of each rule.

    Jobs of one group that depend on each other are of different stages: a subject's rendering, faces, flow."""
    alone, groups = 0, dict[str, list[int]]()
    for stage in STAGES.values():
        counts: dict[str, int] = {}
        for pattern, job in stage.rules.items():
            names = [name for name in jobs if name == pattern or name in expand(pattern, datasets, ())]
            number = sum(jobs[name] for name in names)
            if job.group:
                counts[job.group] = counts.get(job.group, 0) + number
            else:
                alone += number
        for group, number in counts.items():
            groups.setdefault(group, []).append(number)
    return alone + sum(-(-max(counts) // components[group]) for group, counts in groups.items())


@dataclass(frozen=True)
class Plan:
    """What planning one size took: CPU seconds and MB of the first and of a later start, and of a submission's."""

    subjects: int
    jobs: int
    submissions: int
    first: float
    again: float
    memory: float
    start: float


def planned(root: Path, subjects: int) -> Plan:
    """Return what planning the main table of so many subjects a data set takes, in a copy of the project."""
    values = config.load(scratch.ROOT / "params.yaml")
    values["origin"] = "generated"
    values["render"] |= {name: {"subjects": subjects, "clips": 8} for name in DATASETS}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    first, _, printed = dry_run(root, TABLE)
    again, memory, _ = dry_run(root, TABLE)
    start, _, _ = dry_run(root, f"data/rendered/truth/{DATASETS[1]}/sub01.h5", "--mode", "remote")
    jobs = counts(printed)
    number = submissions(jobs, [*values["datasets"], *values["macro"]], COMPONENTS)
    return Plan(subjects * len(DATASETS), sum(jobs.values()), number, first, again, memory, start)


def counts(printed: str) -> dict[str, int]:
    """Return the jobs of each rule in the first table that a dry run prints. Raises ValueError without one."""
    table = re.search(r"^job +count\n-[- ]+\n((?:\w+ +\d+\n)+)", printed, re.MULTILINE)
    if not table:
        raise ValueError("snakemake -n must print a table of its jobs")
    rows = (line.split() for line in table[1].splitlines())
    return {name: int(number) for name, number in rows if name != "total"}


def dry_run(root: Path, target: str, *options: str) -> tuple[float, float, str]:
    """Return CPU seconds, MB and standard output of a plan. Raises CalledProcessError where it fails."""
    usage = root.with_name("usage")
    plan = ["snakemake", "-n", "--cores", "1", *options, "--", target]
    command = [sys.executable, "-S", "-c", MEASURE, str(usage), *plan]
    done = subprocess.run(command, cwd=root, env=environment(root), text=True, capture_output=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        done.check_returncode()
    seconds, kilobytes = map(float, usage.read_text(encoding="utf-8").split())
    return seconds, kilobytes / 1024, done.stdout


def plan_sizes() -> list[Plan]:
    """Plan each size."""
    plans = []
    with tempfile.TemporaryDirectory(prefix="microexpr-scale-") as temporary:
        root = Path(temporary) / "project"
        scratch.copy(root)
        source = root / "src/microexpr/rendering/plan.py"
        source.write_text(LIMIT.sub(r"\g<1>100000", source.read_text(encoding="utf-8")), encoding="utf-8")
        planned(root, 1)  # compiles the copy's modules
        for subjects in PLANNED:
            plans.append(planned(root, subjects))
            print(plans[-1], file=sys.stderr, flush=True)
    return plans


@dataclass(frozen=True)
class Disk:
    """Files and bytes of a finished run: what grows with clips, of rendered videos apart, and what does not."""

    clips: int
    frames: int
    videos: tuple[int, int]  # files, bytes
    signals: tuple[int, int]
    other: tuple[int, int]


def decoded(path: Path) -> Path:
    """Return the output that one of Snakemake's records is about; of any other file its own path."""
    if path.parts[:2] != (".snakemake", "metadata"):
        return path
    return Path(".snakemake/metadata") / base64.urlsafe_b64decode(path.name).decode()


def kind(path: Path) -> str:
    """Return what a file of a run belongs to: the videos, the signals of a subject, or neither."""
    path = decoded(path)
    if not {*DATASETS} & {*path.parent.parts}:
        return "other"
    return "videos" if path.parts[:2] == ("data", "rendered") else "signals"


def disk(run: Path, clips: Sequence[Clip]) -> Disk:
    """Return files and bytes of a finished run."""
    sums = {name: [0, 0] for name in ("videos", "signals", "other")}
    for folder in ("data/rendered", "results", "work", ".snakemake"):
        for path in (path for path in (run / folder).rglob("*") if path.is_file()):
            total = sums[kind(path.relative_to(run))]
            total[0], total[1] = total[0] + 1, total[1] + path.stat().st_size
    videos, signals, other = ((files, size) for files, size in sums.values())
    return Disk(len(clips), sum(clip.frames for clip in clips), videos, signals, other)


@dataclass(frozen=True)
class Training:
    """One method in a finished run, and what it costs at other sizes."""

    name: str
    seconds: float
    memory: float  # MB of its process
    clip_bytes: float  # that its inputs hold of a clip
    clips: int  # of the protocol, in the run
    macro: int  # macro-expressions next to them
    folds: int
    start: float  # seconds of a method that does nothing
    fit: Growth | None = None  # seconds of one fit of a classical method, by clips

    def hours(self, folds: int, clips: float) -> float:
        """Return core-hours of so many folds that train on so many clips of the protocol.

        A network's steps are epochs times clips. A classical method's features are computed once for all folds.
        """
        spent = max(0.0, self.seconds - self.start)
        if self.fit:
            return (self.start + spent / self.clips * clips + folds * self.fit.at(clips)) / 3600
        rate = spent / (self.folds * (self.clips + self.macro))
        return (self.start + rate * folds * (clips + self.macro)) / 3600

    def megabytes(self, clips: float, copies: float) -> float:
        """Return the memory that loading takes: of the run, and so many copies of each further clip."""
        return self.memory + copies * self.clip_bytes * max(0.0, clips - self.clips) / MB


def clips_of(run: Path, names: Iterable[str]) -> list[Clip]:
    """Return the clips of these data sets in a finished run."""
    return index.read_all(
        run / f"results/index/{name}.csv" for name in names if (run / f"results/index/{name}.csv").exists()
    )


def stage_files(run: Path, clips: Sequence[Clip]) -> list[str]:
    """Return the signal files of these clips' subjects."""
    pairs = sorted({(clip.dataset, clip.subject) for clip in clips})
    paths = [
        run / f"results/{stage}/{name}/{who}.h5" for stage in ("faces", "apex", "flow", "aus") for name, who in pairs
    ]
    return [str(path) for path in paths if path.exists()]


def input_memory(method: Method, run: Path, clips: Sequence[Clip]) -> tuple[float, float]:
    """Return the bytes that a method's inputs hold of these clips, and the most that loading them took."""
    tracemalloc.start()
    try:
        tensors = load_clips(method, clips, stage_files(run, clips)).inputs.values() if clips else ()
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return float(size), float(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


def copies(method: Method, run: Path, clips: Sequence[Clip]) -> float:
    """Return how many bytes of memory loading takes for each byte that a method keeps: a slope, from two sizes."""
    half = [clip for clip in clips if clip.dataset == clips[0].dataset]
    (small, low), (large, high) = input_memory(method, run, half), input_memory(method, run, clips)
    return (high - low) / (large - small)


def fits(method: ClassicalMethod, run: Path, clips: Sequence[Clip]) -> Growth:
    """Return the CPU seconds of one fit by clips; linear where they are too short for an exponent.

    The clips are those of the run, drawn with replacement, their features shifted by noise."""
    rng, seconds = np.random.default_rng(1), []
    tensors = load_clips(method, clips, stage_files(run, clips))
    features, targets = method.features(tensors.inputs), {k: v.numpy() for k, v in tensors.targets.items()}
    method.fit(features, targets, rng)  # a first call costs more
    for count in FITTED_CLIPS:
        rows = rng.integers(0, len(clips), count)
        shift = rng.normal(scale=JITTER, size=(count, features.shape[1])) * features.std(0)
        drawn = (features[rows] + shift).astype(features.dtype)
        started = time.process_time()
        method.fit(drawn, {name: value[rows] for name, value in targets.items()}, rng)
        seconds.append(time.process_time() - started)
    if seconds[0] < SHORT:
        return Growth(0, 0.0, seconds[-1] / FITTED_CLIPS[-1], 1.0)
    return Growth.fit((0, *FITTED_CLIPS), (0.0, *seconds))


def trainings(run: Path) -> list[Training]:
    """Return every method of the finished run's table."""
    checked = config.check(config.load(run / "params.yaml"), "params.yaml")
    clips = PROTOCOL.select(clips_of(run, DATASETS))
    macro = clips_of(run, checked["params"]["macro"])
    jobs = {job.name: job for job in times.jobs(run / "work/times") if job.stage == "train"}
    folds = len(PROTOCOL.folds(clips))
    measured = []
    for name, job in sorted(jobs.items()):
        method = find(name)(find(name).Params(**checked["methods"][name]["params"]), len(PROTOCOL.classes))
        size, _ = input_memory(method, run, clips[:1])
        fit = fits(method, run, clips) if isinstance(method, ClassicalMethod) else None
        number = len(macro_clips(method, PROTOCOL, macro))
        measured.append(
            Training(name, job.seconds, job.max_rss, size, len(clips), number, folds, jobs["majority"].seconds, fit)
        )
        print(measured[-1], file=sys.stderr, flush=True)
    return measured


def fold_memory() -> Growth:
    """Return MB of the list of all folds by subjects: each training and each evaluation has it."""
    return Growth.fit((0, *SIMULATED), (0.0, *(fold_megabytes(subjects) for subjects in SIMULATED)))


def fold_megabytes(subjects: int) -> float:
    clips = composite(subjects // 3, 6)
    tracemalloc.start()
    try:
        folds = PROTOCOL.folds(clips)
        return tracemalloc.get_traced_memory()[0] / MB if folds else 0.0
    finally:
        tracemalloc.stop()


def fold_bytes() -> Growth:
    """Return MB of a training's file by subjects: it lists of each fold what it was fitted on."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for subjects in SIMULATED:
            clips = composite(subjects // 3, 6)
            folds = PROTOCOL.folds(clips)
            predicted = {fold.name: np.zeros((1, 1, len(fold.test)), int) for fold in folds}
            path = shard(Path(folder) / f"{subjects}.h5", folds, PROTOCOL.select(clips), predicted)
            sizes.append(path.stat().st_size / MB)
    return Growth.fit((0, *SIMULATED), (0.0, *sizes))


def digits(value: float) -> str:
    """Return a number with three digits, thousands apart."""
    if value >= 1000:
        return f"{round(value, 3 - len(str(int(value)))):,.0f}"
    return f"{value:.3g}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


PLAN_ROWS = {
    "jobs": "jobs",
    "submissions": "submissions to Slurm",
    "first": "first plan, CPU s",
    "again": "further plan, CPU s",
    "memory": "further plan, MB",
    "start": "start of Snakemake in a submission, CPU s",
}


def growths(measured: Sequence[Plan]) -> dict[str, Growth]:
    """Return the growth of each quantity of a plan by subjects."""
    sizes = [plan.subjects for plan in measured]
    return {name: Growth.fit(sizes, [getattr(plan, name) for plan in measured]) for name in PLAN_ROWS}


def plan_table(measured: Sequence[Plan]) -> str:
    """Return planning at each measured size, and what follows for the published ones."""
    fitted, beyond = growths(measured), SUBJECTS * TIMES[-1]
    head = ["subjects", *(f"{plan.subjects:,}" for plan in measured), "exponent", f"{beyond:,}, extrapolated"]
    rows = [
        [
            title,
            *(digits(getattr(plan, name)) for plan in measured),
            f"{fitted[name].exponent:.2f}",
            digits(fitted[name].at(beyond)),
        ]
        for name, title in PLAN_ROWS.items()
    ]
    return markdown(head, rows)


def size_table(
    measured: Sequence[Plan], used: Disk, methods: Sequence[Training], signal_seconds: float, copied: float,
    memory: Growth, file_size: Growth,
) -> str:  # fmt: skip
    """Return what a run of the main table takes at each size."""
    fitted = growths(measured)
    submitted = {n: round(fitted["submissions"].at(SUBJECTS * n)) for n in TIMES}
    largest = {times: max(methods, key=lambda method: method.megabytes(CLIPS * times, copied)) for times in TIMES}

    def row(title: str, value: Mapping[int, float]) -> list[str]:
        return [title, *(digits(value[times]) for times in TIMES)]

    def hours(method: Training, times: int) -> float:
        return method.hours(SUBJECTS * times, CLIPS * times)

    def per_clip(part: tuple[int, int], column: int, times: int) -> float:
        return part[column] / used.clips * VIDEOS * times

    rows = [
        row("subjects", {n: SUBJECTS * n for n in TIMES}),
        row("clips, labelled or not", {n: VIDEOS * n for n in TIMES}),
        row("labelled clips", {n: CLIPS * n for n in TIMES}),
        row("jobs", {n: fitted["jobs"].at(SUBJECTS * n) for n in TIMES}),
        row("submissions to Slurm", submitted),
        row("rendered videos: files", {n: per_clip(used.videos, 0, n) for n in TIMES}),
        row("rendered videos: GB", {n: per_clip(used.videos, 1, n) / 1e9 for n in TIMES}),
        row("signals of subjects: files", {n: per_clip(used.signals, 0, n) for n in TIMES}),
        row("signals of subjects: GB", {n: per_clip(used.signals, 1, n) / 1e9 for n in TIMES}),
        row("one training's file: MB", {n: file_size.at(SUBJECTS * n) for n in TIMES}),
        row("render, faces, apex, flow, aus: core-hours",
            {n: signal_seconds / used.clips * VIDEOS * n / 3600 for n in TIMES}),
        row("Snakemake in submissions: core-hours",
            {n: STARTS * fitted["start"].at(SUBJECTS * n) * number / 3600 for n, number in submitted.items()}),
        row("trainings of networks: core-hours", {n: sum(hours(m, n) for m in methods if not m.fit) for n in TIMES}),
        row("of classical methods: core-hours", {n: sum(hours(m, n) for m in methods if m.fit) for n in TIMES}),
        row("all trainings under `split70`: core-hours",
            {n: sum(m.hours(SPLITS, SHARE * CLIPS * n) for m in methods) for n in TIMES}),
        row("largest training: MB", {n: largest[n].megabytes(CLIPS * n, copied) for n in TIMES}),
        ["of method", *(f"`{largest[n].name}`" for n in TIMES)],
        row("list of all folds in a training: MB", {n: memory.at(SUBJECTS * n) for n in TIMES}),
    ]  # fmt: skip
    return markdown(["", *(f"x {times:,}" for times in TIMES)], rows)


def method_table(methods: Sequence[Training]) -> str:
    """Return core-hours of each method."""
    head = [
        "method",
        "seconds in the run",
        "kB a clip",
        *(f"x {times:,}" for times in TIMES),
        f"x {TIMES[-1]:,}, `split70`",
    ]
    rows = [
        [
            f"`{method.name}`",
            digits(method.seconds),
            digits(method.clip_bytes / 1000),
            *(digits(method.hours(SUBJECTS * times, CLIPS * times)) for times in TIMES),
            digits(method.hours(SPLITS, SHARE * CLIPS * TIMES[-1])),
        ]
        for method in sorted(methods, key=lambda method: method.hours(SUBJECTS * TIMES[-1], CLIPS * TIMES[-1]))
    ]
    return markdown(head, rows)


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--run", type=Path, default=scratch.ROOT, help="a checkout with a finished run; default this one"
    )
    parser.add_argument("--write-docs", action="store_true", help=f"write the tables into {PAGE}")
    arguments = parser.parse_args()
    run = arguments.run.resolve()
    clips = clips_of(run, DATASETS)
    if not clips or not (run / TABLE).is_file():
        raise SystemExit(f"error: {run} must hold a finished run of {TABLE}; `make table` makes one")
    methods = trainings(run)
    heaviest = max(methods, key=lambda method: method.clip_bytes)
    values = config.check(config.load(run / "params.yaml"), "params.yaml")["methods"][heaviest.name]["params"]
    copied = copies(find(heaviest.name)(find(heaviest.name).Params(**values)), run, PROTOCOL.select(clips))
    signal_seconds = sum(seconds_of(run / "work/times" / stage) for stage in SIGNALS)
    used, memory, file_size, measured = disk(run, clips), fold_memory(), fold_bytes(), plan_sizes()
    print(f"{used}\n{copied=:.2f} {memory=} {file_size=} {signal_seconds=}", file=sys.stderr)
    tables = {
        "scale-plan": plan_table(measured),
        "scale-sizes": size_table(measured, used, methods, signal_seconds, copied, memory, file_size),
        "scale-methods": method_table(methods),
    }
    for mark, table in tables.items():
        text = f"{table}\n\n{pages.source()}"
        print(f"{text}\n")
        if arguments.write_docs:
            pages.write(PAGE, mark, text)


def seconds_of(folder: Path) -> float:
    """Return the seconds of a stage's jobs for the three data sets."""
    paths = [path for name in DATASETS for path in sorted((folder / name).glob("*.tsv"))]
    return sum(float(path.read_text(encoding="utf-8").splitlines()[1].split("\t")[0]) for path in paths)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
