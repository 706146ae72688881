"""Clips made of random numbers from a fixed seed, their folds, and the methods that train on them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from microexpr.models.base import CLASSES, ClipTensors, NetworkMethod
from microexpr.models.flow_network import FLOW_SIZE
from microexpr.models.recognisers import find
from microexpr.training.engine import FoldIndices

BLOBS = 14  # of a face
MARK = 30  # grey levels by which an apex frame shows its class


def folds(clips: int, subjects: int) -> list[FoldIndices]:
    """Leave-one-subject-out folds; each subject has its share of the clips, one after the other."""
    tests = np.array_split(np.arange(clips), subjects)
    return [
        FoldIndices(f"s{number:02d}", np.setdiff1d(np.arange(clips), test), test) for number, test in enumerate(tests)
    ]


def flow_clips(count: int, device: torch.device, steps_clips: int) -> ClipTensors:
    """Normally distributed flow of the default dtype."""
    rng = np.random.default_rng(0)
    flow = torch.tensor(rng.normal(size=(count, 3, FLOW_SIZE, FLOW_SIZE)), dtype=torch.get_default_dtype())
    return on_device({"flow": flow}, rng.integers(0, CLASSES, count), steps_clips, device)


def face_clips(count: int, subjects: int, side: int, device: torch.device, steps_clips: int) -> ClipTensors:
    """Blurred blobs as onset frames, different for each subject; an apex frame is brighter at a place that its class
    names. So the class can be learnt, as that of noise cannot."""
    rng = np.random.default_rng(0)
    subject, label = np.arange(count) * subjects // count, rng.integers(0, CLASSES, count)
    faces = np.stack([_blobs(rng, side) for _ in range(subjects)])[subject]
    marks = np.stack([_spot(side, (0.25 + 0.25 * k, 0.3 + 0.2 * k), 0.08) for k in range(CLASSES)])[label]
    frames = {"onset": faces, "apex": faces + MARK * marks}
    noisy = {name: value + rng.normal(0, 1.5, value.shape) for name, value in frames.items()}
    inputs = {name: torch.tensor(value.clip(0, 255).astype(np.uint8)[:, None]) for name, value in noisy.items()}
    return on_device(inputs, label, steps_clips, device)


def _spot(side: int, centre: tuple[float, float], width: float) -> np.ndarray:
    """[side, side]: a Gaussian of height 1, its centre and width as shares of the side."""
    row, column = (((np.arange(side) + 0.5) / side - middle) / width for middle in centre)
    return np.exp(-(row[:, None] ** 2 + column[None] ** 2) / 2)


def _blobs(rng: np.random.Generator, side: int) -> np.ndarray:
    """[side, side] in 40..215."""
    spots = [rng.normal() * _spot(side, tuple(rng.uniform(0, 1, 2)), rng.uniform(0.05, 0.3)) for _ in range(BLOBS)]
    picture = np.sum(spots, 0)
    return 40 + 175 * (picture - picture.min()) / np.ptp(picture)


def on_device(inputs: dict[str, Tensor], label: np.ndarray, steps_clips: int, device: torch.device) -> ClipTensors:
    """The clips; an epoch has as many steps as it takes to see `steps_clips` of them.

    The engine counts no macro-expressions when it counts an epoch's steps, so the others are marked as these; all are
    trained on."""
    macro = np.arange(len(label)) >= steps_clips
    targets = {"label": torch.from_numpy(label), "macro": torch.from_numpy(macro.astype(np.int64))}
    return ClipTensors(inputs, targets).to(device)


def network(name: str, values: Mapping[str, Any]) -> NetworkMethod:
    """The method of this name, its params the paper's but for these values."""
    kind = find(name)
    method = kind(kind.Params(**values))
    assert isinstance(method, NetworkMethod)
    return method
