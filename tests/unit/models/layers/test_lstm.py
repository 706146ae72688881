"""The LSTM against torch's own with the same tensors."""

import torch
from torch import nn

from microexpr.models.layers.lstm import Lstm


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
        torch.testing.assert_close(
            actual[clip], mine(sequence[clip : clip + 1, :length])[0] if length else torch.zeros(7)
        )
