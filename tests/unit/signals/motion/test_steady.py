"""A drawn texture that moves like a head, with a movement of its own in one place."""

import cv2
import numpy as np

from microexpr.core.seeds import generator
from microexpr.signals.motion import head, steady


def textured(rng: np.random.Generator, size: int = 288) -> np.ndarray:
    smooth = cv2.GaussianBlur(rng.normal(size=(size, size)), (0, 0), 5)
    return 128 + 40 * smooth / smooth.std()


def looked_up(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The picture that has moved by a small flow [H, W, 2]."""
    y, x = np.mgrid[: len(picture), : len(picture)]
    where = (axis.astype(np.float32) for axis in (x - flow[..., 0], y - flow[..., 1]))
    return cv2.remap(picture, *where, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def test_a_steady_clip_keeps_the_expression_and_loses_the_head() -> None:
    rng = generator(0, "steady")
    picture, basis = textured(rng), head.basis(288)
    y, x = np.mgrid[:288, :288]
    pull = np.exp(-((x - 200) ** 2 + (y - 190) ** 2) / (2 * 24**2))[..., None] * [0.0, -2.0]
    strength = np.concatenate([np.zeros(3), np.hanning(9)])
    moves = [np.array([0.8 * np.sin(t / 2), 0.5 * np.cos(t / 2) - 0.5, 0.3 * np.sin(t), 0, 0, 0]) for t in range(12)]
    film = np.stack([looked_up(picture, s * pull + basis @ m) for s, m in zip(strength, moves, strict=True)])
    crop = np.clip(film + rng.normal(0, 0.5, film.shape), 0, 255).astype(np.uint8)
    path = steady.head_path(crop, 2)
    truth = np.array(moves) - moves[2]
    within = head.face_mask(288)
    left, before = (
        np.mean([np.linalg.norm(basis @ m, axis=-1)[within].mean() for m in path_]) for path_ in (path - truth, truth)
    )
    assert left < 0.15 * before
    still = steady.hold_still(crop[..., None], path)
    assert still.shape == (12, 288, 288, 1) and still.dtype == np.uint8
    smile, brow = (slice(160, 220), slice(170, 230)), (slice(60, 120), slice(70, 210))
    change = np.abs(still[..., 0].astype(float) - still[2, ..., 0]).mean(axis=0)
    raw = np.abs(crop.astype(float) - crop[2]).mean(axis=0)
    assert change[brow].mean() < 0.6 * raw[brow].mean()
    assert change[smile].mean() > 1.5 * change[brow].mean()
