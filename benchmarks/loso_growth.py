"""Growth of the engine's seconds and memory with folds, epochs, clips. Prints each exponent, draws docs/loso.png.

    python benchmarks/loso_growth.py [--out docs/loso.png]

STSTNet on random clips, batch 256, one thread. An exponent of 1 is linear; that of memory in epochs is to be 0. Each
size is timed in a process of its own, since a process never gives back the most memory that it held.
"""

import argparse
import resource
import time
from collections.abc import Mapping
from multiprocessing import get_context

import matplotlib.pyplot as plt
import numpy as np
from loso import BATCH, clips, folds, method

from microexpr.core import arithmetic
from microexpr.training.engine import train

SIZES: Mapping[str, tuple[int, ...]] = {
    "folds": (4, 8, 16, 32, 64),
    "epochs": (2, 4, 8, 16, 32),
    "clips": (2 * BATCH, 4 * BATCH, 8 * BATCH, 16 * BATCH),
}
USUAL = {"folds": 4, "epochs": 4, "clips": 442}


def cost(asked: Mapping[str, int]) -> tuple[float, float]:
    """Seconds, and the most memory that the process held, in MB."""
    data, held_out = clips(asked["clips"]), folds(asked["clips"], 68)[: asked["folds"]]
    list(train(method("ststnet", 1), data, held_out[:1], [0], "sequential", 1))
    start = time.perf_counter()
    list(train(method("ststnet", asked["epochs"]), data, held_out, [0], "sequential", 1))
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def exponent(sizes: tuple[int, ...], values: list[float]) -> float:
    """Slope of the straight line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="docs/loso.png")
    asked = parser.parse_args()
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for axis, (name, sizes) in zip(axes, SIZES.items(), strict=True):
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            seconds, memory = zip(*pool.map(cost, [USUAL | {name: size} for size in sizes], chunksize=1), strict=True)
        time_grows, memory_grows = exponent(sizes, list(seconds)), exponent(sizes, list(memory))
        print(f"{name} {sizes[0]} to {sizes[-1]}: seconds {time_grows:.2f}, memory {memory_grows:.2f}", flush=True)
        axis.loglog(sizes, seconds, "o-", color="tab:blue")
        axis.set(xlabel=name, ylabel="seconds", title=f"seconds grow by {time_grows:.2f}, memory by {memory_grows:.2f}")
        axis.set_xticks(sizes, [str(size) for size in sizes], minor=False)
        axis.minorticks_off()
        other = axis.twinx()
        other.plot(sizes, memory, "s--", color="tab:gray")
        other.set(ylabel="most memory, MB", ylim=(0, 1.2 * max(memory)))
    figure.suptitle("STSTNet, folds in turn, one thread: exponents of the cost")
    figure.savefig(asked.out, dpi=110)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
