"""Time the engine on a GPU: folds in turn and stacked; ICE-GAN at the paper's size; precisions.

    python benchmarks/gpu.py [--minutes 10] [--only plans icegan precision] [--methods ststnet ...]
    python benchmarks/gpu.py --write-docs [JSON]    # the table in benchmarks/README.md

plans      seconds of all folds in turn and stacked (next to a plain loop: loso.py), and how far their scores differ
icegan     seconds a step and peak memory of ICE-GAN at the paper's size, by the number of folds that train at once
precision  seconds of an epoch, and change of the losses, in IEEE float32, torch's default, TF32 and bfloat16

Needs this checkout, and torch, NumPy and pydantic: pip install torch numpy pydantic. Clips are random numbers from a
fixed seed. After each figure the JSON file has all so far; a measurement that fails is noted, and the next one follows;
those for which no time is left are noted. A ratio above 1 is in favour of the stacked plan, or of the coarser products.
Without CUDA everything runs at the small size, which says nothing about a GPU.
"""

import argparse
import gc
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

try:
    import numpy as np
    import pydantic  # noqa: F401  # of the networks' params
    import torch
except ImportError as error:
    sys.exit(f"error: benchmarks/gpu.py must be run where torch, NumPy and pydantic are installed: {error}")

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "studies")]

import pages  # noqa: E402

from microexpr.models import recognisers  # noqa: E402
from microexpr.models.base import CLASSES, ClipTensors, NetworkMethod  # noqa: E402
from microexpr.models.layers.pretrained import initialise_vgg16, vgg16_relu3_3  # noqa: E402
from microexpr.training.engine import FoldIndices, train  # noqa: E402
from microexpr.training.group import FoldRun, Group  # noqa: E402

METHODS = ("ststnet", "off_apexnet", "dual_inception", "icegan")
REPEATS = 3  # most timings of which the median counts
EPOCH_STEPS = 5  # of the parts `icegan` and `precision`
NOT_MEASURED = "**No GPU has been measured yet.**"
# Precision of convolutions and of matrix products. On CUDA torch's default is TF32 for the first, IEEE for the second.
STATES = {
    "float64": ("ieee", "ieee"),
    "float32": ("ieee", "ieee"),
    "default": ("tf32", "ieee"),
    "tf32": ("tf32", "tf32"),
    "bfloat16": ("tf32", "ieee"),
}
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Size:
    """One scale of all measurements. Params that are not named are the methods' defaults, the papers' own."""

    name: str
    clips: int
    folds: int
    some: int  # folds that are timed in turn, compared between the plans, and stacked where precision is measured
    steps: int  # of a training in the part `plans`
    stacks: tuple[int, ...]  # folds of ICE-GAN at the paper's size that train at once
    icegan: Values  # its params
    plans: Mapping[str, Values]  # params of the other parts, by method


REDUCED = {"batch": 16, "spectral_norm": False, "perceptual": "trunk", "lr": 5e-5, "primary": 4}
TINY = {"image_size": 32, "width": 4, "batch": 2, "primary": 4, "adv_size": 16, "exp_size": 8,
        "reconstruction": (8, 16)}  # fmt: skip
SIZES = {
    "paper": Size(
        **{"name": "paper", "clips": 442, "folds": 68, "some": 4, "steps": 50},
        **{"stacks": (1, 2, 4, 8, 17, 34, 68), "icegan": {}},
        plans={"icegan": REDUCED | {"image_size": 64, "width": 8, "adv_size": 32, "reconstruction": (32, 64)}},
    ),
    "small": Size(
        **{"name": "small", "clips": 24, "folds": 3, "some": 2, "steps": 6, "stacks": (1, 2), "icegan": TINY},
        plans={
            **{"ststnet": {"batch": 6}, "off_apexnet": {"batch": 6, "hidden": 32}},
            **{"dual_inception": {"batch": 6, "hidden": 32}, "icegan": REDUCED | TINY | {"batch": 6}},
        },
    ),
}


class Session:
    """One call of the program: its size, device and clock. `results` is what the JSON file holds."""

    def __init__(self, size: Size, device: torch.device, minutes: float, path: Path):
        self.size, self.device, self.path, self.begin = size, device, path, time.perf_counter()
        self.end, self.on_cuda = self.begin + 60 * minutes, device.type == "cuda"
        self.exact: dict[str, tuple[float, np.ndarray]] = {}  # seconds and losses in float32, by method
        self.results: dict[str, Any] = {"machine": machine(device), "size": size.name}
        self.results |= {"skipped": [], "failed": [], "parts": {part: {} for part in PARTS}}
        self.say(str(self.results["machine"]))

    def say(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        print(f"[{time.perf_counter() - self.begin:6.1f} s] {text}", flush=True)

    def keep(self, part: str, what: str, **values: Any) -> None:
        """Print figures, and save all so far."""
        self.results["parts"][part].setdefault(what, {}).update(values)
        self.say(f"{part}, {what}: " + ", ".join(f"{name} {shown(value)}" for name, value in values.items()))
        self.save()

    def note(self, kind: str, text: str) -> None:
        """Print that a measurement was skipped or failed, and save it."""
        self.results[kind].append(text)
        self.say(f"{kind}: {text}")
        self.save()

    def save(self) -> None:
        """Write the results; an existing file is replaced as a whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".part")
        unfinished.write_text(json.dumps(self.results, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(self.path)

    def measure(self, part: str, what: str) -> bool:
        """Measure one thing if time is left; return whether that succeeded."""
        if time.perf_counter() >= self.end:
            self.note("skipped", f"{part}, {what}")
            return False
        failed = ""
        try:
            PARTS[part](self, what)
        except Exception as error:  # whatever fails, what comes after it is still measured
            failed = f"{part}, {what}: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        gc.collect()  # only here, for the traceback kept tensors
        torch.cuda.empty_cache()
        if failed:
            self.note("failed", failed)
        return not failed

    def seconds(self, run: Callable[[], Any]) -> float:
        """Return the median wall-clock time after a first run, which loads kernels."""
        taken: list[float] = []
        while len(taken) < 2 or (len(taken) <= REPEATS and time.perf_counter() + taken[-1] < self.end):
            start = time.perf_counter()
            run()
            if self.on_cuda:
                torch.cuda.synchronize()
            taken.append(time.perf_counter() - start)
        return statistics.median(taken[1:])


def machine(device: torch.device) -> dict[str, Any]:
    """Return the facts of the machine and the commit, as far as git knows it."""
    name = pages.cpu_model()
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        name = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}, {name}"
    try:
        commit = pages.commit()
    except (OSError, subprocess.SubprocessError):
        commit = "unknown"
    versions = {"torch": torch.__version__, "python": platform.python_version()}
    return {"kind": device.type, "name": name, **versions, "date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit}


def compute_in(state: str) -> None:
    """Set a state of `STATES` and the default dtype. Params ask for bfloat16 themselves."""
    torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision = STATES[state]
    torch.set_default_dtype(torch.float64 if state == "float64" else torch.float32)


def network(name: str, values: Values) -> NetworkMethod:
    """Return the method of this name. ICE-GAN's VGG-16 has random weights where the published ones are missing, so that
    time and memory are those of the params."""
    method = recognisers.build(name, dict(values), CLASSES)
    assert isinstance(method, NetworkMethod)
    if name == "icegan" and method.params.perceptual == "vgg16":
        method.load_published_weights()
        if not method.published_weights:
            maps = vgg16_relu3_3()
            initialise_vgg16(maps)
            method.published_weights = maps.state_dict()
    return method


def folds(clips: int, subjects: int) -> list[FoldIndices]:
    """Return leave-one-subject-out folds; each subject has its share of the clips."""
    every = np.arange(clips)
    tests = np.array_split(every, subjects)
    return [FoldIndices(f"s{number:02d}", np.setdiff1d(every, test), test) for number, test in enumerate(tests)]


def clips(method: NetworkMethod, session: Session, counted: int | None = None) -> ClipTensors:
    """Return random flow in -1..1 of the default dtype, or random frames. An epoch has as many steps as it takes to see
    `counted` clips: the engine does not count the others, which are marked as macro-expressions."""
    count, rng, inputs = session.size.clips, np.random.default_rng(0), {}
    for name, shape in method.inputs.items():
        grey = torch.tensor(rng.integers(0, 256, (count, *shape), np.uint8))
        inputs[name] = grey.to(torch.get_default_dtype()) / 128 - 1 if name == "flow" else grey
    number = torch.arange(count)
    targets = {"label": number % CLASSES, "macro": (number >= (counted or count)).long()}
    return ClipTensors(inputs, targets).to(session.device)


def difference(method: NetworkMethod, session: Session) -> float:
    """Return the largest difference between both plans' last scores, as a share of the largest score."""
    data, some = clips(method, session), folds(session.size.clips, session.size.folds)[: session.size.some]
    alone, together = (
        np.concatenate([result.scores[0, -1] for result in train(method, data, some, [0], plan, len(some))])
        for plan in ("sequential", "stacked")
    )
    return float(np.abs(alone - together).max() / np.abs(alone).max())


def plans(session: Session, name: str) -> None:
    """Measure a method in both plans; that which trains fold after fold by the first few folds."""
    size, values = session.size, session.size.plans.get(name, {})
    batch = network(name, values).phases()[-1].batch
    steps = -(-size.clips // batch)
    epochs = -(-size.steps // steps)
    method, every = network(name, {**values, "epochs": epochs}), folds(size.clips, size.folds)
    session.keep("plans", name, folds=len(every), steps=epochs * steps, batch=batch)
    for state in ("float32", "float64"):  # scores are stored in float32 in either
        compute_in(state)
        session.keep("plans", name, **{f"scores_differ_{state}": difference(method, session)})
    compute_in("default")
    data, some = clips(method, session), every[: size.some]
    stacked = session.seconds(lambda: list(train(method, data, every, [0], "stacked", len(every))))
    alone = session.seconds(lambda: list(train(method, data, some, [0], "sequential", 1))) * len(every) / len(some)
    session.keep("plans", name, stacked_seconds=stacked, sequential_seconds=alone, ratio=alone / stacked)


def stacked_group(session: Session, name: str, values: Values, stack: int) -> Group:
    """Return folds of a method that train at once, without test clips: only training steps are timed."""
    size, method = session.size, network(name, values)
    counted = min(size.clips, EPOCH_STEPS * method.phases()[-1].batch)
    runs = [FoldRun(replace(fold, test=fold.test[:0]), 0) for fold in folds(size.clips, size.folds)[:stack]]
    return Group(method, clips(method, session, counted), runs, True)


def icegan(session: Session, what: str) -> None:
    """Measure so many folds of ICE-GAN at the paper's size."""
    compute_in("default")
    if session.on_cuda:
        torch.cuda.reset_peak_memory_stats()
    start, size, stack = time.perf_counter(), session.size, int(what)
    group = stacked_group(session, "icegan", size.icegan, stack)
    built, (phase,) = time.perf_counter() - start, group.method.phases()
    step = session.seconds(group.epoch) / EPOCH_STEPS
    hours = step * -(-size.folds // stack) * phase.epochs * -(-size.clips // phase.batch) / 3600
    memory = torch.cuda.max_memory_allocated() / 2**30 if session.on_cuda else None
    values = {"parameters_of_a_fold": group.trainable_parameters, "building_seconds": built, "step_seconds": step}
    session.keep("icegan", what, **values, peak_memory_GiB=memory, all_folds_hours=hours)


def precision(session: Session, what: str) -> None:
    """Measure an epoch of one method in one state, against float32."""
    name, _, state = what.partition(" ")
    compute_in(state)
    values = session.size.icegan if name == "icegan" else session.size.plans.get(name, {})
    values = {**values, "precision": "bfloat16" if state == "bfloat16" else "float32"}
    group = stacked_group(session, name, values, session.size.some if name == "icegan" else session.size.folds)
    seconds = session.seconds(group.epoch)
    losses = np.stack([epoch.mean(0).numpy() for epoch in group.losses[:2]])
    session.keep("precision", what, epoch_seconds=seconds)
    if state == "float32":
        session.exact[name] = (seconds, losses)
    if name in session.exact:
        exact, expected = session.exact[name]
        gap = float((np.abs(losses - expected) / np.abs(expected)).max())
        session.keep("precision", what, ratio_to_float32=exact / seconds, losses_differ=gap)


PARTS: dict[str, Callable[[Session, str], None]] = {"plans": plans, "icegan": icegan, "precision": precision}


def measure(options: argparse.Namespace) -> None:
    """Run the requested measurements."""
    on_cuda = torch.cuda.is_available()
    if not on_cuda:
        print("no CUDA device: everything runs on the CPU, at the small size, which says nothing about a GPU")
    size = SIZES["paper" if on_cuda else "small"]
    session = Session(size, torch.device("cuda" if on_cuda else "cpu"), options.minutes, options.out)
    states = [*STATES][1:] if on_cuda else ["float32", "bfloat16"]
    items = {"plans": options.methods, "icegan": [str(stack) for stack in size.stacks]}
    items["precision"] = [f"{name} {state}" for name in ("icegan", "off_apexnet") for state in states]
    for part in options.only:
        for what in items[part]:
            if not session.measure(part, what) and part == "icegan":
                break  # more folds need more memory
    session.save()
    session.say(f"{options.out}: {len(session.results['skipped'])} skipped, {len(session.results['failed'])} failed")


def block(results: Mapping[str, Any]) -> str:
    """Return a results file as Markdown: the machine, a table for each part, and the missing parts."""
    facts = results["machine"]
    texts = [] if facts["kind"] == "cuda" else [NOT_MEASURED]
    about = "{name}; torch {torch}, Python {python}. Run of {date}, commit {commit}"
    texts.append(f"{about.format(**facts)}, size `{results['size']}`.")
    for part, rows in results["parts"].items():
        columns = list(dict.fromkeys(name for row in rows.values() for name in row))
        lines = [[part, *(name.replace("_", " ") for name in columns)], ["---"] * (len(columns) + 1)]
        lines += [[f"`{what}`", *(shown(row.get(name)) for name in columns)] for what, row in rows.items()]
        texts.append("\n".join(f"| {' | '.join(line)} |" for line in lines) * bool(rows))
    texts.append("\n".join(f"- {kind}: {what}" for kind in ("skipped", "failed") for what in results[kind]))
    return "\n\n".join(text for text in texts if text)


def shown(value: Any) -> str:
    """Return a figure as text, "-" for none."""
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="after which nothing more is started (10)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to measure")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS, help="of the part `plans`")
    parser.add_argument("--out", type=Path, default=ROOT / "work/gpu.json", help="results (work/gpu.json)")
    parser.add_argument("--write-docs", nargs="?", type=Path, const=True, metavar="JSON", help="the table (--out)")
    options = parser.parse_args()
    if not options.write_docs:
        return measure(options)
    path = options.out if options.write_docs is True else options.write_docs
    pages.write("benchmarks/README.md", "gpu", block(json.loads(path.read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
