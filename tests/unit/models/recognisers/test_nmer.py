"""NMER's magnification and reduction in closed form, and which parts are trained against each other."""

import numpy as np
import torch

from microexpr.models.base import ClipTensors
from microexpr.models.counter_rng import Stream
from microexpr.models.recognisers.nmer import Heads, Nmer
from microexpr.training.engine import FoldIndices
from microexpr.training.group import Group, Run


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
    group = Group(method, data, [Run(fold, 1)], stacked=False)
    modules, batch = group._modules(group.parameters, group.buffers), data.inputs | data.targets
    rng = Stream(torch.tensor(3))
    features, scores = method._forward(modules, batch, group.statistics, rng)
    separate = method._micro_or_macro_loss(modules, features, batch, rng)
    weights = group.statistics["class_weights"]
    classified = sum(torch.nn.functional.cross_entropy(value, batch["label"], weights) for value in scores)
    whole = method.recogniser_loss(modules, batch, group.statistics, Stream(torch.tensor(3)))
    torch.testing.assert_close(whole, classified - 0.7 * separate)
    torch.testing.assert_close(
        method.discriminator_loss(modules, batch, group.statistics, Stream(torch.tensor(3))), separate
    )
    recogniser, discriminator = method.phases()[0].updates
    assert set(recogniser.trains) == {"trunk", "heads"} and set(discriminator.trains) == {"discriminator"}
