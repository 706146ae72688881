"""Layers of single networks against loops, functions of torch and hand-computed values."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from microexpr.core.facs import AUS
from microexpr.models.base import ClipTensors
from microexpr.models.counter_rng import Stream
from microexpr.models.recognisers import find, mer_gcn, micro_attention, mmnet
from microexpr.models.recognisers.causalnet import Attention, CausalBlock, Passing, direction
from microexpr.models.recognisers.dual_inception import Inception
from microexpr.models.recognisers.nmer import Heads, Nmer
from microexpr.models.recognisers.slstt import Encoder, Lstms, Mean
from microexpr.training.engine import FoldIndices
from microexpr.training.group import FoldRun, Group


def network(name, **params):
    kind = find(name)
    return kind(kind.Params(**params), 3).build({})["network"]


def test_each_stream_sees_its_own_component():
    apexnet, flow = network("off_apexnet", hidden=32), torch.randn(2, 3, 28, 28)
    maps = []
    for channel, stream in enumerate(apexnet.streams):
        x = flow[:, channel : channel + 1]
        for layer in (stream[0], stream[3]):
            x = F.max_pool2d(F.conv2d(x, layer.weight, layer.bias, padding=2).relu(), 2)
        maps.append(x.flatten(1))
    x = torch.cat(maps, 1)
    for layer in (apexnet.first, apexnet.second, apexnet.classify):
        x = F.linear(x.relu(), layer.weight, layer.bias)
    assert len(maps) == 2
    torch.testing.assert_close(apexnet(flow), x)


def test_a_block_is_its_four_branches_side_by_side():
    block, x = Inception(5, 4), torch.randn(2, 5, 9, 9)
    layers = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    one_by_one, three_in, three, five_in, five, pooled = [(layer.weight, layer.bias) for layer in layers]
    expected = [
        F.conv2d(x, *one_by_one).relu(),
        F.conv2d(F.conv2d(x, *three_in).relu(), *three, padding=1).relu(),
        F.conv2d(F.conv2d(x, *five_in).relu(), *five, padding=2).relu(),
        F.conv2d(F.max_pool2d(x, 3, 1, 1), *pooled).relu(),
    ]
    torch.testing.assert_close(block(x), torch.cat(expected, 1))


def test_directions_are_opencvs_hues():
    """But for its hues, which are whole multiples of 2 degrees: 8.5 grey levels."""
    grey = np.random.default_rng(0).uniform(0, 255, (28, 28, 2)).astype(np.float32)
    grey[0, 0], grey[0, 1] = 0, 255  # so that stretching changes nothing
    hsv = np.full((28, 28, 3), 255, np.uint8)
    hsv[..., 0] = cv2.cartToPolar(grey[..., 0], grey[..., 1])[1] * 180 / np.pi / 2
    flow = torch.cat([torch.from_numpy(grey).movedim(-1, 0), torch.zeros(1, 28, 28)])
    actual = direction(flow[None] / 3 - 7)[0].movedim(0, -1).numpy()
    np.testing.assert_allclose(actual * 255, cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), atol=9.5)
    assert direction(torch.zeros(1, 3, 28, 28)).isfinite().all()  # of a still face


def test_the_opposite_position_takes_a_share_of_the_attention_and_gives_nothing():
    """For each position: logits of itself and its two neighbours, minus gamma (j + 1) for the opposite one."""
    torch.manual_seed(0)
    layer, tokens, context = Attention(6, 1, 0.5, 0.3), torch.randn(1, 4, 6), torch.randn(1, 4, 6)
    query, (key, value) = layer.query(tokens[0]), layer.read(context[0]).chunk(2, -1)
    expected = []
    for i in range(4):
        opposite = 3 - i
        logits = torch.stack([0.3 * query[i] @ key[j] for j in range(4)])
        logits[opposite] = -0.5 * (opposite + 1)
        weights = logits.exp() / logits.exp().sum()
        expected.append(layer.write(sum(weights[j] * value[j] for j in range(4) if j != opposite)))
    torch.testing.assert_close(layer(tokens, context)[0], torch.stack(expected))


def test_attention_is_continued_from_block_to_block():
    """The attention of a block is its own times that of the block before, reduced to its size; it is less than both."""
    torch.manual_seed(0)
    block, x, before = mmnet.AttentiveBlock(4, 8, 2).eval(), torch.randn(2, 4, 8, 8), torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        (single_maps, single), (maps, continued) = block(x), block(x, before)
    reduced = F.max_pool2d(before, 3, 2, 1)
    torch.testing.assert_close(continued, single * reduced)
    torch.testing.assert_close(maps, single_maps * reduced)
    assert ((single > 0) & (single < 1)).all()


def test_the_lstm_knows_the_order_of_flows_and_the_mean_does_not():
    torch.manual_seed(0)
    sequence, lstms, mean = torch.randn(2, 5, 12), Lstms(12, 8, 3, 6, 3), Mean(12, 3)
    assert (mean(sequence) == 0).all()  # its weights start at zero
    torch.nn.init.normal_(mean.classify.weight)
    with torch.no_grad():
        assert not torch.allclose(lstms(sequence), lstms(sequence.flip(1)), atol=1e-4)
        torch.testing.assert_close(mean(sequence), mean(sequence.flip(1)))
        torch.testing.assert_close(mean(sequence), mean.classify(sequence.mean(1)))


def test_scores_by_hand():
    """One kernel of 2 frames and 3 x 3 pixels, four pools of 3 x 3 x 3 places."""
    torch.manual_seed(0)
    stcnn = network("microexpstcnn", image_size=8, frames=5, kernels=1, depth=2, hidden=5)
    video = torch.randn(1, 1, 5, 8, 8)
    torch.nn.init.constant_(stcnn.convolve.bias, -2)  # so that some maxima are below 0
    maps = F.conv3d(video, stcnn.convolve.weight, stcnn.convolve.bias)
    assert maps.shape == (1, 1, 4, 6, 6)
    hidden = stcnn.hidden(F.max_pool3d(maps.relu(), 3).flatten(1)).relu()
    torch.testing.assert_close(stcnn(video), stcnn.classify(hidden))


def test_a_block_adds_its_residual_to_its_short_cut_by_one_weight_for_each_place():
    block, x = micro_attention.AttentiveBlock(2, 4, 2).eval(), torch.randn(3, 2, 10, 10)
    short, inner = block.shortcut(x), block.bn1(block.conv1(x)).relu()
    last, weight = block.bn2(block.conv2(inner)), block.attend.weight[0, :, 0, 0]
    attention = torch.einsum("bchw,c->bhw", torch.cat([short, inner, last], 1), weight) + block.attend.bias
    torch.testing.assert_close(block(x), (short + attention.sigmoid()[:, None] * last).relu())


def test_first_macro_expressions_then_the_others_each_with_weights_of_its_own():
    method = micro_attention.MicroAttention(micro_attention.MicroAttention.Params(macro_epochs=3, epochs=4))
    targets = {"label": torch.tensor([0, 0, 0, 1, 2, 1, 1, 0, 2]), "macro": torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 1])}
    statistics = method.statistics(ClipTensors({}, targets))
    torch.testing.assert_close(statistics["class_weights"], torch.tensor([5 / 9, 5 / 3, 5 / 3]))
    torch.testing.assert_close(statistics["macro_class_weights"], torch.tensor([4 / 3, 4 / 6, 4 / 3]))
    expected = {name: value.numpy() for name, value in targets.items()}
    for phase, epochs, places in zip(method.phases(), (3, 4), ({5, 6, 7, 8}, {0, 1, 2, 3, 4}), strict=True):
        assert phase.epochs == epochs
        assert set(phase.sample(expected, 4, 8, np.random.default_rng(0)).ravel()) == places


def test_edges_are_how_often_units_came_together():
    aus = torch.tensor([[1, 1, 0], [1, 0, 0], [1, 1, -1], [-1, -1, -1], [0, 1, 0]])
    expected = torch.tensor([[1, 2 / 3, 0], [2 / 3, 1, 0], [0, 0, 1]])
    torch.testing.assert_close(mer_gcn.graph(aus), expected / expected.sum(1, keepdim=True))


def test_a_unit_is_scored_by_its_own_detector():
    """With a mer_gcn.graph without edges the detectors are the product of both layers' weights, a row for each name."""
    gcn = network("mer_gcn", width=2, hidden=4).eval()
    film = torch.randn(2, 1, 4, 16, 16)
    features = gcn.blocks(gcn.stem(film)).mean((2, 3, 4))
    detectors = F.leaky_relu(gcn.first.weight.T, 0.2) @ gcn.second.weight.T
    scores, units = gcn(film, torch.eye(len(AUS)))
    torch.testing.assert_close(units, features @ detectors.T)
    torch.testing.assert_close(scores, gcn.classify(units))


def flows(count: int, size: int = 33) -> ClipTensors:
    """Every second one macro and four times as strong."""
    macro = torch.arange(count) % 2
    flow = torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(0))
    flow *= (1 + 3 * macro)[:, None, None, None]
    return ClipTensors({"flow": flow}, {"label": torch.arange(count) % 3, "macro": macro})


def test_both_kinds_are_shown_with_movements_of_one_size():
    method, train = Nmer(Nmer.Params(reduction=0.5)), flows(400)
    statistics = method.statistics(train)
    torch.testing.assert_close(statistics["magnification"], torch.tensor(2.0), atol=0.02, rtol=0)
    equalised = method._equalise(train.inputs["flow"], train.targets["macro"], statistics)
    length = equalised[:, :2].square().sum(1).sqrt().mean((1, 2))
    macro = train.targets["macro"] == 1
    torch.testing.assert_close(length[macro].mean(), length[~macro].mean())


def test_the_upper_half_is_three_rows_of_seven():
    heads = Heads(2, 4, 3).eval()
    maps = torch.rand(1, 2, 7, 7)
    changed = maps.clone()
    changed[:, :, 3:] += 1
    (_, (_, upper, lower)), (_, (_, same, other)) = heads(maps), heads(changed)
    assert torch.equal(upper, same) and not torch.equal(lower, other)
    torch.testing.assert_close(heads.upper(maps[:, :, :3].mean((2, 3))).tanh(), heads(maps)[0][:, :4])


def test_the_features_gain_what_the_discriminator_loses():
    method = Nmer(Nmer.Params(image_size=33, width=2, features=4, adversarial_weight=0.7))
    data, fold = flows(12), FoldIndices("a", np.arange(12), np.arange(2))
    group = Group(method, data, [FoldRun(fold, 1)], stacked=False)
    modules, batch = group._modules(group.parameters, group.buffers), data.inputs | data.targets
    rng = Stream(torch.tensor(3))
    features, scores = method._train(modules, batch, group.statistics, rng)
    separate = method._micro_or_macro_loss(modules, features, batch, rng)
    weights = group.statistics["class_weights"]
    classified = sum(torch.nn.functional.cross_entropy(value, batch["label"], weights) for value in scores)
    whole = method.loss(modules, batch, group.statistics, Stream(torch.tensor(3)))
    torch.testing.assert_close(whole, classified - 0.7 * separate)
    discriminated = method.discriminator_loss(modules, batch, group.statistics, Stream(torch.tensor(3)))
    torch.testing.assert_close(discriminated, separate)
    recogniser, discriminator = method.phases()[0].updates
    assert set(recogniser.trains) == {"trunk", "heads"} and set(discriminator.trains) == {"discriminator"}


def test_queries_and_keys_change_nothing_where_a_block_is_one_token():
    torch.manual_seed(0)
    htnet, flow = network("htnet", width=8, heads=2, layers=(1, 1, 1)), torch.randn(2, 3, 28, 28)
    before = htnet(flow)
    with torch.no_grad():
        for level in htnet.transformer.levels:
            read = level.layers[0].attention.read.weight
            read[: 2 * len(read) // 3].normal_()
    torch.testing.assert_close(htnet(flow), before, rtol=0, atol=0)


def test_a_position_of_the_later_phase_sees_itself_and_its_own_past_alone():
    torch.manual_seed(0)
    layer, earlier, later = Passing(6, 2), torch.randn(2, 4, 6), torch.randn(2, 4, 6)
    before = layer(earlier, later)
    earlier[:, 1] += 1
    later[:, 2] += 1
    changed = (layer(earlier, later) - before).abs().amax((0, 2)) > 1e-6
    assert changed.tolist() == [False, True, True, False]


def test_both_orders_of_time_are_treated_alike():
    """Exchanged phases exchange the second and the third part of the result."""
    torch.manual_seed(0)
    block, first, second = CausalBlock(6, 2, 0.5), torch.randn(2, 4, 6), torch.randn(2, 4, 6)
    forwards, backwards = block(first, second).chunk(3, 1), block(second, first).chunk(3, 1)
    torch.testing.assert_close(forwards[1], backwards[2])
    torch.testing.assert_close(forwards[2], backwards[1])


def test_the_branch_of_motion_sees_the_change_alone():
    """Light that is added to both frames changes only the other branch."""
    two_branches = network("mmnet", image_size=32, stem=6, width=4).eval()
    onset, apex = torch.rand(2, 2, 3, 32, 32)
    with torch.no_grad():
        difference = two_branches(onset + 0.5, apex + 0.5) - two_branches(onset, apex)
        positions = two_branches.positions(onset + 0.5) - two_branches.positions(onset)
    expected = positions.flatten(1) @ two_branches.classify.weight.T
    torch.testing.assert_close(difference, expected, atol=1e-5, rtol=1e-4)


def test_the_class_token_sees_a_square_by_its_position():
    """Squares that change places change the result; without position embeddings they do not."""
    torch.manual_seed(0)
    encoder, flow = Encoder(16, 8, 12, 1, 2, 0.0), torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        exchanged = flow.roll(8, 3)
        assert not torch.allclose(encoder(flow), encoder(exchanged), atol=1e-4)
        encoder.position.zero_()
        torch.testing.assert_close(encoder(flow), encoder(exchanged), atol=1e-5, rtol=1e-4)
