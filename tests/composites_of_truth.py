"""Measured clips in which every stage is right, for tests to put errors in."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from microexpr import regions, store
from microexpr.aus import ACTION_UNITS
from microexpr.seeds import generator
from microexpr.truth.pool import Measured

FRAMES = 8
FIRST = 10


def clip(dataset: str = "casme2", difficulty: str = "standard", **values: Any) -> Measured:
    """Eight frames from number 10, onset 11, offset 17; outer eye corners 100 px apart; no unit is shown.

    `flow` is pixels by region with error and true length of each pixel.
    """
    pixels, error, length = values.pop("flow", ([10] * len(regions.FLOW), 0.0, 1.0))
    rng = generator(0, "tests", "truth")
    landmarks = rng.uniform(0, 100, (FRAMES, 68, 2)).astype(np.float32)
    landmarks[:, 36], landmarks[:, 45] = (20, 50), (120, 50)
    pose = rng.normal(size=(FRAMES, 3)).astype(np.float32)
    events = {"onset": 11, "onset_spotted": 11, "offset": 17, "offset_spotted": 17}
    scalars = {"fps": 100.0, "apex_true": 14, "apex_flow": 14, "apex_regions": 14} | events | values
    arrays = {
        "frame": np.arange(FIRST, FIRST + FRAMES),
        "detected": np.ones(FRAMES, bool),
        "landmarks_true": landmarks,
        "landmarks_found": landmarks.copy(),
        "pose_true": pose,
        "pose_found": pose.copy(),
        "flow_pixels": np.array(pixels),
        "flow_error": np.array(pixels) * error,
        "flow_length": np.array(pixels) * length,
    }
    for name in ("au_true", "au_smoothed", "au_change", "au_relative"):
        arrays[name] = np.zeros((FRAMES, len(ACTION_UNITS), 3), np.float32)
    scalars = {name: np.array(value) for name, value in scalars.items()}
    return Measured(dataset=dataset, subject="s01", difficulty=difficulty, name="a", **arrays, **scalars)


def file(path: Path, measured: Measured, origin: str = "generated") -> Path:
    """The measured file of one clip."""
    about = {"dataset": measured.dataset, "subject": measured.subject, "difficulty": measured.difficulty}
    with store.create(path, "measured", {}, origin=origin, **about) as group:
        values = {f.name: getattr(measured, f.name) for f in fields(measured) if f.name not in (*about, "name")}
        group.group(measured.name).put_all(au_names=ACTION_UNITS, flow_regions=regions.FLOW, **values)
    return path
