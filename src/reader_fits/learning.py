"""Layers of the networks that read faces, and their training by AdamW, which can resume.

Out of scope: data.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from microexpr.core import store

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # gets the updates done, and their number

EVERY = 500  # updates between two checkpoints, and two lines of the log


def convolution(before: int, after: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return a convolution with batch normalisation and a rectifier."""
    layer = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(after), nn.ReLU())


class Residual(nn.Module):
    """Two convolutions of 3 x 3 and their shortcut (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.first = convolution(before, after, 3, stride)
        self.second = nn.Sequential(nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
        same = before == after and stride == 1
        self.past = nn.Identity() if same else nn.Conv2d(before, after, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Return [B, after, H / stride, W / stride] of [B, before, H, W]."""
        return torch.relu(self.past(x) + self.second(self.first(x)))


@dataclass(frozen=True, slots=True)
class Schedule:
    """The updates of a training: the learning rate rises linearly, then falls to a hundredth as a cosine does."""

    steps: int
    rate: float
    decay: float  # of weights
    rise: int = 200  # updates until the full learning rate
    largest_gradient: float = 5.0

    def rate_at(self, step: int) -> float:
        """Return the learning rate of an update."""
        return self.rate * min(1, (step + 1) / self.rise) * (0.505 + 0.495 * float(np.cos(np.pi * step / self.steps)))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of an interrupted training, in a file that no training of another identity reads."""

    path: Path
    identity: str  # of all that the training follows from: code, data, version of torch

    @classmethod
    def of(cls, path: str | Path, code: str, files: Iterable[str | Path]) -> "Checkpoint":
        """Return the checkpoint of a training by code of this digest on these files."""
        identity = hashlib.sha256(f"{code} torch {torch.__version__}".encode())
        for file in files:
            identity.update(Path(file).read_bytes())
        return cls(Path(path), identity.hexdigest())

    def write(self, network: nn.Module, adam: torch.optim.Optimizer, step: int) -> None:
        """Write weights, Adam's moments, and the number of updates done."""
        tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
        for i, values in adam.state_dict()["state"].items():
            tensors |= {f"adam/{i}/{name}": value for name, value in values.items()}
        arrays = {name: value.numpy() for name, value in tensors.items()}
        store.write_tensors(self.path, arrays, [], step=str(step), identity=self.identity)

    def restore(self, network: nn.Module, adam: torch.optim.Optimizer) -> int:
        """Take over the state, if there is one; return the number of updates that it has done."""
        if not self.path.exists():
            return 0
        arrays, metadata = store.read_tensors(self.path)
        if metadata["identity"] != self.identity:
            return 0
        states: dict[int, dict[str, Tensor]] = {}
        for name in (name for name in arrays if name.startswith("adam/")):
            _, i, key = name.split("/")
            states.setdefault(int(i), {})[key] = torch.tensor(arrays[name])
        weights = {name.removeprefix("network/"): torch.tensor(a) for name, a in arrays.items() if "network/" in name}
        network.load_state_dict(weights)
        adam.load_state_dict({"state": states, "param_groups": adam.state_dict()["param_groups"]})
        logger.warning("resumes from %s", self.path)
        return int(metadata["step"])


@dataclass(frozen=True, slots=True)
class Execution:
    """How a training is executed: where its state is kept, who is told of its progress, how far it goes."""

    checkpoint: Checkpoint | None = None
    progress: Progress | None = None
    steps: int | None = None  # None: those of the schedule


def train(
    network: nn.Module, losses: Callable[[int], Mapping[str, Tensor]], schedule: Schedule, execution: Execution
) -> None:
    """Train a network in place. `losses` returns the parts of an update's loss by name, from its number alone."""
    checkpoint, progress = execution.checkpoint, execution.progress
    schedule = replace(schedule, steps=execution.steps or schedule.steps)
    adam = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    recent: list[list[float]] = []
    for step in range(checkpoint.restore(network, adam) if checkpoint else 0, schedule.steps):
        for group in adam.param_groups:
            group["lr"] = schedule.rate_at(step)
        parts = losses(step)
        adam.zero_grad()
        torch.stack([*parts.values()]).sum().backward()
        nn.utils.clip_grad_norm_(network.parameters(), schedule.largest_gradient)
        adam.step()
        recent.append([float(part.detach()) for part in parts.values()])
        if progress:
            progress(step + 1, schedule.steps)
        if (step + 1) % EVERY == 0:
            means = " ".join(f"{name} {value:.4f}" for name, value in zip(parts, np.mean(recent, axis=0), strict=True))
            logger.info("update %d of %d: %s", step + 1, schedule.steps, means)
            recent.clear()
            if checkpoint:
                checkpoint.write(network, adam, step + 1)
