"""Samplers: which training clips each step sees, where it is not all of them in turn. No network and no loss.

A sampler returns int64[S, B], positions in a fold's training clips.
"""

from dataclasses import replace

import numpy as np

from microexpr.models.base import NetworkMethod, Phase, Sampler, Targets, shuffled


def balanced(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Sample clips with replacement so that all classes that occur are equally frequent."""
    label = targets["label"]
    share = 1 / np.bincount(label)[label]
    return rng.choice(len(label), (steps, batch), p=share / share.sum())


def filtered(kind: str, marked: bool, sample: Sampler) -> Sampler:
    """Restrict a sampler to the clips with target `kind` ("macro", "synthetic") equal to `marked`."""

    def sample_filtered(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
        candidates = np.flatnonzero(targets[kind] == marked)
        subset = {name: value[candidates] for name, value in targets.items()}
        positions: np.ndarray = candidates[sample(subset, steps, batch, rng)]
        return positions

    return sample_filtered


macro_only = filtered("macro", True, shuffled)
micro_only = filtered("macro", False, shuffled)


def half_and_half(kind: str) -> Sampler:
    """Return a sampler of batches that are half marked as `kind`, each half in shuffled order.

    Marked clips come last in a batch. Where all clips are marked, or none, all are sampled in shuffled order.
    """

    def sample_halves(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
        marked = int(targets[kind].sum())
        if not 0 < marked < len(targets[kind]):
            return shuffled(targets, steps, batch, rng)
        size = batch // 2
        unmarked_half = filtered(kind, False, shuffled)(targets, steps, batch - size, rng)
        marked_half = filtered(kind, True, shuffled)(targets, steps, size, rng)
        return np.concatenate([unmarked_half, marked_half], 1)

    return sample_halves


def training_phases(method: NetworkMethod) -> list[Phase]:
    """Return the phases of a training: the method's own, or these twice where synthetic clips pretrain the network."""
    phases, params = method.phases(), method.params
    if not getattr(params, "synthetic", "") or getattr(params, "synthetic_use", "") != "pretrain":
        return phases
    return [
        replace(phase, sample=filtered("synthetic", synthetic, phase.sample))
        for synthetic in (True, False)
        for phase in phases
    ]
