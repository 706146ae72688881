"""Does training on synthesised faces help? Six recognisers that see change, with and without ICE-GAN's faces.

    python studies/synthetic_training.py --first 2 --seeds 3              # prints; --write-docs into docs/icegan.md
    python studies/synthetic_training.py --part subjects --first 2 --seeds 3

Each fold's faces are of its training subjects, by a generator that only they (and the population) trained. `amount`: as
many faces as recorded clips, twice, four times; mixed with these, or alone at first (`pretrain`). `subjects`: as many
faces as clips, in corpora of few subjects. Clips of all corpus seeds are pooled; a difference is tested over subjects,
p after Holm's correction for all differences of a table. No setting is chosen here.
"""

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pages
from checkout import compute, folder, parser
from scratch import copy

from microexpr.cli import config
from microexpr.core import arithmetic, seeds
from microexpr.datasets import MICRO
from microexpr.evaluation import metrics, pairs
from microexpr.evaluation.metrics.intervals import holm
from microexpr.protocols import PROTOCOLS

PAGE, PROTOCOL, GENERATOR = "docs/icegan.md", PROTOCOLS["megc2019"], "icegan.change"
METHODS = {
    "mtmnet.change": {"input_mode": "change"},
    "elrcn": {},
    "mmnet": {},
    "slstt": {},
    "lbp_sip": {},
    "lbp_top": {},
}
USES = ("mix", "pretrain")
MIX_ALONE = {"mtmnet.change"}  # its guidance needs macro-expressions at every step
FACES = {1: 45, 2: 90, 4: 180}  # of each class in a fold, by how many times the recorded clips of a fold they are
SUBJECTS = (4, 6, 8, 12)  # of each data set
CLIPS = 4  # of a subject, where there are few: 9 of each class by three quarters of the subjects of three data sets
RESAMPLES = 1000


class Setting(NamedTuple):
    """One run of each seed, and a name for its column."""

    name: str
    faces: int  # of each class
    subjects: int  # of each data set; 0: as committed
    uses: Sequence[str]


PARTS = {
    "amount": [Setting(f"{times} x", faces, 0, USES) for times, faces in FACES.items()],
    "subjects": [Setting(f"{count} subjects", 3 * count, count, USES[:1]) for count in SUBJECTS],
}


def main() -> int:
    made = parser(__doc__ or "", first=2, seeds=3)
    made.add_argument("--part", choices=tuple(PARTS), default="amount", help="which table; default amount")
    made.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = made.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.seeds)
    results: dict[tuple[str, str, str], list[pairs.MethodPredictions]] = {}
    for (subjects, settings), seed in itertools.product(corpora(arguments.part), numbers):
        with folder(arguments.keep, f"synthetic-{subjects}-{seed}") as root:
            if not (root / "params.yaml").exists():
                copy(root)
            for setting in settings:  # they share what does not depend on the number of faces
                for (method, use), predictions in run(root, setting, seed, arguments.cores):
                    results.setdefault((setting.name, method, use), []).append(predictions)
                print(f"{setting.name}, seed {seed}: done", file=sys.stderr, flush=True)
    text = table(results)
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, f"study-synthetic-training-{arguments.part}", f"{text}\n\n{pages.source()}")
    return 0


def corpora(part: str) -> list[tuple[int, list[Setting]]]:
    """Return the settings of a part by how many subjects a data set has."""
    return [(count, list(group)) for count, group in itertools.groupby(PARTS[part], key=lambda one: one.subjects)]


def run(
    root: Path, setting: Setting, seed: int, cores: int
) -> Iterator[tuple[tuple[str, str], pairs.MethodPredictions]]:
    """Yield the predictions of each method without ("") and with synthesised faces, by use."""
    values: dict[str, Any] = config.load(Path("params.yaml"))
    values["seed"] = seed
    values["synthesise"]["per_class"] = setting.faces
    for dataset in MICRO if setting.subjects else ():
        values["render"][dataset] = {"subjects": setting.subjects, "clips": CLIPS}
    names: dict[tuple[str, str], str] = {}
    for row, own in METHODS.items():
        method = row.partition(".")[0]
        variants = values["variants"].setdefault(method, {})
        uses = setting.uses[:1] if row in MIX_ALONE else setting.uses
        variants |= {use: own | {"synthetic": GENERATOR, "synthetic_use": use} for use in uses}
        names |= {(row, ""): row} | {(row, use): f"{method}.{use}" for use in uses}
    evaluated = "results/evaluate/megc2019"
    compute(root, values, cores, *(f"{evaluated}/{name}.csv" for name in names.values()))
    for key, name in names.items():
        yield key, pairs.read_predictions(root / f"{evaluated}/{name}_predictions.csv", PROTOCOL.classes)


def table(results: dict[tuple[str, str, str], list[pairs.MethodPredictions]]) -> str:
    """Return the table of a part: UF1 without faces, and with them less without."""
    differences, without = {}, {}
    for setting, method, use in (key for key in results if key[2]):
        rng = seeds.generator(0, "campaign", "synthetic training", setting, method, use)
        truth, first, second, subjects = pooled(results[setting, method, use], results[setting, method, ""])
        differences[setting, method, use] = metrics.paired(truth, first, second, subjects, metrics.uf1, RESAMPLES, rng)
        without[setting, method, use] = float(metrics.uf1(metrics.confusion(truth, second, len(PROTOCOL.classes))))
    corrected = dict(zip(differences, holm([one.p for one in differences.values()]), strict=True))
    lines = ["| method | faces | UF1 without | difference with them | p | p, all |\n|" + " --- |" * 6]
    for (setting, method, use), one in differences.items():
        cells = (
            f"{without[setting, method, use]:.3f} | {one.value:+.3f} ({one.low:+.3f} to {one.high:+.3f}) | {one.p:.3f}"
        )
        lines.append(f"| `{method}` | {setting}, {use} | {cells} | {corrected[setting, method, use]:.3f} |")
    return "\n".join(lines)


def pooled(
    first: Sequence[pairs.MethodPredictions], second: Sequence[pairs.MethodPredictions]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the truth, both predictions and the subjects of the clips of all corpora; each has other subjects."""
    subjects = [[f"{number}/{name.rpartition('/')[0]}" for name in one.clips] for number, one in enumerate(first)]
    truth, one, other = (
        np.concatenate(arrays)
        for arrays in zip(
            *((a.truth, a.predicted[0], b.predicted[0]) for a, b in zip(first, second, strict=True)), strict=True
        )
    )
    return truth, one, other, np.concatenate(subjects)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
