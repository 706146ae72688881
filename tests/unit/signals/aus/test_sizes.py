"""Image sizes against corners whose place is known, and against a reader that jumps."""

import numpy as np
import pytest

from microexpr.signals.aus.sizes import resize, size_jumps


@pytest.mark.parametrize("size", [-10, 5])
def test_a_picture_grows_about_its_middle(size: int) -> None:
    crop = np.zeros((1, 288, 288), np.uint8)
    crop[0, 60:63, 200:203] = 255
    grown = resize(crop, size)
    y, x = np.mgrid[:288, :288]
    centre = [(axis * grown[0]).sum() / grown[0].sum() for axis in (x, y)]
    assert grown.shape == crop.shape and grown.dtype == np.uint8
    assert centre == pytest.approx(143.5 + (np.array([201, 61]) - 143.5) * (288 + size) / 288, abs=0.1)


RAMP = np.tile(np.arange(288) / 287 * 200, (288, 1)).astype(np.uint8)[None]  # grows by 0.7 a pixel


def test_jumps_are_lengths_of_the_vectors_change_either_way() -> None:
    def read(crops: np.ndarray) -> np.ndarray:
        value = crops[:, 100, 250].astype(float)[:, None]
        return np.concatenate([value, 2 * value], axis=1)

    alone, averages = size_jumps(read, RAMP, sizes=(0, 40), by=30)
    seen = {size: float(resize(RAMP, size)[0, 100, 250]) for size in (-30, 0, 10, 30, 40, 70)}
    assert alone == pytest.approx(np.sqrt(5) * np.mean([abs(seen[-30] - seen[0]), abs(seen[30] - seen[0])]))
    rest = seen[0] + seen[40]
    either = [abs(seen[-30] + seen[10] - rest) / 2, abs(seen[30] + seen[70] - rest) / 2]
    assert averages == pytest.approx(np.sqrt(5) * np.mean(either))
