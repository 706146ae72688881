"""ICE-GAN's parts against the paper's figures, its equations by hand, and whether faces show the class asked for."""

from functools import partial

import numpy as np
import pytest
import torch

from microexpr.models.base import CLASSES, ClipTensors, Modules
from microexpr.models.counter_rng import Stream
from microexpr.models.layers.pretrained import vgg16_relu3_3
from microexpr.models.recognisers import icegan
from microexpr.models.recognisers.icegan import Icegan, UNet, warp
from microexpr.training.engine import FoldIndices, train

NEUTRAL = torch.linspace(-1, 1, 3 * 32 * 32).view(3, 1, 32, 32)
unet = partial(UNet, 32, 2, condition=5, norm=True)


def test_a_unit_sees_70_pixels():
    image = torch.rand(1, 1, 128, 128, requires_grad=True)
    patches = icegan.trunk(2, spectral_norm=False)(image)
    assert patches.shape == (1, 16, 14, 14)
    patches[0, :, 6, 6].sum().backward()
    rows = image.grad[0, 0].abs().sum(1).nonzero()
    assert rows.max() - rows.min() + 1 == 70


def test_a_normalised_convolution_stretches_nothing_more_than_once():
    """The weight has singular values of 7, 3.5, ..."""
    rng = np.random.default_rng(0)
    rows, columns = (np.linalg.qr(rng.normal(size=(size, size)))[0] for size in (12, 20))
    matrix = torch.tensor(rows @ np.diag(7.0 * 0.5 ** np.arange(12)) @ columns[:12]).float()
    layer, patches = icegan.Convolution(5, 12, 2, 1, 0, normalised=True), torch.randn(4, 5, 2, 2)
    layer.weight.data = matrix.view(12, 5, 2, 2)
    actual = layer(patches)[:, :, 0, 0] - layer.bias
    torch.testing.assert_close(actual, patches.flatten(1) @ (matrix / 7).T, rtol=1e-3, atol=1e-4)


def millions(**changed):
    """Parameters of the discriminator by module."""
    with torch.device("meta"):
        built = Icegan(Icegan.Params(**changed)).build({})
    return {name: sum(p.numel() for p in module.parameters()) / 1e6 for name, module in built.items()}


@pytest.mark.parametrize(
    ("changed", "published", "tolerance"),
    [({"exp_size": 8 * 2**row}, size, 0.01) for row, size in enumerate((94.4, 94.6, 94.9, 95.8, 97.4))]
    + [({"discriminator": "cnn"}, 6.7, 0.05), ({"discriminator": "cnn_wide"}, 93.0, 0.05)],
)
def test_a_discriminator_has_the_size_of_table_3(changed, published, tolerance):
    sizes = millions(**changed)
    assert sum(sizes.values()) - sizes["generator"] == pytest.approx(published, rel=tolerance)
    assert sizes.get("reconstruction", 85.2) == pytest.approx(85.2, rel=0.002)


def test_the_generators_rate_and_steps_are_its_own_and_without_it_there_is_recognition_alone():
    method = Icegan(Icegan.Params(lr=0.1, generator_lr=0.3, generator_every=4))
    discriminator, generator = method.phases()[0].updates
    assert (discriminator.every, generator.every) == (1, 4)
    assert [discriminator.trains["trunk"].keywords["lr"], generator.trains["generator"].keywords["lr"]] == [0.1, 0.3]
    method, parts = Icegan(Icegan.Params(generator="none")), {"trunk", "heads", "reconstruction"}
    assert set(millions(generator="none")) == parts and not method.synthesises
    assert [set(update.trains) for update in method.phases()[0].updates] == [parts]


def test_the_seed_is_features_noise_and_class_or_comes_in_beside_the_neutral_face():
    generator = unet(skips=True, early=False)
    condition, seeds = torch.randn(3, 5), []
    generator.decoder[0].register_forward_hook(lambda module, inputs, output: seeds.append(inputs[0][:, :, 0, 0]))
    generator(NEUTRAL, condition)
    generator(NEUTRAL.flip(3), condition)
    assert seeds[0].shape == (3, 16 + 5)
    assert torch.equal(seeds[0][:, 16:], condition) and torch.equal(seeds[1][:, 16:], condition)
    assert not torch.equal(seeds[0][:, :16], seeds[1][:, :16])
    generator = unet(skips=True, early=True)
    assert generator.encoder[0][0].in_channels == 1 + 5 and generator.decoder[0][0].in_channels == 16
    images = [generator(NEUTRAL, condition) for condition in torch.randn(2, 3, 5)]
    assert images[0].shape == NEUTRAL.shape and not torch.allclose(*images)


@pytest.mark.parametrize("skips", [True, False])
def test_only_skips_lead_around_the_embedding(skips):
    generator = unet(skips=skips, early=False)
    torch.nn.init.zeros_(generator.bottleneck[0].weight)
    condition = torch.randn(3, 5)
    assert torch.equal(generator(NEUTRAL, condition), generator(NEUTRAL.flip(3), condition)) is not skips


@pytest.mark.parametrize("size", [32, 64, 128])
def test_faces_have_the_neutral_ones_shape_and_the_papers_generator_widens_to_512(size):
    neutral, condition = torch.rand(3, 1, size, size) * 2 - 1, torch.rand(3, 5)
    images = [UNet(size, 2, 5, True, skips, early)(neutral, condition) for skips in (0, 1) for early in (0, 1)]
    for face in [*images, icegan.Dcgan(size, 2, 5, True)(neutral, condition)]:
        assert face.shape == neutral.shape and face.abs().max() <= 1
    with torch.device("meta"):
        generator = UNet(128, 64, 101, norm=True, skips=True, early=False)
    assert [layer[0].out_channels for layer in generator.encoder] == [64, 128, 256, 512, 512, 512]
    assert generator.bottleneck[0].out_channels == 512 and generator.decoder[0][0].in_channels == 512 + 100 + 1


def test_realness_is_the_length_of_advcaps():
    heads = icegan.CapsuleHeads(side=2, width=2, primary=3, adv_size=5, classes=3, exp_size=4, routing=3)
    captured = []
    heads.adversarial.register_forward_hook(lambda module, inputs, output: captured.append(output))
    realness, _ = heads(torch.randn(6, 16, 2, 2))
    torch.testing.assert_close(realness.sigmoid(), captured[0][:, 0].norm(dim=1), rtol=1e-4, atol=1e-6)


class Pretended:
    """Networks with constant outputs, so that losses can be computed by hand."""

    real, fake = np.array([0.8, 0.5]), np.array([0.3, 0.1])  # lengths of AdvCaps
    lengths = np.array([[0.95, 0.3, 0.05], [0.2, 0.4, 0.9]])  # of ExpCaps
    output = 0.5  # level of all pixels, in -1..1
    batch = {"onset": torch.full((2, 1, 32, 32), 127.5), "apex": torch.full((2, 1, 32, 32), 255)}
    batch["label"] = torch.tensor([0, 1])
    patches = {1.0: 3.0, 0.0: 1.0, 0.5: 0.0}  # the trunk's output by grey level

    def modules(self):
        def heads(patches):
            lengths = np.concatenate([self.real, self.fake]) if len(patches) == 4 else self.fake
            poses = torch.tensor(np.resize(self.lengths, (len(patches), 3)))[..., None] * torch.tensor([0.6, 0.8])
            return torch.tensor(lengths).logit(), poses

        def trunk(image):
            return torch.tensor([[self.patches[float(level)]] for level in image[:, 0, 0, 0]])

        return Modules(
            generator=lambda neutral, condition: torch.full_like(neutral, self.output),
            trunk=trunk, heads=heads, reconstruction=lambda poses, label: torch.full((2, 32 * 32), 0.25),
        )  # fmt: skip

    def loss(self, name, **changed):
        method = Icegan(Icegan.Params(image_size=32, perceptual="trunk", **changed))
        return float(getattr(method, name)(self.modules(), self.batch, {}, Stream(torch.tensor(1))))


# eq. 4: clip 0 is of class 0, clip 1 of class 1
MARGIN = ((0.5 * 0.2**2) + (0.5 * 0.1**2 + 0.5**2 + 0.5 * 0.8**2)) / 2
RECONSTRUCTION = 5e-4 * 32**2 * 0.75**2  # over all pixels: grey levels of 1, and 0.25 in their place
BY_LOGARITHM = -np.log(Pretended.real).mean() - np.log(1 - Pretended.fake).mean()
BY_MARGIN = (0.1**2 + 0.4**2) / 2 + 0.5 * (0.2**2 + 0) / 2


@pytest.mark.parametrize(
    ("changed", "adversarial", "pixels"),
    [({}, BY_LOGARITHM, 1), ({"adv": "margin"}, BY_MARGIN, 1), ({"reconstruction_error": "mean"}, BY_LOGARITHM, 32**2)],
)
def test_discriminator_learns_by_equation_6(changed, adversarial, pixels):
    expected = 0.1 * adversarial + MARGIN + RECONSTRUCTION / pixels
    assert Pretended().loss("discriminator_loss", **changed) == pytest.approx(expected, rel=1e-5)


def test_seen_as_a_change_a_face_like_the_neutral_one_is_nothing():
    method, images = Icegan(Icegan.Params(discriminator_input="change")), []
    modules = Modules(trunk=images.append, heads=lambda patches: (None, torch.zeros(2, 3, 4)))
    onset = torch.full((2, 1, 4, 4), 100, dtype=torch.uint8)
    for apex in (onset, onset + 3):
        method.scores(modules, {"onset": onset, "apex": apex}, {})
    assert not images[0].any()
    torch.testing.assert_close(images[1], torch.full((2, 1, 4, 4), 4 * 3 / 127.5))


@pytest.mark.parametrize("g_cls", [0, 1])
def test_generator_learns_by_equation_6(g_cls):
    adversarial, pixel, perceptual = -np.log(Pretended.fake).mean(), 0.5, (0.0 - 1.0) ** 2  # made at 0.5, apex 1
    expected = 0.1 * adversarial + pixel + 0.1 * perceptual + g_cls * MARGIN
    assert Pretended().loss("generator_loss", g_cls=g_cls) == pytest.approx(expected, rel=1e-5)


def test_without_vgg16_the_perceptual_loss_is_by_the_trunk_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    method = Icegan(Icegan.Params())
    assert "perceptual_trunk file=vgg16" in method.load_published_weights() and not method.shared()
    assert Icegan(Icegan.Params(perceptual="trunk")).load_published_weights() == ""
    assert Icegan(Icegan.Params(generator="none")).load_published_weights() == ""


def test_perceptual_loss_by_vgg16_compares_relu3_3():
    method, modules = Icegan(Icegan.Params(image_size=32)), Pretended().modules()
    random = vgg16_relu3_3().state_dict()  # whose maps are too small to count in the sum
    method.published_weights = {name: 3 * value for name, value in random.items()}
    modules.cost = method.shared()["cost"]
    actual = method.generator_loss(modules, Pretended.batch, {}, Stream(torch.tensor(1)))
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
    maps = [
        modules.cost.features(((level - mean) / deviation).view(1, 3, 1, 1).expand(2, 3, 32, 32))
        for level in (0.75, 0.5)  # grey levels of the made and of the neutral face
    ]
    assert maps[0].shape == (2, 256, 8, 8)
    expected = -0.1 * np.log(Pretended.fake).mean() + 0.5 + 0.1 * (maps[0] - maps[1]).square().mean().item()
    assert actual.item() == pytest.approx(expected, rel=1e-5)


def test_motion_moves_a_face_as_far_as_it_says_and_not_at_first():
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")

    def face(right, down):
        return (0.5 * torch.sin(0.2 * (columns - right)) * torch.cos(0.15 * (rows - down)))[None, None]

    motion = torch.tensor([0.6, -0.4]).view(1, 2, 1, 1).expand(1, 2, 32, 32)
    actual, expected = warp(face(0, 0), motion), face(0.6, -0.4)
    inside = (..., slice(1, -1), slice(1, -1))
    assert (actual - expected)[inside].abs().max() < 0.15 * (face(0, 0) - expected)[inside].abs().max()
    networks = Icegan(Icegan.Params(image_size=32, width=4, noise=3, generator_output="motion")).build({})
    faces = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(networks["generator"](faces, torch.ones(2, 4)), faces)


def test_a_made_face_shows_the_class_asked_for():
    """Apex faces are the onset with one bright quarter, a different one for each class; a held-out face gets it too."""
    count = 24
    rng, label = np.random.default_rng(0), np.arange(count) % CLASSES
    onset = rng.integers(60, 120, (count, 1, 32, 32), dtype=np.uint8)
    quarter = [np.s_[:, :16, :16], np.s_[:, :16, 16:], np.s_[:, 16:, :16]]
    apex = onset.copy()
    for clip, index in enumerate(label):
        apex[clip][quarter[index]] += 100
    data = ClipTensors({"onset": torch.tensor(onset), "apex": torch.tensor(apex)}, {"label": torch.tensor(label)})
    params = {"image_size": 32, "width": 8, "noise": 4, "label_code": "one_hot", "instance_norm": False, "epochs": 40}
    params |= {"lr": 2e-3, "perceptual": "trunk", "adv_size": 16, "exp_size": 8, "reconstruction": (16, 32)}
    method = Icegan(Icegan.Params(**params, adv="margin"))
    asked = {"s": np.array([[23, label] for label in range(CLASSES)])}
    fold = FoldIndices("s", np.arange(20), np.arange(20, 24))
    (result,) = train(method, data, [fold], [7], "sequential", 1, synthesis=asked)
    brightness = np.array([[image[part].mean() for part in quarter] for image in result.faces])
    assert (brightness.argmax(1) == np.arange(CLASSES)).all()
    assert result.loss[0, -1, 1] < 0.7 * result.loss[0, 0, 1]


SMALL = {"image_size": 32, "width": 2, "primary": 1, "adv_size": 4, "reconstruction": (2, 2), "noise": 2}


def pairs(count: int = 6) -> dict[str, torch.Tensor]:
    """Random faces; the last half are macro-expressions."""
    torch.manual_seed(0)
    faces = {name: torch.randint(0, 256, (count, 1, 32, 32), dtype=torch.uint8) for name in ("onset", "apex")}
    return faces | {"label": torch.arange(count) % 3, "macro": (torch.arange(count) >= count // 2).long()}


def test_a_steady_change_has_no_head_motion_in_it():
    neutral = torch.nn.functional.interpolate(torch.rand(1, 1, 6, 6), 32, mode="bicubic") - 0.5
    shifted = warp(neutral, torch.full((1, 2, 32, 32), 0.3))
    params = [Icegan.Params(discriminator_input="change", contrast=2, steady=steady) for steady in (True, False)]
    steady, plain = map(Icegan, params)
    change = plain._discriminator_input(shifted, neutral)
    torch.testing.assert_close(change, 2 * (shifted - neutral))
    assert steady._discriminator_input(shifted, neutral).abs().mean() < 0.01 * change.abs().mean()


@pytest.mark.parametrize("strength", [0, 0.5, 2])
def test_strength_scales_the_change_of_a_synthesised_face(strength):
    onset, modules = pairs()["onset"] // 2 + 64, Modules(generator=lambda neutral, condition: neutral + 0.01)
    batch = {"onset": onset, "target_label": torch.zeros(6, dtype=torch.int64)}
    face = Icegan(Icegan.Params(**SMALL, strength=strength)).synthesise(modules, batch, {}, Stream(torch.tensor(1)))
    torch.testing.assert_close(face - onset / 255, torch.full(face.shape, strength * 0.01 / 2))


def test_of_macro_expressions_a_part_is_seen_they_alone_are_imitated_and_a_pair_is_jittered_together():
    method = Icegan(Icegan.Params(**SMALL, macro_strength=(0.5, 0.5)))
    assert method.macro and not Icegan(Icegan.Params(**SMALL)).macro
    batch = pairs()
    onset, apex = method._sample_pair(batch, Stream(torch.tensor(1)))
    true = batch["apex"] / 127.5 - 1
    torch.testing.assert_close(apex[:3], true[:3])
    torch.testing.assert_close(apex[3:], (onset + true)[3:] / 2)
    change = (apex - onset)[3:]
    assert float(method._pixel_loss(onset, apex, onset, batch)) == pytest.approx(float(change.abs().mean()))
    squared = Icegan(Icegan.Params(**SMALL, macro_strength=(0.5, 0.5), pixel_error="squared"))
    assert float(squared._pixel_loss(onset, apex, onset, batch)) == pytest.approx(float(change.square().mean()))
    jittered = Icegan(Icegan.Params(**SMALL, mirror=0.5, shift=3))
    onset, apex = jittered._sample_pair(batch | {"apex": batch["onset"]}, Stream(torch.tensor(1)))
    assert torch.equal(onset, apex) and not torch.equal(onset, batch["onset"] / 127.5 - 1)


def test_without_its_weight_the_adversarial_part_is_not_computed():
    method = Icegan(Icegan.Params(**SMALL, adversarial_weight=0, perceptual_weight=0, pixel_weight=3))
    modules = Modules(generator=lambda neutral, condition: neutral)
    batch = pairs()
    expected = 3 * (batch["apex"] - batch["onset"].float()).abs().mean() / 127.5
    assert float(method.generator_loss(modules, batch, {}, Stream(torch.tensor(1)))) == pytest.approx(float(expected))


def test_reconstruction_sees_the_capsule_of_the_class_alone():
    network, capsules, label = icegan.Reconstruction(6, (4, 8), 32), torch.randn(3, 3, 2), torch.tensor([0, 2, 1])
    others = capsules + torch.randn(3, 3, 2) * (torch.arange(3) != label[:, None])[..., None]
    assert torch.equal(network(capsules, label), network(others, label))
    assert not torch.equal(network(capsules, label), network(capsules, label.roll(1)))
