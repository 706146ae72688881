"""How well readers of action units follow generated faces: r and ICC of the change since the onset, by action unit.

    python benchmarks/aus_readers.py [--results results] [--truth data/rendered/truth]

It looks at every generated clip of the last run that is not a single picture: what `results/aus` holds, by whatever
reader `aus.backend` named, and py-feat's geometry proxy on the same landmarks where `make pyfeat` was run. Truth is
what was asked of the face. All frames and the three sides are pooled, micro-expressions and acted ones apart; "-" is a
unit that none of the clips shows. ICC is ICC(3,1).
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from microexpr import datasets
from microexpr.core import arithmetic, store
from microexpr.signals import inputs
from microexpr.signals.aus import ACTION_UNITS, geometry_proxy, pyfeat
from microexpr.signals.aus.agreement import agreement
from microexpr.signals.aus.coding import coded

Pairs = dict[tuple[str, str], list[tuple[np.ndarray, np.ndarray]]]  # true and read [T, 17, 3] by (reader, kind)


def pairs(results: Path, truths: Path) -> Pairs:
    mesh = geometry_proxy.load(pyfeat.PACKAGE) if pyfeat.PACKAGE.is_dir() else None
    intensities: Pairs = defaultdict(list)
    for path in sorted(truths.glob("*/*.h5")):
        kind = datasets.layout(path.parent.name).kind
        if kind == "picture" or not (results / "apex" / path.relative_to(truths)).exists():
            continue
        for true, landmarks, onset, read in clips(results, truths, path.relative_to(truths)):
            true = true - true[onset]
            for reader, values in read.items():
                intensities[reader, kind].append((true, values))
            if mesh is not None:
                intensities["geometry proxy", kind].append((true, geometry_proxy.read(landmarks, onset, mesh)))
    return intensities


def clips(results: Path, truths: Path, file: Path) -> Iterator[tuple[np.ndarray, np.ndarray, int, dict]]:
    """Truth [T, 17, 3], landmarks in the crop, onset, and what `results/aus` holds by its reader, if it is there."""
    with (
        store.open_file(truths / file, "truth") as truth,
        store.open_file(results / "faces" / file, "faces") as faces,
        store.open_file(results / "apex" / file, "apex") as apex,
    ):
        for name in store.clip_groups(apex):
            read = relative(results / "aus" / file, name)
            true = coded(truth[name]["au_intensity"][()], store.strings(truth[name]["action_unit"]))
            onset = inputs.position(faces[name], apex[name], "onset")
            yield true, faces[name]["landmarks_crop"][()], onset, read


def relative(path: Path, clip: str) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    with store.open_file(path, "aus") as file:
        reader = json.loads(file.attrs["params"])["aus"]["backend"]
        return {} if reader == "pyfeat_geometry" else {reader: file[clip]["relative"][()]}


def agreements(true: np.ndarray, read: np.ndarray) -> tuple[list[dict[str, float]], dict[str, float]]:
    """r and ICC by action unit of intensities [T, 17, 3], and their means over the units that are ever shown."""
    figures = [agreement(true[:, unit].ravel(), read[:, unit].ravel()) for unit in range(len(ACTION_UNITS))]
    present = [figure for unit, figure in enumerate(figures) if true[:, unit].any()]
    return figures, {name: float(np.mean([figure[name] for figure in present])) for name in ("r", "icc")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--truth", type=Path, default=Path("data/rendered/truth"))
    arguments = parser.parse_args()
    for (reader, kind), both in sorted(pairs(arguments.results, arguments.truth).items()):
        true, read = (np.concatenate(parts) for parts in zip(*both, strict=True))
        figures, mean = agreements(true, read)
        table = Table("generated", "mean", *ACTION_UNITS, title=f"{reader}, {kind}: {len(both)} clips", box=None)
        for name in ("r", "icc"):
            cells = [f"{figure[name]:.2f}" if true[:, unit].any() else "-" for unit, figure in enumerate(figures)]
            table.add_row(name, f"{mean[name]:.2f}", *cells)
        Console(width=160).print(table)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
