"""Displays: their distribution, the faces that show them, and the classes that they recognise."""

import numpy as np
import pytest
import torch

from microexpr.models.base import ClipTensors
from microexpr.models.recognisers import displays
from microexpr.models.recognisers.displays import Displays
from microexpr.signals.aus import ACTION_UNITS
from microexpr.training.engine import FoldIndices, train
from microexpr.training.generator_file import load

SIZE, UNITS = displays.SIZE, len(ACTION_UNITS)


def clips(seed: int = 0) -> ClipTensors:
    """A class with one display, and one with two: brows that rise or fall, each in half of its clips."""
    rng = torch.Generator().manual_seed(seed)
    label = torch.arange(120) % 2
    read = 0.05 * torch.randn(120, UNITS, 2, generator=rng)
    read[label == 0, 8] += 2
    read[label == 1, 0] += torch.tensor([2.0, -2.0]).repeat(30)[:, None]
    images = torch.randint(0, 256, (120, 1, SIZE, SIZE), dtype=torch.uint8, generator=rng)
    return ClipTensors({"onset": images, "apex": images.flip(3), "au_read": read}, {"label": label})


def test_a_class_with_two_displays_is_given_both_and_one_with_one_display_that_one():
    """From 200 noises for each of two classes."""
    method, outputs = Displays(Displays.Params(epochs=60, noise=4), classes=2), []
    method.synthesise = lambda modules, batch, statistics, rng: (
        outputs.append(method._choose(modules, batch["target_label"], rng)) or batch["onset"].float() / 255
    )
    request = {"a": np.array([[0, 0], [0, 1]]).repeat(200, 0)}
    folds = [FoldIndices("a", np.arange(119), np.array([119]))]
    list(train(method, clips(), folds, [1], "sequential", 1, synthesis=request))
    single, double = (5 * torch.cat(outputs)).unflatten(0, (2, 200))
    assert single[:, 8].mean() == pytest.approx(2, abs=0.3) and single[:, 8].std() < 0.4
    share = (double[:, 0].mean(-1) > 0).float().mean()
    assert 0.25 < share < 0.75
    assert double[:, 0].abs().mean() > 1.2  # and hardly any between them
    assert double[:, 8].abs().mean() < 0.4


def test_the_energy_score_is_least_for_the_true_distribution():
    """In one dimension: true displays are normal; narrower, wider and shifted ones score worse."""
    rng = torch.Generator().manual_seed(0)
    true = torch.randn(40_000, 1, 1, generator=rng)

    def score(scale: float, shift: float, diversity: float = 1.0) -> float:
        first, second = (scale * torch.randn(40_000, 1, 1, generator=rng) + shift for _ in range(2))
        return float(displays.energy_score(first, second, true, diversity).mean())

    best = score(1, 0)
    assert best < min(score(0.5, 0), score(1.6, 0), score(1, 0.5), score(0.001, 0))
    assert score(0.001, 0, 0.0) < min(score(0.5, 0, 0.0), score(1, 0, 0.0))


@torch.no_grad()
def test_a_display_is_shown_as_reenactment_shows_it_each_half_its_own_side():
    mover = Displays(Displays.Params()).shared()["mover"].eval()
    face = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    neutral = torch.nn.functional.interpolate(face, size=(128, 128), mode="bicubic").clamp(-1, 1)
    still = displays.show(mover, neutral, torch.zeros(1, UNITS, 2))
    torch.testing.assert_close(still, neutral, atol=1e-5, rtol=0)
    display = torch.zeros(1, UNITS, 2)
    display[:, ACTION_UNITS.index("AU2"), 0] = 0.6  # the subject's left brow, at the right of the image
    change = (displays.show(mover, neutral, display) - neutral).abs()[0, 0]
    assert change[:, 72:].max() > 0.05 and change[:, :56].max() < 1e-5
    shipped = load(displays.MOVER)
    target = 5 * display[:, None]
    uint8 = ((neutral.expand(-1, 3, -1, -1) + 1) * 127.5).round().byte()
    expected = shipped.method.synthesise_clips(shipped.modules, uint8, target)[:, 0].mean(1, keepdim=True) * 2 - 1
    torch.testing.assert_close(displays.show(mover, neutral, display), expected, atol=0.02, rtol=0)
    assert set(Displays(Displays.Params()).shared_fitted_on()) == shipped.fitted_on
