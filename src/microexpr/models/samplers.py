"""Which training clips a step sees, where it is not all of them in turn. No network and no loss.

A sampler gives int64[S, B] positions in a fold's training clips.
"""

from dataclasses import replace

import numpy as np

from microexpr.models.base import NetworkMethod, Phase, Sampler, Targets, shuffled


def balanced(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Drawn with replacement, so that every class that is there comes equally often."""
    label = targets["label"]
    share = 1 / np.bincount(label)[label]
    return rng.choice(len(label), (steps, batch), p=share / share.sum())


def only(macro: bool) -> Sampler:
    """The macro-expressions alone, or the others alone, in shuffled order."""
    return among("macro", macro, shuffled)


def among(kind: str, wanted: bool, sample: Sampler) -> Sampler:
    """`sample` of the clips that are marked as of that kind, or of those that are not."""

    def chosen(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
        places = np.flatnonzero(targets[kind] == wanted)
        own: np.ndarray = places[sample({name: value[places] for name, value in targets.items()}, steps, batch, rng)]
        return own

    return chosen


def halves(kind: str) -> Sampler:
    """As many of the clips that are marked as of that kind as of the others, where there are both; each in shuffled
    order, those of that kind last in a batch."""

    def chosen(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
        marked = int(targets[kind].sum())
        if not 0 < marked < len(targets[kind]):
            return shuffled(targets, steps, batch, rng)
        others, own = batch - batch // 2, batch // 2
        parts = [
            among(kind, wanted, shuffled)(targets, steps, size, rng) for wanted, size in ((False, others), (True, own))
        ]
        return np.concatenate(parts, 1)

    return chosen


def course(method: NetworkMethod) -> list[Phase]:
    """The phases of a training: twice those of the method where synthetic clips come first, alone."""
    phases, params = method.phases(), method.params
    if not getattr(params, "synthetic", "") or getattr(params, "synthetic_use", "") != "pretrain":
        return phases
    return [
        replace(phase, sample=among("synthetic", synthetic, phase.sample))
        for synthetic in (True, False)
        for phase in phases
    ]
