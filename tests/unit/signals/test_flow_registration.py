"""Where small flow pictures lie in a crop: found without labels, doubted where they fit nowhere."""

import logging

import numpy as np
import pytest

from microexpr.core.errors import DataError
from microexpr.signals.flow import pictures, registration

PLACES = np.array([[0.35, 0.3], [0.65, 0.3], [0.5, 0.5], [0.38, 0.72], [0.62, 0.72], [0.5, 0.8]])  # x, y that move
FIT = registration.Fit((0.1, 0.9, 0.0, 0.9), 0.8)
REGISTERED = registration.Registration(FIT, 0.01, {"upside down": FIT._replace(agreement=0.3)})


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
def rendered() -> registration.Rendered:
    return registration.Rendered(moving(np.random.default_rng(0), 60))


def register(rendered: registration.Rendered, images: np.ndarray) -> registration.Registration:
    return registration.register(rendered, images, np.random.default_rng(2))


@pytest.mark.parametrize("region", [(0.2, 0.8, 0.05, 0.95), (-0.05, 1.05, -0.05, 1.0)])
def test_the_region_of_other_clips_is_found(rendered, region):
    images = np.stack([pictures.from_flow(flow, region) for flow in moving(np.random.default_rng(1), 60)])
    registered = register(rendered, images)
    np.testing.assert_allclose(registered.best.region, region, atol=0.04)
    assert registered.margin >= registration.LEAST and registered.spread < 0.05
    assert registration.choose(registered, "auto", "x") == registered.best.region


def test_noise_fits_nowhere(rendered, caplog):
    images = np.random.default_rng(3).integers(0, 256, (40, 28, 28, 3), np.uint8)
    registered = register(rendered, images)
    problem = r"data/x: pictures must move as rendered faces do .* found: region left "
    with pytest.raises(DataError, match=rf"{problem}.*flow_folders\.subjects: 0 trains on recorded subjects alone"):
        registration.choose(registered, "auto", "data/x")
    with caplog.at_level(logging.WARNING):
        assert registration.choose(registered, pictures.USUAL, "data/x") == pictures.USUAL
    assert "flow_folders.region is used" in caplog.text


def test_a_region_given_elsewhere_is_used_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING):
        assert registration.choose(REGISTERED, (0.1, 0.9, 0.0, 0.92), "data/x") == (0.1, 0.9, 0.0, 0.92)
        assert not caplog.records
        assert registration.choose(REGISTERED, pictures.USUAL, "data/x") == pictures.USUAL
    assert "data/x: flow_folders.region is [0.2, 0.8, 0.05, 0.85], found: region left 0.10" in caplog.text


def test_the_region_used_is_written_and_read(tmp_path):
    path = tmp_path / "region.csv"
    registration.store.write_csv(path, registration.COLUMNS, registration.rows(REGISTERED, pictures.USUAL))
    assert registration.read(path) == pictures.USUAL
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == ["used", "found", "upside down"]


def test_a_cut_region_is_that_of_a_picture():
    flow = np.random.default_rng(0).normal(size=(3, 64, 64)).astype(np.float32)
    small = registration.cut(flow, pictures.USUAL)
    levels = (small - small.min((1, 2), keepdims=True)) / np.ptp(small, (1, 2), keepdims=True) * 255
    np.testing.assert_allclose(levels.transpose(1, 2, 0), pictures.from_flow(flow, pictures.USUAL), atol=6)
