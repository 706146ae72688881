"""Everything worth knowing about a GPU in one command: plans, textbook loop, ICE-GAN at the papers' size, precision.

    python benchmarks/gpu.py [--minutes 10] [--only plans icegan ...] [--small] [--out benchmarks/gpu.json]
    python benchmarks/gpu.py --write-docs [JSON ...]    # the table in docs/engine.md

plans      the stacked plan against the sequential one: agreement of the scores, seconds, ratio=
textbook   the stacked plan against a plain PyTorch loop over the folds: seconds, ratio=
icegan     ICE-GAN as the preset `paper` has it: folds that fit into memory, steps a second, losses, lengths of capsules
precision  IEEE float32 against torch's default, TF32 and bfloat16: seconds, ratio=, difference of the losses
profile    where the time of a stacked step goes

Needs this checkout, torch and NumPy alone. Clips are random numbers from a fixed seed. A part takes its share of the
minutes; what no time is left for is skipped, and said so. After each measurement the JSON file has all so far. Above 1,
a ratio is in favour of the stacked plan, or of the coarser products. Without CUDA everything runs at a small size.
"""

import argparse
import json
import sys
import time
from pathlib import Path

BEGIN = time.perf_counter()
try:
    import numpy  # noqa: F401
    import torch
except ImportError as error:
    sys.exit(f"error: benchmarks/gpu.py must be run where torch and NumPy are installed: {error}")

ROOT = Path(__file__).resolve().parents[1]
SHARES = {"plans": 0.25, "textbook": 0.12, "icegan": 0.35, "precision": 0.2, "profile": 0.08}  # of the time
MEASURED, TRIED = ROOT / "benchmarks/gpu.json", ROOT / "benchmarks/gpu_small_cpu.json"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="time budget (10)")
    parser.add_argument("--only", nargs="+", choices=SHARES, default=list(SHARES), help="parts to measure")
    parser.add_argument("--small", action="store_true", help="the small size, as without CUDA")
    parser.add_argument("--out", type=Path, help=f"{MEASURED.name}; without CUDA {TRIED.name}")
    parser.add_argument("--commit", help="of this checkout, where git cannot say it")
    parser.add_argument("--write-docs", nargs="*", type=Path, metavar="JSON", help="write the table of these files")
    return parser.parse_args()


def measure(asked: argparse.Namespace, stand_in: bool) -> None:
    """Measure all parts that were asked for, each within its share of what time is left."""
    from gpu_parts import icegan, machine, plans, profiling, rounding
    from gpu_parts.session import Session
    from gpu_parts.sizes import SIZES

    on_cuda = torch.cuda.is_available()
    device = torch.device("cuda" if on_cuda else "cpu")
    small = asked.small or not on_cuda
    if not on_cuda:
        print("no CUDA device: all parts run on the CPU, at a small size, which says nothing about a GPU", flush=True)
    path = asked.out or (MEASURED if on_cuda else TRIED)
    session = Session(SIZES["small" if small else "paper"], device, BEGIN, asked.minutes, path)
    session.results["machine"] = machine.facts(device, asked.commit, stand_in)
    for name, value in session.results["machine"].items():
        session.say(f"{name}: {value}")
    session.save()
    parts = {
        "plans": lambda: plans.measure(session, "plans"),
        "textbook": lambda: plans.measure(session, "textbook"),
        "icegan": lambda: icegan.measure(session),
        "precision": lambda: rounding.measure(session),
        "profile": lambda: profiling.measure(session),
    }
    waiting = [part for part in SHARES if part in asked.only]
    while waiting:
        part = waiting.pop(0)
        share = SHARES[part] / (SHARES[part] + sum(SHARES[name] for name in waiting))
        session.deadline = time.perf_counter() + share * (session.end - time.perf_counter())
        session.say(f"--- {part}: {max(session.left(), 0):.0f} s")
        with session.measurement(part, "all"):
            parts[part]()
    session.save()
    failed = len(session.results.get("errors", []))
    session.say(f"{session.path}: {len(session.results['skipped'])} skipped, {failed} failed")


def main() -> None:
    asked = arguments()
    sys.path[:0] = [str(ROOT / "src")]
    from gpu_parts import pydantic_stand_in

    stand_in = pydantic_stand_in.install()
    if asked.write_docs is None:
        return measure(asked, stand_in)
    sys.path.append(str(ROOT / "studies"))
    import pages
    from gpu_parts import table

    paths = asked.write_docs or [path for path in (MEASURED, TRIED) if path.exists()]
    results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    pages.write("docs/engine.md", "gpu", table.block(results))


if __name__ == "__main__":
    main()
