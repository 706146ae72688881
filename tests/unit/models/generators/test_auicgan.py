"""AU-ICGAN's SSIM, what its losses read, and its sequences."""

from functools import partial

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from small_generators import BATCH, FRAMES, SIZE, UNITS, built, clips, critic_loss, pretended, stream
from small_generators import small as small_generator

from microexpr.models.generators import auicgan
from microexpr.models.generators.auicgan import Auicgan

small = partial(small_generator, Auicgan)


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


def losses(batch=BATCH, **changed):
    return small(**changed).generator_losses(pretended(), batch, stream())


def test_asked_for_another_clips_intensities_it_is_asked_for_its_class():
    actual = losses(own_share=0.0, batch=BATCH | {"macro": torch.tensor([0, 1])})
    # clip 1 is asked clip 0's intensities, which are class 0's; clip 0 the still's, of which no class is known
    assert actual["emotion"].item() == pytest.approx(0.25 + 0.09 + 0.04, rel=1e-5)


def test_ssim_is_to_the_true_frames_where_these_are_asked():
    film = BATCH["video"].clone()
    film[:, :, 1:] = 191  # the neutral frame stays at 255; half of the way to 0.5 is 0.75 of -1..1: 223
    batch = BATCH | {"video": film}
    levels = np.array([255, 191, 191, 191]) / 255

    def apart(level):
        alike = (2 * 0.875 * level + 1e-4) / (0.875**2 + level**2 + 1e-4)
        return (1 - alike).sum()

    for changed, expected in (
        ({"own_share": 1.0}, apart(levels)),
        ({"own_share": 0.0}, apart(np.ones(FRAMES))),
        ({"own_share": 1.0, "ssim_to": "input"}, apart(np.ones(FRAMES))),
    ):
        assert losses(batch, **changed)["ssim"].item() == pytest.approx(expected, rel=1e-3)


def test_stills_teach_the_image_critic_alone():
    stills = BATCH | {"macro": torch.tensor([1, 1])}
    actual = partial(critic_loss, Auicgan)
    assert actual(stills, sequence_weight=1.0) == 0 and actual(stills, emotion_weight=1.0) == 0
    assert actual(stills, adversarial_weight=1.0) == actual(adversarial_weight=1.0)


@torch.no_grad()
def test_a_sequence_begins_with_the_face_and_follows_its_intensities():
    method, frames = small(), 6  # any number of frames
    modules = built(method)
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


@torch.no_grad()
def test_sides_that_differ_are_asked_for_their_mean():
    method, sides = small(), torch.zeros(2, FRAMES, UNITS, 2)
    sides[..., 1] = 4.0
    modules, neutral = built(method), clips().inputs["video"][:2, :, 0]
    actual = [method.synthesise_clips(modules, neutral, asked) for asked in (sides, torch.full_like(sides, 2.0))]
    torch.testing.assert_close(*actual)
