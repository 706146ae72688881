"""TIM against the construction of the paper, solved numerically, and frames at their own times."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals.motion import interpolation


@pytest.mark.parametrize(("frames", "count"), [(7, 10), (20, 16), (5, 5), (2, 9)])
def test_tim_is_the_papers_construction(frames: int, count: int) -> None:
    """As Zhou et al. write it: SVD of the centred frames, a graph embedding solved numerically, and its inverse."""
    clip = generator(0, "tim").normal(size=(frames, 60))
    mean = clip.mean(axis=0)
    left, values, right = np.linalg.svd((clip - mean).T, full_matrices=False)
    left, projected = left[:, : frames - 1], (values[:, None] * right)[: frames - 1]
    path = np.diag(np.ones(frames - 1), 1) + np.diag(np.ones(frames - 1), -1)
    eigenvalues, vectors = np.linalg.eigh(np.diag(path.sum(axis=1)) - path)
    assert np.all(np.diff(eigenvalues) > 1e-9)
    embedded = vectors[:, 1:].T  # [n - 1, n], each the curve below but for its length and sign
    k, vertices = np.arange(1, frames)[:, None], np.arange(1, frames + 1) / frames
    asked = np.linspace(1 / frames, 1, count)
    curve, target = (np.sin(np.pi * k * t + np.pi * (frames - k) / (2 * frames)) for t in (vertices, asked))
    scale = (embedded * curve).sum(axis=1) / (curve**2).sum(axis=1)
    assert embedded == pytest.approx(scale[:, None] * curve, abs=1e-9)
    back = projected @ np.linalg.pinv(embedded)  # the linear map from the embedding to the frames
    expected = mean + (left @ back @ (scale[:, None] * target)).T
    assert interpolation.interpolate(clip, count) == pytest.approx(expected, abs=1e-4)


def test_tim_gives_frames_back_at_their_own_times() -> None:
    clip = generator(0, "tim").normal(size=(9, 4, 3)).astype(np.float32)
    assert interpolation.interpolate(clip, 9) == pytest.approx(clip, abs=1e-5)
    assert interpolation.interpolate(clip, 17)[::2] == pytest.approx(clip, abs=1e-5)
    assert interpolation.interpolate(clip[:1], 4) == pytest.approx(np.repeat(clip[:1], 4, axis=0))
    assert interpolation.weights(9, 16).sum(axis=1) == pytest.approx(1)
