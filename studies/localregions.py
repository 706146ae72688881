"""Local regions' questions: which regions, which network, which loss; and what a leak into the networks would give.

Rows of its Tables 5 to 7 at the size of params.yaml. Generated faces at `standard`, every fold of MEGC2019.
Differences are of UF1, with 95 % intervals over the people of all seeds. Then the whole model with the networks of its
regions fitted on the held-out clips too, the LSTMs not: at the last epoch, and at the one that is best as tested.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from checkout import environment, folder, parser
from scratch import copy

from microexpr import evaluation
from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.seeds import generator
from microexpr.evaluation import metrics, pairs
from microexpr.protocols import PROTOCOLS

PROTOCOL = PROTOCOLS["megc2019"]
ROWS = {
    "whole_face": {"regions": "whole_face"},
    "no_cheeks": {"regions": "no_cheeks"},
    "no_nose": {"regions": "no_nose"},
    "simple_cnn": {"network": "simple"},
    "cross_entropy": {"loss": "cross_entropy"},
}
LEAKY = {"planted_leak": "held_out_in_networks"}
RESAMPLES = 1000


def main() -> int:
    made = parser(__doc__ or "", first=2, seeds=3)
    made.add_argument("--params", type=json.loads, default={}, help="JSON: what differs from params.yaml")
    arguments = made.parse_args()
    answers: dict[str, list[pairs.MethodPredictions]] = {}
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"localregions-{seed}") as root:
            copy(root)
            trained(root, arguments.cores, seed, arguments.params)
            for name in ("localregions", *(f"localregions.{row}" for row in ROWS)):
                answers.setdefault(name, []).append(answered(root, f"{PROTOCOL.name}/{name}"))
            leak(root, seed)
    compared(answers)
    return 0


def trained(root: Path, cores: int, seed: int, own: dict[str, object]) -> None:
    """All rows, the leaky one too."""
    values = config.load(Path("params.yaml"))
    values["seed"], values["origin"], values["render"]["difficulty"] = seed, "generated", "standard"
    values["methods"] = {"localregions": values["methods"]["localregions"] | own}
    values["variants"] = {"localregions": ROWS | {"leaky": LEAKY}}
    values["papers"]["variants"] = {}
    values["train"] |= {"seeds": 1, "shards": 1, "inner_subjects": 0}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    names = ["localregions", *(f"localregions.{row}" for row in ROWS)]
    targets = [f"results/evaluate/{PROTOCOL.name}/{name}.csv" for name in names]
    targets.append(f"results/evaluate/leaky/{PROTOCOL.name}/localregions.leaky.csv")
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)


def answered(root: Path, name: str) -> pairs.MethodPredictions:
    return pairs.read_predictions(root / f"results/evaluate/{name}_predictions.csv", PROTOCOL.classes)


def leak(root: Path, seed: int) -> None:
    """Honest, read as tested, and leaky, side by side."""
    print(f"\nseed {seed}, {PROTOCOL.name}, generated\n\n| networks fitted on | read at | UF1 |\n| --- | --- | --- |")
    for path, what in (("", "training people"), ("leaky/", "everyone")):
        name = "localregions.leaky" if path else "localregions"
        for row in evaluation.read(root / f"results/evaluate/{path}{PROTOCOL.name}/{name}.csv"):
            if (row["pooling"], row["scope"], row["metric"]) == ("pooled", evaluation.FULL, "uf1"):
                interval = f"{row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
                print(f"| {what} | {row['selection']} | {interval} |", flush=True)


def compared(answers: dict[str, list[pairs.MethodPredictions]]) -> None:
    """Each row less the whole model, over the people of all seeds."""
    print("\n| row | UF1 | less the whole model | p |\n| --- | --- | --- | --- |")
    whole = answers["localregions"]
    truth = np.concatenate([one.truth for one in whole])
    people = np.array([f"{seed}/{c.rpartition('/')[0]}" for seed, one in enumerate(whole) for c in one.clips])
    reference = np.concatenate([one.predicted[0] for one in whole])
    for name, found in answers.items():
        said = np.concatenate([one.predicted[0] for one in found])
        value = float(metrics.uf1(metrics.confusion(truth, said, len(PROTOCOL.classes))))
        if name == "localregions":
            print(f"| {name} | {value:.3f} | - | - |", flush=True)
            continue
        rng = generator(1, "campaign", name)
        of = metrics.paired(truth, said, reference, people, metrics.uf1, RESAMPLES, rng, len(PROTOCOL.classes))
        print(f"| {name} | {value:.3f} | {of.value:+.3f} ({of.low:+.3f} to {of.high:+.3f}) | {of.p:.3f} |", flush=True)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
