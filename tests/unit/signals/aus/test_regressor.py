"""The regressor with networks made for the test: sides, the onset, sizes, errors, files."""

from pathlib import Path

import numpy as np
import pytest
import torch

from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.signals import weights
from microexpr.signals.aus import LARGEST, SIZES, Params
from microexpr.signals.aus.coding import OPEN
from microexpr.signals.aus.filters import curves
from microexpr.signals.aus.regressor import UNIT, Model, UnitNetwork, load, movements, read_changes, regress
from microexpr.signals.landmarks.network import LandmarkNetwork

FRAMES, FPS = 5, 200


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """A smooth texture of which the subject's left half falls by 2 px a frame."""
    rng = generator(0, "regressor")
    rows = np.convolve(rng.normal(0, 60, 600), np.hanning(25) / 5, "same")
    crops = np.stack([np.tile(128 + rows[100:388, None], (1, 288)) for _ in range(FRAMES)])
    for frame in range(FRAMES):
        crops[frame, :, 144:] = 128 + rows[100 - 2 * frame : 388 - 2 * frame, None]
    return np.clip(crops, 0, 255).astype(np.uint8)


@pytest.fixture
def model() -> Model:
    """Random weights, scaled so that readings are some units."""
    torch.manual_seed(0)
    network = UnitNetwork().eval().requires_grad_(False)
    network.linear.weight.normal_(0, 0.2)
    for layer in (network.alone3, network.change3):
        layer.weight *= 10
    return Model(network, ("generated/population/p0001/*",))


def test_the_onset_is_read_alone_and_changes_are_added(crops: np.ndarray, model: Model) -> None:
    values = regress(crops, 2, model, sizes=(0,))
    assert values.shape == (FRAMES, 17, 3) and values.dtype == np.float32
    faces = [model.describe(crop) for crop in crops]
    alone, changes = model.alone(faces[2]).values, read_changes(faces[2], faces, model)
    assert values[..., :2] == pytest.approx((alone + changes).transpose(0, 2, 1), abs=1e-5)
    assert values[..., 2] == pytest.approx(values[..., :2].mean(axis=-1))
    assert np.abs(changes[4]).max() > 0.1


def test_a_mirrored_clip_swaps_the_sides(crops: np.ndarray, model: Model) -> None:
    seen, reflected = (regress(images, 2, model, (0,)) for images in (crops, crops[:, :, ::-1].copy()))
    assert reflected[..., [1, 0, 2]] == pytest.approx(seen, abs=0.01)
    assert np.abs(seen[..., 0] - seen[..., 1]).max() > 0.05


def test_halves_move_outward_and_down() -> None:
    rng = generator(0, "texture")
    texture = np.kron(rng.uniform(0, 200, (32, 32)), np.ones((4, 4))).astype(np.float32)
    moved = np.roll(texture, 1, axis=1)
    _, fine = movements(texture, moved)
    assert fine.shape == (2, 2, 32, 16)
    assert np.median(fine[0, 0]) > 0.3 and np.median(fine[1, 0]) < -0.3
    assert abs(np.median(fine[:, 1])) < 0.1


def test_no_change_exceeds_the_scale_of_facs_and_errors_grow_with_it(crops: np.ndarray, model: Model) -> None:
    model.network.change3.weight *= 1000
    before, after = (model.describe(crop) for crop in crops[[0, 4]])
    reading = model.change(before, after)
    assert np.abs(reading.values).max() == pytest.approx(LARGEST)
    model.network.change3.weight.zero_()
    model.network.change3.bias.zero_()
    model.network.linear.weight.zero_()
    small = model.change(before, after)
    alone = np.delete(np.arange(17), OPEN)  # of the others two units are read together
    assert not small.values.any() and small.errors[:, alone] == pytest.approx(np.full((2, 15), UNIT))
    assert small.errors[:, OPEN] == pytest.approx(np.full((2, 2), UNIT * np.sqrt(2)))
    model.network.change3.bias[:24] = np.arcsinh(3 / UNIT)
    large = model.change(before, after)
    assert large.values[:, alone] == pytest.approx(np.full((2, 15), 3), rel=1e-4)
    assert large.errors[:, alone] == pytest.approx(np.full((2, 15), np.sqrt(3**2 + UNIT**2)), rel=1e-4)


def test_values_are_the_mean_over_sizes(crops: np.ndarray, model: Model) -> None:
    each = [regress(crops[:2], 0, model, sizes=(size,)) for size in SIZES]
    assert regress(crops[:2], 0, model, SIZES) == pytest.approx(np.mean(each, axis=0), abs=1e-5)
    assert np.ptp(each, axis=0).max() > 0.01


def test_relative_keeps_what_raw_cuts_off(crops: np.ndarray, model: Model) -> None:
    model.network.alone3.bias[:24] = -2.0
    values = regress(crops, 0, model, sizes=(0,))
    filtered = curves(values, onset=0, fps=FPS, params=Params(half_window=0))
    assert (values[0] < 0).any() and filtered["raw"].min() == 0
    assert filtered["relative"] == pytest.approx(values - values[0], abs=1e-5)
    assert {array.shape for array in filtered.values()} == {(FRAMES, 17, 3)}


def test_a_model_is_read_as_it_was_written_and_another_is_refused(
    model: Model, crops: np.ndarray, tmp_path: Path
) -> None:
    weights.save(tmp_path / "model.safetensors", model.network, model.fitted_on)
    read = load(tmp_path / "model.safetensors")
    assert read.fitted_on == model.fitted_on
    assert regress(crops, 0, read, (0,)) == pytest.approx(regress(crops, 0, model, (0,)), abs=1e-3)
    weights.save(tmp_path / "other.safetensors", LandmarkNetwork(), ())
    with pytest.raises(StoreError, match=r"other\.safetensors: must hold .*`make shipped` makes it again"):
        load(tmp_path / "other.safetensors")
    with pytest.raises(StoreError, match="cannot be read as safetensors"):
        load(tmp_path / "none.safetensors")
