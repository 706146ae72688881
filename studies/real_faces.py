"""How well is recognised on recorded faces what was learnt on rendered ones? Flow pictures below data/raw/flow_folders.

    snakemake --cores 2 results/flow_folders_table.csv   # first: trains and tests every method
    python studies/real_faces.py                         # the table of docs/real-faces.md; --write-docs into the page
    python studies/real_faces.py --predict               # the shipped weights of `microexpr predict`; --write-docs also
                                                         # into the package, from where the command prints it

The table has UF1 of each method by the subjects that it was trained on, and p of its difference to recorded ones.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pages

from microexpr import evaluation
from microexpr.apps.predict import limits, recognition
from microexpr.apps.predict.domain import Calibration, calibration_error
from microexpr.cli import config
from microexpr.core import store
from microexpr.core.clip import LABELS, Clip
from microexpr.core.files import file_digest
from microexpr.core.seeds import generator
from microexpr.datasets import RAW, flow_folders
from microexpr.evaluation import metrics, pairs
from microexpr.evaluation.metrics import intervals
from microexpr.protocols import FLOW_PROTOCOLS, PROTOCOLS
from microexpr.reporting import main_table
from microexpr.signals.flow import pictures

PAGE, MARK = "docs/real-faces.md", "study-real-faces"
PREDICT_MARK = f"{MARK}-predict"
EVALUATED = Path("results/flow_folders/evaluate")
RECORDED, BOTH, RENDERED, MEANS = FLOW_PROTOCOLS
TITLES = {
    RECORDED: "recorded subjects, leave one out", BOTH: "recorded and rendered ones",
    RENDERED: "rendered ones alone", MEANS: "the same, unlabelled means",
}  # fmt: skip
RESAMPLES = 10_000


def main() -> int:
    parser = pages.parser(__doc__, PAGE)
    parser.add_argument("--predict", action="store_true", help="measure the weights of predict, and do no more")
    arguments = parser.parse_args()
    if not arguments.predict:
        uf1_table(read_rows()).publish(PAGE, MARK, writes=arguments.write_docs)
        return 0
    figures = measure_shipped(Path(RAW, flow_folders.NAME))
    if arguments.write_docs:
        store.write_text(limits.RECORDED, json.dumps(figures, indent=2) + "\n")
    about = f"Calibration error of the probabilities, 10 bins: {figures['calibration_error']:.3f}.\n\n"
    shipped_table(figures).publish(PAGE, PREDICT_MARK, about, arguments.write_docs)
    return 0


def read_rows() -> list[dict[str, str]]:
    """Return the rows of the table of precomputed flow that this run has evaluated."""
    methods = config.check_cached(config.load("params.yaml")).methods
    names = [name for name, about in methods.items() if about.in_table]
    paths = [EVALUATED / protocol / f"{name}.csv" for protocol in FLOW_PROTOCOLS for name in names]
    if not (existing := [path for path in paths if path.exists()]):
        raise SystemExit(f"{EVALUATED} must have the rows of results/flow_folders_table.csv; make that first")
    return main_table.megc2019(evaluation.read(path) for path in existing)


def uf1_table(rows: Sequence[Mapping[str, str]]) -> pages.Table:
    """Return a line for each method: UF1 by protocol with its interval, p of the difference to recorded subjects."""
    by_key = {(row["method"], row["protocol"]): row for row in rows}
    table = pages.Table("UF1 of method, trained on", *TITLES.values())
    for method in sorted({method for method, protocol in by_key if protocol == RECORDED}):
        cells = []
        for protocol in TITLES:
            row = by_key.get((method, protocol))
            figures = [row[f"full_uf1{part}"][:5] for part in ("", "_low", "_high")] if row else []
            p = f", p {p_of_difference(method, protocol):.2g}" if row and protocol != RECORDED else ""
            cells.append("{} ({} to {})".format(*figures) + p if row else "-")
        table.add(f"`{method}`", *cells)
    return table


def p_of_difference(method: str, protocol: str) -> float:
    """Return p of the difference in UF1 between a training and that on recorded subjects, paired by subjects."""
    paths = {name: EVALUATED / name / f"{method}_predictions.csv" for name in (protocol, RECORDED)}
    (row, *_) = pairs.compare_methods(paths, PROTOCOLS[RECORDED], RESAMPLES, 0)
    return float(row["p"])


def measure_shipped(root: Path) -> dict[str, Any]:
    """Return the figures of the weights of `microexpr predict` on the clips of all pictures below a folder."""
    (clips, _), model = flow_folders.read(root), recognition.load(recognition.SHIPPED)
    normalise = pictures.Params.model_validate_json(model.metadata["pictures"]).normalise
    flow = [pictures.channels(flow_folders.picture(root, clip), normalise) for clip in clips]
    scores = model({"flow": np.stack(flow)})
    datasets, label = (np.array([getattr(clip, name) for clip in clips]) for name in ("dataset", "label"))
    calibration = Calibration.read(model.metadata)
    assert calibration
    return {
        "sha256": file_digest(recognition.SHIPPED),
        **pages.origin(),
        **scope_figures("full", clips, scores, datasets != ""),
        "datasets": {
            name: scope_figures(name, clips, scores, datasets == name) for name in PROTOCOLS[RECORDED].datasets
        },
        "calibration_error": round(calibration_error(calibration.probabilities(scores), label), 4),
    }


def scope_figures(scope: str, clips: Sequence[Clip], scores: np.ndarray, chosen: np.ndarray) -> dict[str, Any]:
    """Return the number of chosen clips and subjects, and each metric with its interval: value, low, high."""
    subjects = np.array([f"{clip.dataset}/{clip.subject}" for clip in clips])[chosen]
    truth, predicted = np.array([clip.label for clip in clips])[chosen], scores[chosen].argmax(axis=1)
    matrix = metrics.confusion(truth, predicted, len(LABELS))
    figures: dict[str, Any] = {"clips": len(truth), "subjects": len({*subjects})}
    for name in ("uf1", "uar"):
        metric = metrics.METRICS[name]
        rng = generator(0, "predict recorded", scope)
        matrices = metrics.by_subject(truth, predicted, subjects, len(LABELS))
        interval = intervals.interval(matrices, metric, RESAMPLES, rng)
        figures[name] = [round(float(value), 4) for value in (metric(matrix), *interval)]
    return figures


def shipped_table(figures: Mapping[str, Any]) -> pages.Table:
    table = pages.Table("weights of `predict`, tested on", "clips", "subjects", "UF1", "UAR")
    for name, scope in {"full": figures, **figures["datasets"]}.items():
        cells = ("{:.3f} ({:.3f} to {:.3f})".format(*scope[metric]) for metric in ("uf1", "uar"))
        table.add(main_table.TITLES[name], scope["clips"], scope["subjects"], *cells)
    return table


if __name__ == "__main__":
    pages.start(main)
