"""The regressor with networks made for the test: sides, the onset, sizes of images, errors, files."""

import numpy as np
import pytest
import torch

from microexpr.core import onnx
from microexpr.core.errors import StoreError
from microexpr.core.seeds import generator
from microexpr.signals.aus import LARGEST, OPEN, SIZES, Params
from microexpr.signals.aus.filters import curves
from microexpr.signals.aus.regressor import Model, load, reduce_crop, regress, resize, size_jumps
from reader_fits.action_unit_networks import UNIT, Movement, UnitNetwork, graphs, outward

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
def network() -> UnitNetwork:
    """Random weights, scaled so that readings are some units."""
    torch.manual_seed(0)
    network = UnitNetwork().eval().requires_grad_(False)
    network.linear.weight.normal_(0, 0.2)
    for layer in (network.alone3, network.change3):
        layer.weight *= 10
    return network


@pytest.fixture
def model(network: UnitNetwork) -> Model:
    return run(network)


def run(network: UnitNetwork) -> Model:
    return Model(*map(onnx.run, graphs(network)))


def test_the_onset_is_read_alone_changes_are_added_and_a_face_is_read_alike_among_others(crops, model) -> None:
    values = regress(crops, 2, model, sizes=(0,))
    assert values.shape == (FRAMES, 17, 3) and values.dtype == np.float32
    faces = [reduce_crop(crop) for crop in crops]
    alone, changes = model.alone([faces[2]]).values, model.change(faces[2], faces).values
    assert values[..., :2] == pytest.approx((alone + changes).transpose(0, 2, 1), abs=1e-5)
    assert values[..., 2] == pytest.approx(values[..., :2].mean(axis=-1))
    assert np.abs(changes[4]).max() > 0.1
    together = model.change(faces[0], faces)
    for i, face in enumerate(faces):
        single = model.change(faces[0], [face])
        assert (single.values[0] == together.values[i]).all() and (single.errors[0] == together.errors[i]).all()


def test_a_mirrored_clip_swaps_the_sides_and_values_are_the_mean_over_sizes(crops, model) -> None:
    seen, reflected = (regress(images, 2, model, (0,)) for images in (crops, crops[:, :, ::-1].copy()))
    assert reflected[..., [1, 0, 2]] == pytest.approx(seen, abs=0.01)
    assert np.abs(seen[..., 0] - seen[..., 1]).max() > 0.05
    each = [regress(crops[:2], 0, model, sizes=(size,)) for size in SIZES]
    assert regress(crops[:2], 0, model, SIZES) == pytest.approx(np.mean(each, axis=0), abs=1e-5)
    assert np.ptp(each, axis=0).max() > 0.01


def test_no_change_exceeds_the_scale_of_facs_and_errors_grow_with_it(crops: np.ndarray, network: UnitNetwork) -> None:
    def change() -> tuple[np.ndarray, np.ndarray]:
        reading = run(network).change(*(reduce_crop(crops[0]), [reduce_crop(crops[4])]))
        return reading.values[0], reading.errors[0]

    network.change3.weight *= 1000
    assert np.abs(change()[0]).max() == pytest.approx(LARGEST)
    network.change3.weight.zero_()
    network.change3.bias.zero_()
    network.linear.weight.zero_()
    values, errors = change()
    alone = np.delete(np.arange(17), OPEN)  # of the others two units are read together
    assert not values.any() and errors[:, alone] == pytest.approx(np.full((2, 15), UNIT))
    assert errors[:, OPEN] == pytest.approx(np.full((2, 2), UNIT * np.sqrt(2)))
    network.change3.bias[:24] = np.arcsinh(3 / UNIT)
    values, errors = change()
    assert values[:, alone] == pytest.approx(np.full((2, 15), 3), rel=1e-4)
    assert errors[:, alone] == pytest.approx(np.full((2, 15), np.sqrt(3**2 + UNIT**2)), rel=1e-4)


def test_relative_keeps_what_raw_cuts_off(crops: np.ndarray, network: UnitNetwork) -> None:
    network.alone3.bias[:24] = -2.0
    values = regress(crops, 0, run(network), sizes=(0,))
    filtered = curves(values, onset=0, fps=FPS, params=Params(half_window=0))
    assert (values[0] < 0).any() and filtered["raw"].min() == 0
    assert filtered["relative"] == pytest.approx(values - values[0], abs=1e-5)
    assert {array.shape for array in filtered.values()} == {(FRAMES, 17, 3)}


def test_a_model_is_read_as_it_was_written(network, model, crops, tmp_path) -> None:
    paths = [tmp_path / f"{name}.onnx" for name in ("alone", "change")]
    for path, graph in zip(paths, graphs(network), strict=True):
        onnx.write(path, graph, ["generated/population/p0001/*"])
    read = load(*paths)
    assert read.fitted_on == ("generated/population/p0001/*",)
    assert (regress(crops, 0, read, (0,)) == regress(crops, 0, model, (0,))).all()
    with pytest.raises(StoreError, match=r"change\.onnx: must have inputs face, not before, after; `make shipped`"):
        load(*paths[::-1])
    with pytest.raises(StoreError, match=r"none\.onnx: cannot be read as ONNX"):
        load(tmp_path / "none.onnx", paths[1])


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


def test_halves_move_outward_and_down() -> None:
    rng = generator(0, "texture")
    texture = np.kron(rng.uniform(0, 200, (32, 32)), np.ones((4, 4))).astype(np.float32)
    moved = np.roll(texture, 1, axis=1)
    _, fine = Movement()(*(torch.from_numpy(image[None]) for image in (texture, moved)))
    ((left, right),) = outward(fine).numpy()
    assert left.shape == right.shape == (2, 32, 16)
    assert np.median(left[0]) > 0.3 and np.median(right[0]) < -0.3
    assert abs(np.median([left[1], right[1]])) < 0.1
