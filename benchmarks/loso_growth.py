"""Growth of the engine's CPU seconds and memory with folds, epochs, clips. Prints each exponent, draws docs/loso.png.

    python benchmarks/loso_growth.py [--out docs/loso.png]

STSTNet on random clips, batch 256, one thread. An exponent of 1 is linear; that of memory in epochs is to be 0. Each
size is timed in a process of its own, since a process never gives back the most memory that it held.
"""

import argparse
import resource
import time
from collections.abc import Mapping
from multiprocessing import get_context

import numpy as np
from loso import BATCH, clips, folds, method
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from microexpr.core import arithmetic
from microexpr.reporting.plots import drawing
from microexpr.training.engine import train

SIZES: Mapping[str, tuple[int, ...]] = {
    "folds": (4, 8, 16, 32, 64),
    "epochs": (2, 4, 8, 16, 32),
    "clips": (2 * BATCH, 4 * BATCH, 8 * BATCH, 16 * BATCH),
}
USUAL = {"folds": 4, "epochs": 4, "clips": 442}


def cost(asked: Mapping[str, int]) -> tuple[float, float]:
    """CPU seconds, and the most memory that the process held, in MB."""
    data, held_out = clips(asked["clips"]), folds(asked["clips"], 68)[: asked["folds"]]
    list(train(method("ststnet", 1), data, held_out[:1], [0], "sequential", 1))
    start = time.process_time()
    list(train(method("ststnet", asked["epochs"]), data, held_out, [0], "sequential", 1))
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def exponent(sizes: tuple[int, ...], values: list[float]) -> float:
    """Slope of the straight line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="docs/loso.png")
    out = parser.parse_args().out
    with drawing.save_page(out, 3.6) as page:
        drawing.add_heading(page, "STSTNet, folds in turn, one thread: seconds and memory by size", False)
        grid = {"left": 0.06, "right": 0.93, "top": 0.78, "bottom": 0.15, "wspace": 0.25}
        for axes, (name, sizes) in zip(page.subplots(1, 3, gridspec_kw=grid), SIZES.items(), strict=True):
            with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
                costs = pool.map(cost, [USUAL | {name: size} for size in sizes], chunksize=1)
            seconds, memory = ([*values] for values in zip(*costs, strict=True))
            print(f"{name} {sizes[0]} to {sizes[-1]}: {growth(sizes, seconds)} and {growth(sizes, memory)}", flush=True)
            draw(axes, name, sizes, seconds, memory)
        page.axes[0].set_ylabel("CPU seconds", color=drawing.BLUE)
        page.axes[-1].set_ylabel("MB, dashed", color=drawing.GREY)


def growth(sizes: tuple[int, ...], values: list[float]) -> str:
    return f"exponent {exponent(sizes, values):.2f}"


def draw(axes: Axes, name: str, sizes: tuple[int, ...], seconds: list[float], memory: list[float]) -> None:
    """Plot seconds, and on a second axis memory; the title has both exponents."""
    axes.loglog(sizes, seconds, "o-", color=drawing.BLUE)
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.grid(color="0.93")
    axes.set(xlabel=name, title=f"exponents {exponent(sizes, seconds):.2f} and {exponent(sizes, memory):.2f}")
    other = axes.twinx()
    other.plot(sizes, memory, "s--", color=drawing.GREY, markersize=4)
    other.set_ylim(0, 1.2 * max(memory))
    other.set_yticks([0, 200, 400, 600])


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
