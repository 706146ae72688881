"""Movement of a texture that is known everywhere, so that any shift of it can be drawn without interpolating."""

import numpy as np
import pytest
import torch

from microexpr.core.seeds import generator
from reader_fits.action_unit_networks import CELL, Movement

SIZE = 128
INNER = slice(4, -4)  # fine cells away from the border


def texture(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Waves of 12 to 40 px in all directions, as a picture about as rough as a face."""
    rng = generator(0, "movement")
    turns, lengths, starts = rng.uniform(0, np.pi, 20), rng.uniform(12, 40, 20), rng.uniform(0, 2 * np.pi, 20)
    waves = [
        np.sin(2 * np.pi * (x * np.cos(t) + y * np.sin(t)) / s + p)
        for t, s, p in zip(turns, lengths, starts, strict=True)
    ]
    return 120 + 10 * np.sum(waves, axis=0)


def movement(before: np.ndarray, after: np.ndarray) -> list[np.ndarray]:
    """Return coarse and fine cells with their two directions last."""
    images = (torch.from_numpy(image[None]).float() for image in (before, after))
    return [cells[0].permute(1, 2, 0).numpy() for cells in Movement()(*images)]


def moved(by: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    return texture(x, y), texture(x - by[0], y - by[1])


@pytest.mark.parametrize(
    ("by", "error"), [((0.01, -0.02), 0.002), ((0.1, 0.05), 0.01), ((-0.7, 0.4), 0.03), ((2.0, -1.5), 0.1)]
)
def test_a_shift_is_found_in_every_fine_cell(by: tuple[float, float], error: float) -> None:
    coarse, fine = movement(*moved(by))
    assert coarse.shape == (SIZE // CELL // 2, SIZE // CELL // 2, 2) and fine.shape == (SIZE // CELL, SIZE // CELL, 2)
    assert np.abs(fine[INNER, INNER] - by).mean() < error


def test_a_growing_face_moves_away_from_its_middle() -> None:
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    _, fine = movement(texture(x, y), texture(x / 1.01, y / 1.01))
    centres = CELL * np.arange(SIZE // CELL) + (CELL - 1) / 2 - (SIZE - 1) / 2
    expected = np.stack(np.meshgrid(centres, centres), axis=-1) * 0.01
    assert np.abs(fine - expected)[INNER, INNER].mean() < 0.03


def test_another_brightness_is_no_movement_and_none_is_claimed_where_there_is_nothing_to_see() -> None:
    still, _ = moved((0, 0))
    noise = 128 + generator(0, "movement", "noise").normal(0, 0.5, (2, SIZE, SIZE))
    for pair, most in (((still, 1.1 * still), 1e-3), ((still, still), 1e-5), (noise, 0.1)):
        for cells in movement(*pair):
            assert np.abs(cells).max() < most
