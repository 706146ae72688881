"""One LSTM layer (Hochreiter & Schmidhuber 1997) out of linear layers, which folds can be stacked over. No loss.

Shapes: B clips, T steps, D inputs, M memory.
"""

from torch import Tensor, nn


class Lstm(nn.Module):
    """What torch.nn.LSTM computes with one layer; its gates in the same order: input, forget, cell, output."""

    def __init__(self, inputs: int, memory: int):
        """D and M."""
        super().__init__()
        self.memory = memory
        self.input, self.state = nn.Linear(inputs, 4 * memory), nn.Linear(memory, 4 * memory)

    def forward(self, sequence: Tensor) -> Tensor:
        """[B, T, D] -> the state after the last step, [B, M]"""
        state = cell = sequence.new_zeros(len(sequence), self.memory)
        for step in self.input(sequence).unbind(1):
            keep, forget, new, out = (step + self.state(state)).chunk(4, 1)
            cell = forget.sigmoid() * cell + keep.sigmoid() * new.tanh()
            state = out.sigmoid() * cell.tanh()
        return state
