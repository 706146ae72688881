"""Crops altered as on another occasion: bounded, where the landmarks say, and by the random stream alone."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals.aus.occasions import alter
from microexpr.signals.faces import CROP


@pytest.fixture
def dot() -> tuple[np.ndarray, np.ndarray]:
    """A crop that is dark but for a soft bright dot, at which all landmarks lie."""
    rows, columns = np.mgrid[:CROP, :CROP]
    crop = 20 + 200 * np.exp(-((rows - 100) ** 2 + (columns - 180) ** 2) / 200)
    return crop.astype(np.uint8), np.tile([180.0, 100.0], (68, 1))


@pytest.mark.parametrize("draw", range(6))
def test_landmarks_follow_what_they_mark(dot: tuple[np.ndarray, np.ndarray], draw: int) -> None:
    crop, landmarks = alter(*dot, generator(draw, "occasions"))
    assert crop.shape == (CROP, CROP) and crop.dtype == np.uint8
    bright = np.maximum(crop.astype(float) - np.percentile(crop, 99), 0)
    rows, columns = np.mgrid[:CROP, :CROP]
    centre = np.array([(bright * columns).sum(), (bright * rows).sum()]) / bright.sum()
    assert landmarks.mean(axis=0) == pytest.approx(centre, abs=3)


def test_the_same_stream_alters_alike_and_another_otherwise(dot: tuple[np.ndarray, np.ndarray]) -> None:
    first, repeated, other = (alter(*dot, generator(seed, "occasions"))[0] for seed in (0, 0, 1))
    assert np.array_equal(first, repeated) and not np.array_equal(first, other)
