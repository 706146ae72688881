"""MTMNet's losses against hand-computed values, its triplets, and what MacroNet shares with it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_generators import stream

from microexpr.core.errors import ParamsError, StoreError
from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.mtmnet import Mtmnet, triplets

SMALL = {"image_size": 32, "width": 2, "features": 4, "identities": 6, "batch": 6}
SMALL |= dict.fromkeys(("pretrain_epochs", "macro_epochs", "epochs"), 1)


def method(**changed) -> Mtmnet:
    return Mtmnet(Mtmnet.Params(**(SMALL | changed)))


def clips(method: Mtmnet) -> ClipTensors:
    """Noise; the last 6 of 16 clips are macro-expressions, of the first two classes only."""
    torch.manual_seed(0)
    inputs = {name: torch.randint(0, 256, (16, *shape), dtype=torch.uint8) for name, shape in method.inputs.items()}
    number = torch.arange(16)
    label = torch.where(number >= 10, number % 2, number % 3)
    return ClipTensors(inputs, {"label": label, "subject": number // 4, "macro": (number >= 10).long()})


def table(*rows):
    """Return a network that looks its output up: the first value of each input is the index of a row."""
    values = torch.tensor(rows)
    return lambda x: values[x.flatten(1)[:, 0].round().long()]


def test_the_papers_weights_rates_and_phases():
    params = Mtmnet.Params()
    assert (params.reconstruction_weight, params.similarity_weight, params.identity_weight) == (0.1, 0.1, 0.1)
    assert (params.triplet_weight, params.adversarial_weight, params.inequality_weight) == (1e-3, 1e-3, 1e-3)
    assert (params.lr, params.decoder_lr, params.guidance_lr) == (1e-4, 1e-5, 1e-5)
    assert (params.image_size, params.epochs) == (224, 20)
    pretraining, guidance = Mtmnet(params).phases()
    trained = [[set(update.trains) for update in phase.updates] for phase in (pretraining, guidance)]
    assert trained[0] == [{"encoder", "classifier", "decoder"}, {"identify"}]
    assert trained[1] == [{"discriminator"}, {"encoder", "classifier"}]
    phase = method(batch=6, repeats=3).phases()[0]  # an epoch samples each clip `repeats` times
    targets = {"macro": np.zeros(12, int), "label": np.zeros(12, int)}
    assert phase.batch == 2 and phase.sample(targets, 6, phase.batch, np.random.default_rng(0)).shape == (6, 6)


@pytest.mark.parametrize("difference_weight", [0, 2])
def test_eid_loss_by_hand(difference_weight):
    """Eq. 5: L_c + 0.1 L_rec + 0.1 L_sim - 0.1 L_s, of the face's expression and the neutral face's identity.

    Ours: L_c of the expressions' difference, too. The clip is of subject 7 and class 1; features are scores."""
    mtmnet, inputs = method(input_mode="apex", difference_weight=difference_weight), []
    expressions, identities = torch.tensor([[0.0, 2, 1], [1, 0, 0]]), torch.tensor([[0.0, 0], [3, 4]])  # neutral, face

    def encoder(images):
        rows = images[:, 0, 0, 0].long()
        return expressions[rows], identities[rows]

    def decoder(expression, identity):
        inputs.append((expression.tolist(), identity.tolist()))
        return torch.full((1, 3, 32, 32), 0.5)

    modules = SimpleNamespace(encoder=encoder, decoder=decoder, classifier=lambda expression: expression)
    modules.identify = lambda expression: torch.tensor([[1.0, 2.0, 99.0]])
    face = torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    batch = {"onset": face * 0, "apex": face, "label": torch.tensor([1]), "subject": torch.tensor([7])}
    statistics = {"people": torch.tensor([2, 7, -1])}
    of_class, of_difference = (np.log(np.exp(scores).sum()) - scores[1] for scores in ([1, 0, 0], [1, -2, -1]))
    reconstruction, similarity = 0.5 * np.sqrt(3 * 32 * 32), 5.0
    identity = np.log(np.exp([1, 2]).sum()) - 2  # padding is masked
    expected = of_class + 0.1 * reconstruction + 0.1 * similarity - 0.1 * identity + difference_weight * of_difference
    assert float(mtmnet.eid_loss(modules, batch, statistics, stream())) == pytest.approx(expected, rel=1e-5)
    assert float(mtmnet.identity_loss(modules, batch, statistics, stream())) == pytest.approx(identity, rel=1e-5)
    assert inputs == [([[1.0, 0.0, 0.0]], [[0.0, 0.0]])]


def test_without_disentangling_the_class_is_all():
    mtmnet = method(disentangle=False)
    networks, data = mtmnet.build({}), clips(mtmnet)[torch.arange(4)]
    assert set(networks) == {"encoder", "classifier", "discriminator"}
    assert [set(update.trains) for update in mtmnet.phases()[0].updates] == [{"encoder", "classifier"}]
    arguments = SimpleNamespace(**networks), data.inputs | data.targets, {}
    torch.testing.assert_close(mtmnet.eid_loss(*arguments, stream()), mtmnet.class_loss(*arguments, stream()))


def guided(**changed):
    """Two triplets, whose expressions are looked up; only the first has a macro-expression of its class."""
    mtmnet = method(input_mode="apex", **changed)
    micro = table([0.0, 0.0], [0.0, 4.0], [1.0, 0.0], [0.0, 1.0])  # anchors 0 and 1, negatives 2 and 3
    macro = table([3.0, 0.0], [9.0, 9.0])
    scores = {0.0: [0.0, 0.0, 0.0], 4.0: [1.0, 0.0, 0.0]}
    modules = SimpleNamespace(
        encoder=lambda images: (micro(255 * images), None),
        macro_encoder=lambda images: (macro(255 * images), None),
        classifier=lambda f: torch.tensor([scores[float(row[1])] for row in f]),
        macro_classifier=lambda f: torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 9.0]]),
        discriminator=lambda f: f[:, 0] - 1,
    )
    index = torch.tensor([[0, 0, 2], [1, 1, 3]], dtype=torch.uint8)  # of anchor, positive, negative
    faces = index[:, :, None, None, None].expand(2, 3, 3, 32, 32)
    return mtmnet, modules, {"onset": faces, "apex": faces, "label": torch.tensor([[0, 0, 1], [2, 1, 0]])}


@pytest.mark.parametrize("weights", [(0.5, 0.25, 2.0), (0.0, 0.0, 2.0)])
def test_mtm_and_discriminator_loss_by_hand(weights):
    """Eq. 12. Anchor at (0, 0), positive 3 away, negative 1 away; the other triplet only trains the class."""
    names = ("triplet_weight", "adversarial_weight", "inequality_weight")
    mtmnet, modules, batch = guided(margin=0.5, **dict(zip(names, weights, strict=True)))
    classes = [np.log(3), np.log(np.e + 2) - 0]
    triplet = 3 - 1 + 0.5
    adversarial = np.log(1 + np.exp(1))  # -log sigmoid(-1)
    inequality = np.log(3) - (np.log(np.exp(2) + 2) - 2)
    by_hand = np.mean(classes) + np.dot(weights, [triplet, adversarial, inequality])
    np.testing.assert_allclose(float(mtmnet.mtm_loss(modules, batch, {}, stream())), by_hand, rtol=1e-5)
    assert ("discriminator" in mtmnet.build({})) == bool(weights[1])
    by_hand = np.log(1 + np.exp(-2)) + np.log(1 + np.exp(-1))  # eq. 8, of the guided one: logits 2, -1
    np.testing.assert_allclose(float(mtmnet.discriminator_loss(modules, batch, {}, stream())), by_hand, rtol=1e-5)


def test_without_guidance_weights_there_is_no_teacher():
    alone = method(triplet_weight=0, adversarial_weight=0, inequality_weight=0)
    assert not alone.macro and alone.pretraining() is None and alone.shared() == {}
    assert [set(update.trains) for update in alone.phases()[1].updates] == [{"encoder", "classifier"}]
    assert Mtmnet.macro is False and method().macro is True


def test_a_triplet_is_a_micro_expression_a_macro_expression_of_its_class_and_one_of_another_and_needs_macro_ones():
    label = np.array([0, 0, 1, 1, 2, 2, 0, 1, 1])
    targets = {"label": label, "macro": np.array([0] * 6 + [1] * 3)}
    sampled = triplets(targets, 20, 6, np.random.default_rng(0))
    assert sampled.shape == (20, 6, 3)
    anchor, positive, negative = np.moveaxis(sampled, -1, 0)
    assert (anchor < 6).all() and (positive >= 6).all() and (negative < 6).all()
    assert (label[anchor] != label[negative]).all()
    assert np.array_equal(label[anchor] == label[positive], label[anchor] < 2)  # no macro-expression is of class 2
    assert set(positive[label[anchor] == 1]) == {7, 8}
    assert (np.bincount(anchor.ravel()) == 20).all()  # each as often as the others
    with pytest.raises(StoreError, match="guidance must have macro-expressions"):
        triplets({"label": np.zeros(4, int), "macro": np.zeros(4, int)}, 1, 2, np.random.default_rng(0))


def test_frames_are_those_around_the_apex_and_a_score_is_their_mean():
    mtmnet = method()
    batch = {name: value[:2] for name, value in clips(mtmnet).inputs.items()}
    frames = batch["around_apex"].float() / 255
    modules = SimpleNamespace(encoder=lambda images: (9 * images.mean((2, 3)), None), classifier=lambda scores: scores)
    by_frame = [(9 * frames[:, :, index].mean((2, 3))).softmax(1) for index in range(5)]
    torch.testing.assert_close(mtmnet.scores(modules, batch, {}), torch.stack(by_frame).mean(0))
    sampled = mtmnet._sample_face({"around_apex": batch["around_apex"][:1].expand(64, -1, -1, -1, -1)}, stream())
    indices = [int((frames[0] - face[:, None]).abs().sum((0, 2, 3)).argmin()) for face in sampled]
    assert set(indices) == set(range(5)) and torch.equal(frames[0][:, indices].movedim(1, 0), sampled)


def test_statistics_have_the_training_subjects():
    mtmnet = method()
    subjects = mtmnet.statistics(clips(mtmnet)[torch.arange(4, 16)])["people"]
    assert subjects.tolist() == [1, 2, -1, -1, -1, -1]  # macro-expressions do not count
    with pytest.raises(ParamsError, match="identities must be >= 3, the training subjects, not 2"):
        method(identities=2).statistics(clips(mtmnet))


def test_shared_modules_have_the_teachers_weights_and_the_encoder_of_micronet():
    mtmnet = method()
    teacher = mtmnet.pretraining()
    assert teacher.inputs.keys() == {"onset", "apex"} and not teacher.macro and teacher.pretraining() is None
    assert [phase.epochs for phase in teacher.phases()] == [1]
    networks = teacher.build({"people": torch.zeros(6)})
    mtmnet.teacher_weights = {f"{m}.{k}": v for m, network in networks.items() for k, v in network.state_dict().items()}
    shared = mtmnet.shared()
    for name in ("encoder", "classifier"):
        expected, actual = (dict(network.state_dict()) for network in (networks[name], shared[f"macro_{name}"]))
        torch.testing.assert_close(actual, expected, rtol=0, atol=0)
    shared = {"backbone": "placed", "balanced": True, "mirror": 0.5, "shift": 1, "difference_weight": 2, "cosine": True}
    teacher = method(**shared, input_mode="change").pretraining().params
    assert {name: getattr(teacher, name) for name in shared} == shared and teacher.input_mode == "change"


@pytest.mark.parametrize(("mode", "channels"), [("around_apex", 3), ("apex", 3), ("change", 4)])
def test_a_placed_encoder_keeps_the_places_of_its_maps(mode, channels):
    network = method(backbone="placed", input_mode=mode)
    encoder = network.build({})["encoder"]
    assert encoder.backbone[0].in_channels == channels and encoder.expression.in_features == 8 * 4 * 4
    data = clips(network)
    scores = network.scores(SimpleNamespace(**{n: m.eval() for n, m in network.build({}).items()}), data.inputs, {})
    assert scores.shape == (16, 3) and torch.allclose(scores.sum(1), torch.ones(16))


def test_the_change_is_a_channel_of_one_size_and_of_an_unchanged_face_nothing():
    network = method(backbone="placed", input_mode="change")
    onset = torch.rand(2, 3, 32, 32)
    spot = torch.zeros(2, 1, 32, 32)
    spot[:, :, 10:14, 10:14] = torch.tensor([0.2, 0.6])[:, None, None, None]
    seen = network._encoder_input(onset + spot, onset)[:, 3]
    assert network._encoder_input(onset, onset)[:, 3].abs().max() < 1e-3
    size = seen.square().mean((1, 2)).sqrt()
    assert 0.9 < size[0] < size[1] < 1
