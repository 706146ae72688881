"""The engine on toy methods: against a plain torch loop, alone against together, in turn against stacked."""

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from toy_networks import ADAM, COUNT, SIZE, Frozen, Hard, Toy, clips, folds, toy
from trainings import finished, plans_apart

from microexpr.core.errors import MicroexprError, ParamsError
from microexpr.models.base import CLASSES, ClipTensors, Params
from microexpr.models.recognisers import find
from microexpr.training.engine import train, use_one_thread
from microexpr.training.group import FoldRun, Group

use_one_thread()  # for groups that no engine steps


def trained(method, plan="sequential", chosen=None, seeds=(7,), **options):
    return list(train(method, clips(), chosen or folds(), seeds, plan, options.pop("stack", 3), **options))


def group_of(method, plan):
    """One run, or three that are stacked."""
    runs = [FoldRun(fold, 7) for fold in folds(3 if plan == "stacked" else 1)]
    return Group(method, clips(), runs, stacked=plan == "stacked")


@pytest.mark.parametrize("method", [toy(epochs=10), Hard(Params()), Frozen(Params())], ids=["toy", "hard", "frozen"])
class TestPlans:
    def test_agree_but_for_rounding_after_50_steps(self, method, double):
        assert plans_apart(method, clips(), [FoldRun(fold, 7) for fold in folds()]) < 1e-9

    def test_a_fold_does_not_know_the_others(self, method):
        for plan, bound in (("sequential", 0), ("stacked", 1e-5)):
            together, alone = trained(method, plan), trained(method, plan, [folds()[3], folds()[1]])
            for first, second in ((together[3], alone[0]), (together[1], alone[1])):
                assert first.name == second.name
                assert np.abs(first.scores - second.scores).max() <= bound
                assert np.nanmax(np.abs(first.loss - second.loss)) <= bound


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_against_a_plain_loop(plan):
    """nn.Module, optimiser, backward; only the order of the clips is the engine's."""
    method, fold = toy(dropped=0.0, epochs=4), folds()[2]
    group = Group(method, clips(), [FoldRun(fold, 7)], stacked=False)
    network = group.build(FoldRun(fold, 7))[1]["network"].train()
    optimiser, x, label = ADAM(network.parameters()), clips().inputs["x"], clips().targets["label"]
    x = x - x[fold.train].mean(0)
    losses = []
    for epoch in range(4):
        group.phase_epochs = epoch
        for index in group.sample_batches(group.phases[0])[0]:
            optimiser.zero_grad()
            loss = F.cross_entropy(network(x[index]), label[index])
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    expected = network.eval()(x[fold.test]).detach().numpy()
    result = trained(method, plan, [fold])[0]
    np.testing.assert_allclose(result.statistics["mean"], clips().inputs["x"].numpy()[fold.train].mean(0), atol=1e-6)
    np.testing.assert_allclose(result.scores[0, -1], expected, atol=1e-5)
    np.testing.assert_allclose(result.loss[0, :, 0], np.reshape(losses, (4, -1)).mean(1), atol=1e-5)


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_a_phase_trains_what_it_names_and_nothing_else(plan):
    """The head and embedding of the second phase change; the critic, added to all scores of a clip, does not."""
    group = group_of(Hard(Params()), plan)
    for _ in range(5):
        group.epoch()
    before = {name: {k: v.detach().clone() for k, v in group.parameters[name].items()} for name in group.parameters}
    group.epoch()
    for name, tensors in before.items():
        moved = any(not torch.equal(tensor, group.parameters[name][key]) for key, tensor in tensors.items())
        assert moved == (name in ("embed", "head"))


@pytest.mark.parametrize(("plan", "groups"), [("sequential", 4), ("stacked", 2)])
def test_inputs_that_a_phase_precomputes_are_computed_once(plan, groups):
    once, repeated = Frozen(Params()), Frozen(Params(), once=False)
    for first, second in zip(trained(once, plan), trained(repeated, plan), strict=True):
        np.testing.assert_allclose(first.scores, second.scores, atol=1e-6)
        np.testing.assert_allclose(first.loss, second.loss, atol=1e-6)
    assert once.clips_read == groups * COUNT  # of runs that step together, of which three are stacked


def test_what_a_phase_reads_is_of_full_precision():
    """Scores are never coarse; nor may they be of coarse features."""
    method = Frozen(Params(precision="bfloat16"))
    group = finished(method, clips(), [FoldRun(folds()[0], 7)])
    assert group.precomputed is not None
    test = torch.as_tensor(group.runs[0].fold.test, device=group.device)
    plain = method.scores(group._modules(group.parameters, group.buffers), group.data[test].inputs, group.statistics)
    np.testing.assert_allclose(group.scores[0][-1], plain.detach(), atol=1e-6)


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_result_by_fold_and_seed(plan):
    seen = []
    results = trained(Hard(Params()), plan, seeds=(7, 8), progress=lambda done, total: seen.append((done, total)))
    assert [result.name for result in results] == ["s0", "s1", "s2", "s3"]
    for result, fold in zip(results, folds(), strict=True):
        assert result.scores.shape == (2, 5, len(fold.test), CLASSES)
        assert result.loss.shape == (2, 10, 3)
        assert not np.array_equal(result.scores[0], result.scores[1])
        assert np.isnan(result.loss[:, 5:, 1:]).all() and np.isfinite(result.loss[:, :, 0]).all()
        assert np.isnan(result.loss[:, 0, 1]).all() and np.isfinite(result.loss[:, 1, 1]).all()  # turns 7, 14, 21
    assert results[0].parameters == (6 * 8 + 8 + 8 + 1) + (4 * 6 + 6) + (6 * 8 + 8) + (8 * 3 + 3)
    assert seen[-1] == (80, 80) and [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_bfloat16_is_float32_but_coarser():
    """The first epoch's loss is coarser; weights and scores stay float32."""
    fine, coarse = (trained(Toy(Params(precision=precision)))[0] for precision in ("float32", "bfloat16"))
    assert fine.loss.tobytes() != coarse.loss.tobytes() and coarse.scores.dtype == np.float32
    np.testing.assert_allclose(coarse.loss[0, 0], fine.loss[0, 0], rtol=0.02)
    group = group_of(Toy(Params(precision="bfloat16")), "sequential")
    group.epoch()
    assert all(tensor.dtype == torch.float32 for tensor in group.parameters["network"].values())


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_schedule_scales_the_learning_rate(plan):
    """A rate of 0 from the middle on: nothing moves any more."""
    group = group_of(toy(epochs=4, schedule=lambda progress: float(progress < 0.5)), plan)
    weights = [group.parameters["network"]["last.weight"].detach().clone()]
    while group.epoch():
        weights.append(group.parameters["network"]["last.weight"].detach().clone())
    moved = [not torch.equal(before, after) for before, after in pairwise(weights)]
    assert moved == [True, True, False, False]


def test_auto_is_sequential_on_a_cpu_and_on_one_thread():
    torch.set_num_threads(2)
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    auto, sequential = trained(toy(), "auto"), trained(toy(), "sequential")
    assert [r.scores.tobytes() for r in auto] == [r.scores.tobytes() for r in sequential]
    assert torch.get_num_threads() == 1


def test_features_are_made_once_for_all_folds():
    kind = find("flow_svm")
    method, calls = kind(kind.Params()), []
    data = ClipTensors({"flow": torch.randn(COUNT, 3, 28, 28)}, clips().targets)
    features = method.features
    method.features = lambda inputs: calls.append(1) or features(inputs)
    assert len(list(train(method, data, folds(), [7, 8], "auto", 1))) == 4 and len(calls) == 1


NOT_FINITE = toy(loss=lambda modules, batch, statistics, rng: modules.network(batch["x"]).sum() / 0)
MESSAGE = "must be finite, not .*fold s0, seed 7, phase 0, epoch 0, update 0"
NOT_OURS = toy(build=lambda statistics: {"network": nn.Sequential(nn.Linear(SIZE, CLASSES), nn.Dropout())})


@pytest.mark.parametrize(
    ("method", "options", "error", "message"),
    [
        (toy(), {"plan": "stackd"}, ParamsError, r"not stackd \(did you mean 'stacked'\?\)"),
        (toy(), {"synthesis": {}}, ParamsError, "not of Toy"),  # which synthesises nothing
        (NOT_OURS, {}, TypeError, r"counter_rng\.dropout"),  # its layer draws from the global generator
    ]
    + [(NOT_FINITE, {"plan": plan}, MicroexprError, MESSAGE) for plan in ("sequential", "stacked")],
)
def test_refusals(method, options, error, message):
    with pytest.raises(error, match=message):
        trained(method, **options)


@pytest.mark.parametrize("plan", ["sequential", "stacked"])
def test_how_far_each_module_moved(plan):
    """The critic alone has no step in this phase; without any step nothing moves."""
    group = group_of(Hard(Params()), plan)
    last = len(group.runs) - 1
    assert set(group.moved(last).values()) == {0.0}
    start = {name: tensor.detach().clone() for name, tensor in group.run_part(last, group.parameters)["embed"].items()}
    while group.epoch():
        pass
    now = group.run_part(last, group.parameters)["embed"]
    change = sum(float((now[name].detach() - tensor).square().sum()) for name, tensor in start.items()) ** 0.5
    length = sum(float(tensor.square().sum()) for tensor in start.values()) ** 0.5
    assert group.moved(last)["embed"] == pytest.approx(change / length, rel=1e-5)
    assert min(group.moved(last).values()) > 0
