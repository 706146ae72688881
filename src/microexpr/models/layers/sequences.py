"""Layers of sequences: an LSTM, and a convolution and a pooling over video, computed frame by frame. No loss.

Shapes: B clips, T steps or frames, D inputs, M memory or maps.
"""

from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Size = tuple[int, int, int]  # frames, rows, columns


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


class StemConv3d(nn.Conv3d):
    """A convolution of videos with few channels, as one of pictures with the frames under the kernel as channels.

    oneDNN pads the channels of a volume to eight, which makes the gradient of a kernel over one channel slow. It is
    for a first layer: its input needs no gradient."""

    def forward(self, video: Tensor) -> Tensor:
        """[B, C, T, H, W] -> [B, M, T', H', W']"""
        (step, *strides), (margin, *margins) = self.stride, map(int, self.padding)
        frames = F.pad(video, (0, 0, 0, 0, margin, margin)).unfold(2, self.kernel_size[0], step)  # [B, C, T', H, W, D]
        pictures = frames.permute(0, 2, 3, 4, 1, 5).flatten(4).flatten(0, 1).permute(0, 3, 1, 2)  # [B T', C D, H, W]
        kernel = self.weight.flatten(1, 2)
        if pictures.shape[1] == 1 and strides == [2, 2]:  # four phases, each a channel, instead of every second pixel
            maps = convolve_phases(pictures, kernel, self.bias, margins)
        else:
            maps = F.conv2d(pictures, kernel, self.bias, strides, margins)
        return maps.unflatten(0, (len(video), -1)).transpose(1, 2)


def convolve_phases(pictures: Tensor, kernel: Tensor, bias: Tensor | None, padding: Sequence[int]) -> Tensor:
    """Return the convolution [N, M, H', W'] of stride 2 of pictures [N, 1, H, W] by a kernel [M, 1, K, L].

    The even and odd rows and columns become channels of pictures half as large, convolved with stride 1."""
    after, kernel_after = list[int](), list[int]()
    for size, taps, margin in zip(pictures.shape[:1:-1], kernel.shape[:1:-1], padding[::-1], strict=True):
        outputs, even = (size + 2 * margin - taps) // 2 + 1, taps + taps % 2
        after += [margin, 2 * (outputs - 1) + even - size - margin]
        kernel_after += [0, even - taps]
    phases, kernel = split_phases(F.pad(pictures, after)), split_phases(F.pad(kernel, kernel_after))
    return F.conv2d(phases, kernel, bias)


def split_phases(pictures: Tensor) -> Tensor:
    """Return [N, 4, H / 2, W / 2] of [N, 1, H, W], with the channels of a pixel next to each other in memory."""
    rows = pictures[:, 0].unflatten(1, (-1, 2)).unflatten(3, (-1, 2))  # [N, H / 2, 2, W / 2, 2]
    return rows.transpose(2, 3).flatten(3).permute(0, 3, 1, 2)


class MaxPool3d(nn.MaxPool3d):
    """Maxima over time of each frame's maxima. Its three sizes are of frames, rows and columns."""

    def forward(self, video: Tensor) -> Tensor:
        """[B, C, T, H, W] -> [B, C, T', H', W']"""
        size, stride, padding = cast(tuple[Size, Size, Size], (self.kernel_size, self.stride, self.padding))
        frames = video.transpose(1, 2).flatten(0, 1)  # [B T, C, H, W]
        pooled = F.max_pool2d(frames, size[1:], stride[1:], padding[1:]).unflatten(0, (len(video), -1)).transpose(1, 2)
        return F.max_pool3d(pooled, (size[0], 1, 1), (stride[0], 1, 1), (padding[0], 0, 0))
