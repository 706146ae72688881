"""The regressor with models made for the test, whose answers can be computed otherwise."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, LARGEST, SIZES, Params
from microexpr.signals.aus.features import APPEARANCE, CHANGE, GRADIENTS, LEFT_LANDMARKS, MIRRORED, OCCASIONS
from microexpr.signals.aus.filters import curves
from microexpr.signals.aus.regressor import RAMPS, RENDERED_UNITS, Model, Ramps, Reading, load, regress

AU12 = ACTION_UNITS.index("AU12")
FRAMES, FPS = 5, 200
ONE_RECORDING = np.array([0, 0, 50], np.float32)
NO_ERRORS = np.zeros((2, 2, len(ACTION_UNITS)), np.float32)
NO_RAMPS = Ramps(np.zeros((RENDERED_UNITS, RAMPS), np.float32), np.zeros(RAMPS, np.float32))


def nothing(features: int) -> Reading:
    shapes = (features, RENDERED_UNITS), (RENDERED_UNITS,), (RENDERED_UNITS + RAMPS, len(ACTION_UNITS))
    return Reading(*(np.zeros(shape, np.float32) for shape in shapes))


@pytest.fixture
def clip() -> tuple[np.ndarray, np.ndarray]:
    """A smooth texture of which the subject's left half falls by 2 px a frame; landmarks that stay but the mouth."""
    rng = generator(0, "regressor")
    rows = np.convolve(rng.normal(0, 60, 600), np.hanning(25) / 5, "same")
    crops = np.stack([np.tile(128 + rows[100:388, None], (1, 288)) for _ in range(FRAMES)])
    for frame in range(FRAMES):
        crops[frame, :, 144:] = 128 + rows[100 - 2 * frame : 388 - 2 * frame, None]
    points = np.full((FRAMES, 68, 2), [143.5, 200.0])
    points[:, 54, 1] -= 12
    return np.clip(crops, 0, 255).astype(np.uint8), points


def mouth_and_fall(bias: float) -> Model:
    """AU12 is how high the mouth corner lies (tenths of the outer eye distance), and changes as far as skin falls."""
    alone, since = nothing(APPEARANCE), nothing(CHANGE)
    alone.weights[GRADIENTS + 2 * list(LEFT_LANDMARKS).index(54) + 1, AU12] = -1
    alone.bias[AU12] = bias
    fine = np.arange(GRADIENTS + 2 * 16 * 8, CHANGE).reshape(32, 16, 2)
    since.weights[fine[4:-4, 4:-4, 1], AU12] = 1 / (24 * 8)
    for reading in (alone, since):
        reading.last[AU12, AU12] = 1
    return Model(NO_RAMPS, alone, since, nothing(OCCASIONS), ONE_RECORDING, NO_ERRORS, ("generated/au_model/0/*",))


def test_the_onset_is_read_alone_and_changes_of_either_side_are_added(clip: tuple[np.ndarray, np.ndarray]) -> None:
    values = regress(*clip, 2, mouth_and_fall(bias=10), sizes=(0,))[:, AU12]
    assert values.shape == (FRAMES, 3) and values.dtype == np.float32
    assert values[2] == pytest.approx([1, 0, 0.5])  # 10 tenths below the eyes, or 9
    assert values[:, 0] - 1 == pytest.approx(np.arange(FRAMES) - 2, abs=0.3)  # 2 px of the crop are one of the face
    assert values[:, 1] == pytest.approx(np.zeros(FRAMES), abs=0.02)
    assert values[:, 2] == pytest.approx(values[:, :2].mean(axis=1))


def test_a_mirrored_clip_swaps_the_sides(clip: tuple[np.ndarray, np.ndarray]) -> None:
    crops, points = clip
    model = random_model()
    seen = regress(crops, points, 2, model)
    reflected = regress(crops[:, :, ::-1].copy(), points[:, MIRRORED] * [-1, 1] + [287, 0], 2, model)
    assert reflected[..., [1, 0, 2]] == pytest.approx(seen, abs=0.02)
    assert np.abs(seen[..., 0] - seen[..., 1]).max() > 1


def random_model() -> Model:
    rng = generator(0, "regressor", "weights")
    readings = [nothing(features) for features in (APPEARANCE, CHANGE, OCCASIONS)]
    for reading in readings:
        for part in (reading.weights, reading.bias, reading.last):
            part[:] = rng.normal(size=part.shape) * 0.05
    directions, starts = (rng.normal(size=shape).astype(np.float32) for shape in ((RENDERED_UNITS, RAMPS), (RAMPS,)))
    alone, change, occasions = readings
    return Model(Ramps(directions, starts), alone, change, occasions, ONE_RECORDING, NO_ERRORS, ())


def test_the_correction_is_written_out_and_leaves_nothing_where_nothing_is_read() -> None:
    model, rng = random_model(), generator(0, "regressor", "features")
    features = rng.normal(size=(2, CHANGE)).astype(np.float32)
    linear = features @ model.change.weights + model.change.bias
    bent = [
        [max(0, row @ d + s) - max(0, s) for d, s in zip(model.ramps.directions.T, model.ramps.starts, strict=True)]
        for row in linear
    ]
    expected = linear @ model.change.last[:RENDERED_UNITS] + np.array(bent) @ model.change.last[RENDERED_UNITS:]
    assert model.change(features, model.ramps) == pytest.approx(expected, abs=1e-3)
    model.change.bias[:] = 0
    assert not model.change(np.zeros(CHANGE, np.float32), model.ramps).any()


def test_pictures_that_differ_much_are_read_as_of_two_occasions() -> None:
    """The reading of either kind is a constant; what each pair of pictures gets tells which it was read by."""
    model = mouth_and_fall(bias=0)
    kind = np.array([-4, -4, 0], np.float32)  # as many magnitudes above e^0 as below
    for reading, value in ((model.change, 1), (model.occasions, -2)):
        reading.weights[:], reading.bias[:], reading.last[AU12, AU12] = 0, 0, 1
        reading.bias[AU12] = value
    model = replace(model, kind=kind)
    small, large = np.zeros((2, OCCASIONS), np.float32), np.full((2, OCCASIONS), 1, np.float32)
    assert model.read_change(small)[:, AU12] == pytest.approx([1, 1])
    assert model.read_change(large)[:, AU12] == pytest.approx([-2, -2])


def test_no_change_exceeds_the_scale_of_facs() -> None:
    model = random_model()
    for reading in (model.change, model.occasions):
        reading.weights[:] *= 100
    rng = generator(0, "regressor", "bounds")
    for kind in (ONE_RECORDING, -ONE_RECORDING):
        changes = replace(model, kind=kind).read_change(rng.normal(size=(20, OCCASIONS)).astype(np.float32))
        assert np.abs(changes).max() == LARGEST


def test_the_error_to_expect_grows_with_the_change_by_the_kind_of_pictures() -> None:
    errors = np.zeros((2, 2, len(ACTION_UNITS)), np.float32)
    errors[0, :, AU12], errors[1, :, AU12] = (0.1, 0.2), (0.5, 0.3)
    changes = np.full((2, len(ACTION_UNITS)), -2, np.float32)
    for kind, expected in ((ONE_RECORDING, 0.5), (-ONE_RECORDING, 1.1)):
        model = replace(mouth_and_fall(bias=0), kind=kind, errors=errors)
        assert model.expected_error(np.ones((2, OCCASIONS)), changes)[:, AU12] == pytest.approx([expected] * 2)


def test_values_are_the_mean_over_sizes(clip: tuple[np.ndarray, np.ndarray]) -> None:
    model = mouth_and_fall(bias=0)
    each = [regress(*clip, 0, model, sizes=(size,)) for size in SIZES]
    assert regress(*clip, 0, model) == pytest.approx(np.mean(each, axis=0), abs=1e-5)
    assert np.ptp(each, axis=0).max() > 0.01


def test_relative_keeps_what_raw_cuts_off(clip: tuple[np.ndarray, np.ndarray]) -> None:
    """The resting mouth of this subject reads as -0.5."""
    values = regress(*clip, 0, mouth_and_fall(bias=8.5), sizes=(0,))
    filtered = curves(values, onset=0, fps=FPS, params=Params(half_window=0))
    fall = values[:, AU12, 0] + 0.5
    assert filtered["raw"][:, AU12, 0] == pytest.approx(np.clip(fall - 0.5, 0, 5), abs=1e-5)
    assert filtered["relative"][:, AU12, 0] == pytest.approx(fall, abs=1e-5) and fall[-1] > 3
    assert {array.shape for array in filtered.values()} == {(FRAMES, 17, 3)}
    assert {array.dtype for array in filtered.values()} == {np.dtype(np.float32)}


def test_a_model_is_read_as_it_was_written_and_another_size_is_refused(tmp_path: Path) -> None:
    model = mouth_and_fall(bias=1)
    store.write_tensors(tmp_path / "model.safetensors", model.tensors(), model.fitted_on)
    read = load(tmp_path / "model.safetensors")
    for name, tensor in model.tensors().items():
        assert np.array_equal(read.tensors()[name], tensor)
    assert read.fitted_on == model.fitted_on
    other = model.tensors() | {"change.weights": model.change.weights[1:]}
    store.write_tensors(tmp_path / "other.safetensors", other, ())
    with pytest.raises(StoreError, match=r"other\.safetensors: must hold tensors .*`make shipped` makes it again"):
        load(tmp_path / "other.safetensors")
    with pytest.raises(StoreError, match="cannot be read as safetensors"):
        load(tmp_path / "none.safetensors")
