"""All folds of a leave-one-subject-out run: the engine against a plain training loop. Prints a table of milliseconds.

    python benchmarks/loso.py [--methods ststnet ...] [--subjects 68] [--clips 442] [--epochs 1] [--cores 2]
        [--rounds 3] [--write-docs]     # into benchmarks/README.md

Both sides train the same network, at the same batch, for the same epochs, on the same random clips, and score the
held-out ones after each epoch. The plain loop is what public scripts have: one process, torch as installed, and for
each fold a TensorDataset, a DataLoader and Adam; it is timed with a thread for each core and with one thread. The
engine has one process on one thread for each core, each with a shard of the folds, as the pipeline's jobs have them,
with the arithmetic that gives the same digits on every CPU; where there is a GPU, one process with all folds. Sides
take turns, `--rounds` times, each in a new process; a figure is the fastest of them, and `spread` is by how much the
slowest took longer. Starting processes and the first fold's warm-up are timed on no side.

The last batch of the plain loop is smaller, that of the engine is full: of 442 clips it makes 512 where the plain loop
makes 436, at two steps in either.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from microexpr.core import arithmetic
from microexpr.models.base import FLOW_SIZE, ClipTensors
from microexpr.models.classifier import normalise_flow
from microexpr.models.layers.portable import Linear
from microexpr.models.recognisers import find
from microexpr.models.recognisers.ststnet import KERNELS
from microexpr.training.engine import FoldIndices, train

sys.path.append(str(Path(__file__).parents[1] / "studies"))
import pages
from gpu import folds

METHODS = ("ststnet", "off_apexnet", "dual_inception")
BATCH = 256
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
PAGE, MARK = "benchmarks/README.md", "loso"


def clips(count: int) -> ClipTensors:
    rng = np.random.default_rng(0)
    flow = torch.tensor(rng.normal(size=(count, 3, FLOW_SIZE, FLOW_SIZE)), dtype=torch.float32)
    return ClipTensors({"flow": flow}, {"label": torch.tensor(rng.integers(0, 3, count))})


def method(name: str, epochs: int) -> Any:
    kind = find(name)
    return kind(kind.Params.model_validate({"epochs": epochs, "batch": BATCH}))


class Streams(nn.Module):
    """STSTNet as public scripts have it: one convolution for each stream."""

    def __init__(self, dropped: float, classes: int):
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(nn.Conv2d(3, k, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(k), nn.MaxPool2d(3, 3, 1))
            for k in KERNELS
        )
        self.dropout, self.classify = nn.Dropout(dropped), nn.Linear(sum(KERNELS) * 25, classes)

    def forward(self, flow: torch.Tensor, rng: Any = None) -> torch.Tensor:
        x = self.dropout(torch.cat([stream(flow) for stream in self.streams], 1))
        return self.classify(F.avg_pool2d(x, 2).flatten(1))


class TorchRandom:
    """torch's own random numbers in place of the engine's."""

    def uniform(self, *shape: int) -> torch.Tensor:
        return torch.rand(shape, device=DEVICE)


def plain_network(name: str, statistics: Any) -> nn.Module:
    """Return a method's network as a public script would write it, of torch's own layers."""
    used = method(name, 1)
    if name == "ststnet":
        return Streams(used.params.dropout, used.classes)
    network: nn.Module = used.build(statistics)["network"]
    for layer in network.modules():
        if isinstance(layer, Linear):
            layer.__class__ = nn.Linear
    return network


def textbook(name: str, data: ClipTensors, folds: Sequence[FoldIndices], epochs: int) -> float:
    """Return the seconds that the plain loop takes."""
    used, start = method(name, epochs), time.perf_counter()
    for fold in folds:
        train_clips = data[torch.from_numpy(fold.train)]
        statistics = used.statistics(train_clips)
        network, weights = plain_network(name, statistics).to(DEVICE), statistics["class_weights"].to(DEVICE)
        optimiser = torch.optim.Adam(network.parameters(), lr=used.params.lr)
        loaders = []
        for part in (train_clips, data[torch.from_numpy(fold.test)]):
            part_data = TensorDataset(normalise_flow(part.inputs["flow"], statistics), part.targets["label"])
            loaders.append(DataLoader(part_data, BATCH, part is train_clips))
        training, testing = loaders
        for _ in range(epochs):
            network.train()
            for flow, label in training:
                optimiser.zero_grad()
                loss = F.cross_entropy(network(flow.to(DEVICE), TorchRandom()), label.to(DEVICE), weights)
                loss.backward()
                optimiser.step()
            network.eval()
            with torch.no_grad():
                for flow, _ in testing:
                    network(flow.to(DEVICE)).argmax(1).tolist()
    return time.perf_counter() - start


def shard(name: str, options: argparse.Namespace, part: tuple[int, int], gate: Any, times: Any) -> None:
    """Train every `part[1]`th fold, once all processes are warm and at the gate; put the seconds into `times`."""
    data, part_folds = clips(options.clips), folds(options.clips, options.subjects)[part[0] :: part[1]]
    list(train(method(name, 1), data, part_folds[:1], [0], "auto", 1))
    gate.wait()
    start = time.perf_counter()
    list(train(method(name, options.epochs), data, part_folds, [0], "auto", len(part_folds)))
    times.put(time.perf_counter() - start)


def engine(name: str, options: argparse.Namespace) -> float:
    """Return the seconds until the last of the processes is done."""
    context, cores = get_context("spawn"), 1 if torch.cuda.is_available() else options.cores
    gate, times = context.Barrier(cores), context.Queue()
    parts = [(number, cores) for number in range(cores)]
    workers = [context.Process(target=shard, args=(name, options, part, gate, times)) for part in parts]
    for worker in workers:
        worker.start()
    seconds = max(times.get() for _ in workers)
    for worker in workers:
        worker.join()
    return seconds


def plain(name: str, options: argparse.Namespace, threads: int) -> float:
    """Return the seconds of the plain loop, in a new process with torch as it is without this project's settings."""
    environment = {key: value for key, value in os.environ.items() if key not in arithmetic.settings()}
    sizes = [f"--{key}={getattr(options, key)}" for key in ("subjects", "clips", "epochs")]
    command = [sys.executable, __file__, "--plain", name, str(threads), *sizes]
    process = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(process.stdout)


def run_plain(name: str, threads: int, options: argparse.Namespace) -> None:
    """Print the seconds of the plain loop in this process, after a fold to warm up."""
    torch.set_num_threads(threads)
    data, all_folds = clips(options.clips), folds(options.clips, options.subjects)
    textbook(name, data, all_folds[:1], 1)
    print(textbook(name, data, all_folds, options.epochs))


def cells(name: str, options: argparse.Namespace) -> list[str]:
    """Return one method's cells of the table: milliseconds for one fold's epoch, and their ratios."""
    turns = range(options.rounds)
    rounds = [(plain(name, options, options.cores), plain(name, options, 1), engine(name, options)) for _ in turns]
    sides = [*zip(*rounds, strict=True)]
    times = [min(side) * 1000 / options.subjects / options.epochs for side in sides]  # the engine's is the last
    spread = max(max(side) / min(side) - 1 for side in sides)
    return [*(f"{ms:.1f}" for ms in times), *(f"{ms / times[-1]:.2f}" for ms in times[:-1]), f"{spread:.0%}"]


def main() -> None:
    parser = pages.parser(__doc__, PAGE, cores=2)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--subjects", type=int, default=68)
    parser.add_argument("--clips", type=int, default=442)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", nargs=2, help=argparse.SUPPRESS)  # the plain loop's own process: method, threads
    options = parser.parse_args()
    if options.plain:
        run_plain(options.plain[0], int(options.plain[1]), options)
        return
    arithmetic.restart_pinned()
    threads = f"{options.cores} threads"
    columns = ("", f"plain loop, {threads}", "1 thread", "engine", f"ratio to {threads}", "to 1 thread", "spread")
    table = pages.Table(*columns)
    for name in options.methods:
        table.add(f"`{name}`", *cells(name, options))
    data = f"{options.subjects} folds, {options.clips} clips, batch {BATCH}"
    about = f"{data}, {options.epochs} epochs, {options.rounds} rounds.\n"
    table.publish(PAGE, MARK, about, options.write_docs)


if __name__ == "__main__":
    main()
