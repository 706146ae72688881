"""Folds in turn against folds stacked, on this machine: times both plans in one run and prints `ratio=`.

    python benchmarks/plans.py [method] [folds] [epochs]

The clips are noise of the method's shapes: what is timed does not depend on them. Above 1, stacked is faster. Both
plans' last scores must be the same method's: the largest difference is printed beside the ratio.
"""

import sys
import time

import numpy as np
import torch

from microexpr.core import arithmetic
from microexpr.models.base import CLASSES, ClipTensors, NetworkMethod
from microexpr.models.recognisers import find
from microexpr.training.engine import FoldIndices, FoldResult, Plan, train

COUNT = 96  # clips, as in the embedded preset
EMBEDDED = {
    "ststnet": {"batch": 16, "lr": 5e-4},
    "icegan": {
        **{"image_size": 64, "width": 8, "batch": 16, "spectral_norm": False, "perceptual": "trunk"},
        **{"primary": 4, "adv_size": 32, "reconstruction": (32, 64)},
    },
}


def clips(method: NetworkMethod) -> ClipTensors:
    rng = np.random.default_rng(0)
    inputs = {}
    for name, shape in method.inputs.items():
        size = (COUNT, *shape)
        noise = rng.normal(size=size) if name == "flow" else rng.integers(0, 256, size)
        inputs[name] = torch.tensor(noise, dtype=torch.float32 if name == "flow" else torch.uint8)
    return ClipTensors(inputs, {"label": torch.arange(COUNT) % CLASSES})


def timed(
    method: NetworkMethod, data: ClipTensors, folds: list[FoldIndices], plan: Plan
) -> tuple[float, list[FoldResult]]:
    """Wall seconds, and the results."""
    list(train(method, data, folds[:1], [0], plan, 1))  # warm: first calls load kernels
    start = time.perf_counter()
    results = list(train(method, data, folds, [0], plan, len(folds)))
    return time.perf_counter() - start, results


def main(name: str = "ststnet", count: str = "12", epochs: str = "3") -> None:
    kind = find(name)
    method = kind(kind.Params(**EMBEDDED.get(name, {}), epochs=int(epochs)))
    if not isinstance(method, NetworkMethod):
        raise SystemExit(f"method must be a network, not {name}")
    tests = np.array_split(np.arange(COUNT), int(count))
    folds = [FoldIndices(f"s{i}", np.setdiff1d(np.arange(COUNT), test), test) for i, test in enumerate(tests)]
    data = clips(method)
    sequential_s, sequential = timed(method, data, folds, "sequential")
    stacked_s, stacked = timed(method, data, folds, "stacked")
    difference = max(
        float(np.abs(a.scores[:, -1] - b.scores[:, -1]).max()) for a, b in zip(sequential, stacked, strict=True)
    )
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu, 1 thread"
    run = f"{name}, {count} folds, {epochs} epochs, {device}"
    print(f"{run}: sequential {sequential_s:.2f} s, stacked {stacked_s:.2f} s")
    print(f"largest difference of a score {difference:.1e}")
    print(f"ratio={sequential_s / stacked_s:.3f}")


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main(*sys.argv[1:])
