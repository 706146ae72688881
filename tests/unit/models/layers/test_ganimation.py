"""GANimation's networks: what a mask does; its losses by hand, its penalty on a critic of known slope."""

import pytest
import torch

from microexpr.models.generators.auicgan import VideoCritic
from microexpr.models.layers import ganimation
from microexpr.signals.aus import ACTION_UNITS

SIZE, UNITS = 16, len(ACTION_UNITS)
FACES = torch.rand(5, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)) * 2 - 1
ASKED = torch.rand(5, UNITS, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def generator():
    torch.manual_seed(0)
    return ganimation.Generator(4, 2)


def test_a_norm_has_no_bias_before_it_and_critics_have_no_norm(generator):
    single = ganimation.SingleHeadGenerator(4, 1, 1, torch.nn.Sigmoid())
    for network in (generator, single, ganimation.ImageCritic(SIZE, 4), VideoCritic(SIZE, 4, 3)):
        layers = [layer for layer in network.modules() if not list(layer.children())]
        norms = [index for index, layer in enumerate(layers) if "Norm" in type(layer).__name__]
        assert all(layers[index - 1].bias is None for index in norms)
        assert bool(norms) == isinstance(network, ganimation.Trunk)


@torch.no_grad()
def test_where_the_mask_is_0_the_generator_leaves_the_face(generator):
    def masked(level):
        last = generator.attention[0]
        last.weight.zero_()
        last.bias.fill_(level)
        return generator(FACES, ASKED)

    left, mask = masked(-200.0)
    assert mask.max() == 0 and torch.equal(left, FACES)
    painted, mask = masked(200.0)
    assert mask.min() == 1
    torch.testing.assert_close(painted, generator.colour(generator.features(FACES, ASKED)))


def test_penalty_is_looked_for_between_real_and_fake_and_learns():
    """|x|^2 / 2 has the slope x; with a weight w, |w x|."""
    weight = torch.tensor(2.0, requires_grad=True)
    real, fake = torch.tensor([[3.0, 0.0], [0.0, 4.0]]), torch.tensor([[9.0, 0.0], [0.0, 4 / 3]])  # at 3 and 2
    share = torch.tensor([1.0, 0.25])
    actual = ganimation.penalty(lambda x: weight * x.square().sum(1) / 2, real, fake, share)
    torch.testing.assert_close(actual, torch.tensor([25.0, 9.0]))
    (slope,) = torch.autograd.grad(actual.sum(), weight)
    assert slope == pytest.approx(2 * 5 * 3 + 2 * 3 * 2)


def test_attention_loss():
    mask = torch.full((2, 1, 4, 4), 0.75)
    mask[1, 0, 0, 0] = 0.25  # two neighbours
    remaining = (0.25**2 + (15 * 0.25**2 + 0.75**2) / 16) / 2
    assert ganimation.attention_loss(mask, 0.1).item() == pytest.approx(remaining + 0.1 * 2 * 0.5**2 / 2)
    assert ganimation.attention_loss(torch.ones(1, 1, 4, 4), 1.0) == 0


@torch.no_grad()
def test_the_generator_looks_at_each_face_and_at_each_intensity_that_is_asked_of_it(generator):
    fake, mask = generator(FACES, ASKED)
    for number in range(5):
        single_face, single_mask = generator(FACES[number : number + 1], ASKED[number : number + 1])
        torch.testing.assert_close(single_face, fake[number : number + 1])
        torch.testing.assert_close(single_mask, mask[number : number + 1])
    for unit in range(UNITS):
        other = ASKED.clone()
        other[2, unit] = 1 - other[2, unit]
        changed = (generator(FACES, other)[0] - fake).abs().flatten(1).amax(1)
        assert changed[2] > 1e-5 and changed[[0, 1, 3, 4]].max() < 1e-6
