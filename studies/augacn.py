"""Whether AU-GACN's nodes mean action units: their scores on unseen people against what the generated faces showed.

Leave one subject out, as in the main table. For each unit: of two clips of one held-out person, of which one showed it
and one did not, how often the former scores higher (the area under the curve; chance is 0.5). Clips of different people
are not compared, since a fold that holds out many clips of a unit has learnt that it is rarer. As committed, from
weights of the population; and from scratch, on the video as the paper has it or on what differs from its first frame
(`input_mode: change`). A corpus of its own for each seed.
"""

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from checkout import environment, folder, parser
from scratch import copy
from sklearn.metrics import roc_auc_score

from microexpr import protocols
from microexpr.cli import config
from microexpr.core import arithmetic, seeds, store
from microexpr.core.clip import Clip
from microexpr.core.facs.occurrence import AUS
from microexpr.core.weights import shipped
from microexpr.datasets import index
from microexpr.evaluation import metrics
from microexpr.models.base import Batch, Modules, Statistics
from microexpr.models.recognisers.augacn import AuGacn
from microexpr.training import engine, initial, train
from microexpr.training.job import fold_indices
from microexpr.training.load_clips import load_clips

SHOWN = 0.3  # of FACS's 0..5: so much stronger at the apex than at the onset, on either side
RESAMPLES = 2000
FEWEST = 6  # people, of whom resampling says anything
FROM_SCRATCH = {"initialisation": "scratch", "population": {}, "au_labels": "coded", "graph": "fold", "epochs": 30}
ROWS: dict[str, dict[str, Any]] = {
    "committed": {},
    "video": FROM_SCRATCH | {"input_mode": "film"},
    "change": FROM_SCRATCH | {"input_mode": "change"},
}
PROTOCOL = protocols.PROTOCOLS["megc2019"]
FIRST_WEIGHTS = shipped("initial/augacn.safetensors")


class Compared(NamedTuple):
    """Of A units and U people."""

    pairs: np.ndarray  # float[A, 2, U], as `compared` has it
    shown: np.ndarray  # bool[A, N]: which clips show which


class Seen(AuGacn):
    """The same, trained alike, whose scores of action units stand behind those of the classes."""

    @classmethod
    def name(cls) -> str:
        return AuGacn.name()  # whose first weights it takes

    def scores(self, modules: Modules, batch: Batch, statistics: Statistics) -> torch.Tensor:
        classes = super().scores(modules, batch, statistics)
        return torch.cat([classes, self.au_scores(modules, batch, statistics)], 1)


def main() -> int:
    made = parser(__doc__ or "", first=1, seeds=3)
    made.add_argument("--difficulty", default="standard", help="of the generated faces, default standard")
    made.add_argument("--params", type=json.loads, default={}, help="JSON: what differs from the params of each row")
    made.add_argument("--rows", nargs="+", choices=ROWS, default=[*ROWS], help="default: all")
    arguments = made.parse_args()
    found: dict[str, list[Compared]] = {row: [] for row in arguments.rows}
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"augacn-{seed}") as root:
            run(root, seed, arguments)
            for row, every in found.items():
                every.append(report(root, seed, row, ROWS[row] | arguments.params))
    for row, every in found.items():
        table(f"{row}, all corpora", Compared(*(np.concatenate(one, -1) for one in zip(*every, strict=True))))
    return 0


def run(root: Path, seed: int, arguments: Namespace) -> None:
    """What AU-GACN reads, made in a copy of the project."""
    copy(root)
    values = config.load(root / "params.yaml")
    values["seed"], values["origin"], values["render"]["difficulty"] = seed, "generated", arguments.difficulty
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    make(root, arguments.cores, indices(root))
    make(root, arguments.cores, files(recorded(root)))


def make(root: Path, cores: int, targets: list[str]) -> None:
    """Runs the pipeline for these files."""
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)


def indices(root: Path) -> list[str]:
    return [f"results/index/{name}.csv" for name in config.load(root / "params.yaml")["datasets"]]


def recorded(root: Path) -> list[Clip]:
    return PROTOCOL.select(index.read_all([root / name for name in indices(root)]))


def files(clips: list[Clip]) -> list[str]:
    """Those of their people that the video and the change of action units are read from."""
    return sorted({f"results/{stage}/{c.dataset}/{c.subject}.h5" for c in clips for stage in ("apex", "aus", "faces")})


def report(root: Path, seed: int, row: str, own: dict[str, Any]) -> Compared:
    """Prints the recognition of the class, then a line for each unit that was shown."""
    clips = recorded(root)
    classes, scores, nodes = trained(root, clips, seed, own)
    shown, people = truth(root, clips), np.array([f"{clip.dataset}/{clip.subject}" for clip in clips])
    label, predicted = np.array([PROTOCOL.label(clip) for clip in clips]), classes.argmax(1)
    value = float(metrics.uf1(metrics.confusion(label, predicted, len(PROTOCOL.classes))))
    low, high = metrics.bootstrap(label, predicted, people, metrics.uf1, RESAMPLES, seeds.generator(seed))
    print(f"seed {seed}, {row}: UF1 {value:.4f} ({low:.4f} to {high:.4f}), {len(clips)} clips, generated")
    print(f"nodes that the folds' training clips show: {min(nodes)} to {max(nodes)} of {len(AUS)}")
    pairs = np.stack([compared(scores[:, number], shown[:, number], people) for number in range(len(AUS))])
    found = Compared(pairs, shown.T)
    table(f"seed {seed}, {row}", found)
    return found


def table(title: str, found: Compared) -> None:
    """A line for each unit that somebody's clips tell apart, then one of all."""
    print(f"\n{title}\n| unit | clips that show it | people compared | AUC | 95 % |\n| --- | --- | --- | --- | --- |")
    for number, unit in enumerate(AUS):
        if found.pairs[number, 1].any():
            line(f"AU {unit}", int(found.shown[number].sum()), found.pairs[number])
    line("all", int(found.shown.sum()), found.pairs.sum(0))


def trained(root: Path, clips: list[Clip], seed: int, own: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Scores of classes [N, C] and units [N, A], by the fold that never saw the person, and each fold's nodes."""
    values = config.load(root / "params.yaml")["methods"]["augacn"] | own
    method = Seen(Seen.Params(**values), len(PROTOCOL.classes))
    initial.load(method, "augacn", PROTOCOL.classes, [str(FIRST_WEIGHTS)])
    data = load_clips(method, clips, [str(root / name) for name in files(clips)])
    job = train.Job("augacn", method, PROTOCOL, clips, [], train.Params(), train.SynthParams(), seed)
    folds, nodes = fold_indices(PROTOCOL.folds(clips), clips), []
    scores = np.full((len(clips), len(PROTOCOL.classes) + len(AUS)), np.nan)
    for fold, result in zip(folds, engine.train(method, data, folds, job.seeds(), "sequential", 1), strict=True):
        scores[fold.test] = result.scores[0, -1]
        nodes.append(int(result.statistics["present"].sum()))
    return *np.split(scores, [len(PROTOCOL.classes)], 1), nodes


def truth(root: Path, clips: list[Clip]) -> np.ndarray:
    """bool[N, A]: which of `AUS` moved between a clip's true onset and apex; what the renderer lacks never did."""
    shown = np.zeros((len(clips), len(AUS)), bool)
    for number, clip in enumerate(clips):
        with store.open_file(root / f"data/rendered/truth/{clip.dataset}/{clip.subject}.h5", "truth") as file:
            group = file[clip.name]
            frames, names = group["frame"][()], store.strings(group["action_unit"])
            onset, apex = (
                group["au_intensity"][int(np.searchsorted(frames, group[at][()]))] for at in ("onset", "apex")
            )
        moved = dict(zip(names, (apex - onset).max(-1) >= SHOWN, strict=True))
        shown[number] = [moved.get(f"AU{unit}", False) for unit in AUS]
    return shown


def compared(scores: np.ndarray, shown: np.ndarray, people: np.ndarray) -> np.ndarray:
    """float[2, U]: of each person's pairs of a clip that shows the unit and one that does not, those won, and all."""
    found = np.zeros((2, len(set(people))))
    for number, person in enumerate(sorted(set(people))):
        own = people == person
        if pairs := int(shown[own].sum() * (~shown[own]).sum()):
            found[:, number] = roc_auc_score(shown[own], scores[own]) * pairs, pairs
    return found


def line(name: str, clips: int, pairs: np.ndarray) -> None:
    """Of pairs [2, U], their area and its interval over resampled people."""
    own = pairs[:, pairs[1] > 0]
    area, interval = own[0].sum() / own[1].sum(), "too few people"
    if own.shape[1] >= FEWEST:
        picked = seeds.generator(0, name).integers(own.shape[1], size=(RESAMPLES, own.shape[1]))
        won, every = own[:, picked].sum(-1)
        interval = " to ".join(f"{limit:.3f}" for limit in np.percentile(won / every, [2.5, 97.5]))
    print(f"| {name} | {clips} | {own.shape[1]} | {area:.3f} | {interval} |", flush=True)


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
