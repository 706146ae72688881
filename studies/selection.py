"""What choosing the epoch does to a figure, and what a leak does: one STSTNet read by each selection rule, twice.

Once as it is, and once with a declared planted leak: the held-out clips train too. Both are read at the last epoch, at
the one that two inner subjects of the training side chose, and at the best one on the test subject. Figures are
counted here from the scores of every epoch; those that the evaluate stage writes as well must be the same.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import yaml
from checkout import environment, folder, parser
from scratch import copy
from sklearn.metrics import f1_score, recall_score

from microexpr import evaluation
from microexpr.cli import config
from microexpr.core import arithmetic, store

INNER = 2  # subjects of each fold's training side that choose an epoch
SHARD = Path("results/train/ststnet/megc2019/1of1.h5")
HONEST, LEAKY = Path("results/evaluate/megc2019/ststnet.csv"), Path("results/evaluate/leaky/megc2019/ststnet.csv")
RULES = ("last", "inner_validation", "oracle_best_test")


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=1).parse_args()
    print("| seed | leak | selection | UF1 | UAR |\n| --- | --- | --- | --- | --- |")
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"selection-{seed}") as root:
            for leak, written in (("", HONEST), ("held_out_clips", LEAKY)):
                trained(root, arguments.cores, seed, leak, written)
                found = {rule: figures(root / SHARD, rule) for rule in RULES}
                check(root / written, found)
                for rule, (uf1, uar) in found.items():
                    print(f"| {seed} | {leak or 'none'} | {rule} | {uf1:.4f} | {uar:.4f} |", flush=True)
    return 0


def trained(root: Path, cores: int, seed: int, leak: str, written: Path) -> None:
    """Trains and evaluates STSTNet of params.yaml in a copy of the project."""
    copy(root)
    values = config.load(root / "params.yaml")
    values["seed"], values["origin"] = seed, "generated"
    values["train"] |= {"inner_subjects": INNER, "shards": 1, "seeds": 1}
    values["methods"]["ststnet"] = config.on_corpus(config.check_cached(values)["methods"]["ststnet"])
    values["methods"]["ststnet"] |= {"planted_leak": leak}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", str(written)]
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)


def figures(shard: Path, rule: str) -> tuple[float, float]:
    """UF1 and UAR by scikit-learn, pooled over folds, of the one seed at the epoch that a rule chooses."""
    truth, said = [], []
    with store.open_file(shard, "train") as file:
        for dataset in file.values():
            for fold in dataset.values():
                predicted = fold["scores"][0].argmax(-1)  # [epochs, n]
                best = (predicted == fold["truth"][()]).mean(-1).argmax()
                epoch = {"last": -1, "inner_validation": fold["inner_epoch"][0], "oracle_best_test": best}[rule]
                truth.append(fold["truth"][()])
                said.append(predicted[epoch])
    pair = np.concatenate(truth), np.concatenate(said)
    return f1_score(*pair, average="macro", zero_division=0), recall_score(*pair, average="macro", zero_division=0)


def check(path: Path, found: dict[str, tuple[float, float]]) -> None:
    """That the evaluate stage says the same. Of a leak it writes the last epoch's alone, as `leaky`."""
    for row in evaluation.read(path):
        if (row["scope"], row["pooling"]) == (evaluation.FULL, "pooled") and row["metric"] in ("uf1", "uar"):
            rule = "last" if row["selection"] == evaluation.LEAKY else row["selection"]
            counted = found[rule][("uf1", "uar").index(row["metric"])]
            assert abs(row["value"] - counted) < 1e-6, f"{path}: {rule} must be {counted}, not {row['value']}"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
