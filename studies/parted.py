"""MTMNet's disentanglement in a crowd: what a linear machine reads off each half of an EIDNet's features.

As many generated people as CK+ has (118), seven strong expressions each, of a seed that chose nothing: settings were
chosen on seed 1001. Half of the people train an EIDNet, the others are read by it, and the other way round, as in
`mtmnet.py`; with the adversarial term of identity, and with its weight at 0.
"""

import sys
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np
import torch
from checkout import folder, parser
from crowd import render_crowd
from mtmnet import (
    ALONE,
    BETWEEN,
    OF_SEEN,
    QUESTIONS,
    Key,
    Said,
    eidnet,
    figure,
    guessed,
    halved,
    joined,
    less,
    read_off,
    resident,
)
from scratch import ROOT

from microexpr.cli import config
from microexpr.core import arithmetic
from microexpr.core.clip import Clip
from microexpr.evaluation import metrics
from microexpr.models.counter_rng import Stream
from microexpr.models.recognisers.mtmnet import Mtmnet
from microexpr.training import refit

PEOPLE = 118
NARROW = {"features": 8, "pretrain_epochs": 80}
SETTINGS: dict[str, dict[str, float]] = {  # what differs from MacroNet of params.yaml
    "as committed": {},
    "8 features, 80 epochs": NARROW,
    "the same, identity_lr 0.01": NARROW | {"identity_lr": 0.01},
}
WEIGHTS = (0.1, 0.0)  # of the adversarial term
HALVES = ("f^e", "f^s")
ASKED = {name: metric for name, metric in QUESTIONS.items() if name != "class of the change"}


def main() -> int:
    asking = parser(__doc__ or "", first=4, seeds=1)
    asking.add_argument("--people", type=int, default=PEOPLE, help=f"in the crowd, default {PEOPLE}")
    arguments = asking.parse_args()
    read: dict[Key, list[Said]] = defaultdict(list)
    lost: dict[Key, list[float]] = defaultdict(list)
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with folder(arguments.keep, f"parted-{seed}") as root:
            halves = halved(render_crowd(root, arguments.people, seed))
            for (setting, weight), half in product(product(SETTINGS, WEIGHTS), range(2)):
                path = root / f"work/eidnets/{list(SETTINGS).index(setting)}_{weight}_{half}.safetensors"
                trained = eidnet(root, kind(setting, weight), halves[half], seed, path)
                lost[setting, str(weight)].append(adversary(root, trained, halves[half]))
                for question, one in read_off(root, trained, halves[half], halves[1 - half], seed, pixels=False):
                    if question[1] != BETWEEN:
                        read[setting, str(weight), *question].append(one)  # type: ignore[arg-type]
    show({key: joined(parts) for key, parts in read.items()})
    for (setting, weight), losses in lost.items():
        uar = (one.interval(metrics.uar)[0] for one in read[setting, weight, "own classifier", "unseen"])
        each = "; ".join(f"L_s {loss:.2f}, UAR {own:.3f}" for loss, own in zip(losses, uar, strict=True))
        print(f"{setting}, weight {weight}: each network's own classifiers: {each}")
    return 0


def kind(setting: str, weight: float) -> Mtmnet:
    """MacroNet of params.yaml, but for the setting and the weight."""
    own = config.check_cached(config.load(ROOT / "params.yaml"))["methods"]["mtmnet"]["params"]
    macro = Mtmnet(Mtmnet.Params.model_validate(own | {"identities": PEOPLE})).pretraining()
    assert macro
    changed = macro.params.model_dump() | ALONE | SETTINGS[setting] | {"identity_weight": weight}
    return Mtmnet(Mtmnet.Params.model_validate(changed), macro.classes)


@torch.no_grad()
def adversary(root: Path, network: refit.Recogniser, clips: list[Clip]) -> float:
    """L_s (eq. 3) of the clips trained on; the logarithm of the number of people is that of one who cannot say."""
    assert isinstance(network.method, Mtmnet)
    data = resident(root, network, clips)
    nothing = Stream(torch.tensor(0))  # of one frame, nothing is drawn
    return float(network.method.identity_loss(network.modules, data.inputs | data.targets, network.statistics, nothing))


def show(read: dict[Key, Said]) -> None:
    """The halves of each network; then paired differences."""
    print(f"| setting | weight | features | {' | '.join(ASKED)} |\n|{' --- |' * (3 + len(ASKED))}")
    for setting, weight, features in product(SETTINGS, map(str, WEIGHTS), HALVES):
        own = (figure(*read[setting, weight, features, what].interval(metric)) for what, metric in ASKED.items())
        print(f"| {setting} | {weight} | {features} | {' | '.join(own)} |")
    for setting, (what, metric) in product(SETTINGS, ASKED.items()):
        compared = {f"f^e less f^s, weight {weight}": [(str(weight), name) for name in HALVES] for weight in WEIGHTS}
        compared |= {
            f"{name}, with the term less without": [(str(weight), name) for weight in WEIGHTS] for name in HALVES
        }
        for name, (one, other) in compared.items():
            of = less(read[setting, *one, what], read[setting, *other, what], metric)
            print(f"{setting}, {what}: {name}: {figure(of.value, of.low, of.high)}, p {of.p:.3f}")
    for setting, weight in product(SETTINGS, map(str, WEIGHTS)):
        there, elsewhere = (read[setting, weight, "own classifier", whose] for whose in ("trained on", "unseen"))
        accuracy, uar = there.interval(metrics.accuracy)[0], figure(*elsewhere.interval(metrics.uar))
        print(
            f"{setting}, weight {weight}: own classifier {accuracy:.3f} of clips trained on, UAR {uar} of unseen people"
        )
    one = read[next(iter(SETTINGS)), str(WEIGHTS[0]), "f^e", OF_SEEN]
    print(
        f"chance: who {guessed(one):.3f}, {-np.log(guessed(one)):.2f} nats; class 0.333; {len(set(one.person))} people"
    )


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
