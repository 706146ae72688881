"""All folds of a leave-one-subject-out run: the engine against a plain training loop. Prints `<method> ... ratio=`.

    python benchmarks/loso.py [--methods ststnet ...] [--subjects 68] [--clips 442] [--epochs 3] [--cores 2]

Both sides train the same network, at the same batch, for the same epochs, on the same random clips, and score the
held-out ones after each epoch. The plain loop is what public scripts have: one process with torch's own threads, and
for each fold a TensorDataset, a DataLoader and Adam. The engine has one process on one thread for each core, each with
a shard of the folds, as the pipeline's jobs have them; where there is a GPU, one process with all folds. Starting
processes and the first fold's warm-up are timed on neither side. Above 1, the engine is faster.

The last batch of the plain loop is smaller, that of the engine is full: of 442 clips it makes 512 where the plain loop
makes 436, at two steps in either.
"""

import argparse
import time
from collections.abc import Sequence
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from microexpr.core import arithmetic
from microexpr.models.base import ClipTensors
from microexpr.models.flow_network import FLOW_SIZE, normalise_flow
from microexpr.models.recognisers import find
from microexpr.models.recognisers.ststnet import KERNELS
from microexpr.training.engine import FoldIndices, train

METHODS = ("ststnet", "off_apexnet", "dual_inception")
BATCH = 256
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def clips(count: int) -> ClipTensors:
    rng = np.random.default_rng(0)
    flow = torch.tensor(rng.normal(size=(count, 3, FLOW_SIZE, FLOW_SIZE)), dtype=torch.float32)
    return ClipTensors({"flow": flow}, {"label": torch.tensor(rng.integers(0, 3, count))})


def folds(clips: int, subjects: int) -> list[FoldIndices]:
    tests = np.array_split(np.arange(clips), subjects)
    return [FoldIndices(f"s{number}", np.setdiff1d(np.arange(clips), test), test) for number, test in enumerate(tests)]


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
    """torch's own random numbers, for the dropout of the plain loop."""

    def uniform(self, *shape: int) -> torch.Tensor:
        return torch.rand(shape, device=DEVICE)


def textbook(name: str, data: ClipTensors, folds: Sequence[FoldIndices], epochs: int) -> float:
    """Seconds that the plain loop takes."""
    used, start = method(name, epochs), time.perf_counter()
    for fold in folds:
        train_clips = data[torch.from_numpy(fold.train)]
        statistics = used.statistics(train_clips)
        classes, dropped = used.classes, used.params.dropout
        network = Streams(dropped, classes) if name == "ststnet" else used.build(statistics)["network"]
        network, weights = network.to(DEVICE), statistics["class_weights"].to(DEVICE)
        optimiser = torch.optim.Adam(network.parameters(), lr=used.params.lr)
        training, testing = (
            DataLoader(
                TensorDataset(normalise_flow(part.inputs["flow"], statistics), part.targets["label"]),
                BATCH,
                part is train_clips,
            )
            for part in (train_clips, data[torch.from_numpy(fold.test)])
        )
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


def shard(name: str, count: int, subjects: int, epochs: int, part: tuple[int, int], gate: Any, times: Any) -> None:
    """One process: every `part[1]`th fold; waits at the gate until all are warm, then puts its seconds into `times`."""
    data, part_folds = clips(count), folds(count, subjects)[part[0] :: part[1]]
    list(train(method(name, 1), data, part_folds[:1], [0], "auto", 1))
    gate.wait()
    start = time.perf_counter()
    list(train(method(name, epochs), data, part_folds, [0], "auto", len(part_folds)))
    times.put(time.perf_counter() - start)


def engine(name: str, count: int, subjects: int, epochs: int, cores: int) -> float:
    """Seconds until the last of the processes is done."""
    context = get_context("spawn")
    gate, times = context.Barrier(cores), context.Queue()
    rest = (gate, times)
    workers = [
        context.Process(target=shard, args=(name, count, subjects, epochs, (number, cores), *rest))
        for number in range(cores)
    ]
    for worker in workers:
        worker.start()
    seconds = max(times.get() for _ in workers)
    for worker in workers:
        worker.join()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--subjects", type=int, default=68)
    parser.add_argument("--clips", type=int, default=442)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    asked = parser.parse_args()
    data = clips(asked.clips)
    for name in asked.methods:
        textbook(name, data, folds(asked.clips, asked.subjects)[:1], 1)
        plain = textbook(name, data, folds(asked.clips, asked.subjects), asked.epochs)
        ours = engine(name, asked.clips, asked.subjects, asked.epochs, 1 if torch.cuda.is_available() else asked.cores)
        each = asked.subjects * asked.epochs
        print(
            f"{name} {asked.subjects} folds, {asked.clips} clips, {asked.epochs} epochs, batch {BATCH}: a plain loop "
            f"{plain:.1f} s, the engine {ours:.1f} s ({1000 * plain / each:.1f} and {1000 * ours / each:.1f} ms for a "
            f"fold's epoch) ratio={plain / ours:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
