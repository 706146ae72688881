"""ICE-GAN's parts against the paper's figures and linear algebra, and whether the face shows the class asked for."""

import numpy as np
import pytest
import torch

from microexpr.method import CLASSES, Clips
from microexpr.models.icegan import Discriminator, Generator, Icegan, largest_singular_value
from microexpr.training.engine import Asked, Fold, SynthesisRequest, train


def test_discriminator_has_the_published_size():
    """The CNN discriminator of Table 3 at 128 pixels: 6.98 million parameters."""
    count = sum(p.numel() for p in Discriminator(64, spectral_norm=True, classes=CLASSES).parameters())
    assert abs(count / 6.98e6 - 1) < 0.002


def test_a_trunk_unit_sees_70_pixels():
    image = torch.rand(1, 1, 128, 128, requires_grad=True)
    trunk = Discriminator(2, spectral_norm=False, classes=CLASSES).trunk(image)
    trunk[0, :, 6, 6].sum().backward()
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert rows.max() - rows.min() + 1 == 70


@pytest.mark.parametrize("size", [32, 64, 128])
def test_shapes(size):
    generator, discriminator = Generator(size, 2, 5, norm=True), Discriminator(2, spectral_norm=True, classes=CLASSES)
    neutral = torch.rand(3, 1, size, size) * 2 - 1
    made = generator(neutral, torch.rand(3, 5))
    assert made.shape == neutral.shape and made.abs().max() <= 1
    realness, scores = discriminator(made)
    assert scores.shape == (3, CLASSES)
    side = size // 8 - 3  # three halvings, then three 4x4 convolutions that lose a pixel each
    assert realness.shape == (3, side, side)


def test_generator_widens_to_512_at_the_papers_size():
    generator = Generator(128, 64, 101, norm=True)
    widths = [layer[0].out_channels for layer in generator.encoder]
    assert widths == [64, 128, 256, 512, 512, 512]
    assert generator.bottleneck[0].out_channels == 512
    assert generator.decoder[0][0].in_channels == 512 + 100 + 1


def test_largest_singular_value():
    left = np.linalg.qr(np.random.default_rng(0).normal(size=(12, 12)))[0]
    right = np.linalg.qr(np.random.default_rng(1).normal(size=(20, 20)))[0][:12]
    matrix = torch.tensor(left @ np.diag(7.0 * 0.5 ** np.arange(12)) @ right)
    assert abs(largest_singular_value(matrix) - 7) < 0.01


def test_rate_falls_by_a_tenth_every_20_epochs():
    (phase,) = Icegan(Icegan.Params()).phases()
    factors = [phase.schedule(epoch / 100) for epoch in (0, 19, 20, 39, 40, 99)]
    np.testing.assert_allclose(factors, [1, 1, 0.9, 0.9, 0.81, 0.9**4])


def test_a_made_face_shows_the_class_asked_for():
    """Apex faces are the onset with one bright quarter, a different one for each class; a held-out face gets it too."""
    count = 24
    rng, label = np.random.default_rng(0), np.arange(count) % CLASSES
    onset = rng.integers(60, 120, (count, 1, 32, 32), dtype=np.uint8)
    quarter = [np.s_[:, :16, :16], np.s_[:, :16, 16:], np.s_[:, 16:, :16]]
    apex = onset.copy()
    for clip, one in enumerate(label):
        apex[clip][quarter[one]] += 100
    data = Clips({"onset": torch.tensor(onset), "apex": torch.tensor(apex)}, {"label": torch.tensor(label)})
    params = Icegan.Params(
        image_size=32, width=8, noise=4, label_code="one_hot", instance_norm=False, epochs=40, lr=2e-3
    )
    asked = SynthesisRequest({"s": Asked(np.full(CLASSES, 23), np.arange(CLASSES))})
    fold = Fold("s", np.arange(20), np.arange(20, 24))
    (result,) = train(Icegan(params), data, [fold], [7], "sequential", 1, synthesis=asked)
    images = [one.image for one in result.synthetic]
    brightness = np.array([[image[part].mean() for part in quarter] for image in images])
    assert (brightness.argmax(1) == np.arange(CLASSES)).all()
    assert result.loss[0, -1, 1] < 0.7 * result.loss[0, 0, 1]
