"""MTMNet's losses against hand-computed values, its triplets, its sizes, and a MacroNet that guidance leaves alone."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from microexpr.core.errors import ParamsError, StoreError
from microexpr.models.base import ClipTensors
from microexpr.models.counter_rng import Stream
from microexpr.models.recognisers.mtmnet import Decoder, Encoder, Mtmnet, distance, masked_mean, triplets
from microexpr.training.engine import FoldIndices
from microexpr.training.group import Group, Run

SMALL = {"image_size": 32, "width": 2, "features": 4, "identities": 6, "batch": 6}
SMALL |= dict.fromkeys(("pretrain_epochs", "macro_epochs", "epochs"), 1)


def method(**changed) -> Mtmnet:
    return Mtmnet(Mtmnet.Params(**(SMALL | changed)))


def clips(one: Mtmnet, count: int = 16, macro: int = 6, macro_classes: int = 2) -> ClipTensors:
    """Noise; the last `macro` are strong expressions, of the first classes alone."""
    torch.manual_seed(0)
    inputs = {name: torch.randint(0, 256, (count, *shape), dtype=torch.uint8) for name, shape in one.inputs.items()}
    strong = torch.arange(count) >= count - macro
    label = torch.where(strong, torch.arange(count) % macro_classes, torch.arange(count) % 3)
    return ClipTensors(inputs, {"label": label, "subject": torch.arange(count) // 4, "macro": strong.long()})


def group(one: Mtmnet) -> Group:
    return Group(one, clips(one), [Run(FoldIndices("a", np.arange(2, 16), np.arange(2)), 1)], stacked=False)


def rng() -> Stream:
    return Stream(torch.tensor(3))


def table(*rows):
    """A network that looks its answer up: the first number of each input is a row's number."""
    values = torch.tensor(rows)
    return lambda x: values[x.flatten(1)[:, 0].round().long()]


def test_parameter_counts_at_the_papers_size():
    """ResNet-18 without its classifier; two branches of 256; linear classifiers; 256-128-1."""
    with torch.device("meta"):
        built = Mtmnet(Mtmnet.Params()).build({})
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in built.items()}
    assert counts["encoder"] == 11_689_512 - 513_000 + 2 * (512 * 256 + 256)
    assert counts["classifier"] == 256 * 3 + 3 and counts["identify"] == 256 * 160 + 160
    assert counts["discriminator"] == 256 * 128 + 128 + 128 + 1
    widths = (512, 256, 128, 64, 64, 32)
    convolutions = sum(9 * a * b + 2 * b for a, b in pairwise(widths))
    assert counts["decoder"] == (512 * 512 * 49 + 512 * 49) + convolutions + (9 * 32 * 3 + 3)


def test_the_papers_weights_and_rates():
    params = Mtmnet.Params()
    assert (params.reconstruction_weight, params.similarity_weight, params.identity_weight) == (0.1, 0.1, 0.1)
    assert (params.triplet_weight, params.adversarial_weight, params.inequality_weight) == (1e-3, 1e-3, 1e-3)
    assert (params.lr, params.decoder_lr, params.guidance_lr) == (1e-4, 1e-5, 1e-5)
    assert (params.image_size, params.epochs) == (224, 20)
    pretraining, guidance = Mtmnet(params).phases()
    assert [set(update.trains) for update in pretraining.updates] == [
        {"encoder", "classifier", "decoder"},
        {"identify"},
    ]
    assert [set(update.trains) for update in guidance.updates] == [{"discriminator"}, {"encoder", "classifier"}]


def test_shapes():
    faces = torch.rand(2, 3, 64, 64)
    expression, identity = Encoder(2, 5)(faces)
    again = Decoder(2, 5, 64)(expression, identity)
    assert expression.shape == identity.shape == (2, 5) and again.shape == faces.shape
    assert again.min() >= 0 and again.max() <= 1


def test_distance_and_mean_of_some():
    one, other = torch.tensor([[[3.0, 0.0]], [[1.0, 1.0]]]), torch.tensor([[[0.0, 4.0]], [[1.0, 1.0]]])
    torch.testing.assert_close(distance(one, other), torch.tensor([5.0, 0.0]), atol=1e-5, rtol=0)
    values = torch.tensor([1.0, 2.0, 6.0])
    assert masked_mean(values, torch.tensor([True, False, True])) == 3.5
    assert masked_mean(values, torch.tensor([False] * 3)) == 0


def eid(face_features, onset_features, again, scores, identified, **changed):
    """Of one clip of person 7, class 1, whose networks answer so."""
    one = method(input_mode="apex", image_size=32, **changed)

    def encoder(images):
        assert len(images) == 2  # the face, then the neutral one
        pairs = zip(face_features, onset_features, strict=True)
        return tuple(torch.tensor([a, b]) for a, b in pairs)

    modules = SimpleNamespace(
        encoder=encoder,
        decoder=lambda expression, identity: again(expression, identity),
        classifier=lambda f: torch.tensor([scores]).expand(len(f), -1),
        identify=lambda f: torch.tensor([identified]),
    )
    faces = torch.full((1, 3, 32, 32), 255, dtype=torch.uint8)
    batch = {"onset": faces * 0, "apex": faces, "label": torch.tensor([1]), "subject": torch.tensor([7])}
    return one, modules, batch, {"people": torch.tensor([2, 7, -1])}


def test_eid_loss_by_hand():
    """Eq. 5: L_c + 0.1 L_rec + 0.1 L_sim - 0.1 L_s, of the face's expression and the neutral face's identity."""
    seen = []

    def again(expression, identity):
        seen.append((expression.tolist(), identity.tolist()))
        return torch.full((1, 3, 32, 32), 0.5)

    one, modules, batch, statistics = eid(
        ([1.0, 2.0], [3.0, 4.0]), ([5.0, 6.0], [0.0, 0.0]), again, [0.0, 1.0, 2.0], [1.0, 2.0, 99.0]
    )
    loss = one.eid_loss(modules, batch, statistics, rng())
    classified = np.log(np.exp([0, 1, 2]).sum()) - 1
    reconstruction, similarity = 0.5 * np.sqrt(3 * 32 * 32), 5.0
    identity = np.log(np.exp([1, 2]).sum()) - 2  # nobody is not among those who may be named
    by_hand = classified + 0.1 * reconstruction + 0.1 * similarity - 0.1 * identity
    np.testing.assert_allclose(float(loss), by_hand, rtol=1e-5)
    np.testing.assert_allclose(float(one.identity_loss(modules, batch, statistics, rng())), identity, rtol=1e-5)
    assert seen == [([[1.0, 2.0]], [[0.0, 0.0]])]


def test_without_disentangling_the_class_is_all():
    one = method(disentangle=False)
    assert set(one.build({})) == {"encoder", "classifier", "discriminator"}
    assert [set(update.trains) for update in one.phases()[0].updates] == [{"encoder", "classifier"}]
    own = group(one)
    modules = own._modules(own.parameters, own.buffers)
    batch = {name: value[:4] for name, value in (own.data.inputs | own.data.targets).items()}
    found, alone = (loss(modules, batch, {}, rng()) for loss in (one.eid_loss, one.class_loss))
    torch.testing.assert_close(found, alone)


def guided(**changed):
    """Two triplets, whose expressions are looked up; only the first has a strong expression of its class."""
    one = method(input_mode="apex", **changed)
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
    number = torch.tensor([[0, 0, 2], [1, 1, 3]], dtype=torch.uint8)  # of anchor, positive, negative
    faces = number[:, :, None, None, None].expand(2, 3, 3, 32, 32)
    return one, modules, {"onset": faces, "apex": faces, "label": torch.tensor([[0, 0, 1], [2, 1, 0]])}


def test_mtm_loss_by_hand():
    """Eq. 12. Anchor at (0, 0), positive 3 away, negative 1 away; the other triplet has its class alone."""
    one, modules, batch = guided(triplet_weight=0.5, adversarial_weight=0.25, inequality_weight=2.0, margin=0.5)
    classes = [np.log(3), np.log(np.e + 2) - 0]
    triplet = 3 - 1 + 0.5
    adversarial = np.log(1 + np.exp(1))  # -log sigmoid(-1)
    inequality = np.log(3) - (np.log(np.exp(2) + 2) - 2)
    by_hand = np.mean(classes) + 0.5 * triplet + 0.25 * adversarial + 2.0 * inequality
    np.testing.assert_allclose(float(one.mtm_loss(modules, batch, {}, rng())), by_hand, rtol=1e-5)


def test_discriminator_loss_by_hand():
    """Eq. 8, of the one triplet that is guided: positive's logit 2, anchor's -1."""
    one, modules, batch = guided()
    by_hand = np.log(1 + np.exp(-2)) + np.log(1 + np.exp(-1))
    np.testing.assert_allclose(float(one.discriminator_loss(modules, batch, {}, rng())), by_hand, rtol=1e-5)


def test_a_term_without_weight_is_not_there():
    one, modules, batch = guided(triplet_weight=0, adversarial_weight=0, inequality_weight=2.0)
    inequality = np.log(3) - (np.log(np.exp(2) + 2) - 2)
    by_hand = np.mean([np.log(3), np.log(np.e + 2)]) + 2.0 * inequality
    np.testing.assert_allclose(float(one.mtm_loss(modules, batch, {}, rng())), by_hand, rtol=1e-5)
    assert "discriminator" not in one.build({"people": torch.zeros(6)})


def test_nobody_guides_where_all_weights_are_zero():
    alone = method(triplet_weight=0, adversarial_weight=0, inequality_weight=0)
    assert not alone.macro and alone.pretraining() is None and alone.shared() == {}
    assert [set(update.trains) for update in alone.phases()[1].updates] == [{"encoder", "classifier"}]
    assert Mtmnet.macro is False and method().macro is True


def test_a_triplet_is_a_faint_one_a_strong_one_of_its_class_and_a_faint_one_of_another():
    label = np.array([0, 0, 1, 1, 2, 2, 0, 1, 1])
    targets = {"label": label, "macro": np.array([0] * 6 + [1] * 3)}
    drawn = triplets(targets, 20, 6, np.random.default_rng(0))
    assert drawn.shape == (20, 6, 3)
    anchor, positive, negative = np.moveaxis(drawn, -1, 0)
    assert (anchor < 6).all() and (positive >= 6).all() and (negative < 6).all()
    assert (label[anchor] != label[negative]).all()
    known = label[anchor] < 2
    assert (label[anchor] == label[positive])[known].all() and not (label[anchor] == label[positive])[~known].any()
    assert set(positive[label[anchor] == 1]) == {7, 8}
    assert (np.bincount(anchor.ravel()) == 20).all()  # each as often as the others


def test_triplets_need_strong_expressions():
    with pytest.raises(StoreError, match="guidance must have macro-expressions"):
        triplets({"label": np.zeros(4, int), "macro": np.zeros(4, int)}, 1, 2, np.random.default_rng(0))


def test_an_epoch_sees_each_clip_so_many_times():
    one = method(batch=6, repeats=3)
    phase = one.phases()[0]
    targets = {"macro": np.zeros(12, int), "label": np.zeros(12, int)}
    assert phase.batch == 2 and phase.sample(targets, 6, phase.batch, np.random.default_rng(0)).shape == (6, 6)


def test_frames_are_those_around_the_apex_and_a_score_is_their_mean():
    one = method()
    own = group(one)
    modules = own._modules(own.parameters, own.buffers)
    for network in own.networks.values():
        network.eval()
    batch = {name: value[:2] for name, value in own.data.inputs.items()}
    found = one.scores(modules, batch, {})
    frames = batch["around_apex"].float() / 255
    each = [modules.classifier(modules.encoder(frames[:, :, place])[0]).softmax(1) for place in range(5)]
    torch.testing.assert_close(found, torch.stack(each).mean(0))
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    drawn = one._sample_face({"around_apex": batch["around_apex"][:1].expand(64, -1, -1, -1, -1)}, rng())
    places = [int((frames[0] - face[:, None]).abs().sum((0, 2, 3)).argmin()) for face in drawn]
    assert set(places) == set(range(5)) and all(
        torch.equal(frames[0][:, p], f) for p, f in zip(places, drawn, strict=True)
    )


def test_people_are_those_who_train():
    one = method()
    found = one.statistics(clips(one)[torch.arange(4, 16)])["people"]
    assert found.tolist() == [1, 2, -1, -1, -1, -1]  # of the strong ones nobody
    with pytest.raises(ParamsError, match="identities must be >= 3, the training subjects, not 2"):
        method(identities=2).statistics(clips(one))


def test_guidance_leaves_macronet_as_it_is_bit_by_bit_and_moves_micronet():
    one = method(guidance_lr=1e-2)
    own = group(one)
    assert own.epoch()  # pretraining
    bits = {
        key: value.numpy().tobytes() for name, part in own.shared.items() for key, value in part.state_dict().items()
    }
    micro = {name: value.detach().clone() for name, value in own.parameters["encoder"].items()}
    decoder = {name: value.detach().clone() for name, value in own.parameters["decoder"].items()}
    while own.epoch():
        pass
    assert bits and set(own.shared) == {"macro_encoder", "macro_classifier"}
    after = {
        key: value.numpy().tobytes() for name, part in own.shared.items() for key, value in part.state_dict().items()
    }
    assert bits == after
    assert not torch.equal(micro["expression.weight"], own.parameters["encoder"]["expression.weight"])
    assert all(torch.equal(decoder[name], value) for name, value in own.parameters["decoder"].items())


def test_macronet_is_what_pretraining_became():
    one = method()
    teacher = one.pretraining()
    assert teacher.inputs.keys() == {"onset", "apex"} and not teacher.macro and teacher.pretraining() is None
    assert [phase.epochs for phase in teacher.phases()] == [1]
    own = Group(
        teacher, ClipTensors(*_plain(teacher)), [Run(FoldIndices("all", np.arange(8), np.arange(0)), 2)], stacked=False
    )
    while own.epoch():
        pass
    trees = (own.parameters, own.buffers)
    one.teacher_weights = {
        f"{m}.{k}": v.detach() for tree in trees for m, part in tree.items() for k, v in part.items()
    }
    shared = one.shared()
    for name in ("encoder", "classifier"):
        for key, value in own.networks[name].state_dict().items():
            assert torch.equal(value, shared[f"macro_{name}"].state_dict()[key])


def _plain(one: Mtmnet):
    data = clips(one, 8, 0)
    return data.inputs, data.targets
