"""Flow as small pictures: scaled channels, and the part of a crop that they show, found without labels."""

import logging

import numpy as np
import pytest
from pydantic import ValidationError

from microexpr.core.errors import DataError
from microexpr.signals.flow import pictures

WHOLE = (0.0, 1.0, 0.0, 1.0)
PLACES = np.array([[0.35, 0.3], [0.65, 0.3], [0.5, 0.5], [0.38, 0.72], [0.62, 0.72], [0.5, 0.8]])  # x, y that move
FIT = pictures.Fit((0.1, 0.9, 0.0, 0.9), 0.8)
REGISTERED = pictures.Registration(FIT, 0.01, {"upside down": FIT._replace(agreement=0.3)})


@pytest.fixture
def flow() -> np.ndarray:
    """Flow of 56 x 112 pixels: u rises from left to right, v from top to bottom, strain is one spot."""
    rows, columns = np.mgrid[:56, :112].astype(np.float32)
    spot = np.exp(-((rows - 14) ** 2 + (columns - 28) ** 2) / 50)
    return np.stack([columns / 111 - 0.25, rows / 55 - 0.25, spot])


def test_each_channel_of_a_picture_fills_the_range_and_a_region_is_cut_out_of_maps_alike(flow):
    picture = pictures.from_flow(flow, WHOLE)
    assert picture.shape == (28, 28, 3) and picture.dtype == np.uint8
    assert picture.min((0, 1)).tolist() == [0, 0, 0] and picture.max((0, 1)).tolist() == [255, 255, 255]
    np.testing.assert_allclose(picture[0, :, 0], np.linspace(0, 255, 28), atol=1)
    np.testing.assert_allclose(picture[:, 0, 1], np.linspace(0, 255, 28), atol=1)
    assert np.unravel_index(picture[:, :, 2].argmax(), (28, 28)) == (7, 7)
    still = pictures.from_flow(np.full((3, 28, 28), 2.0), WHOLE)
    assert not still.any() and not pictures.channels(still, "centred").any()
    picture = pictures.from_flow(flow, (0.0, 0.5, 0.0, 0.5))
    assert np.unravel_index(picture[:, :, 2].argmax(), (28, 28)) == (14, 14)
    scaled = pictures.from_flow(flow[:, :28, :56], WHOLE)
    np.testing.assert_allclose(picture[2:-2, 2:-2].astype(int), scaled[2:-2, 2:-2], atol=6)
    flow = np.random.default_rng(0).normal(size=(3, 64, 64)).astype(np.float32)
    small = pictures.cut(flow, pictures.USUAL)
    levels = (small - small.min((1, 2), keepdims=True)) / np.ptp(small, (1, 2), keepdims=True) * 255
    np.testing.assert_allclose(levels.transpose(1, 2, 0), pictures.from_flow(flow, pictures.USUAL), atol=6)


def test_centred_channels_do_not_depend_on_the_scale_of_a_clip_and_those_as_published_are_grey_levels(flow):
    faint, strong = (pictures.channels(pictures.from_flow(scale * flow + 3, WHOLE), "centred") for scale in (1, 40))
    np.testing.assert_allclose(faint, strong, atol=0.05)
    np.testing.assert_allclose(np.median(faint, (1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(faint.std((1, 2)), 1, atol=1e-4)
    published = pictures.channels(np.array([[[255, 0, 7]]], np.uint8), "as_published")
    assert published[:, 0, 0].tolist() == [127.5, -127.5, 7]


@pytest.mark.parametrize("region", [(0.8, 0.2, 0, 1), (0, 1, 0.5, 0.5)])
def test_a_region_lies_within_the_crop(region):
    with pytest.raises(ValidationError, match="region must be left < right"):
        pictures.Params(region=region)


def moving(rng: np.random.Generator, clips: int) -> list[np.ndarray]:
    """Flow of crops in which brows, nose and mouth move, each at its place, to varying sides, with some noise."""
    rows, columns = np.mgrid[:64, :64] / 64
    spots = np.stack([np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 0.008) for x, y in PLACES])
    flow = []
    for _ in range(clips):
        strength = rng.normal(size=len(PLACES)) * [1, 1, 0.4, 1, 1, 0.6]
        outward = np.sign(PLACES[:, 0] - 0.49) * np.abs(strength) * [0.2, 0.2, 0.1, 0.9, 0.9, 0.1]
        u, v = np.tensordot(outward, spots, 1), np.tensordot(strength, spots, 1)
        strain = np.hypot(*np.gradient(v)) + np.hypot(*np.gradient(u))
        flow.append(np.stack([u, v, strain]) + 0.01 * rng.normal(size=(3, 64, 64)))
    return flow


@pytest.fixture(scope="module")
def rendered() -> pictures.Rendered:
    return pictures.Rendered(moving(np.random.default_rng(0), 20))


def register(rendered: pictures.Rendered, images: np.ndarray) -> pictures.Registration:
    return pictures.register(rendered, images, np.random.default_rng(2))


@pytest.mark.parametrize("region", [(0.2, 0.8, 0.05, 0.95), (-0.05, 1.05, -0.05, 1.0)])
def test_the_region_of_other_clips_is_found(rendered, region):
    images = np.stack([pictures.from_flow(flow, region) for flow in moving(np.random.default_rng(1), 20)])
    registered = register(rendered, images)
    np.testing.assert_allclose(registered.best.region, region, atol=0.04)
    assert registered.margin >= pictures.LEAST and registered.spread < 0.05
    assert pictures.choose(registered, "auto", "x") == registered.best.region


def test_noise_fits_nowhere_and_a_region_given_elsewhere_is_used_with_a_warning(rendered, caplog):
    images = np.random.default_rng(3).integers(0, 256, (20, 28, 28, 3), np.uint8)
    registered = register(rendered, images)
    problem = r"data/x: pictures must move as rendered faces do .* found: region left "
    with pytest.raises(DataError, match=rf"{problem}.*flow_folders\.subjects: 0 trains on recorded subjects alone"):
        pictures.choose(registered, "auto", "data/x")
    near = (0.1, 0.9, 0.0, 0.92)
    with caplog.at_level(logging.WARNING):
        assert pictures.choose(REGISTERED, near, "data/x") == near and not caplog.records
        for outcome in (registered, REGISTERED):
            assert pictures.choose(outcome, pictures.USUAL, "data/x") == pictures.USUAL
    none, other = (record.message for record in caplog.records)
    assert "flow_folders.region is used" in none
    assert "data/x: flow_folders.region is [0.2, 0.8, 0.05, 0.85], found: region left 0.10" in other


def test_the_region_used_is_written_and_read(tmp_path):
    path = tmp_path / "region.csv"
    pictures.store.write_csv(path, pictures.COLUMNS, pictures.rows(REGISTERED, pictures.USUAL))
    assert pictures.read(path) == pictures.USUAL
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == ["used", "found", "upside down"]
