"""The regressor with models made for the test, whose answers can be computed otherwise."""

from pathlib import Path

import numpy as np
import pytest

from microexpr import store
from microexpr.aus import ACTION_UNITS, Params
from microexpr.aus.features import LENGTH, MIRRORED
from microexpr.aus.filters import curves
from microexpr.aus.regressor import Model, load, regress
from microexpr.errors import StoreError
from microexpr.seeds import generator

AU12 = ACTION_UNITS.index("AU12")
FRAMES, FPS = 9, 200


@pytest.fixture
def clip() -> tuple[np.ndarray, np.ndarray]:
    """Crops of noise; landmarks of which the subject's left mouth corner rises by 1.2 px a frame."""
    crops = generator(0, "regressor").integers(0, 256, (FRAMES, 288, 288), np.uint8)
    points = np.full((FRAMES, 68, 2), [143.5, 200.0])
    points[:, 54, 1] -= 1.2 * np.arange(FRAMES)
    return crops, points


def mouth_corners(bias: float) -> Model:
    """AU12 is the mean height of the mouth corners over the eyes, in tenths of the outer eye distance, plus `bias`."""
    weights = np.zeros((LENGTH, len(ACTION_UNITS)), np.float32)
    for corner in (48, 54):
        weights[LENGTH - 2 * 68 + 2 * corner + 1, AU12] = -0.5
    return Model(weights, np.full(len(ACTION_UNITS), np.float32(bias)), ("generated/au_model/0/*",))


def test_sides_are_the_subjects_own(clip: tuple[np.ndarray, np.ndarray]) -> None:
    values = regress(*clip, 2, mouth_corners(bias=10))[:, AU12]
    rise = 0.1 * np.arange(FRAMES)
    assert values == pytest.approx(np.stack([rise, 0 * rise, rise / 2], axis=1), abs=1e-5)


def test_a_mirrored_clip_swaps_the_sides(clip: tuple[np.ndarray, np.ndarray]) -> None:
    crops, points = clip
    rng = generator(0, "regressor", "weights")
    model = Model(rng.normal(size=(LENGTH, 17)).astype(np.float32), np.zeros(17, np.float32), ())
    seen = regress(crops, points, 2, model)
    reflected = regress(crops[:, :, ::-1].copy(), points[:, MIRRORED] * [-1, 1] + [287, 0], 2, model)
    assert reflected[..., [1, 0]] == pytest.approx(seen[..., :2], abs=1e-2)
    assert np.abs(seen[..., 0] - seen[..., 1]).max() > 1


def test_relative_keeps_what_raw_cuts_off(clip: tuple[np.ndarray, np.ndarray]) -> None:
    """Of a person whose resting mouth reads as -0.5."""
    values = regress(*clip, 2, mouth_corners(bias=9.5))
    found = curves(values, onset=2, fps=FPS, params=Params(half_window=0))
    rise = 0.1 * np.arange(FRAMES)
    assert found["raw"][:, AU12, 0] == pytest.approx(np.clip(rise - 0.5, 0, 5), abs=1e-5)
    assert found["relative"][:, AU12, 0] == pytest.approx(rise - rise[2], abs=1e-5)
    assert {array.shape for array in found.values()} == {(FRAMES, 17, 3)}
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}
    assert found["raw"].max() <= 5


def test_a_model_is_read_as_it_was_written_and_another_size_is_refused(tmp_path: Path) -> None:
    made = mouth_corners(bias=1)
    store.write_tensors(tmp_path / "model.safetensors", {"weights": made.weights, "bias": made.bias}, made.fitted_on)
    read = load(tmp_path / "model.safetensors")
    assert np.array_equal(read.weights, made.weights) and read.fitted_on == made.fitted_on
    store.write_tensors(tmp_path / "other.safetensors", {"weights": made.weights[1:], "bias": made.bias}, ())
    with pytest.raises(StoreError, match=r"other\.safetensors: must hold tensors .* make au-model"):
        load(tmp_path / "other.safetensors")
    with pytest.raises(StoreError, match="cannot be read as safetensors"):
        load(tmp_path / "none.safetensors")
