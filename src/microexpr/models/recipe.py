"""Parts of trainings that several methods share: schedules, samplers, and random augmentation. No network, no loss.

A schedule returns a factor on learning rates, a sampler int64[S, B], positions in a fold's training clips. Shapes: B
images of C channels, H rows and W columns, values in 0..1.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from microexpr.models.base import NetworkMethod, Phase, Sampler, Targets, shuffled
from microexpr.models.counter_rng import Stream


def linear(progress: float) -> float:
    """Return a factor that falls from 1 to 0 linearly."""
    return 1 - progress


def cosine(progress: float) -> float:
    """Return a factor that falls from 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def linear_at_the_end(epochs: int, last: int) -> Callable[[float], float]:
    """Return a schedule that is 1 and falls linearly to 0 over the `last` ones of `epochs`."""
    return lambda progress: min(1.0, (1 - progress) * epochs / max(last, 1))


def in_steps(factor: float, epochs: int, every: int = 1) -> Callable[[float], float]:
    """Return a schedule that is multiplied by `factor` each time that `every` of `epochs` are done."""
    return lambda progress: factor ** (round(progress * epochs) // every)


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
        return candidates[sample(subset, steps, batch, rng)]

    return sample_filtered


macro_only = filtered("macro", True, shuffled)
micro_only = filtered("macro", False, shuffled)


def half_and_half(targets: Targets, steps: int, batch: int, rng: np.random.Generator) -> np.ndarray:
    """Sample batches that are half micro- and half macro-expressions, which come last, each half in shuffled order.

    Where there is only one kind of them, all are sampled in shuffled order."""
    if not 0 < targets["macro"].sum() < len(targets["macro"]):
        return shuffled(targets, steps, batch, rng)
    size = batch // 2
    micro, macro = micro_only(targets, steps, batch - size, rng), macro_only(targets, steps, size, rng)
    return np.concatenate([micro, macro], 1)


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


def jitter(images: Tensor, rng: Stream, mirror: float = 0.0, shift: int = 0, brightness: float = 0.0) -> Tensor:
    """Mirror a share `mirror` of the images [B, C, H, W], shift them by up to `shift` pixels, and change brightness.

    Shifted images repeat their edges; values are multiplied by a factor in 1 +- `brightness`."""
    count, _, rows, columns = images.shape
    mirrored = rng.uniform(count, 1) < mirror
    for axis, size in ((2, rows), (3, columns)):
        offset = (rng.uniform(count, 1) * (2 * shift + 1)).floor() - shift
        index = (torch.arange(size, device=images.device) + offset).clamp(0, size - 1).long()  # [B, size]
        index = index[:, None, :, None] if axis == 2 else torch.where(mirrored, size - 1 - index, index)[:, None, None]
        images = images.gather(axis, index.expand(images.shape))
    return images * (1 + brightness * (2 * rng.uniform(count, 1, 1, 1) - 1))


def mirror_share(
    clips: Tensor, share: float, rng: Stream | None, mirror: Callable[[Tensor], Tensor] = lambda images: images.flip(-1)
) -> Tensor:
    """Mirror a share of the clips [B, ...], by default their columns; none without a stream, as in scoring."""
    if rng is None:
        return clips
    return torch.where(rng.uniform(len(clips), *[1] * (clips.ndim - 1)) < share, mirror(clips), clips)


def to_unit_range(images: Tensor) -> Tensor:
    """Convert uint8 grey levels to numbers in 0..1."""
    return images.to(torch.get_default_dtype()) / 255


def to_signed_range(images: Tensor) -> Tensor:
    """Convert uint8 grey levels to numbers in -1..1."""
    return 2 * to_unit_range(images) - 1
