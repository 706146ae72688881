"""FAMGAN's losses by hand, what it asks of whom, its halves, and short trainings by the engine."""

from types import SimpleNamespace as Modules
from typing import Any

import numpy as np
import pytest
import torch

from microexpr.models.base import ClipTensors
from microexpr.models.counter_rng import Stream
from microexpr.models.generators.famgan import Famgan, join_halves
from microexpr.models.layers import ganimation
from microexpr.models.layers.mover import SEAM
from microexpr.signals import inputs
from microexpr.signals.aus import ACTION_UNITS, filters
from microexpr.training import processor
from microexpr.training.engine import FoldIndices, train
from microexpr.training.group import Group, Run

processor.use_one_thread()
FRAMES, SIZE, COUNT = 4, 16, 8
UNITS = len(ACTION_UNITS)
LEFT, RIGHT = 0, 1  # sides of what is asked


def small(**changed: Any) -> Famgan:
    tiny = {"image_size": SIZE, "frames": FRAMES, "width": 4, "blocks": 1, "batch": 4, "critic_steps": 2, "epochs": 2}
    tiny["target_noise"] = 0
    return Famgan(Famgan.Params(**(tiny | changed)))


def clips(seed: int = 0) -> ClipTensors:
    """Random films, intensities and changes; the last two are stills."""
    rng = np.random.default_rng(seed)
    video = rng.integers(0, 256, (COUNT, 3, FRAMES, SIZE, SIZE), dtype=np.uint8)
    video[6:] = video[6:, :, :1]
    number = np.arange(COUNT)
    targets = {"label": number % 3, "subject": number // 2, "dataset": number // 4, "macro": (number >= 6).astype(int)}
    targets |= {"synthetic": np.zeros(COUNT, int), "aus": rng.integers(0, 2, (COUNT, 5))}
    read = {"video": video, "au_intensities": rng.uniform(0, 5, (COUNT, FRAMES, UNITS)).astype(np.float32)}
    read["au_changes"] = rng.uniform(-5, 5, (COUNT, FRAMES, UNITS, 2)).astype(np.float32)
    return ClipTensors({k: torch.tensor(v) for k, v in read.items()}, {k: torch.tensor(v) for k, v in targets.items()})


def stream(key: int = 4) -> Stream:
    """Return random numbers; of two clips each gets the other's targets."""
    return Stream(torch.tensor(key, dtype=torch.int32))


FOLDS = [
    FoldIndices("g0", np.array([2, 3, 4, 5, 6, 7]), np.array([0, 1])),
    FoldIndices("g1", np.array([0, 1, 2, 3, 6, 7]), np.array([4, 5])),
]


def built(method: Famgan) -> Modules:
    torch.manual_seed(0)
    return Modules(**method.build({}))


def test_inputs_exist_and_networks_are_of_the_papers_size():
    method = Famgan(Famgan.Params())
    for name, shape in method.inputs.items():
        inputs.check(name, shape)
    assert method.inputs == {"video": (3, 16, 128, 128), "au_intensities": (16, 17), "au_changes": (16, 17, 2)}
    with torch.device("meta"):
        networks = method.build({})
        fake, mask = networks["generator"](torch.empty(2, 3, 128, 128), torch.empty(2, 17))
        realness, intensities = networks["critic"](torch.empty(2, 3, 128, 128))
        film = method.synthesise_clips(Modules(**networks), torch.empty(2, 3, 128, 128), torch.empty(2, 16, 17, 2))
    assert fake.shape == (2, 3, 128, 128) and mask.shape == (2, 1, 128, 128)
    assert realness.shape == (2,) and intensities.shape == (2, 17) and film.shape == (2, 16, 3, 128, 128)
    assert set(Famgan.inference_modules) == {"generator"} and set(networks) == {"generator", "critic"}
    assert small().scores(Modules(), clips().inputs, {}).unique().tolist() == [0]


class Pretended:
    """Networks of known answers: halfway to 0.5, mask 1/2; a critic that knows real faces by their mean level, 1."""

    batch = {
        "video": torch.full((2, 3, FRAMES, SIZE, SIZE), 255, dtype=torch.uint8),
        "au_intensities": torch.stack([torch.full((FRAMES, UNITS), value) for value in (5.0, 2.5)]),
    }
    modules = Modules(
        generator=lambda face, asked: ((face + 0.5) / 2, torch.full_like(face[:, :1], 0.5)),
        critic=lambda x: (3 * x.mean((1, 2, 3)), torch.full((len(x), UNITS), 0.25)),
    )

    def critic(self, **weights):
        method = small(**dict.fromkeys(("adversarial_weight", "intensity_weight"), 0.0) | weights)
        return method.critic_loss(self.modules, self.batch, {}, stream()).item()


def test_the_four_losses_of_the_generator():
    fake, back = 0.75, 0.625  # of 1, half of the way to 0.5; the same again
    expected = {
        "adversarial": -3 * fake,
        "cycle": 1 - back,
        "attention": 2 * 0.25,
        "intensity": (0.25**2 + 0.75**2) / 2,
    }
    losses = small().generator_losses(Pretended.modules, Pretended.batch, stream())
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(expected, rel=1e-4)
    total = small().generator_loss(Pretended.modules, Pretended.batch, {}, stream()).item()
    weights = {"adversarial": 1, "cycle": 10, "attention": 0.1, "intensity": 160}
    assert total == pytest.approx(sum(weights[name] * value for name, value in expected.items()), rel=1e-4)


def test_the_way_there_is_asked_of_another_and_the_way_back_of_the_face_itself():
    """A generator that paints what is asked, as a level; faces have the level of their intensities. Mask: of the first
    way 0 of the face of clip 0, of all others 1/2."""
    modules = Modules(
        generator=lambda face, asked: (asked[:, :1, None, None].expand_as(face), 1 - asked[:, :1, None, None] / 2),
        critic=lambda x: (x.mean((1, 2, 3)), x.mean((1, 2, 3))[:, None].expand(-1, UNITS)),
    )
    batch = Pretended.batch | {"au_intensities": torch.stack([torch.full((FRAMES, UNITS), v) for v in (5.0, 0.0)])}
    batch["video"] = torch.stack([torch.full((3, FRAMES, SIZE, SIZE), v, dtype=torch.uint8) for v in (255, 127)])
    actual = small().generator_losses(modules, batch, stream())
    assert actual["cycle"].item() == pytest.approx(1 / 255 / 2, rel=1e-3)  # 127 is not quite 0
    assert actual["intensity"].item() == 0  # of what was asked
    assert actual["attention"].item() == pytest.approx(2 * (0.5**2 + 0) / 2)  # of both ways
    assert actual["adversarial"].item() == pytest.approx(-0.5)


def test_the_critic_learns_by_its_part_of_each_loss():
    steep = 3 / np.sqrt(3 * SIZE**2)  # of 3 times a mean over n numbers: 3 / n in each
    expected = 3 * (0.75 - 1) + 10 * (steep - 1) ** 2
    assert Pretended().critic(adversarial_weight=1.0) == pytest.approx(expected, rel=1e-4)
    assert Pretended().critic(adversarial_weight=2.0, penalty_weight=0.0) == pytest.approx(-1.5, rel=1e-4)
    assert Pretended().critic(intensity_weight=1.0) == pytest.approx((0.75**2 + 0.25**2) / 2, rel=1e-4)  # of real ones


def test_a_step_looks_at_any_frame_of_a_clip_and_asks_what_one_of_any_clip_shows():
    """Frame k of clip b has grey level 40 b + 10 k and intensity (4 b + k) / 4 of unit 0."""
    count, frames = 3, 4
    number = 4 * torch.arange(count)[:, None] + torch.arange(frames)
    video = (10 * number).to(torch.uint8)[:, None, :, None, None].expand(-1, 3, -1, SIZE, SIZE)
    batch = {"video": video, "au_intensities": (number / 4)[..., None].expand(-1, -1, UNITS)}
    seen, asked_of = [], []
    for key in range(60):
        real, intensity, asked = small().sample_frames(batch, stream(key))
        assert real.shape == (count, 3, SIZE, SIZE) and intensity.shape == asked.shape == (count, UNITS)
        level = ((real[:, 0, 0, 0] + 1) * 127.5 / 10).round()
        torch.testing.assert_close(level[:, None].expand(-1, UNITS), intensity * 5 * 4)
        asked_of.append([intensity[:, 0].tolist().index(value) for value in asked[:, 0].tolist()])
        torch.testing.assert_close(asked, intensity[asked_of[-1]])
        noisy = small(target_noise=0.1).sample_frames(batch, stream(key))[2]
        assert 0 < (noisy - asked).abs().max() <= 0.1 and (noisy - asked).std() > 0.04
        seen.append(level.int())
    assert len({tuple(order) for order in asked_of}) == 6  # each order of three
    positions = torch.stack(seen)
    assert [sorted(set(column.tolist())) for column in positions.T] == [
        [4 * b + k for k in range(frames)] for b in range(count)
    ]
    assert len({tuple((column % 4).tolist()) for column in positions}) > frames  # each clip's frame is drawn by itself


def test_no_class_is_read():
    """Nor anything else than film and intensities."""
    data, method = clips(), small()
    inputs = {name: data.inputs[name] for name in ("video", "au_intensities")}
    for loss in (method.critic_loss, method.generator_loss):
        actual = [loss(built(method), batch, {}, stream()).item() for batch in (inputs, data.inputs | data.targets)]
        assert actual[0] == actual[1]


def test_by_their_change_faces_are_asked_what_differs_from_their_own_intensities():
    targets = []

    def generator(face, asked):
        targets.append(asked)
        return face, torch.zeros_like(face[:, :1])

    modules = Modules(generator=generator, critic=Pretended.modules.critic)
    small(condition="change").generator_losses(modules, Pretended.batch, stream())
    torch.testing.assert_close(targets[0], torch.tensor([[-0.5], [0.5]]).expand(2, UNITS))  # clips of 1 and 1/2
    torch.testing.assert_close(targets[1], -targets[0])  # and back
    small().generator_losses(modules, Pretended.batch, stream())
    torch.testing.assert_close(targets[2], torch.tensor([[0.5], [1.0]]).expand(2, UNITS))


def test_eq_3_as_it_is_printed_takes_changes_from_the_frame_before():
    face, moves = clips(0).inputs, clips(1).inputs
    moves["au_changes"][:, 0] = 0
    asked = small(alpha=0.0, relative_to="previous").target_aus(face, moves)
    for number in range(COUNT):
        expected = filters.modulate(
            moves["au_changes"][number].numpy(), np.zeros((UNITS, 2)), 0, alpha=0.0, relative_to="previous"
        )
        np.testing.assert_allclose(asked[number], expected, atol=1e-6)


def test_what_is_asked_is_a_little_of_the_targets_own_and_the_others_change():
    """Eq. 3: of clips whose curves start at rest, what `filters.modulate` says side by side."""
    face, moves = clips(0).inputs, clips(1).inputs
    moves["au_changes"][:, 0] = 0  # at the onset, as it is
    asked = small(alpha=0.3).target_aus(face, moves)
    assert asked.shape == (COUNT, FRAMES, UNITS, 2) and asked.min() == 0 and asked.max() == 5
    for number in range(COUNT):
        for side in (LEFT, RIGHT):
            change, own_intensity = (
                tensor.numpy() for tensor in (moves["au_changes"][number, ..., side], face["au_intensities"][number, 0])
            )
            expected = filters.modulate(change, own_intensity, 0, alpha=0.3)
            np.testing.assert_allclose(asked[number, ..., side], expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(small(alpha=0.0).target_aus(face, moves), moves["au_changes"].clamp(0, 5))
    assert Famgan.Params().alpha == 0.1
    change = small(alpha=0.3, condition="change").target_aus(face, moves)  # in training: target less own intensity
    torch.testing.assert_close(change, moves["au_changes"].clamp(0, 5))


def test_the_subjects_left_half_is_the_pictures_right_one():
    width = 480
    left, right = torch.full((2, 3, 8, width), 1.0), torch.full((2, 3, 8, width), -1.0)
    actual = join_halves(left, right)
    reach = round(width * SEAM / 2)
    middle = width // 2
    assert (actual[..., : middle - reach] == -1).all() and (actual[..., middle + reach :] == 1).all()
    row = actual[0, 0, 0]
    torch.testing.assert_close(row, -row.flip(0))  # as much of one as of the other
    straight = 2 / (width * SEAM)
    steps = row.diff()
    assert steps.min() >= 0 and steps.max() <= 1.5 * straight + 1e-6  # a smooth step's slope in its middle
    assert steps[middle - reach] < 0.2 * straight and steps[middle - 1] > 1.4 * straight  # and it begins without a kink


@pytest.mark.parametrize("width", [16, 31, 128])
def test_halves_of_one_image_are_that_image(width):
    image = torch.rand(3, 5, width)
    torch.testing.assert_close(join_halves(image, image), image)
    flat = torch.full((3, 5, width), 0.7)
    torch.testing.assert_close(join_halves(flat, flat), flat)
    other = torch.rand(3, 5, width)
    torch.testing.assert_close(
        join_halves(image, other).flip(-1), join_halves(other.flip(-1), image.flip(-1))
    )  # a mirror


@torch.no_grad()
@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_a_side_that_is_asked_moves_its_half_alone(side):
    method, frames = small(), 6  # any number of frames
    modules, neutral = built(method), clips().inputs["video"][:2, :, 0]
    asked = torch.zeros(2, frames, UNITS, 2)
    still = method.synthesise_clips(modules, neutral, asked)
    assert still.shape == (2, frames, 3, SIZE, SIZE) and still.min() >= 0 and still.max() <= 1
    torch.testing.assert_close(still, still[:, :1].expand_as(still))
    asked[1, 3:, :, side] = 4.0
    moved = (method.synthesise_clips(modules, neutral, asked) - still).abs()
    assert moved[0].max() < 1e-6 and moved[1, :3].max() < 1e-6
    edge = int(SIZE * (0.5 - SEAM / 2))
    halves = moved[1, 3:, ..., : SIZE // 2].mean(), moved[1, 3:, ..., SIZE // 2 :].mean()
    asked_half, other_half = halves[::-1] if side == LEFT else halves
    assert asked_half > 10 * other_half and asked_half > 1e-3
    far = moved[1, 3:, ..., :edge] if side == LEFT else moved[1, 3:, ..., SIZE - edge :]
    assert far.max() < 1e-6


@torch.no_grad()
def test_sides_that_are_asked_alike_make_the_generators_own_face():
    method = small()
    modules, neutral = built(method), clips().inputs["video"][:3, :, 0]
    intensity = torch.rand(3, UNITS) * 5
    frames = method.synthesise_clips(modules, neutral, intensity[:, None, :, None].expand(-1, 1, -1, 2))
    expected, _ = modules.generator(neutral / 127.5 - 1, intensity / 5)
    torch.testing.assert_close(frames[:, 0], (expected + 1) / 2)
    modules.generator = lambda face, intensity: (face, None)
    still = method.synthesise_clips(modules, neutral, torch.rand(3, FRAMES, UNITS, 2))
    torch.testing.assert_close(still, (neutral[:, None] / 255).expand_as(still))


def test_a_training_repeats_itself_and_sees_nothing_of_who_is_held_out():
    method, data, state = small(), clips(), torch.get_rng_state()
    first, second = (list(train(method, data, FOLDS, [7], "sequential", 1)) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    for left_result, right_result in zip(first, second, strict=True):
        assert (
            left_result.scores.shape == (1, 2, 2, 3)
            and np.isfinite(left_result.loss).all()
            and left_result.loss.shape == (1, 2, 2)
        )
        assert left_result.loss.tobytes() == right_result.loss.tobytes()
    other = clips()
    for tensor in other.inputs.values():
        tensor[FOLDS[0].test] = tensor[FOLDS[0].test].flip(1)
    (repeated,) = train(method, other, FOLDS[:1], [7], "sequential", 1)
    assert repeated.loss.tobytes() == first[0].loss.tobytes() != first[1].loss.tobytes()


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
    for number, group in enumerate(alone):
        assert group.losses[-1].isfinite().all()
        for epoch, losses in enumerate(group.losses):
            torch.testing.assert_close(losses[0], together.losses[epoch][number], rtol=1e-9, atol=1e-9)
        for name, parameters in group.parameters.items():
            for key, value in parameters.items():
                torch.testing.assert_close(value, together.parameters[name][key][number], rtol=1e-6, atol=1e-8)


def test_each_update_moves_its_own_network():
    method, data = small(), clips()
    group = Group(method, data, [Run(FOLDS[0], 7)], stacked=False)
    phase, batch = group.phases[0], data[torch.arange(3)]
    assert [set(update.trains) for update in phase.updates] == [{"critic"}, {"generator"}]
    for number, update in enumerate(phase.updates):
        before = {name: [p.clone() for p in net.parameters()] for name, net in group.networks.items()}
        group._step(number, update, batch.inputs | batch.targets, torch.tensor(3, dtype=torch.int32))
        for name, net in group.networks.items():
            moved = [not torch.equal(p, q) for p, q in zip(net.parameters(), before[name], strict=True)]
            assert all(moved) if name in update.trains else not any(moved), name


def test_rate_falls_over_the_last_epochs_and_half_of_a_batch_are_stills():
    (phase,) = Famgan(Famgan.Params()).phases()
    np.testing.assert_allclose([phase.schedule(epoch / 30) for epoch in (0, 20, 25, 29)], [1, 1, 0.5, 0.1])
    assert [update.every for update in phase.updates] == [1, 5] and Famgan.macro
    targets = {name: value.numpy() for name, value in clips().targets.items()}
    sampled = phase.sample(targets, 9, 5, np.random.default_rng(0))
    assert sampled.shape == (9, 5) and (targets["macro"][sampled] == [0, 0, 0, 1, 1]).all()
    assert set(sampled.ravel()) == set(range(COUNT))
    none = phase.sample(targets | {"macro": np.zeros(COUNT, int)}, 3, 4, np.random.default_rng(0))
    assert set(none.ravel()) == set(range(COUNT))  # where there are none, all in turn


def test_the_critic_learns_intensities_and_faces_brighten_as_they_are_asked():
    """Films whose brightness is that of AU1; after a short training a held-out face brightens with it on that side."""
    rng = np.random.default_rng(0)
    count = 16
    rise = rng.uniform(0, 5, (count, 1)) * np.linspace(0, 1, FRAMES)
    face = rng.integers(60, 100, (count, 3, 1, SIZE, SIZE))
    video = (face + 24 * rise[:, None, :, None, None]).astype(np.uint8)
    intensity = np.zeros((count, FRAMES, UNITS), np.float32)
    intensity[..., 0] = rise
    data = ClipTensors(
        {"video": torch.tensor(video), "au_intensities": torch.tensor(intensity), "au_changes": torch.zeros(count)},
        {"label": torch.arange(count) % 3, "macro": torch.zeros(count, dtype=torch.int64)},
    )
    method = small(
        epochs=40, decay_epochs=0, lr=3e-3, width=6, critic_steps=1, intensity_weight=1000.0, cycle_weight=1.0
    )
    group = Group(method, data, [Run(FoldIndices("g", np.arange(12), np.arange(12, 16)), 7)], stacked=False)
    held = data[torch.arange(12, 16)].inputs
    film = ganimation.signed_frames(held["video"]).flatten(0, 1)

    @torch.no_grad()
    def missed():
        actual = group.networks["critic"](film)[1]
        return ganimation.intensity_loss(actual, held["au_intensities"].flatten(0, 1) / 5).item()

    before = missed()
    while group.epoch():
        pass
    assert missed() < 0.3 * before
    asked = torch.zeros(4, 2, UNITS, 2)
    asked[:, 1, 0, LEFT] = 5.0
    with torch.no_grad():
        fake = method.synthesise_clips(Modules(**group.networks), held["video"][:, :, 0], asked)
    picture_left, picture_right = (fake[:, 1] - fake[:, 0]).mean((1, 2)).split(SIZE // 2, -1)
    assert (picture_right.mean(1) > 0.03).all() and (picture_left[:, :4].abs() < 1e-6).all()
