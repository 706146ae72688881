"""Altered pictures against pictures that are known."""

import torch

from microexpr.models.augmentation import jitter, mirror_share, to_unit_range
from microexpr.models.counter_rng import Stream

RAMP = torch.arange(16.0).expand(64, 1, 16, 16) / 16  # rises to the right


def stream():
    return Stream(torch.tensor(5))


def test_nothing_asked_changes_nothing():
    assert torch.equal(jitter(RAMP, stream()), RAMP)


def test_a_moved_ramp_is_a_ramp_moved_and_its_edge_repeated():
    moved = jitter(RAMP, stream(), shift=3)
    by = (moved[:, 0, 0, 8] - RAMP[:, 0, 0, 8]) * 16
    assert sorted(set(by.tolist())) == [-3, -2, -1, 0, 1, 2, 3]
    for picture, pixels in zip(moved, by, strict=True):
        torch.testing.assert_close(picture, (RAMP[0] + pixels / 16).clamp(0, 15 / 16))


def test_up_and_down_too():
    moved = jitter(RAMP.mT, stream(), shift=3)
    assert len(set((moved[:, 0, 8, 0] * 16).tolist())) == 7


def test_half_are_mirrored_and_brightness_is_a_factor():
    mirrored = jitter(RAMP, stream(), mirror=0.5)
    flipped = [torch.equal(image, RAMP[0].flip(-1)) for image in mirrored]
    assert all(flip or torch.equal(image, RAMP[0]) for flip, image in zip(flipped, mirrored, strict=True))
    assert 16 < sum(flipped) < 48
    factor = jitter(RAMP, stream(), brightness=0.2)[:, 0, 0, 4] / RAMP[:, 0, 0, 4]
    assert 0.8 <= factor.min() < 0.85 and 1.15 < factor.max() <= 1.2


def test_a_share_of_clips_is_mirrored_in_training_and_none_in_scoring():
    mirrored = mirror_share(RAMP, 0.5, stream())
    assert 16 < sum(torch.equal(clip, RAMP[0].flip(-1)) for clip in mirrored) < 48
    assert torch.equal(mirror_share(RAMP, 1.0, stream(), torch.neg), -RAMP)
    assert torch.equal(mirror_share(RAMP, 0.0, stream()), RAMP) and torch.equal(mirror_share(RAMP, 1.0, None), RAMP)


def test_black_is_nothing_and_white_is_one():
    assert to_unit_range(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == [0, torch.tensor(0.2).item(), 1]
