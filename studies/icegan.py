"""Whether ICE-GAN's parts earn what its Table 2 says, A < B < F, and what choosing the epoch on the test subject adds.

A is recognition alone, B has a generator without an encoder, F is the whole: one 70:30 split of each seed's people, at
difficulty `easy`. Beside them the whole under leave-one-subject-out, read at the last epoch and at the best one on the
test subject, pooled and as the mean over folds, which is how the authors' log has it (0.747 and 0.885). Everything
twice: once on the apex frame, as in the paper, and once on what differs from the neutral face.
"""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from checkout import environment, folder, parser
from scratch import copy

from microexpr import evaluation
from microexpr.cli import config
from microexpr.core import arithmetic

CLIPS = 6  # of each person: two of each class
CHANGE = {"discriminator_input": "change", "g_cls": 1}
MODELS: dict[str, tuple[str, ...]] = {  # A, B and F by what the discriminator sees
    "the apex frame": ("icegan.no_gan", "icegan.dcgan_generator", "icegan"),
    "the change": ("icegan.change_no_gan", "icegan.change_dcgan", "icegan.change"),
}
ADDED = {"change_no_gan": CHANGE | {"generator": "none"}, "change_dcgan": CHANGE | {"generator": "dcgan"}}
SELECTIONS, POOLINGS = ("last", "oracle_best_test"), ("pooled", "per_subject_mean")


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=3).parse_args()
    orders: dict[str, list[list[float]]] = {seen: [] for seen in MODELS}
    gaps: dict[str, list[list[float]]] = {seen: [] for seen in MODELS}
    print("| seed | sees | A | B | F | F, LOSO: last | oracle | mean over folds: last | oracle |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"icegan-{seed}") as root:
            run(root, arguments.cores, seed)
            for seen, models in MODELS.items():
                orders[seen].append([uf1(root, "split70", model) for model in models])
                gaps[seen].append([uf1(root, "megc2019", models[-1], s, p) for p in POOLINGS for s in SELECTIONS])
                print(line(str(seed), seen, orders[seen][-1] + gaps[seen][-1]), flush=True)
    for seen in MODELS:
        mean = np.mean(orders[seen], 0)
        print(line("mean", seen, [*mean, *np.mean(gaps[seen], 0)]))
        rising = [sum(a < b for a, b in pairwise(one)) == 2 for one in orders[seen]]
        holds = "holds" if (np.diff(mean) > 0).all() else "does not hold"
        print(f"of {seen}: A < B < F {holds} in the mean; in {sum(rising)} of {len(rising)} seeds")
    return 0


def line(seed: str, seen: str, figures: list[Any]) -> str:
    return f"| {seed} | {seen} | {' | '.join(f'{figure:.3f}' for figure in figures)} |"


def run(root: Path, cores: int, seed: int) -> None:
    """The figures of all models, in a copy of the project."""
    copy(root)
    values = config.load(root / "params.yaml")
    values["seed"], values["origin"], values["render"]["difficulty"] = seed, "generated", "easy"
    for dataset in values["datasets"]:
        values["render"][dataset] = {"subjects": values["render"][dataset]["subjects"], "clips": CLIPS}
    values["train"] |= {"seeds": 1, "shards": 1, "inner_subjects": 0}
    values["papers"]["variants"]["icegan"] |= ADDED
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    wanted = [("split70", model) for models in MODELS.values() for model in models]
    wanted += [("megc2019", models[-1]) for models in MODELS.values()]
    targets = [f"results/evaluate/{protocol}/{model}.csv" for protocol, model in wanted]
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)


def uf1(root: Path, protocol: str, model: str, selection: str = "last", pooling: str = "pooled") -> float:
    """As the evaluate stage says, of all data sets."""
    key = (selection, pooling, evaluation.FULL, "uf1")
    rows = evaluation.read(root / f"results/evaluate/{protocol}/{model}.csv")
    (row,) = (row for row in rows if (row["selection"], row["pooling"], row["scope"], row["metric"]) == key)
    return float(row["value"])


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
