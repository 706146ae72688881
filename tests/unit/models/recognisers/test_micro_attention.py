"""What Micro-Attention's attention does, and what each phase is trained on."""

import numpy as np
import torch

from microexpr.models.base import ClipTensors
from microexpr.models.recognisers.micro_attention import AttentiveBlock, MicroAttention


def test_a_block_without_attention_is_its_short_cut():
    block = AttentiveBlock(2, 2, 1).eval()
    torch.nn.init.zeros_(block.attend.weight)
    x = torch.randn(1, 2, 4, 4)
    torch.nn.init.constant_(block.attend.bias, -50)
    torch.testing.assert_close(block(x), x.relu())
    torch.nn.init.constant_(block.attend.bias, 50)
    torch.testing.assert_close(block(x), (x + block.bn2(block.conv2(block.bn1(block.conv1(x)).relu()))).relu())


def test_attention_is_one_weight_for_each_place():
    block = AttentiveBlock(2, 4, 2)
    maps = torch.randn(3, 4, 5, 5)
    actual = block.attention(maps, maps + 1, maps + 2)
    weight = block.attend.weight[0, :, 0, 0]
    by_hand = torch.cat([maps, maps + 1, maps + 2], 1)[0, :, 2, 3] @ weight + block.attend.bias
    assert actual.shape == (3, 1, 5, 5)
    torch.testing.assert_close(actual[0, 0, 2, 3], by_hand.sigmoid()[0])


def test_first_macro_expressions_then_the_others_each_with_weights_of_its_own():
    method = MicroAttention(MicroAttention.Params(macro_epochs=3, epochs=4))
    targets = {"label": torch.tensor([0, 0, 0, 1, 2, 1, 1, 0, 2]), "macro": torch.tensor([0, 0, 0, 0, 0, 1, 1, 1, 1])}
    statistics = method.statistics(ClipTensors({}, targets))
    torch.testing.assert_close(statistics["class_weights"], torch.tensor([5 / 9, 5 / 3, 5 / 3]))
    torch.testing.assert_close(statistics["macro_class_weights"], torch.tensor([4 / 3, 4 / 6, 4 / 3]))
    expected = {name: value.numpy() for name, value in targets.items()}
    for phase, epochs, places in zip(method.phases(), (3, 4), ({5, 6, 7, 8}, {0, 1, 2, 3, 4}), strict=True):
        assert phase.epochs == epochs
        assert set(phase.sample(expected, 4, 8, np.random.default_rng(0)).ravel()) == places
