"""What seconds and memory grow with: 1, 4 and 16 times as many people in a run, and plans of up to 10,000 clips.

Every process of a run writes down its own CPU seconds and most memory when it ends. The start of Python and of
libraries is a part of every job, so what one job does for a whole corpus is measured again without it, on simulated
clips. An exponent of 1 is linear.
"""

import csv
import re
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import yaml
from checkout import environment, scratch
from composites import composite  # of tests/, which `checkout` puts on the path
from matplotlib import colormaps
from matplotlib.axes import Axes

from microexpr import evaluation, protocols
from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.clip import Clip
from microexpr.core.seeds import generator
from microexpr.datasets import index
from microexpr.evaluation import duplicate_subjects
from microexpr.reporting.plots import drawing

TIMES = (1, 4, 16)
PLANNED = (640, 2520, 10020)  # clips, of 20 a person
SIMULATED = (1200, 4800, 19200)  # clips, of 8 a person
DATASETS, CLIPS = ("casme2", "samm"), 3  # a person of each at 1 x, with so many clips
METHODS = {"flow_svm": {}, "ststnet": {"epochs": 2}}
LINEAR, FLAT = 1.1, 0.1  # the largest exponents of time, and of the memory of a job
OF_PAIRS = ("duplicate_subjects",)  # may be quadratic: everyone is compared with everyone
WAITS = ("snakemake",)  # looks several times a second for what is ready, so its seconds are the clock's as well
MEASURE = """import atexit, os, time
def said():
    high = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    line = f"{sys.argv[0]},{time.process_time()},{high}\\n"
    with open(os.environ["MICROEXPR_MEASURED"], "a") as file:
        file.write(line)
import sys
atexit.register(said)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of all jobs of a stage, or of one function, at several sizes."""

    name: str
    sizes: tuple[float, ...]
    jobs: tuple[int, ...]
    seconds: tuple[float, ...]  # CPU, of all jobs
    memory: tuple[float, ...]  # MB, of the largest job

    @property
    def exponents(self) -> tuple[float, float, float]:
        """Of seconds over all sizes and over the last two, of memory over all."""
        return (
            exponent(self.sizes, self.seconds),
            exponent(self.sizes[-2:], self.seconds[-2:]),
            exponent(self.sizes, self.memory),
        )


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="docs/growth.md and docs/growth.png")
    parser.add_argument("--keep", type=Path, help="a folder to run in, that stays; else a temporary one")
    parser.add_argument("--part", choices=("run", "plan", "simulated"), help="one alone; default all")
    parser.add_argument("--redraw", action="store_true", help="measure nothing: docs/growth.png from docs/growth.md")
    arguments = parser.parse_args()
    if arguments.redraw:
        draw(scratch.ROOT / "docs/growth.png", read(scratch.ROOT / "docs"))
        return 0
    with tempfile.TemporaryDirectory(prefix="microexpr-campaign-") as temporary:
        base = (arguments.keep or Path(temporary)).resolve()
        parts: dict[str, Callable[[], list[Cost]]] = {
            "run": lambda: stages(base), "plan": lambda: [plans(base)], "simulated": simulated,
        }  # fmt: skip
        costs = {name: measure() for name, measure in parts.items() if arguments.part in (None, name)}
    text = "\n\n".join(table(HEADS[name], found) for name, found in costs.items())
    print(text)
    wrong = [line for name, found in costs.items() for line in broken(found, flat=name == "run")]
    print("\n".join(wrong) or "nothing grows faster than it may")
    if arguments.write:
        write(Path(scratch.ROOT / "docs"), costs, text)
    return 1 if wrong else 0


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the straight line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def prepared(root: Path, sizes: Mapping[str, tuple[int, int]]) -> Path:
    """A copy of the project with so many people and clips of each, by data set, of the fewest and smallest frames."""
    if not root.exists():
        scratch.copy(root)
    path = root / "params.yaml"
    values = config.load(path)
    values |= {"origin": "generated", "datasets": list(sizes), "macro": [], "methods": METHODS, "variants": {}}
    values["papers"]["variants"], values["generators"] = {}, {}
    values["render"] |= {"max_frames": 17, "width": 320, "height": 240}
    values["render"] |= {name: {"subjects": who, "clips": each} for name, (who, each) in sizes.items()}
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return root


def measured(root: Path, *command: str) -> Iterator[tuple[str, float, float]]:
    """Rule or program, CPU seconds and MB of each process of a run. Raises CalledProcessError where it fails."""
    hook, into = root.with_name("measure"), root.with_name(f"{root.name}.csv")
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(MEASURE, encoding="utf-8")
    about = environment(root) | {"MICROEXPR_MEASURED": str(into)}
    about["PYTHONPATH"] += f":{hook}"
    done = subprocess.run(command, cwd=root, env=about, text=True, capture_output=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        done.check_returncode()
    with into.open(encoding="utf-8", newline="") as file:
        for program, seconds, high in csv.reader(file):
            rule = re.search(r"\.(\w+)\.py$", program)
            yield rule[1] if rule else Path(program).name, float(seconds), int(high) / 1024
    into.unlink()


def stages(base: Path) -> list[Cost]:
    """Each rule's jobs in a whole run. All folds of a training learn from nearly all clips, so its size is both."""
    found: dict[str, list[list[tuple[float, float]]]] = defaultdict(lambda: [[] for _ in TIMES])
    for place, times in enumerate(TIMES):
        started, root = time.monotonic(), prepared(base / f"{times}x", dict.fromkeys(DATASETS, (times, CLIPS)))
        for name, seconds, memory in measured(root, "snakemake", "--cores", "1", "--quiet", "all", "--", "all"):
            found[name][place].append((seconds, memory))
        print(f"{times} x: ran for {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    clips = [times * len(DATASETS) * CLIPS for times in TIMES]
    folds = [times * len(DATASETS) for times in TIMES]
    costs = []
    for name, jobs in found.items():
        if not all(jobs):
            continue
        trains = name == "train"
        sizes = [a * b for a, b in zip(clips, folds, strict=True)] if trains else clips
        costs.append(
            Cost(
                f"{name}, by folds x clips" if trains else name, tuple(sizes), tuple(map(len, jobs)),
                tuple(sum(one[0] for one in own) for own in jobs), tuple(max(one[1] for one in own) for own in jobs),
            )
        )  # fmt: skip
    return costs


def plans(base: Path) -> Cost:
    """`snakemake -n` of so many clips of which none is rendered."""
    seconds, memory = [], []
    for clips in PLANNED:
        who = clips // 60
        root = prepared(base / "planned", dict.fromkeys(("smic", "casme2", "samm"), (who, 20)))
        told = [*measured(root, "snakemake", "-n", "--cores", "1", "--quiet", "all", "--", "all")]
        own = [one for one in told if one[0] == "snakemake"]
        seconds.append(own[0][1])
        memory.append(own[0][2])
    return Cost("snakemake -n", PLANNED, (1,) * len(PLANNED), tuple(seconds), tuple(memory))


def figures(clips: list[Clip]) -> None:
    """All intervals of one method."""
    protocol = protocols.PROTOCOLS[protocols.MEGC2019]
    truth = np.array([clip.label for clip in clips])
    said = generator(1, "growth").integers(0, 3, (1, len(clips)))
    given = {"last": said, "oracle_best_test": said}
    found = evaluation.Predictions("one", protocol, clips, truth, given, [], 0, "generated", "")
    evaluation.evaluate(found, evaluation.Params(), 1)


def faces(clips: list[Clip]) -> None:
    """Everyone compared with everyone."""
    known = {(clip.dataset, clip.subject) for clip in clips}
    rng = generator(1, "growth")
    duplicate_subjects.find_duplicates(
        {who: rng.normal(scale=0.05, size=(4, duplicate_subjects.SIZE)) for who in sorted(known)}, 0.3
    )


def listed(clips: list[Clip]) -> None:
    """An index written and read."""
    with tempfile.TemporaryDirectory() as folder:
        seen = {clip.id: index.Detection(1.0, 0, "") for clip in clips}
        index.write(Path(folder) / "index.csv", clips, seen)
        index.read(Path(folder) / "index.csv")


def planned(clips: list[Clip]) -> None:
    """The folds of four people."""
    protocols.PROTOCOLS[protocols.MEGC2019].folds(clips, limit=4)


FUNCTIONS = {"evaluate": figures, "duplicate_subjects": faces, "index": listed, "folds": planned}


def cost(asked: tuple[str, int]) -> tuple[float, float]:
    """CPU seconds of a function on so many clips, and the most memory of its process, in MB."""
    name, count = asked
    clips = sorted(composite(count // 24, 8), key=lambda clip: clip.id)
    FUNCTIONS[name](clips[:240])  # what a first call costs once
    seconds = np.inf
    for _ in range(3):
        start = time.process_time()
        FUNCTIONS[name](clips)
        seconds = min(seconds, time.process_time() - start)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return seconds, int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def simulated() -> list[Cost]:
    """What is done once for a whole corpus, without starting anything."""
    costs = []
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in FUNCTIONS:
            told = pool.map(cost, [(name, size) for size in SIMULATED], chunksize=1)
            seconds, memory = zip(*told, strict=True)
            costs.append(Cost(name, SIMULATED, (1,) * len(SIMULATED), seconds, memory))
    return costs


HEADS = {
    "run": "## A whole run",
    "plan": "## Building the DAG",
    "simulated": "## What one job does for the whole corpus, on simulated clips",
}
TITLES = {"run": "A whole run", "plan": "Building the DAG", "simulated": "Once for a corpus"}


def broken(costs: list[Cost], flat: bool) -> list[str]:
    """A line for each that grows faster than it may."""
    lines = []
    for one in costs:
        _, last, memory = one.exponents
        most = 2.0 if not flat and one.name in OF_PAIRS else LINEAR
        if last > most and one.name not in WAITS:
            lines.append(f"seconds of {one.name} must grow by {most} at most, not {last:.2f}")
        if flat and memory > FLAT:
            lines.append(f"memory of a job of {one.name} must grow by {FLAT} at most, not {memory:.2f}")
    return lines


def table(head: str, costs: list[Cost]) -> str:
    """Markdown, sizes side by side."""
    lines = [head, "", "| | size | jobs | CPU seconds | largest job, MB | exponent | of the last step | of memory |"]
    lines.append(f"|{' --- |' * 8}")
    for one in costs:
        cells = [
            " / ".join(f"{value:g}" for value in one.sizes),
            " / ".join(map(str, one.jobs)),
            " / ".join(f"{value:.3g}" for value in one.seconds),
            " / ".join(f"{value:.0f}" for value in one.memory),
            *(f"{value:.2f}" for value in one.exponents),
        ]
        lines.append(f"| {one.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(docs: Path, costs: dict[str, list[Cost]], text: str) -> None:
    """Write the tables of the page, below its introduction, and the picture."""
    markdown = docs / "growth.md"
    introduction = markdown.read_text(encoding="utf-8").partition("## ")[0]
    markdown.write_text(f"{introduction}{text}\n", encoding="utf-8")
    draw(docs / "growth.png", costs)


def read(docs: Path) -> dict[str, list[Cost]]:
    """Return what the tables of the page say."""
    costs: dict[str, list[Cost]] = {}
    heads = {head: name for name, head in HEADS.items()}
    for line in (docs / "growth.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            rows = costs.setdefault(heads[line], [])
        elif costs and " / " in line:
            name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            sizes, jobs, seconds, memory = ([float(value) for value in cell.split("/")] for cell in cells[:4])
            rows.append(Cost(name, tuple(sizes), tuple(map(int, jobs)), tuple(seconds), tuple(memory)))
    return costs


def draw(path: Path, costs: dict[str, list[Cost]]) -> None:
    """Plot CPU seconds by size; each line has its name at its end."""
    with drawing.save_page(path, 4.8) as page:
        drawing.add_heading(page, "Rendered and simulated clips: CPU seconds by number; dotted: linear", False)
        widths = [2.1 if name == "run" else 1 for name in costs]
        grid = {"width_ratios": widths, "left": 0.06, "right": 0.87, "top": 0.85, "bottom": 0.11, "wspace": 0.95}
        panels = page.subplots(1, len(costs), squeeze=False, gridspec_kw=grid)[0]
        for axes, (name, lines) in zip(panels, costs.items(), strict=True):
            axes.set_prop_cycle(color=colormaps["tab10"].colors)
            ends = np.array([lines[0].sizes[0], lines[0].sizes[-1]])
            low = min(one.seconds[0] for one in lines)
            axes.loglog(ends, low * ends / ends[0], ":", color=drawing.GREY)
            for one in lines:
                axes.loglog(one.sizes, one.seconds, "o-", markersize=4, linewidth=1.5)
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.minorticks_off()
            axes.grid(color="0.93")
            axes.set(xlabel="clips, or folds x clips" if name == "run" else "clips", title=TITLES[name])
            name_ends(axes, lines)
        page.axes[0].set_ylabel("CPU seconds")


def name_ends(axes: Axes, lines: list[Cost]) -> None:
    """Write the name of each line next to the axes, at the height of its end, at least a text's height apart."""
    low, high = np.log(axes.get_ylim())
    order = sorted(range(len(lines)), key=lambda i: lines[i].seconds[-1])
    heights = [(np.log(lines[i].seconds[-1]) - low) / (high - low) for i in order]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + 0.055)
    for i, height in zip(order, heights, strict=True):
        colour = axes.lines[i + 1].get_color()  # after the dotted line
        axes.text(1.04, height, lines[i].name, transform=axes.transAxes, va="center", color=colour, fontsize=9)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
