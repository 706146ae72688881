"""py-feat's units in ours, its weight files named, its sides made: all without py-feat."""

from pathlib import Path

import numpy as np
import pytest

from microexpr.core.errors import DataError
from microexpr.signals.aus import ACTION_UNITS, pyfeat


def test_its_units_are_ours_by_name_and_sides_are_halves_made_whole() -> None:
    numbers = np.array([int(unit[2:]) for unit in pyfeat.UNITS]) / 100
    ours = [int(unit[2:]) for unit in ACTION_UNITS]
    assert pyfeat.intensities(numbers) == pytest.approx([5 * (43 if unit == 45 else unit) / 100 for unit in ours])
    crops = np.zeros((1, 2, 6, 1), np.uint8)
    crops[0, 0, :, 0] = [1, 2, 3, 4, 5, 6]  # the subject's left is at the right of a picture
    left, right, both = (side[0, 0, :, 0].tolist() for side in pyfeat.sides(crops))
    assert (left, right, both) == ([6, 5, 4, 4, 5, 6], [1, 2, 3, 3, 2, 1], [1, 2, 3, 4, 5, 6])


def test_a_frame_without_a_face_is_interpolated_on_all_sides() -> None:
    crops = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8)

    def detect(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert pictures.shape[1:] == (4 + 2 * pyfeat.BORDER, 4 + 2 * pyfeat.BORDER, 1)
        shade = pictures[:, 0, 0, 0]
        return np.repeat(shade[:, None] / 10 * (shade != 2)[:, None], 20, axis=1), shade != 2

    values, detected = pyfeat.read(crops, detect, 0.8, "casme2/sub01/EP")
    assert detected.tolist() == [True, True, False, True, True]
    assert values == pytest.approx(np.broadcast_to(0.5 * np.arange(5)[:, None, None], (5, 17, 3)))
    with pytest.raises(DataError, match=r"casme2/sub01/EP: a face must be found in 90% of the frames, not in 4 of 5"):
        pyfeat.read(crops, detect, 0.9, "casme2/sub01/EP")


def test_missing_weights_are_named_until_they_are_where_its_hub_keeps_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"aus.backend pyfeat needs .*: run `make pyfeat`"):
        pyfeat.check(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    with pytest.raises(DataError) as error:
        pyfeat.check(tmp_path)
    assert all(file in str(error.value) for file in pyfeat.WEIGHTS.values())
    assert "\n" not in str(error.value)
    package = tmp_path / pyfeat.PACKAGE.relative_to(pyfeat.ENVIRONMENT)
    for name, file in pyfeat.WEIGHTS.items():
        folder = package / f"resources/models--py-feat--{name}"
        (folder / "snapshots/0a1b").mkdir(parents=True)
        (folder / "snapshots/0a1b" / file).touch()
        assert not all(path.is_file() for path in pyfeat.weight_files(package))
        (folder / "refs").mkdir()
        (folder / "refs/main").write_text("0a1b")
    pyfeat.check(tmp_path)
