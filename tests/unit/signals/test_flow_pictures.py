"""Flow as small pictures: what part of the crop they show, how channels are scaled, where faces move."""

import numpy as np
import pytest
from pydantic import ValidationError

from microexpr.signals.flow import pictures

WHOLE = (0.0, 1.0, 0.0, 1.0)


@pytest.fixture
def flow() -> np.ndarray:
    """Flow of 56 x 112 pixels: u rises from left to right, v from top to bottom, strain is one spot."""
    rows, columns = np.mgrid[:56, :112].astype(np.float32)
    spot = np.exp(-((rows - 14) ** 2 + (columns - 28) ** 2) / 50)
    return np.stack([columns / 111 - 0.25, rows / 55 - 0.25, spot])


def test_each_channel_of_a_picture_fills_the_range(flow):
    picture = pictures.from_flow(flow, WHOLE)
    assert picture.shape == (28, 28, 3) and picture.dtype == np.uint8
    assert picture.min((0, 1)).tolist() == [0, 0, 0] and picture.max((0, 1)).tolist() == [255, 255, 255]
    np.testing.assert_allclose(picture[0, :, 0], np.linspace(0, 255, 28), atol=1)
    np.testing.assert_allclose(picture[:, 0, 1], np.linspace(0, 255, 28), atol=1)
    assert np.unravel_index(picture[:, :, 2].argmax(), (28, 28)) == (7, 7)


def test_a_region_is_cut_out(flow):
    picture = pictures.from_flow(flow, (0.0, 0.5, 0.0, 0.5))
    assert np.unravel_index(picture[:, :, 2].argmax(), (28, 28)) == (14, 14)
    scaled = pictures.from_flow(flow[:, :28, :56], WHOLE)
    np.testing.assert_allclose(picture[2:-2, 2:-2].astype(int), scaled[2:-2, 2:-2], atol=6)


def test_without_movement_a_picture_is_black_and_its_channels_are_zero():
    picture = pictures.from_flow(np.full((3, 28, 28), 2.0), WHOLE)
    assert not picture.any()
    assert not pictures.channels(picture, "centred").any()


def test_centred_channels_do_not_depend_on_the_scale_of_a_clip(flow):
    faint, strong = (pictures.channels(pictures.from_flow(scale * flow + 3, WHOLE), "centred") for scale in (1, 40))
    np.testing.assert_allclose(faint, strong, atol=0.05)
    np.testing.assert_allclose(np.median(faint, (1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(faint.std((1, 2)), 1, atol=1e-4)


def test_channels_as_published_are_grey_levels():
    picture = np.zeros((28, 28, 3), np.uint8)
    picture[0, 0] = 255, 0, 7
    channels = pictures.channels(picture, "as_published")
    assert channels[:, 0, 0].tolist() == [127.5, -127.5, 7]


@pytest.mark.parametrize("region", [(0.8, 0.2, 0, 1), (0, 1, 0.5, 0.5)])
def test_a_region_lies_within_the_crop(region):
    with pytest.raises(ValidationError, match="region must be left < right"):
        pictures.Params(region=region)
