"""Networks of local regions: two kinds for the frames of a region, and LSTMs over all regions. No loss comes in.

Shapes: n frames, B clips, T frames of a clip, C classes, R regions.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from microexpr.models.counter_rng import Stream, dropout
from microexpr.models.layers.lstm import Lstm


class Inception(nn.Module):
    """The network of eq. 2 without its last layer: 347,238 weights for one channel."""

    def __init__(self, channels: int, hidden: int, second: int, features: int, dropout: float):
        super().__init__()
        self.dropout = dropout
        self.first, self.next = nn.Conv2d(channels, 4, 5, padding=2), nn.Conv2d(4, 8, 3, padding=1)
        self.branches = nn.ModuleList(nn.Conv2d(8, 16, size, padding=size // 2) for size in (1, 3, 5, 7))
        self.full = nn.ModuleList([nn.Linear(8 + 4 * 16, hidden), nn.Linear(hidden, second)])
        self.last = nn.Linear(second, features)

    def forward(self, x: Tensor, rng: Stream | None = None) -> Tensor:
        """[n, channels, h, w] -> [n, features]; with rng as in training"""
        x = F.max_pool2d(self.next(F.max_pool2d(self.first(x).relu(), 2)).relu(), 2)
        x = torch.cat([F.max_pool2d(x, 2), *(F.max_pool2d(branch(x).relu(), 2) for branch in self.branches)], 1)
        return _dense_features(x.mean((2, 3)), self.full, self.last, self.dropout, rng)


class Simple(nn.Module):
    """The network of Fig. 10, with the same final layers."""

    def __init__(self, channels: int, hidden: int, second: int, features: int, dropout: float):
        super().__init__()
        self.dropout = dropout
        widths = (channels, 32, 64, 128)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(widths))
        self.full = nn.ModuleList([nn.Linear(widths[-1], hidden), nn.Linear(hidden, second)])
        self.last = nn.Linear(second, features)

    def forward(self, x: Tensor, rng: Stream | None = None) -> Tensor:
        """[n, channels, h, w] -> [n, features]; with rng as in training"""
        for layer in self.layers:
            x = F.max_pool2d(layer(x).relu(), 2)
        return _dense_features(x.mean((2, 3)), self.full, self.last, self.dropout, rng)


def _dense_features(x: Tensor, full: nn.ModuleList, last: nn.Module, share: float, rng: Stream | None) -> Tensor:
    """Apply fully connected layers with dropout after each, then the last layer, which gives the features."""
    for layer in full:
        x = dropout(layer(x).relu(), share, rng)
    features: Tensor = last(x).relu()
    return features


class Temporal(nn.Module):
    """An LSTM for each region, and a classifier of their last states."""

    def __init__(self, regions: int, features: int, memory: int, width: int, classes: int):
        super().__init__()
        self.lstms = nn.ModuleList(Lstm(features, memory) for _ in range(regions))
        self.hidden, self.classify = nn.Linear(regions * memory, width), nn.Linear(width, classes)

    def forward(self, sequences: list[Tensor], real: Tensor | None, rng: Stream | None = None) -> Tensor:
        """R times [B, T, features]; bool[B, T], True for real frames, or None -> [B, C]"""
        pairs = zip(self.lstms, sequences, strict=True)
        states = [dropout(F.leaky_relu(lstm(sequence, real)), 0.2, rng) for lstm, sequence in pairs]
        scores: Tensor = self.classify(dropout(F.leaky_relu(self.hidden(torch.cat(states, 1))), 0.5, rng))
        return scores
