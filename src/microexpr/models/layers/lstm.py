"""One LSTM layer (Hochreiter & Schmidhuber 1997) out of linear layers, which folds can be stacked over. No loss.

Shapes: B clips, T steps, D inputs, M memory.
"""

import torch
from torch import Tensor, nn


class Lstm(nn.Module):
    """What torch.nn.LSTM computes with one layer; its gates in the same order: input, forget, cell, output."""

    def __init__(self, inputs: int, memory: int):
        """D and M."""
        super().__init__()
        self.memory = memory
        self.input, self.state = nn.Linear(inputs, 4 * memory), nn.Linear(memory, 4 * memory)

    def forward(self, sequence: Tensor, real: Tensor | None = None) -> Tensor:
        """[B, T, D] -> the state after the last step, [B, M]; if given, the last that is `real`, bool[B, T]"""
        state = cell = sequence.new_zeros(len(sequence), self.memory)
        for number, step in enumerate(self.input(sequence).unbind(1)):
            keep, forget, new, out = (step + self.state(state)).chunk(4, 1)
            after = forget.sigmoid() * cell + keep.sigmoid() * new.tanh()
            shown = out.sigmoid() * after.tanh()
            if real is None:
                cell, state = after, shown
            else:
                cell, state = (torch.where(real[:, number, None], *pair) for pair in ((after, cell), (shown, state)))
        return state
