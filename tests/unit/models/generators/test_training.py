"""One contract over every generator: losses by hand, short trainings by the engine, rates, what a training learns."""

from types import SimpleNamespace as Modules

import numpy as np
import pytest
import torch
from small_generators import (
    BATCH,
    COUNT,
    FOLDS,
    FRAMES,
    OWN,
    SIZE,
    UNITS,
    built,
    clips,
    critic_loss,
    pretended,
    small,
    stream,
)
from trainings import finished

from microexpr.models import generators, module_names
from microexpr.models.base import ClipTensors, Generator
from microexpr.models.generators.auicgan import Auicgan
from microexpr.models.generators.famgan import Famgan
from microexpr.signals import inputs
from microexpr.training import engine
from microexpr.training.engine import FoldIndices
from microexpr.training.group import FoldRun, Group

engine.use_one_thread()  # for groups that no engine steps
KINDS = [generators.find(name) for name in module_names(generators)]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name())
FAKE, BACK = 0.75, 0.625  # of 1, half of the way to 0.5; the same again
ALIKE = (2 * 0.875 + 1e-4) / (0.875**2 + 1 + 1e-4)  # flat faces, 0.875 and 1 of 0..1: brightness alone differs
READ = (0.75**2 + 0.25**2) / 2  # a critic reads 0.25, of 1 and 0.5
BOTH = {"adversarial": -3 * FAKE, "attention": 2 * 0.25, "intensity": READ}
EMOTIONS = ((0.25 + 0.09 + 0.04) + (0.25 + 0.49 + 0.04)) / 2
OF_CLIPS = {"ssim": FRAMES * (1 - ALIKE), "emotion": EMOTIONS, "sequence": -7 * FAKE}
LOSSES = {"auicgan": BOTH | {"consistency": 1 - BACK} | OF_CLIPS, "famgan": BOTH | {"cycle": 1 - BACK}}
# the published program multiplies 4000 by the mean squared error of a batch of 25, and divides by the batch
WEIGHTS = {"consistency": 10, "cycle": 10, "attention": 0.1, "intensity": 4000 / 25}
# the slope of k times a mean over n numbers is k / n in each: |slope| = k / sqrt(n)
STEEP, STEEP_IN_TIME = 3 / np.sqrt(3 * SIZE**2), 7 / np.sqrt(3 * SIZE**2 * FRAMES)
CRITICS = [
    *((kind, {"adversarial_weight": 1.0}, 3 * (FAKE - 1) + 10 * (STEEP - 1) ** 2) for kind in KINDS),
    *((kind, {"adversarial_weight": 2.0, "penalty_weight": 0.0}, 6 * (FAKE - 1)) for kind in KINDS),
    *((kind, {"intensity_weight": 1.0}, READ) for kind in KINDS),
    (Auicgan, {"sequence_weight": 1.0}, 7 * (FAKE - 1) + 10 * (STEEP_IN_TIME - 1) ** 2),
    (Auicgan, {"emotion_weight": 1.0}, EMOTIONS),
]


@each_kind
def test_the_losses_of_the_generators(kind: type[Generator]) -> None:
    method, expected = small(kind, **OWN[kind.name()]), LOSSES[kind.name()]
    losses = method.generator_losses(pretended(), BATCH, stream())
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(expected, rel=1e-4)
    total = method.generator_loss(pretended(), BATCH, {}, stream()).item()
    assert total == pytest.approx(sum(WEIGHTS.get(name, 1) * value for name, value in expected.items()), rel=1e-4)


@pytest.mark.parametrize(("kind", "weights", "expected"), CRITICS)
def test_critics_learn_by_their_part_of_each_loss(kind: type[Generator], weights: dict[str, float], expected: float):
    assert critic_loss(kind, **weights) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("kind", "changed", "reads"), [(Famgan, {}, False), (Auicgan, {"emotion_weight": 0.0}, False), (Auicgan, {}, True)]
)
def test_a_clips_class_is_read_where_it_is_learnt_and_nothing_else_of_its_targets(kind, changed, reads):
    data, method = clips(), small(kind, **changed)
    batch = data.inputs | {name: data.targets[name] for name in ("label", "macro")}
    relabelled = batch | {"label": (batch["label"] + 1) % 3}
    for loss in (method.critic_loss, method.generator_loss):
        first, second = (loss(built(method), part, {}, stream()).item() for part in (batch, relabelled))
        assert (first != second) == reads


@each_kind
def test_each_update_moves_its_own_networks(kind: type[Generator]) -> None:
    method, data = small(kind), clips()
    group = Group(method, data, [FoldRun(FOLDS[0], 7)], stacked=False)
    phase, batch = group.phases[0], data[torch.arange(3)]
    for i, update in enumerate(phase.updates):
        before = {name: [p.clone() for p in net.parameters()] for name, net in group.networks.items()}
        group._step(i, update, batch.inputs | batch.targets, torch.tensor(3, dtype=torch.int32))
        for name, net in group.networks.items():
            moved = [not torch.equal(p, q) for p, q in zip(net.parameters(), before[name], strict=True)]
            assert all(moved) if name in update.trains else not any(moved), name


@each_kind
def test_inputs_exist_the_rate_falls_at_the_end_and_half_of_a_batch_are_stills(kind: type[Generator]) -> None:
    generator = kind(kind.Params())
    for name, shape in generator.inputs.items():
        inputs.check(name, shape)
    (phase,) = generator.phases()
    np.testing.assert_allclose([phase.schedule(epoch / 30) for epoch in (0, 20, 25, 29)], [1, 1, 0.5, 0.1])
    assert kind(kind.Params(decay_epochs=0)).phases()[0].schedule(0.5) == 1
    assert [update.every for update in phase.updates] == [1, 5] and generator.macro
    targets = {name: value.numpy() for name, value in clips().targets.items()}
    sampled = phase.sample(targets, 9, 5, np.random.default_rng(0))
    assert (targets["macro"][sampled] == [0, 0, 0, 1, 1]).all() and set(sampled.ravel()) == set(range(COUNT))


@each_kind
def test_faces_learn_to_brighten_by_their_targets(kind: type[Generator]) -> None:
    """Films whose brightness is that of AU1; after a short training a held-out face brightens with it, too."""
    rng, count = np.random.default_rng(0), 16
    rise = rng.uniform(0, 5, (count, 1)) * np.linspace(0, 1, FRAMES)
    face = rng.integers(60, 100, (count, 3, 1, SIZE, SIZE))
    video = (face + 24 * rise[:, None, :, None, None]).astype(np.uint8)
    intensity = np.zeros((count, FRAMES, UNITS), np.float32)
    intensity[..., 0] = rise
    data = ClipTensors(
        {"video": torch.tensor(video), "au_intensities": torch.tensor(intensity), "au_changes": torch.zeros(count)},
        {"label": torch.arange(count) % 3, "macro": torch.zeros(count, dtype=torch.int64)},
    )
    method = small(kind, epochs=15, decay_epochs=0, lr=3e-3, width=4, critic_steps=1, intensity_weight=3000.0)
    group = finished(method, data, [FoldRun(FoldIndices("g", np.arange(12), np.arange(12, 16)), 7)])
    target = torch.zeros(4, 2, UNITS, 2)
    target[:, 1, 0] = 5.0
    with torch.no_grad():
        fake = method.synthesise_clips(Modules(**group.networks), data.inputs["video"][12:, :, 0], target)
    brightness = fake.mean((2, 3, 4))
    assert (brightness[:, 1] - brightness[:, 0] > 0.03).all(), brightness
