"""One LSTM layer (Hochreiter & Schmidhuber 1997) of linear layers, so that vmap can stack folds. No loss.

Shapes: B clips, T steps, D inputs, M memory.
"""

import torch
from torch import Tensor, nn


class Lstm(nn.Module):
    """Equivalent of a one-layer torch.nn.LSTM, with gates in the same order: input, forget, cell, output."""

    def __init__(self, inputs: int, memory: int):
        """`inputs` and `memory` are D and M."""
        super().__init__()
        self.memory = memory
        self.input, self.state = nn.Linear(inputs, 4 * memory), nn.Linear(memory, 4 * memory)

    def forward(self, sequence: Tensor, real: Tensor | None = None) -> Tensor:
        """[B, T, D] -> the state after the last step, [B, M]; with `real` bool[B, T] after the last real step"""
        return self.states(sequence, real)[-1]

    def states(self, sequence: Tensor, real: Tensor | None = None) -> list[Tensor]:
        """[B, T, D] -> the states after each of the T steps, each [B, M]; a step that is not real changes none"""
        state = cell = sequence.new_zeros(len(sequence), self.memory)
        states = []
        for t, step in enumerate(self.input(sequence).unbind(1)):
            keep, forget, new, out = (step + self.state(state)).chunk(4, 1)
            after = forget.sigmoid() * cell + keep.sigmoid() * new.tanh()
            output = out.sigmoid() * after.tanh()
            if real is None:
                cell, state = after, output
            else:
                cell, state = (torch.where(real[:, t, None], *pair) for pair in ((after, cell), (output, state)))
            states.append(state)
        return states
