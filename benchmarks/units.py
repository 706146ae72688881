"""meb's validator and our engine on action units: the same flow, clips, folds, epochs, batch and rate.

    python benchmarks/units.py --meb DIR [--python PATH] [--run FOLDER] [--epochs 200] [--write-docs]

DIR is your own clone of github.com/tvaranka/meb, `--python` a Python that has what it needs (torch, pandas,
scikit-learn, tqdm). `--run` is a finished run with results/units_table.csv; its six data sets are left out in turn. A
side is timed from the start of its process to its end, on one thread.
"""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from peers_parts import processes

from microexpr.core import arithmetic
from microexpr.datasets import index
from microexpr.evaluation.metrics import several
from microexpr.models import recognisers
from microexpr.models.base import ClipTensors
from microexpr.protocols import CODED, PROTOCOLS, UNITS
from microexpr.training import engine
from microexpr.training.load_clips import load_clips

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "studies"))
import pages  # noqa: E402

PROTOCOL = PROTOCOLS[UNITS]
BATCH, RATE = 32, 1e-4  # meb's own
ARRAYS, SCORES = "arrays.npz", "scores.npy"
MARK = "units"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meb", type=Path, metavar="DIR", help="clone of tvaranka/meb")
    parser.add_argument("--python", default=sys.executable, help="Python of meb (this one)")
    parser.add_argument("--run", type=Path, default=Path(), metavar="FOLDER", help="finished run (.)")
    parser.add_argument("--epochs", type=int, default=200, help="of both sides (200, their own)")
    parser.add_argument("--write-docs", action="store_true", help="write the table into benchmarks/README.md")
    parser.add_argument("--ours", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)  # train on its arrays, here
    asked = parser.parse_args()
    if asked.ours:
        return train(asked.ours, asked.epochs)
    if asked.meb is None or not (asked.meb / "meb/core/train_eval.py").is_file():
        sys.exit(f"error: --meb must be a clone that has meb/core/train_eval.py, not {asked.meb}")
    text = table(asked)
    print(text)
    if asked.write_docs:
        pages.write("benchmarks/README.md", MARK, text)


def table(asked: argparse.Namespace) -> str:
    """Return the table of both sides, in turn, as Markdown."""
    lines = [
        "| program | seconds | core-seconds | macro F1 | with F1 of not showing a unit |",
        "| --- " + "| ---: " * 4 + "|",
    ]
    with TemporaryDirectory(prefix="microexpr-units-") as work:
        folder = Path(work)
        labels = write(asked.run, folder)
        plain = {key: value for key, value in os.environ.items() if key not in arithmetic.settings()}
        driver = [asked.python, str(Path(__file__).with_name("peers_parts") / "drive.py"), "meb.units.STSTNet"]
        sides = {
            "tvaranka/meb, STSTNet": ([*driver, str(asked.meb.resolve()), str(asked.epochs)], plain),
            "microexpr, ststnet": (
                [sys.executable, __file__, "--ours", str(folder), "--epochs", str(asked.epochs)],
                os.environ | arithmetic.settings() | {"PYTHONPATH": str(ROOT / "src")},
            ),
        }
        for name, (command, environment) in sides.items():
            usage, _ = processes.run([command], folder, environment | processes.threads(1))
            matrix = several.by_subject(labels, np.load(folder / SCORES) > 0, np.zeros(len(labels)))[0, 0]
            figures = f"{several.macro_f1(matrix):.3f} | {several.macro_f1_of_both(matrix):.3f}"
            lines.append(f"| {name} | {usage.seconds:.0f} | {usage.core_seconds:.0f} | {figures} |")
            (folder / SCORES).unlink()
    about = (
        f"{len(labels)} rendered clips of six data sets, each left out in turn; {asked.epochs} epochs, batch {BATCH}"
    )
    return "\n".join([*lines, "", f"{about}, rate {RATE:g}, thresholds of zero. {pages.source()}"])


def write(root: Path, folder: Path) -> np.ndarray:
    """Write the flow and the labels of a run's coded clips; return the labels, int64[N, 12]."""
    clips = PROTOCOL.select(index.read_all([str(root / f"results/index/{name}.csv") for name in CODED]))
    files = [str(path) for name in CODED for path in root.glob(f"results/flow/{name}/*.h5")]
    method = recognisers.build("ststnet", {}, len(PROTOCOL.classes))
    flow = load_clips(method, clips, files, dict.fromkeys((clip.id for clip in clips), 0)).inputs["flow"].numpy()
    labels = np.array([PROTOCOL.truth(clip) for clip in clips])
    np.savez(folder / ARRAYS, flow=flow, labels=labels, dataset=np.array([clip.dataset for clip in clips]))
    return labels


def train(folder: Path, epochs: int) -> None:
    """Train our network on the arrays of a folder and write its scores of the clips left out."""
    with np.load(folder / ARRAYS) as arrays:
        flow, labels, datasets = (arrays[name] for name in ("flow", "labels", "dataset"))
    params = {"epochs": epochs, "batch": BATCH, "lr": RATE}
    method = recognisers.build("ststnet", params, labels.shape[1], {"loss": "bce", "threshold": "zero"})
    targets = {"label": torch.zeros(len(labels), dtype=torch.long), "labels": torch.from_numpy(labels.clip(0))}
    data = ClipTensors({"flow": torch.from_numpy(flow)}, targets)
    folds = [
        engine.FoldIndices(name, np.flatnonzero(datasets != name), np.flatnonzero(datasets == name))
        for name in dict.fromkeys(datasets.tolist())
    ]
    scores = np.empty(labels.shape, np.float32)
    for fold, result in zip(folds, engine.train(method, data, folds, [1], "sequential", 1), strict=True):
        scores[fold.test] = result.scores[0, -1]
    np.save(folder / SCORES, scores)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
