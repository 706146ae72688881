"""An LSTM, a convolution and a pooling over video against torch's own."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from microexpr.models.layers.sequences import Lstm, MaxPool3d, StemConv3d


def test_states_of_all_steps_are_those_of_torchs_layers_on_each_other():
    layers, theirs, sequence = [Lstm(5, 7), Lstm(7, 7)], nn.LSTM(5, 7, 2, batch_first=True), torch.randn(3, 6, 5)
    expected = theirs(sequence)[0]
    for i, layer in enumerate(layers):
        for name in layer.state_dict():
            part = name.split(".")[1]
            tensor = getattr(theirs, f"{part}_{'ih' if name.startswith('input') else 'hh'}_l{i}")
            layer.get_parameter(name).data = tensor.data
        sequence = torch.stack(layer.states(sequence), 1)
    torch.testing.assert_close(sequence, expected)


def test_steps_that_are_none_leave_the_state_as_it_is():
    """As torch's LSTM of each sequence cut short; one of no steps stays at zero."""
    mine, sequence, lengths = Lstm(5, 7), torch.randn(4, 6, 5), (6, 1, 4, 0)
    real = torch.arange(6) < torch.tensor(lengths)[:, None]
    actual = mine(sequence, real)
    for clip, length in enumerate(lengths):
        expected = mine(sequence[clip : clip + 1, :length])[0] if length else torch.zeros(7)
        torch.testing.assert_close(actual[clip], expected)


KERNELS = [  # channels, size, stride, padding
    (1, (1, 7, 7), (1, 2, 2), (0, 3, 3)),
    (1, (1, 6, 4), (1, 2, 2), (0, 1, 2)),
    (3, (1, 7, 7), (1, 2, 2), (0, 3, 3)),
    (1, (3, 7, 7), (1, 2, 2), (1, 3, 3)),
    (1, (7, 3, 3), (1, 1, 1), (0, 0, 0)),
    (2, (3, 3, 3), (2, 2, 2), (1, 1, 1)),
]


@pytest.mark.parametrize(("channels", "size", "stride", "padding"), KERNELS)
@pytest.mark.parametrize("sides", [(20, 22), (21, 17)])
def test_convolution_is_that_of_volumes(channels, size, stride, padding, sides):
    torch.manual_seed(0)
    layer = StemConv3d(channels, 5, size, stride, padding, bias=True).double()
    torch.manual_seed(0)
    expected = nn.Conv3d(channels, 5, size, stride, padding).double()
    assert {n: p.shape for n, p in layer.named_parameters()} == {n: p.shape for n, p in expected.named_parameters()}
    torch.testing.assert_close(layer.weight, expected.weight, rtol=0, atol=0)
    video = torch.randn(3, channels, 9, *sides, dtype=torch.float64)
    results = [module(video) for module in (layer, expected)]
    torch.testing.assert_close(*results)
    for result in results:
        result.sin().sum().backward()
    torch.testing.assert_close(layer.weight.grad, expected.weight.grad)
    torch.testing.assert_close(layer.bias.grad, expected.bias.grad)


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [((2, 3, 3), (2, 2, 2), (0, 1, 1)), ((3, 3, 3), (3, 3, 3), (0, 0, 0))]
)
def test_maxima_and_their_gradient_are_those_of_volumes(size, stride, padding):
    torch.manual_seed(0)
    video = torch.randn(2, 4, 9, 11, 12, requires_grad=True)
    results = MaxPool3d(size, stride, padding)(video), F.max_pool3d(video, size, stride, padding)
    assert torch.equal(*results)
    gradients = [torch.autograd.grad(result.square().sum(), video)[0] for result in results]
    assert torch.equal(*gradients)
