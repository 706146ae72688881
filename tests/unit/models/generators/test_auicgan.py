"""AU-ICGAN's losses by hand, its penalty on linear critics, and short trainings by the engine."""

from types import SimpleNamespace as Modules
from typing import Any

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from microexpr.models.base import ClipTensors
from microexpr.models.counter_rng import Stream
from microexpr.models.generators import auicgan
from microexpr.models.generators.auicgan import Auicgan
from microexpr.signals import inputs
from microexpr.signals.aus import ACTION_UNITS
from microexpr.training import processor
from microexpr.training.engine import FoldIndices, train
from microexpr.training.group import Group, Run

processor.use_one_thread()
FRAMES, SIZE, COUNT = 4, 16, 8
UNITS = len(ACTION_UNITS)


def small(**changed: Any) -> Auicgan:
    tiny = {"image_size": SIZE, "frames": FRAMES, "width": 4, "blocks": 1, "batch": 3, "critic_steps": 2, "epochs": 2}
    tiny["target_noise"] = 0
    return Auicgan(Auicgan.Params(**(tiny | changed)))


def clips(seed: int = 0) -> ClipTensors:
    """Random films and intensities; the last two are stills."""
    rng = np.random.default_rng(seed)
    video = rng.integers(0, 256, (COUNT, 3, FRAMES, SIZE, SIZE), dtype=np.uint8)
    video[6:] = video[6:, :, :1]
    number = np.arange(COUNT)
    targets = {"label": number % 3, "subject": number // 2, "dataset": number // 4, "macro": (number >= 6).astype(int)}
    targets |= {"synthetic": np.zeros(COUNT, int), "aus": rng.integers(0, 2, (COUNT, 5))}
    read = {"video": video, "au_intensities": rng.uniform(0, 5, (COUNT, FRAMES, UNITS)).astype(np.float32)}
    return ClipTensors({k: torch.tensor(v) for k, v in read.items()}, {k: torch.tensor(v) for k, v in targets.items()})


def stream(key: int = 4) -> Stream:
    """Return random numbers; of two clips each gets the other's targets."""
    return Stream(torch.tensor(key, dtype=torch.int32))


FOLDS = [
    FoldIndices("g0", np.array([2, 3, 4, 5, 6, 7]), np.array([0, 1])),
    FoldIndices("g1", np.array([0, 1, 2, 3, 6, 7]), np.array([4, 5])),
]


def test_inputs_exist_and_modules_have_their_shapes():
    method = Auicgan(Auicgan.Params())
    for name, shape in method.inputs.items():
        inputs.check(name, shape)
    assert method.inputs == {"video": (3, 16, 128, 128), "au_intensities": (16, 17)}
    built = small().build({})
    faces, asked = torch.rand(5, 3, SIZE, SIZE) * 2 - 1, torch.rand(5, UNITS)
    mask, colour = built["attention"](faces, asked), built["colour"](faces, asked)
    assert mask.shape == (5, 1, SIZE, SIZE) and colour.shape == (5, 3, SIZE, SIZE)
    assert mask.min() > 0 and colour.min() < 0  # one is a share, the other levels
    assert [tuple(actual.shape) for actual in built["image_critic"](faces)] == [(5,), (5, UNITS)]
    film = torch.rand(2, FRAMES, 3, SIZE, SIZE)
    assert [tuple(actual.shape) for actual in built["video_critic"](film)] == [(2,), (2, 3)]
    assert small().scores(Modules(**built), clips().inputs, {}).shape == (COUNT, 3)


def test_networks_of_the_papers_size():
    with torch.device("meta"):
        built = Auicgan(Auicgan.Params()).build({})
        film = built["video_critic"].trunk(torch.empty(1, 3, 16, 128, 128))
    assert film.shape == (1, 1024, 1, 4, 4)


def test_the_video_critic_has_no_norm():
    layers = {type(layer) for layer in small().build({})["video_critic"].modules()}
    assert layers == {auicgan.VideoCritic, torch.nn.Sequential, torch.nn.Conv3d, torch.nn.LeakyReLU, torch.nn.Linear}


def test_emotion_loss():
    scores = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]).log()
    expected = [0.25 + 0.09 + 0.04, 0.01 + 0.81 + 0.64]
    np.testing.assert_allclose(auicgan.emotion_loss(scores, torch.tensor([0, 1])), expected, rtol=1e-5)


def test_ssim_is_that_of_scikit_image():
    first = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0)) * 2 - 1
    second = (first + 0.2 * torch.randn(2, 3, 24, 24, generator=torch.Generator().manual_seed(1))).clamp(-1, 1)
    values = auicgan.ssim(first, second)
    for x, y, value in zip((first + 1) / 2, (second + 1) / 2, values, strict=True):
        _, full = structural_similarity(
            *(image.numpy().astype(float) for image in (x, y)), channel_axis=0, data_range=1, full=True,
            gaussian_weights=True, sigma=1.5, use_sample_covariance=False, truncate=3.5,
        )  # fmt: skip
        assert value.item() == pytest.approx(full[:, 5:-5, 5:-5].mean(), abs=1e-5)
    torch.testing.assert_close(auicgan.ssim(first, first), torch.ones(2))


class Pretended:
    """Networks of known answers: colour 0.5, mask 1/2; critics that know real films by their mean level, which is 1."""

    batch = {
        "video": torch.full((2, 3, FRAMES, SIZE, SIZE), 255, dtype=torch.uint8),
        "au_intensities": torch.stack([torch.full((FRAMES, UNITS), value) for value in (5.0, 2.5)]),
        "label": torch.tensor([0, 1]),
        "macro": torch.tensor([0, 0]),
    }

    @staticmethod
    def modules():
        chances = torch.tensor([0.5, 0.3, 0.2]).log()
        return Modules(
            attention=lambda face, asked: torch.full_like(face[:, :1], 0.5),
            colour=lambda face, asked: torch.full_like(face, 0.5),
            image_critic=lambda x: (3 * x.mean((1, 2, 3)), torch.full((len(x), UNITS), 0.25)),
            video_critic=lambda x: (7 * x.mean((1, 2, 3, 4)), chances.expand(len(x), 3)),
        )

    def losses(self, batch=None, **changed):
        method = small(**changed)
        return method.generator_losses(self.modules(), batch or self.batch, stream())

    def critic(self, batch=None, **weights):
        zero = dict.fromkeys(("adversarial_weight", "sequence_weight", "intensity_weight", "emotion_weight"), 0.0)
        method = small(**({"own_share": 1.0} | zero | weights))
        return method.critic_loss(self.modules(), batch or self.batch, {}, stream()).item()


def test_the_seven_losses_of_the_generators():
    fake, back = 0.75, 0.625  # of 1, half of the way to 0.5; the same again
    losses = Pretended().losses(own_share=1.0)
    c1 = 0.01**2
    alike = (2 * 0.875 + c1) / (0.875**2 + 1 + c1)  # flat faces, 0.875 and 1 of 0..1: brightness alone differs
    emotion = ((0.25 + 0.09 + 0.04) + (0.25 + 0.49 + 0.04)) / 2
    expected = {
        "adversarial": -3 * fake, "consistency": 1 - back, "attention": 2 * 0.25,
        "intensity": (0.75**2 + 0.25**2) / 2, "ssim": FRAMES * (1 - alike), "emotion": emotion, "sequence": -7 * fake,
    }  # fmt: skip
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(expected, rel=1e-4)
    weights = dict.fromkeys(expected, 1) | {"consistency": 10, "attention": 0.1, "intensity": 160}
    total = small(own_share=1.0).generator_loss(Pretended.modules(), Pretended.batch, {}, stream()).item()
    assert total == pytest.approx(sum(weights[name] * value for name, value in expected.items()), rel=1e-4)


def test_asked_for_another_clips_intensities_it_is_asked_for_its_class():
    actual = Pretended().losses(own_share=0.0, batch=Pretended.batch | {"macro": torch.tensor([0, 1])})
    # clip 1 is asked clip 0's intensities, which are class 0's; clip 0 the still's, of which no class is known
    assert actual["emotion"].item() == pytest.approx(0.25 + 0.09 + 0.04, rel=1e-5)


def test_ssim_is_to_the_true_frames_where_these_are_asked():
    film = Pretended.batch["video"].clone()
    film[:, :, 1:] = 191  # the neutral frame stays at 255; half of the way to 0.5 is 0.75 of -1..1: 223
    batch = Pretended.batch | {"video": film}
    levels = np.array([255, 191, 191, 191]) / 255

    def apart(level):
        alike = (2 * 0.875 * level + 1e-4) / (0.875**2 + level**2 + 1e-4)
        return (1 - alike).sum()

    for changed, expected in (
        ({"own_share": 1.0}, apart(levels)),
        ({"own_share": 0.0}, apart(np.ones(FRAMES))),
        ({"own_share": 1.0, "ssim_to": "input"}, apart(np.ones(FRAMES))),
    ):
        assert Pretended().losses(batch, **changed)["ssim"].item() == pytest.approx(expected, rel=1e-3)


def test_critics_learn_by_their_part_of_each_loss():
    # the slope of k times a mean over n numbers is k / n in each: |slope| = k / sqrt(n)
    steep = 3 / np.sqrt(3 * SIZE**2), 7 / np.sqrt(3 * SIZE**2 * FRAMES)
    actual = Pretended().critic
    assert actual(adversarial_weight=1.0) == pytest.approx(3 * (0.75 - 1) + 10 * (steep[0] - 1) ** 2, rel=1e-4)
    assert actual(sequence_weight=1.0) == pytest.approx(7 * (0.75 - 1) + 10 * (steep[1] - 1) ** 2, rel=1e-4)
    assert actual(intensity_weight=1.0) == pytest.approx((0.75**2 + 0.25**2) / 2, rel=1e-4)
    assert actual(emotion_weight=1.0) == pytest.approx((0.38 + 0.78) / 2, rel=1e-4)


def test_stills_teach_the_image_critic_alone():
    stills = Pretended.batch | {"macro": torch.tensor([1, 1])}
    actual = Pretended().critic
    assert actual(stills, sequence_weight=1.0) == 0 and actual(stills, emotion_weight=1.0) == 0
    assert actual(stills, adversarial_weight=1.0) == actual(adversarial_weight=1.0)


def test_a_clips_class_is_read_where_the_class_is_learnt_and_nowhere_else():
    data, method = clips(), small(emotion_weight=0.0)
    torch.manual_seed(0)
    modules = Modules(**method.build({}))
    batch = data.inputs | {name: data.targets[name] for name in ("label", "macro")}  # subject, aus: not needed
    relabelled = batch | {"label": (batch["label"] + 1) % 3}
    for loss in (method.critic_loss, method.generator_loss):
        assert loss(modules, batch, {}, stream()).item() == loss(modules, relabelled, {}, stream()).item()
    trained = small()
    for loss in (trained.critic_loss, trained.generator_loss):
        assert loss(modules, batch, {}, stream()).item() != loss(modules, relabelled, {}, stream()).item()


def test_a_training_repeats_itself_and_sees_nothing_of_who_is_held_out():
    method, data, state = small(), clips(), torch.get_rng_state()
    first, second = (list(train(method, data, FOLDS, [7], "sequential", 1)) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    for left, right in zip(first, second, strict=True):
        assert left.scores.shape == (1, 2, 2, 3) and np.isfinite(left.scores).all() and np.isfinite(left.loss).all()
        assert left.scores.tobytes() == right.scores.tobytes() and left.loss.tobytes() == right.loss.tobytes()
    other = clips()
    for tensor in other.inputs.values():
        tensor[FOLDS[0].test] = tensor[FOLDS[0].test].flip(-1)
    for name in ("label", "subject", "aus"):
        other.targets[name][FOLDS[0].test] = 0
    (repeated,) = train(method, other, FOLDS[:1], [7], "sequential", 1)
    assert repeated.loss.tobytes() == first[0].loss.tobytes()


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_stacked_is_sequential_but_for_rounding(double):
    method, data, runs = small(epochs=4), clips(), [Run(fold, 7) for fold in FOLDS]
    alone, together = [Group(method, data, [run], False) for run in runs], Group(method, data, runs, True)
    for group in [*alone, together]:
        while group.epoch():
            pass
    for alone_result, many in zip(alone, together.scores, strict=True):
        torch.testing.assert_close(alone_result.scores[0][-1], many[-1], rtol=1e-9, atol=1e-9)


def test_each_update_moves_its_own_networks():
    method, data = small(), clips()
    group = Group(method, data, [Run(FOLDS[0], 7)], stacked=False)
    phase, batch = group.phases[0], data[torch.arange(3)]
    for number, update in enumerate(phase.updates):
        before = {name: [p.clone() for p in net.parameters()] for name, net in group.networks.items()}
        group._step(number, update, batch.inputs | batch.targets, torch.tensor(3, dtype=torch.int32))
        for name, net in group.networks.items():
            moved = [not torch.equal(p, q) for p, q in zip(net.parameters(), before[name], strict=True)]
            assert all(moved) if name in update.trains else not any(moved), name


def test_rate_falls_over_the_last_epochs():
    (phase,) = Auicgan(Auicgan.Params()).phases()
    factors = [phase.schedule(epoch / 30) for epoch in (0, 20, 25, 29)]
    np.testing.assert_allclose(factors, [1, 1, 0.5, 0.1])
    assert phase.updates[1].every == 5


@torch.no_grad()
def test_a_sequence_begins_with_the_face_and_follows_its_intensities():
    torch.manual_seed(0)
    method, frames = small(), 6  # any number of frames
    modules = Modules(**method.build({}))
    neutral = clips().inputs["video"][:2, :, 0]
    asked = torch.zeros(2, frames, UNITS, 2)
    asked[1, 3:] = 4.0
    actual = method.synthesise_clips(modules, neutral, asked)
    assert actual.shape == (2, frames, 3, SIZE, SIZE) and actual.min() >= 0 and actual.max() <= 1
    torch.testing.assert_close(actual[0], actual[0, :1].expand_as(actual[0]))
    assert (actual[1, 3] - actual[1, 2]).abs().max() > 1e-3
    modules.attention = lambda face, intensity: torch.zeros_like(face[:, :1])
    still = method.synthesise_clips(modules, neutral, asked)
    torch.testing.assert_close(still, (neutral[:, None] / 255).expand_as(still))


def test_both_sides_are_asked_for_the_intensities_of_the_clip_that_lends_them():
    face, moves = clips(0).inputs, clips(1).inputs
    asked = small().target_aus(face, moves)
    assert asked.shape == (COUNT, FRAMES, UNITS, 2)
    assert all(torch.equal(asked[..., side], moves["au_intensities"]) for side in (0, 1))


@torch.no_grad()
def test_sides_that_differ_are_asked_for_their_mean():
    torch.manual_seed(0)
    method = small()
    modules, neutral = Modules(**method.build({})), clips().inputs["video"][:2, :, 0]
    sides = torch.zeros(2, FRAMES, UNITS, 2)
    sides[..., 1] = 4.0
    actual = [method.synthesise_clips(modules, neutral, asked) for asked in (sides, torch.full_like(sides, 2.0))]
    torch.testing.assert_close(*actual)


def test_only_what_paints_is_kept():
    assert set(small().inference_modules) == {"attention", "colour"} < set(small().build({}))


def test_faces_learn_to_brighten_as_they_are_asked():
    """Films whose brightness is that of AU1; after a short training a held-out face brightens with it, too."""
    rng = np.random.default_rng(0)
    count = 16
    rise = rng.uniform(0, 5, (count, 1)) * np.linspace(0, 1, FRAMES)
    face = rng.integers(60, 100, (count, 3, 1, SIZE, SIZE))
    video = (face + 24 * rise[:, None, :, None, None]).astype(np.uint8)
    intensity = np.zeros((count, FRAMES, UNITS), np.float32)
    intensity[..., 0] = rise
    data = ClipTensors(
        {"video": torch.tensor(video), "au_intensities": torch.tensor(intensity)},
        {"label": torch.arange(count) % 3, "macro": torch.zeros(count, dtype=torch.int64)},
    )
    method = small(epochs=30, decay_epochs=0, batch=4, lr=3e-3, width=6, critic_steps=1, intensity_weight=100.0)
    group = Group(method, data, [Run(FoldIndices("g", np.arange(12), np.arange(12, 16)), 7)], stacked=False)
    while group.epoch():
        pass
    asked = torch.zeros(4, 2, UNITS, 2)
    asked[:, 1, 0] = 5.0
    with torch.no_grad():
        fake = method.synthesise_clips(Modules(**group.networks), data.inputs["video"][12:, :, 0], asked).mean(
            (2, 3, 4)
        )
    assert (fake[:, 1] - fake[:, 0] > 0.1).all(), fake
