"""FAMGAN's frames and targets, and the halves of its faces."""

from functools import partial
from types import SimpleNamespace as Modules

import numpy as np
import pytest
import torch
from small_generators import BATCH, COUNT, FRAMES, SIZE, UNITS, built, clips, pretended, stream
from small_generators import small as small_generator

from microexpr.models.generators.famgan import Famgan, join_halves
from microexpr.models.layers.mover import SEAM
from microexpr.signals.aus import filters

LEFT, RIGHT = 0, 1  # sides of what is asked
small = partial(small_generator, Famgan)


def test_the_way_there_is_asked_of_another_and_the_way_back_of_the_face_itself():
    """A generator that paints what is asked, as a level; faces have the level of their intensities. Mask: of the first
    way 0 of the face of clip 0, of all others 1/2."""
    modules = Modules(
        generator=lambda face, asked: (asked[:, :1, None, None].expand_as(face), 1 - asked[:, :1, None, None] / 2),
        critic=lambda x: (x.mean((1, 2, 3)), x.mean((1, 2, 3))[:, None].expand(-1, UNITS)),
    )
    batch = BATCH | {"au_intensities": torch.stack([torch.full((FRAMES, UNITS), v) for v in (5.0, 0.0)])}
    batch["video"] = torch.stack([torch.full((3, FRAMES, SIZE, SIZE), v, dtype=torch.uint8) for v in (255, 127)])
    actual = small().generator_losses(modules, batch, stream())
    assert actual["cycle"].item() == pytest.approx(1 / 255 / 2, rel=1e-3)  # 127 is not quite 0
    assert actual["intensity"].item() == 0  # of what was asked
    assert actual["attention"].item() == pytest.approx(2 * (0.5**2 + 0) / 2)  # of both ways
    assert actual["adversarial"].item() == pytest.approx(-0.5)


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
    assert [sorted(set(column.tolist())) for column in positions.T] == number.tolist()
    assert len({tuple((column % 4).tolist()) for column in positions}) > frames  # each clip's frame is drawn by itself


def test_by_their_change_faces_are_asked_what_differs_from_their_own_intensities():
    targets = []

    def generator(face, asked):
        targets.append(asked)
        return face, torch.zeros_like(face[:, :1])

    modules = Modules(generator=generator, critic=pretended().critic)
    small(condition="change").generator_losses(modules, BATCH, stream())
    torch.testing.assert_close(targets[0], torch.tensor([[-0.5], [0.5]]).expand(2, UNITS))  # clips of 1 and 1/2
    torch.testing.assert_close(targets[1], -targets[0])  # and back
    small().generator_losses(modules, BATCH, stream())
    torch.testing.assert_close(targets[2], torch.tensor([[0.5], [1.0]]).expand(2, UNITS))


@pytest.mark.parametrize(("alpha", "relative_to"), [(0.3, "onset"), (0.0, "onset"), (0.0, "previous")])
def test_what_is_asked_is_a_little_of_the_targets_own_and_the_others_change(alpha, relative_to):
    """Eq. 3, in words or as printed: of clips whose curves start at rest, what `filters.modulate` says of each side."""
    face, moves = clips(0).inputs, clips(1).inputs
    moves["au_changes"][:, 0] = 0  # at the onset, as it is
    asked = small(alpha=alpha, relative_to=relative_to).target_aus(face, moves)
    for number in range(COUNT):
        change, intensity = moves["au_changes"][number].numpy(), face["au_intensities"][number, 0, :, None].numpy()
        expected = filters.modulate(change, intensity, 0, alpha=alpha, relative_to=relative_to)
        np.testing.assert_allclose(asked[number], expected, atol=1e-6)
    change = small(alpha=alpha, relative_to=relative_to, condition="change").target_aus(face, moves)
    torch.testing.assert_close(change, small(alpha=0.0, relative_to=relative_to).target_aus(face, moves))


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
