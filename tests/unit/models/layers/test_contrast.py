"""Local contrast against SciPy's filters; whether the change of a face is free of head motion and light."""

import cv2
import numpy as np
import torch
from scipy.ndimage import correlate1d

from microexpr.models.layers.contrast import blur, gradient, local_contrast, steady_change


def images() -> torch.Tensor:
    return torch.tensor(np.random.default_rng(0).uniform(0.2, 0.8, (2, 3, 20, 20)), dtype=torch.float64)


def test_blur_is_a_gaussian_window_and_light_hardly_changes_contrast():
    weights = np.exp(-(np.linspace(-2, 2, 9) ** 2) / 2)
    expected = images().numpy()
    for axis in (2, 3):
        expected = correlate1d(expected, weights / weights.sum(), axis=axis, mode="nearest")
    np.testing.assert_allclose(blur(images(), 9), expected, rtol=1e-6)
    contrast = local_contrast(images())
    assert (local_contrast(0.5 * images() + 0.1) - contrast).abs().max() < 0.2 * contrast.abs().max()
    wall = torch.full((1, 1, 20, 20), 0.5) + 0.002 * torch.randn(1, 1, 20, 20)
    assert local_contrast(wall).abs().mean() < 0.1 < contrast.abs().mean()


SIZE = 48


def face() -> np.ndarray:
    rng = np.random.default_rng(0)
    return cv2.GaussianBlur(rng.uniform(-1, 1, (SIZE, SIZE)), (0, 0), 3) * 3


def moved(image: np.ndarray, matrix: list[list[float]]) -> np.ndarray:
    return cv2.warpAffine(image, np.array(matrix), (SIZE, SIZE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.tensor(image)[None, None]


def test_gradient_is_numpys_within_the_edges():
    right, down = gradient(tensor(face()))
    expected = np.gradient(face())
    np.testing.assert_allclose(right[0, 0, :, 1:-1], expected[1][:, 1:-1])
    np.testing.assert_allclose(down[0, 0, 1:-1], expected[0][1:-1])


def test_head_motion_and_light_are_no_change_and_what_changes_in_one_place_stays():
    onset = face()
    apex = 1.1 * moved(onset, [[1.004, 0.006, 0.2], [-0.006, 0.998, -0.3]]) + 0.05
    middle = np.s_[..., 6:-6, 6:-6]
    left = steady_change(tensor(onset), tensor(apex))[middle].abs().mean()
    assert left < 0.1 * np.abs(apex - onset)[middle].mean()
    rows, columns = np.mgrid[:SIZE, :SIZE]
    spot = 0.2 * np.exp(-((rows - 16) ** 2 + (columns - 30) ** 2) / 10)
    change = steady_change(tensor(onset), tensor(moved(onset, [[1, 0, 0.2], [0, 1, 0]]) + spot))[0, 0].numpy()
    assert np.corrcoef(change.ravel(), spot.ravel())[0, 1] > 0.9


def test_stacked_runs_have_the_change_of_their_own_clips():
    onset = torch.tensor(np.stack([face(), face().T]))[:, None]
    stacked = torch.vmap(steady_change)(onset[:, None], onset.flip(0)[:, None])[:, 0]
    torch.testing.assert_close(stacked, steady_change(onset, onset.flip(0)))
