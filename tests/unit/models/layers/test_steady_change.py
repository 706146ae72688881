"""Whether the change of a face is free of head motion and light, and keeps what moves alone."""

import cv2
import numpy as np
import torch

from microexpr.models.layers.steady_change import gradient, steady_change

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


def test_head_motion_and_light_are_no_change():
    onset = face()
    apex = 1.1 * moved(onset, [[1.004, 0.006, 0.2], [-0.006, 0.998, -0.3]]) + 0.05
    middle = np.s_[..., 6:-6, 6:-6]
    left = steady_change(tensor(onset), tensor(apex))[middle].abs().mean()
    assert left < 0.1 * np.abs(apex - onset)[middle].mean()


def test_what_changes_in_one_place_stays():
    onset = face()
    rows, columns = np.mgrid[:SIZE, :SIZE]
    spot = 0.2 * np.exp(-((rows - 16) ** 2 + (columns - 30) ** 2) / 10)
    change = steady_change(tensor(onset), tensor(moved(onset, [[1, 0, 0.2], [0, 1, 0]]) + spot))[0, 0].numpy()
    assert np.corrcoef(change.ravel(), spot.ravel())[0, 1] > 0.9


def test_clips_and_stacked_runs_are_alike_and_a_face_passes_its_gradient():
    onset = torch.tensor(np.stack([face(), face().T]))[:, None]
    apex = onset.flip(0)
    together = steady_change(onset, apex)
    torch.testing.assert_close(together[1:], steady_change(onset[1:], apex[1:]))
    torch.testing.assert_close(torch.vmap(steady_change)(onset[:, None], apex[:, None])[:, 0], together)
    apex.requires_grad_()
    steady_change(onset, apex).square().sum().backward()
    assert apex.grad is not None and apex.grad.abs().sum() > 0
