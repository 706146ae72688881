"""AU-GACN's shapes against its Table 7, its graph, pooling and losses against loops and hand-computed values."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from trainings import finished

from microexpr.core.facs import AUS, MUSCLES, share_a_muscle
from microexpr.models.base import ClipTensors
from microexpr.models.counter_rng import Stream
from microexpr.models.recognisers.augacn import (
    AuGacn,
    Bottleneck,
    Relations,
    STPNet,
    graph,
    marks_read,
    masked_loss,
    occurs,
    pool,
)
from microexpr.signals.aus import ACTION_UNITS
from microexpr.training.group import FoldIndices, FoldRun

A, L = len(AUS), 16
TABLE7 = {  # of one clip, by row; the last three have the axis of clips in the paper's place
    **dict.fromkeys(("Conv3d", "BatchNorm3d", "Relu"), (64, L, 128, 128)),
    **dict.fromkeys(("MaxPool3d (1)", "Bottleneck-A"), (64, L // 2, 64, 64)),
    **{"MaxPool3d (2)": (64, L // 4, 64, 64), "Bottleneck-B": (64, L // 4, 32, 32)},
    **{"MaxPool3d (3)": (64, L // 8, 32, 32), "Bottleneck-C": (64, L // 8, 16, 16)},
    **{"MaxPool3d (4)": (64, L // 16, 16, 16), "AdaptiveAvgPool3d": (64, 1, 1, 1)},
    **{"time": (64, 1, 1), "Conv2d": (A, 1, 1), "reshape": (A, 1)},
}


def method(classes: int = 3, **changed) -> AuGacn:
    small = {"image_size": 16, "width": 4, "hidden": 8} | changed
    return AuGacn(AuGacn.Params(**small), classes)


def clips(aus: torch.Tensor) -> ClipTensors:
    torch.manual_seed(0)
    video = torch.randint(0, 256, (len(aus), 3, 16, 16, 16), dtype=torch.uint8)
    return ClipTensors({"video": video}, {"label": torch.arange(len(aus)) % 3, "aus": aus})


def marks(*coded: str) -> torch.Tensor:
    """A row of 1 where a unit is named, -1 where all is unknown ("?"), 0 elsewhere."""
    rows = [[-1] * A if units == "?" else [int(str(unit) in units.split()) for unit in AUS] for units in coded]
    return torch.tensor(rows)


def test_shapes_and_kernels_are_those_of_table_7():
    params = AuGacn.Params()
    assert (params.image_size, params.frames, params.width) == (256, L, 64)
    with torch.device("meta"):
        network = STPNet(params.width)
        x = torch.empty(1, 3, L, 256, 256)
        shapes = {name: tuple((x := layer(x)).shape[1:]) for name, layer in network.named_children()}
    assert shapes == TABLE7 and list(shapes) == list(TABLE7)
    point, pool_time = (1, 1, 1), (2, 1, 1)
    block = [point, (1, 3, 3), (3, 1, 1), point]
    expected = [(1, 7, 7), (2, 3, 3), *block, pool_time, *block, point, pool_time, *block, point, pool_time, (1, 1)]
    assert [layer.kernel_size for layer in network.modules() if hasattr(layer, "kernel_size")] == expected


@pytest.mark.parametrize("kind", ["A", "B", "C"])
def test_bottlenecks_join_space_and_time_as_pseudo_3d_does(kind):
    """The spatial part doubles, the temporal one adds one; the shortcut is added to each."""
    block = SimpleNamespace(kind=kind, spatial=lambda x: 2 * x, temporal=lambda x: x + 1)
    block.begin = block.end = block.short = nn.Identity()
    x = torch.tensor([1.0, 3.0]).view(1, 2, 1, 1, 1)
    inner = {"A": 2 * x + 1, "B": 2 * x + x + 1, "C": 2 * x + 2 * x + 1}[kind]
    torch.testing.assert_close(Bottleneck.forward(block, x), inner + x)
    torch.testing.assert_close(Bottleneck.forward(block, -10 * x), torch.zeros_like(x))


def test_edges_by_hand():
    """AU 1 in three clips, 2 with it in two of them; 9 in one; 12 unknown in one of its clips; nobody shows 5."""
    aus = marks("1 2", "1 2", "1 12", "9 12", "?")
    aus[0, AUS.index(12)] = -1
    occurring = occurs(aus)
    assert [AUS[i] for i in occurring.nonzero().flatten().tolist()] == [1, 2, 9, 12]
    edges = np.zeros((A, A))
    at = {unit: AUS.index(unit) for unit in (1, 2, 9, 12)}
    for unit in at.values():
        edges[unit, unit] = 1
    pairs = {(1, 2): 1.0, (1, 12): (1 / 2 + 1 / 2) / 2, (9, 12): (1 / 1 + 1 / 2) / 2}  # one muscle moves 1 and 2
    for (first, second), value in pairs.items():
        edges[at[first], at[second]] = edges[at[second], at[first]] = value
    degree = np.maximum(edges.sum(1), 1)
    np.testing.assert_allclose(graph(aus, occurring), edges / np.sqrt(np.outer(degree, degree)), rtol=1e-6)


def test_without_any_code_muscles_alone_are_edges():
    aus = marks("?", "?")
    occurring = occurs(aus)
    assert occurring.tolist() == [1.0] * A
    actual = graph(aus, occurring) > 0
    expected = [[first == second or share_a_muscle(first, second) for second in AUS] for first in AUS]
    assert actual.tolist() == expected
    assert share_a_muscle(1, 2) and share_a_muscle(25, 17) and share_a_muscle(23, 24)
    assert not share_a_muscle(1, 4) and not share_a_muscle(12, 12) and not share_a_muscle(16, 17)
    assert all(len(units) > 1 and {*units} <= {*AUS} for units in MUSCLES.values())


@pytest.mark.parametrize("embedding", [0, 4])
def test_three_graph_convolutions_pooling_and_readout_are_those_of_numpy(embedding):
    """Eq. 1 to 3, of two clips, half of the nodes kept; next to a score the embedding of its node, if there is any."""
    rng = np.random.default_rng(0)
    network, nodes, edges = Relations(2, 0.5, 3, embedding).double(), rng.normal(size=(2, A, 1)), rng.random((A, A)) / A
    parameters = {name: value.detach().numpy() for name, value in network.named_parameters()}
    expected = []
    for scores in nodes:
        x, layers = np.concatenate([scores, parameters.get("embedding", scores[:, :0])], 1), []
        for number in range(3):
            x = np.maximum(edges @ x @ parameters[f"layers.{number}.weight"].T, 0)
            layers.append(x)
        features = np.concatenate(layers, 1)
        attention = edges @ features @ parameters["attend.weight"][0]
        best = np.argsort(attention)[-A // 2 :]
        gated = np.tanh(attention[best])[:, None] * features[best]
        read = np.concatenate([gated.mean(0), gated.max(0)])
        expected.append(parameters["classify.weight"] @ read + parameters["classify.bias"])
    actual = network(torch.tensor(nodes), torch.tensor(edges), torch.ones(A).double())
    np.testing.assert_allclose(actual.detach().numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("mode", "name"), [("film", "video"), ("change", "video_steady"), ("fine_change", "video_change")]
)
def test_the_same_change_is_the_same_number_in_bytes_and_before_they_are_rounded(mode, name):
    augacn = method(input_mode=mode, channels=1)
    assert augacn.inputs == {name: (1, L, 16, 16)} and augacn.build({})["stpnet"][0].in_channels == 1
    grey = torch.full((1, 1, L, 16, 16), 100, dtype=torch.uint8)
    grey[:, :, 3:] = 104
    change = (grey.float() - 100).half()
    expected = 2 * grey.float() / 255 - 1 if mode == "film" else 4 * 2 * change.float() / 255
    values = augacn._input({name: change if mode == "fine_change" else grey})
    torch.testing.assert_close(values, expected, atol=1e-5, rtol=1e-3)


def test_a_network_keeps_the_graph_that_it_was_trained_with():
    """Weights of other clips bring their nodes: a unit that the fold's clips lack scores, and takes part."""
    augacn = method(graph="network")
    data, others = clips(marks("1 2", "12", "4 7", "1")), clips(marks("1 2", "12 20", "4 7", "1"))
    statistics, fresh = statistics_and_modules(augacn, data)
    _, modules = statistics_and_modules(augacn, others)
    assert not list(modules.graph.parameters()) and {*dict(modules.graph.named_buffers())} == {"graph", "present"}
    for network in (fresh, modules):
        network.stpnet.eval()
    unit = AUS.index(20)
    assert augacn.au_scores(modules, data.inputs, statistics)[:, unit].all()
    assert not augacn.au_scores(fresh, data.inputs, statistics)[:, unit].any()
    plain = method().scores(fresh, data.inputs, statistics)
    torch.testing.assert_close(augacn.scores(fresh, data.inputs, statistics), plain)


@pytest.mark.parametrize(
    ("ratio", "present", "expected"), [(0.5, 20, 10), (0.5, 19, 10), (0.5, 9, 5), (0.5, 1, 1), (0.5, 0, 1)]
    + [(0.31, 20, 7), (0.7, 10, 7), (0.1, 20, 2), (0.55, 20, 11), (1, 13, 13)],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_share_that_is_kept_is_of_the_nodes_that_are_present(ratio, present, expected, dtype):
    present_mask = (torch.arange(A) < present).to(dtype)
    nodes, count = pool(torch.ones(1, A, 1, dtype=dtype), torch.ones(1, A, dtype=dtype), present_mask, ratio)
    assert count == expected <= nodes.shape[1]


def test_only_known_units_count_each_mark_by_its_weight():
    scores = torch.tensor([[0.0, 2.0, -1.0], [3.0, 4.0, 5.0]])
    aus = torch.tensor([[1, 0, -1], [-1, -1, -1]])
    mask = (aus >= 0).float()
    loss_of_1, loss_of_0 = math.log(2), math.log(1 + math.exp(2))
    ones = torch.ones(2, 3)
    assert float(masked_loss(scores, aus, mask, ones)) == pytest.approx((loss_of_1 + loss_of_0) / 2)
    weights = torch.tensor([[1.0, 3.0, 1.0], [5.0, 1.0, 1.0]])
    assert float(masked_loss(scores, aus, mask, weights)) == pytest.approx((5 * loss_of_1 + 3 * loss_of_0) / 2)
    assert float(masked_loss(scores, aus, 0 * mask, ones)) == 0


def statistics_and_modules(augacn: AuGacn, data: ClipTensors):
    statistics = augacn.statistics(data)
    torch.manual_seed(1)
    return statistics, SimpleNamespace(**augacn.build(statistics))


def total(augacn: AuGacn, modules, statistics, data: ClipTensors) -> torch.Tensor:
    return augacn.loss(modules, data.inputs | data.targets, statistics, Stream(torch.tensor(3)))


def test_the_total_is_eq_5():
    augacn, data = method(me_weight=2.5), clips(marks("1 2", "12", "4 7", "?"))
    statistics, modules = statistics_and_modules(augacn, data)
    with torch.no_grad():
        modules.uncertainty.s.fill_(0.3)
    actual = total(augacn, modules, statistics, data).item()
    nodes = modules.stpnet(2 * data.inputs["video"].float() / 255 - 1)
    scores = modules.relations(nodes, statistics["graph"], statistics["present"]).detach()
    log_p = scores.double().log_softmax(1).numpy()
    me = -sum(log_p[i, int(label)] for i, label in enumerate(data.targets["label"])) / 4
    x, y = nodes.detach()[..., 0].double().sigmoid().numpy(), data.targets["aus"].numpy()
    visible = [AUS.index(unit) for unit in (1, 2, 4, 7, 12)]
    terms = [-math.log(x[i, j] if y[i, j] else 1 - x[i, j]) for i in range(3) for j in visible]
    assert actual == pytest.approx(math.exp(-0.3) * sum(terms) / len(terms) + 0.3 + 2.5 * me, rel=1e-5)


def test_clips_without_codes_learn_their_class_alone():
    """A batch of them moves neither eq. 4's weight nor, without the classes' loss, the network."""
    augacn, data = method(me_weight=0.0), clips(marks("1 2", "12", "4", "?", "?", "?"))
    statistics, modules = statistics_and_modules(augacn, data)
    loss = total(augacn, modules, statistics, data[torch.tensor([3, 4, 5])])
    loss.backward()
    parameters = [p for part in (modules.stpnet, modules.uncertainty) for p in part.parameters()]
    assert loss.item() == 0 and not any(p.grad is not None and p.grad.any() for p in parameters)
    total(augacn, modules, statistics, data[torch.tensor([0, 3, 4])]).backward()
    assert all(p.grad is not None and p.grad.any() for p in modules.uncertainty.parameters())
    assert any(p.grad is not None and p.grad.any() for p in modules.stpnet.parameters())


def test_units_that_nobody_shows_in_training_get_no_gradient_no_score_and_no_room_in_the_graph():
    """A network whose units are absent is one without them: neither pooling nor readout leaves room for them."""
    augacn, data = method(), clips(marks("1 2", "12", "4 7", "1"))
    statistics, modules = statistics_and_modules(augacn, data)
    total(augacn, modules, statistics, data).backward()
    head = dict(modules.stpnet.named_children())["Conv2d"]
    moved = {AUS[i] for i in range(A) if head.weight.grad[i].any()}
    assert moved == {1, 2, 4, 7, 12}
    scores = augacn.au_scores(modules, data.inputs, statistics)
    assert scores.shape == (4, A)
    assert {AUS[i] for i in range(A) if scores[:, i].any()} == moved
    present_mask, nodes = statistics["present"] > 0, torch.randn(4, A, 1)
    assert present_mask.sum() == 5
    alone = modules.relations(nodes[:, present_mask], statistics["graph"][present_mask][:, present_mask], torch.ones(5))
    torch.testing.assert_close(modules.relations(nodes, statistics["graph"], statistics["present"]), alone)


def test_rare_marks_weigh_more_only_where_asked():
    """AU 1 shows in one of three coded clips, AU 2 in all, AU 4 in none."""
    data = clips(marks("1 2", "2", "2", "?"))
    for choice in ("learned", "none"):
        assert torch.equal(method(au_weight=choice).statistics(data)["mark_weights"], torch.ones(2, A))
    weights = method(au_weight="inverse_frequency").statistics(data)["mark_weights"]
    expected = torch.tensor([[3 / 4, 3 / 2, 3 / 6], [3 / 2, 3 / 6, 3 / 2]])
    torch.testing.assert_close(weights[:, [AUS.index(unit) for unit in (1, 2, 4)]], expected)


def changes(*active: str, amount: float = 0.5) -> torch.Tensor:
    """Return changes [n, 17, 2] in which named units rise, on the subject's left ("12l"), right ("12r") or both."""
    change = torch.zeros(len(active), len(ACTION_UNITS), 2)
    for row, units in zip(change, active, strict=True):
        for unit in units.split():
            sides = {"l": [0], "r": [1]}.get(unit[-1], [0, 1])
            row[ACTION_UNITS.index(f"AU{unit.rstrip('lr')}"), sides] = amount
    return change


def test_marks_are_read_from_the_larger_side_by_hand():
    """AU 45 has no node, and no change is read for AUs 16, 18, 24 and 38."""
    change = changes("1 12l", "25r 45")
    change[0, ACTION_UNITS.index("AU4")] = torch.tensor([-4.0, 0.3])  # falls on the left, rises by the threshold
    expected = marks("1 12", "25")
    expected[:, [AUS.index(unit) for unit in (16, 18, 24, 38)]] = -1
    assert torch.equal(marks_read(change, 0.3), expected)
    assert not (marks_read(change, 0.5) == 1).any() and (marks_read(change, 0.2)[0] == 1).sum() == 3


def test_clips_without_codes_learn_units_that_are_read_and_others_the_coders():
    """As if a coder had noted what is read: nodes, edges, weights, and the loss with its gradient.

    The coder's AU 1 stays, though AU 20 was read; a coder who was sure of one unit of all alone has marks."""
    data = clips(marks("1 2", "?", "?", "4"))
    data.inputs["au_change"] = changes("20", "12 6", "12 25", "20")
    data.targets["aus"][3] = torch.where(data.targets["aus"][3] == 1, 1, -1)
    coded = clips(data.targets["aus"].clone())
    coded.targets["aus"][1:3] = marks_read(data.inputs["au_change"][1:3], 0.3)
    gradients = []
    for augacn, clips_ in ((method(au_labels="coded_or_read"), data), (method(), coded)):
        statistics, modules = statistics_and_modules(augacn, clips_)
        total(augacn, modules, statistics, clips_).backward()
        gradients.append([p.grad for p in modules.stpnet.parameters()] + [*statistics.values()])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
    assert {AUS[i] for i in statistics["present"].nonzero().flatten().tolist()} == {1, 2, 4, 6, 12, 25}


def test_nothing_is_learnt_from_the_change_of_a_held_out_clip():
    """Another change of a test clip leaves all bytes as they are; another change of a training clip does not."""
    data, held_out, training = (clips(marks("1", "12", "?", "4", "?", "?", "1 12", "4")) for _ in range(3))
    change = torch.randn(8, len(ACTION_UNITS), 2, generator=torch.Generator().manual_seed(0))
    results = []
    for part, clip in ((data, None), (held_out, 2), (training, 4)):
        part.inputs["au_change"] = change.clone()
        if clip is not None:
            part.inputs["au_change"][clip] *= -1
        runs = [FoldRun(FoldIndices("a", np.arange(3, 8), np.arange(3)), 1)]
        group = finished(method(au_labels="coded_or_read", epochs=2, batch=4), part, runs)
        results.append(torch.cat([torch.tensor(np.array(group.scores)).flatten(), group.statistics["graph"].flatten()]))
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])
