"""This project next to the programs that researchers run today, on the same clips, in one run and one table.

    python benchmarks/peers.py --ststnet DIR --meb DIR --htnet DIR [--python PATH] [--run FOLDER] [--write-docs]

Each DIR is your own clone: github.com/christy1206/STSTNet, tvaranka/meb, wangzhifengharrison/HTNet. One that is not
given is left out. `--python` is a Python that has torch and what these need: torchsummary, scikit-learn, OpenCV,
matplotlib, pandas, tqdm; einops, facenet-pytorch and torchvision for HTNet; pytorchvideo for meb, if it loads.

The flow of a finished run (`--run`: its results/flow and results/index, for HTNet also results/faces and results/apex)
is written in the layout that each program reads. Then its own training runs in a process of its own, and after it our
engine, on the same folds for the same epochs. Signals follow: TV-L1, landmarks and action units next to scikit-image,
`face_recognition`, py-feat and OpenFace (`--openface PATH/FeatureExtraction`), of which the last two are left out where
they are not installed. `--only signals` and `--only training` measure one part.

All results are in `--out`, a JSON file, after each row. `--write-docs` writes the table into benchmarks/README.md;
`--write-docs JSON` writes that of an earlier run and measures nothing.
"""

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from gpu_parts import machine
from peers_parts import layout, programs, table

from microexpr.core import arithmetic
from microexpr.core.errors import MicroexprError

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "studies"))
import pages  # noqa: E402

PROGRAMS = programs.PROGRAMS


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, file in programs.CLONES.items():
        parser.add_argument(f"--{name}", type=Path, metavar="DIR", help=f"clone that has {file}")
    parser.add_argument("--python", default=sys.executable, help="Python of the authors' programs (this one)")
    parser.add_argument("--run", type=Path, default=Path(), metavar="FOLDER", help="finished run (.)")
    for name, text in (("epochs", "epochs"), ("folds", "held-out subjects, 0 for all")):
        standard = " ".join(f"{key}={getattr(program, name)}" for key, program in PROGRAMS.items())
        help_text = f"{text} of single programs, for both sides ({standard})"
        parser.add_argument(f"--{name}", nargs="+", type=number, default=[], metavar="NAME=NUMBER", help=help_text)
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="threads of every program (all cores)")
    parser.add_argument("--rounds", type=int, default=3, help="of each signal; the best one counts (3)")
    parser.add_argument("--openface", metavar="PATH", help="OpenFace's FeatureExtraction, if not on PATH")
    parser.add_argument("--only", choices=("training", "signals"), help="measure one part")
    parser.add_argument("--out", type=Path, default=ROOT / "work/peers.json", help="results (work/peers.json)")
    parser.add_argument("--write-docs", nargs="?", type=Path, const=True, metavar="JSON", help="write the table")
    return parser.parse_args(words)


def number(text: str) -> tuple[str, int]:
    """Return the name of a program and a number, from NAME=NUMBER."""
    name, _, value = text.partition("=")
    if name not in PROGRAMS or not value.isdigit():
        raise argparse.ArgumentTypeError(f"must be NAME=NUMBER with a NAME of {', '.join(PROGRAMS)}, not {text!r}")
    return name, int(value)


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """Measure all that was asked for; save and print each row."""
    run = layout.read_run(asked.run, 0)
    results: dict[str, Any] = {
        "machine": machine.facts(torch.device("cpu"), None, False),
        "cores": asked.cores,
        "load": os.getloadavg()[0],  # processes that other programs had running in the minute before
        "clips": len(run.clips),
        "origin": "licensed" if run.origin == "licensed" else "rendered",
        **{name: [] for name in ("trained", "signals", "stand_ins", "left_out")},
    }
    if asked.only != "training":
        from peers_parts import signals

        for row in signals.rows(asked.rounds, asked.run, asked.openface):
            results["signals"].append(dataclasses.asdict(row))
            save(asked.out, results)
            print(row, flush=True)
    if asked.only != "signals":
        train(asked, results)
    return results


def train(asked: argparse.Namespace, results: dict[str, Any]) -> None:
    """Train every program that has a clone, and our engine after it."""
    epochs, folds = dict(asked.epochs), dict(asked.folds)
    for name, program in PROGRAMS.items():
        clone = getattr(asked, program.clone)
        if clone is None:
            text = f"{program.title}, {program.network}: `--{program.clone} DIR` was not given"
            results["left_out"].append(text)
            print(f"left out: {text}", flush=True)
            continue
        counts = (epochs.get(name, program.epochs), folds.get(name, program.folds), asked.cores)
        with TemporaryDirectory(prefix="microexpr-peers-") as work:
            for row, replaced in programs.train(name, clone.resolve(), asked.run, *counts, asked.python, Path(work)):
                results["trained"].append(dataclasses.asdict(row))
                results["stand_ins"] += [text for text in replaced if text not in results["stand_ins"]]
                save(asked.out, results)
                print(row, flush=True)


def save(path: Path, results: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1), encoding="utf-8")


def write(results: dict[str, Any]) -> None:
    """Write the table of these results into benchmarks/README.md."""
    pages.write("benchmarks/README.md", "peers", table.block(results))


def main() -> None:
    asked = arguments()
    if isinstance(asked.write_docs, Path):
        return write(json.loads(asked.write_docs.read_text(encoding="utf-8")))
    try:
        for name in programs.CLONES:
            if (folder := getattr(asked, name)) is not None:
                programs.check_clone(name, folder)
        results = measure(asked)
    except MicroexprError as error:
        sys.exit(f"error: {error}")
    print(table.block(results))
    if asked.write_docs:
        write(results)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
