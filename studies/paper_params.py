"""What do the papers' own params give? Methods of preset `paper` on the default rendered clips, from scratch.

    python studies/paper_params.py --write-docs                       # small networks, all folds; a large one, one fold
    python studies/paper_params.py --methods icegan=1 --cores 1       # as many folds as named; resumes where it stopped

Each method has the params of its paper, which are the defaults of its class, on the folds of the main table. UF1 is of
the last epoch, pooled over the trained folds, next to what the params of params.yaml give the same clips of these folds
when they train on a fold's clips alone, and to the paper's figure, which is of recorded clips.
"""

import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pages
import yaml
from checkout import environment, full_uf1, scratch, with_interval

from microexpr import evaluation
from microexpr.cli import config
from microexpr.datasets import index
from microexpr.evaluation import FULL, Row, published
from microexpr.models import recognisers
from microexpr.protocols import PROTOCOLS, TRAINING_SETS

FOLDER = scratch.ROOT / "work/studies/paper_params"
PAGE, MARK = "docs/papers.md", "study-paper-params"
METHODS = ("ststnet=4", "off_apexnet=4", "capsulenet=1")  # name, and how many of the four folds
MAIN, CORPUS = "megc2019", TRAINING_SETS["corpus"]
VARIANT = "paper"


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    names = " ".join(METHODS)
    parser.add_argument("--methods", nargs="+", default=METHODS, help=f"METHOD=FOLDS, default {names}")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once, default 2")
    parser.add_argument("--keep", type=Path, default=FOLDER, help=f"the folder to run in, default {FOLDER}")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = parser.parse_args()
    folds = {name: int(count) for name, _, count in (text.partition("=") for text in arguments.methods)}
    root, values = arguments.keep.resolve(), config.load("params.yaml")
    scratch.copy(root)
    params = configure(values, [*folds])
    (root / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    lines = [
        "| method | folds, clips | UF1, the paper's params | minutes | UF1, of `params.yaml` | published |",
        "|" + " --- |" * 6,
    ]
    for name, count in folds.items():
        own, minutes = run(root, params, f"{name}.{VARIANT}", MAIN, count, arguments.cores)
        here, _ = run(root, params, name, CORPUS, count, arguments.cores)
        printed = published.published_counterparts(name).get((FULL, "uf1"))
        recorded = printed.published if printed else "-"
        cells = (f"{count} of 4, {own['clips']}", with_interval(own), f"{minutes:.1f}", with_interval(here), recorded)
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
        print(lines[-1], file=sys.stderr, flush=True)
    text = "\n".join([*lines, "", f"Rendered clips, trained from scratch on those of a fold. {pages.source()}"])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    return 0


def configure(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the params of a run of these methods, a fold a job, each also as a variant with its paper's params."""
    kinds = {name: recognisers.find(name) for name in names}
    alone = {
        "origin": "generated",
        "methods": {name: values["methods"][name] for name in names},
        "variants": {name: {VARIANT: kind.Params().model_dump(mode="json")} for name, kind in kinds.items()},
        "papers": values["papers"] | {"variants": {}},
    }
    return values | alone | {"train": values["train"] | {"shards": 4}}


def run(root: Path, params: dict[str, Any], name: str, protocol_name: str, count: int, cores: int) -> tuple[Row, float]:
    """Return UF1 over the first folds of a method, and the minutes that this took. Raises CalledProcessError."""
    shards = [f"results/train/{name}/{protocol_name}/{number}of4.h5" for number in range(1, count + 1)]
    indices = [f"results/index/{dataset}.csv" for dataset in PROTOCOLS[protocol_name].datasets]
    for until in (["--until", "faces", "apex", "flow", "index"], []):  # first what the training reads
        begin = time.monotonic()
        command = ["snakemake", "--cores", str(cores), "--quiet", "all", *until, "--", *indices, *shards]
        subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)
    minutes = (time.monotonic() - begin) / 60
    clips = index.read_all(str(root / path) for path in indices)
    return pooled([root / path for path in shards], name, protocol_name, clips, params), minutes


def pooled(paths: Sequence[Path], name: str, protocol_name: str, clips: Sequence[Any], params: dict[str, Any]) -> Row:
    """Return the row of UF1 over all clips that these shards test."""
    protocol = PROTOCOLS[protocol_name]
    folds = protocol.folds(clips, params["seed"], groups=params["train"]["rendered_folds"])[: len(paths)]
    predictions = evaluation.pool_predictions(map(str, paths), name, protocol, clips, folds)
    rows = evaluation.evaluate(predictions, evaluation.Params(**params["evaluate"]), params["seed"])
    return full_uf1(rows)


if __name__ == "__main__":
    sys.exit(main())
