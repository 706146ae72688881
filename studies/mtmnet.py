"""MTMNet at difficulty `standard`, a corpus of its own for each seed: whether guidance helps, and what its parts part.

First table: the whole loss (`mtmnet`) against none of the guidance (`mtmnet.alone`: L_EID, then L_cls) and against
L_cls alone (`mtmnet.lcls_only`), under MEGC2019's protocol.

Second: what a linear machine reads off each of the two halves of an EIDNet's features, of people whom the network has
not seen: half of each data set's people train a network, the others are read, and the other way round. Who it is, by
machines that saw other clips of the same people; which class, by machines that saw other people; of one frame, and of
the apex less the onset. Once more who it is, of the people trained on, with other clips again; and how much of the
features' variance lies between people, since a machine that is always right says no more. With the adversarial term of
identity, as in the paper, and with its weight at 0, all else equal. Third: what the network's own classifier says of
clips that it was trained on and of people that it was not.
"""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from checkout import environment, folder, parser
from scratch import copy

from microexpr import evaluation, protocols
from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.clip import Clip
from microexpr.core.seeds import generator
from microexpr.datasets import index
from microexpr.evaluation import metrics, pairs
from microexpr.evaluation.metrics.probes import probe
from microexpr.models.augmentation import to_unit_range
from microexpr.models.recognisers.mtmnet import Mtmnet
from microexpr.training import refit, train
from microexpr.training.load_clips import load_clips

PROTOCOL = protocols.PROTOCOLS["megc2019"]
ROWS = ("mtmnet", "mtmnet.alone", "mtmnet.lcls_only")
NETWORKS = {  # what an EIDNet is trained and read on: data sets, and by how much longer than in params.yaml
    "MicroNet": (("smic", "casme2", "samm"), 1),
    "MicroNet, 20 times as long": (("smic", "casme2", "samm"), 20),
    "MacroNet": (("ckplus", "mmi", "oulu_casia"), 1),
}
WEIGHTS = (0.1, 0.0)  # of the adversarial term
ALONE = {"triplet_weight": 0.0, "adversarial_weight": 0.0, "inequality_weight": 0.0, "epochs": 0}
RESAMPLES = 1000
PIXELS = "pixels"
BETWEEN = "variance between people"
OF_SEEN = "who, of those trained on"
QUESTIONS = {
    OF_SEEN: metrics.accuracy,
    "who": metrics.accuracy,
    "class": metrics.uar,
    "class of the change": metrics.uar,
}
Key = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Said:
    """What was said of clips, and what is true of them; joined over halves of the people, and over seeds."""

    truth: np.ndarray  # int64[N]
    said: np.ndarray  # int64[N]
    person: np.ndarray  # str[N], with the seed of the corpus

    def interval(self, metric: metrics.Metric) -> tuple[float, float, float]:
        """The metric, and its 95 % interval over people."""
        classes = 1 + int(max(self.truth.max(), self.said.max()))
        value = float(metric(metrics.confusion(self.truth, self.said, classes)))
        rng = generator(1, "campaign", "mtmnet")
        return value, *metrics.bootstrap(self.truth, self.said, self.person, metric, RESAMPLES, rng, classes)


def joined(parts: list[Said]) -> Said:
    return Said(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("truth", "said", "person")))


def less(one: Said, other: Said, metric: metrics.Metric) -> metrics.Difference:
    """Of the same clips."""
    assert (one.person == other.person).all() and (one.truth == other.truth).all()
    classes = 1 + int(max(one.truth.max(), one.said.max(), other.said.max()))
    rng = generator(1, "campaign", "mtmnet")
    return metrics.paired(one.truth, one.said, other.said, one.person, metric, RESAMPLES, rng, classes)


def main() -> int:
    arguments = parser(__doc__ or "", first=1, seeds=3).parse_args()
    rows: dict[str, list[Said]] = defaultdict(list)
    read: dict[Key, list[Said]] = defaultdict(list)
    shares: dict[Key, list[float]] = defaultdict(list)
    print("| corpus | row | UF1 | UAR |\n| --- | --- | --- | --- |")
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"mtmnet-{seed}") as root:
            run(root, arguments.cores, seed)
            for row in ROWS:
                rows[row].append(answered(root, row, seed))
                print(of_row(str(seed), row, rows[row][-1]), flush=True)
            for key, one in probed(root, seed):
                read[key].append(one) if isinstance(one, Said) else shares[key].append(one)
    print_guidance({row: joined(parts) for row, parts in rows.items()})
    print_probes({key: joined(parts) for key, parts in read.items()}, shares)
    return 0


def run(root: Path, cores: int, seed: int) -> None:
    """The three rows, in a copy of the project, and the signals of the strong expressions."""
    copy(root)
    values = config.load(root / "params.yaml")
    values["seed"], values["origin"], values["render"]["difficulty"] = seed, "generated", "standard"
    values["macro"] = list(NETWORKS["MacroNet"][0])
    rows = {name: values["papers"]["variants"]["mtmnet"][name] for name in ("alone", "lcls_only")}
    values["papers"] |= {"folds": 0, "variants": {"mtmnet": rows}}  # all folds, and no row that was not asked for
    values["train"] |= {"seeds": 1, "shards": 1, "inner_subjects": 0}
    (root / "params.yaml").write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    targets = [f"results/evaluate/{PROTOCOL.name}/{row}.csv" for row in ROWS]
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", "all_index", "all_apex", *targets]
    subprocess.run(command, cwd=root, env=environment(root), check=True, stdout=sys.stderr)


def answered(root: Path, row: str, seed: int) -> Said:
    """As the evaluate stage wrote it, of the last epoch."""
    found = pairs.read_predictions(root / f"results/evaluate/{PROTOCOL.name}/{row}_predictions.csv", PROTOCOL.classes)
    people = np.array([f"{seed}/{name.rpartition('/')[0]}" for name in found.clips])
    one = Said(found.truth, found.predicted[0], people)
    (uf1,) = (
        written["value"]
        for written in evaluation.read(root / f"results/evaluate/{PROTOCOL.name}/{row}.csv")
        if (written["selection"], written["pooling"], written["scope"], written["metric"])
        == ("last", "pooled", evaluation.FULL, "uf1")
    )
    assert abs(one.interval(metrics.uf1)[0] - uf1) < 1e-6
    return one


def probed(root: Path, seed: int) -> Iterator[tuple[Key, Said | float]]:
    """By network, weight, features and question, what is read of both halves of the people."""
    own = config.check_cached(config.load(root / "params.yaml"))["methods"]["mtmnet"]["params"]
    for network, (datasets, longer) in NETWORKS.items():
        clips = index.read_all([root / f"results/index/{name}.csv" for name in datasets])
        halves = halved(sorted((one for one in clips if PROTOCOL.label(one) is not None), key=lambda one: one.id))
        for weight in WEIGHTS:
            kind = apart(own | {"identity_weight": weight}, network == "MacroNet", longer)
            for half, (seen, unseen) in enumerate((halves, halves[::-1])):
                path = root / f"work/eidnets/{network.replace(' ', '_')}_{weight}_{half}.safetensors"
                trained = eidnet(root, kind, seen, seed, path)
                pixels = weight == WEIGHTS[0] and longer == 1  # the same for all networks
                for question, one in read_off(root, trained, seen, unseen, seed, pixels):
                    yield (network, str(weight), *question), one


def apart(own: dict[str, Any], strong: bool, longer: int) -> Mtmnet:
    """An EIDNet by itself: what pretrains MacroNet, or MicroNet before it is guided."""
    whole = Mtmnet(Mtmnet.Params.model_validate(own), len(PROTOCOL.classes))
    kind = whole.pretraining() if strong else Mtmnet(whole.params.model_copy(update=ALONE), whole.classes)
    assert kind
    more = {"pretrain_epochs": longer * kind.params.pretrain_epochs}
    return Mtmnet(kind.params.model_copy(update=more), kind.classes)


def halved(clips: list[Clip]) -> tuple[list[Clip], list[Clip]]:
    """Every other person of each data set, and the rest."""
    even = set()
    for dataset in {clip.dataset for clip in clips}:
        even |= {(dataset, name) for name in sorted({clip.subject for clip in clips if clip.dataset == dataset})[::2]}
    first = [clip for clip in clips if (clip.dataset, clip.subject) in even]
    return first, [clip for clip in clips if clip not in first]


def eidnet(root: Path, kind: Mtmnet, clips: list[Clip], seed: int, path: Path) -> refit.Recogniser:
    """Trained on these clips alone."""
    job = train.Job("mtmnet.probed", kind, PROTOCOL, clips, [], train.Params(), train.SynthParams(), seed)
    refit.run(job, signals(root), str(path), lambda done, total: None)
    return refit.load(path)


def signals(root: Path) -> list[str]:
    return [str(path) for stage in ("faces", "apex") for path in sorted((root / "results" / stage).glob("*/*.h5"))]


def resident(root: Path, network: refit.Recogniser, clips: list[Clip]) -> Any:
    return load_clips(network.method, clips, signals(root), {clip.id: PROTOCOL.label(clip) or 0 for clip in clips})


def read_off(
    root: Path, network: refit.Recogniser, seen: list[Clip], unseen: list[Clip], seed: int, pixels: bool
) -> Iterator[tuple[tuple[str, str], Said | float]]:
    """By features and question. Raises AssertionError where a network has seen whom it is asked about."""
    assert not {clip.provenance for clip in unseen} & network.fitted_on
    for clips in (seen, unseen):
        data, people = resident(root, network, clips), named(clips, seed)
        label, known = data.targets["label"].numpy(), "trained on" if clips is seen else "unseen"
        scores = network({name: value.numpy() for name, value in data.inputs.items()})
        yield ("own classifier", known), Said(label, scores.argmax(1), people)
        onset, apex = (parts(network, to_unit_range(data.inputs[name]), pixels) for name in ("onset", "apex"))
        for features in apex:
            if clips is seen:
                yield (features, OF_SEEN), who(apex[features], people)
            else:
                yield (features, BETWEEN), between(apex[features], people)
                yield (features, "who"), who(apex[features], people)
                yield (features, "class"), which(apex[features], label, people)
                yield (features, "class of the change"), which(apex[features] - onset[features], label, people)


def who(features: np.ndarray, person: np.ndarray) -> Said:
    """Who is in each clip, in order of people, by machines that saw all but the first clip of each, the second, ..."""
    _, truth, count = np.unique(person, return_inverse=True, return_counts=True)
    return Said(truth, probe(features, truth, np.concatenate([np.arange(clips) for clips in count])), person)


def which(features: np.ndarray, label: np.ndarray, person: np.ndarray) -> Said:
    """Which class is shown, by machines that saw everyone else."""
    return Said(label, probe(features, label, person), person)


def between(features: np.ndarray, person: np.ndarray) -> float:
    """The share of the variance of features [N, D] that lies between people."""
    apart = sum(
        (person == one).sum() * ((features[person == one].mean(0) - features.mean(0)) ** 2).sum() for one in set(person)
    )
    return float(apart / ((features - features.mean(0)) ** 2).sum())


def named(clips: list[Clip], seed: int) -> np.ndarray:
    return np.array([f"{seed}/{clip.dataset}/{clip.subject}" for clip in clips])


@torch.no_grad()
def parts(network: refit.Recogniser, faces: torch.Tensor, pixels: bool) -> dict[str, np.ndarray]:
    """f^e and f^s of faces [N, 3, H, H], and beside them the pixels themselves, which no network made, if asked."""
    expression, identity = network.modules.encoder(faces)
    found = {"f^e": expression.numpy(), "f^s": identity.numpy()}
    return found | ({PIXELS: faces.flatten(1).numpy()} if pixels else {})


def figure(value: float, low: float, high: float) -> str:
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def of_row(corpus: str, row: str, one: Said) -> str:
    return f"| {corpus} | `{row}` | {figure(*one.interval(metrics.uf1))} | {figure(*one.interval(metrics.uar))} |"


def print_guidance(rows: dict[str, Said]) -> None:
    for row, one in rows.items():
        print(of_row("all", row, one))
    for first, second in combinations(rows, 2):
        for name in ("uf1", "uar"):
            of = less(rows[first], rows[second], metrics.METRICS[name])
            print(f"{first} less {second}, {name}: {figure(of.value, of.low, of.high)}, p {of.p:.3f}")


def print_probes(read: dict[Key, Said], shares: dict[Key, list[float]]) -> None:
    columns = ("network", "weight", "features", BETWEEN, *QUESTIONS)
    print(f"\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for network, weight, features in dict.fromkeys(key[:3] for key in read if key[3] in QUESTIONS):
        own = (read[network, weight, features, what].interval(metric) for what, metric in QUESTIONS.items())
        share = f"{np.mean(shares[network, weight, features, BETWEEN]):.3f}"
        print(f"| {network} | {weight} | {features} | {share} | {' | '.join(figure(*one) for one in own)} |")
    for network in NETWORKS:
        one = read[network, str(WEIGHTS[0]), "f^e", "who"]
        print(f"chance, {network}: who {guessed(one):.3f}, class 0.333; {len(set(one.person))} people")
        for features, (what, metric) in product(("f^e", "f^s"), QUESTIONS.items()):
            of = less(*(read[network, str(weight), features, what] for weight in WEIGHTS), metric)
            about = f"{network}, {features}, {what}: with the adversarial term less without"
            print(f"{about} {figure(of.value, of.low, of.high)}, p {of.p:.3f}")
    print("\n| network | weight | own classifier: accuracy on clips trained on | UAR on unseen people |")
    print("| --- | --- | --- | --- |")
    for network, weight in product(NETWORKS, map(str, WEIGHTS)):
        there, elsewhere = (read[network, weight, "own classifier", question] for question in ("trained on", "unseen"))
        accuracy = there.interval(metrics.accuracy)[0]
        print(f"| {network} | {weight} | {accuracy:.3f} | {figure(*elsewhere.interval(metrics.uar))} |")


def guessed(one: Said) -> float:
    """Accuracy of guessing one of the people of a half."""
    return 1 / (1 + int(one.truth.max()))


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
