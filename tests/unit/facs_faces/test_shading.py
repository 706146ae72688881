"""Shading against the formulas written out for one flat patch."""

import numpy as np
import pytest

from facs_faces.materials import CURVE, CURVE_END, CURVE_STEPS, Lamps, Row, Surface
from facs_faces.raster import MOUTH, SKIN, Samples
from facs_faces.scene import Light
from facs_faces.shading import shade


def patch(light, material=SKIN, folds=(0.0, 0.0), relief=128, lit=1.0):
    """The colour of a triangle that faces the camera, of sqrt(albedo) 128/255 and no gloss."""
    attributes = np.tile(np.array([0, 0, 1, 1, lit, *folds, 4], np.float32), (3, 1))
    towards, (key, above, below) = light.direction(), light.colours()
    surface = Surface(
        triangles=np.array([[0, 1, 2]], np.int32), materials=np.array([material], np.int32),
        coordinates=np.full((3, 3), 4, np.float32), attributes=attributes,
        skin=np.tile(np.array([128, relief, 128, relief, 128, relief, 0, 0], np.uint8), (8, 8)).view(np.uint64),
        detail=np.float32(1), strands=np.zeros((1, 1), np.uint8), iris=np.ones((256, 64), np.float32),
        **{name: np.zeros(3, np.float32) for name in ("hair", "cloth", "frame", "iris_colour")},
    )  # fmt: skip
    half = towards + np.array([0, 0, 1], np.float32)
    lamps = Lamps(towards, half / np.linalg.norm(half), key, above, below)
    image = np.zeros((1, 1, 3), np.uint8)
    third = np.full(2, 1 / 3, np.float32)
    shade((2, 1), Samples(third, np.zeros(2, np.int32), third, third), surface, lamps, CURVE, 0, 0, Row.of(1), image)
    return image[0, 0]


def level(linear):
    return CURVE[(np.asarray(linear) * CURVE_STEPS / CURVE_END).astype(int)]


@pytest.mark.parametrize("azimuth", [0, 40, 100])
def test_skin_is_wrapped_key_light_and_half_sky_half_ground(azimuth):
    light = Light(azimuth=azimuth, elevation=20, warmth=0.5)
    key, above, below = light.colours()
    wrap = 0.25 * np.array([1, 0.55, 0.4])
    diffuse = np.maximum(0, (light.direction()[2] + wrap) / (1 + wrap))
    linear = (128 / 255) ** 2 * (key * diffuse + (above + below) / 2)
    np.testing.assert_allclose(patch(light).astype(int), level(linear), atol=1)


def test_shadow_and_folds_darken():
    light = Light()
    _, above, below = light.colours()
    np.testing.assert_allclose(patch(light, lit=0.0).astype(int), level((128 / 255) ** 2 * (above + below) / 2), atol=1)
    flat, folded = patch(light).astype(int), patch(light, folds=(1.0, 0.0), relief=64).astype(int)
    assert (folded < flat - 10).all()
    np.testing.assert_array_equal(patch(light, folds=(1.0, 1.0), relief=128), flat)


def test_mouth_is_dark_and_red():
    mouth, skin = patch(Light(), MOUTH).astype(int), patch(Light()).astype(int)
    assert mouth.sum() < skin.sum() and mouth[0] - mouth[1] > 40


def test_curve_rises_from_black_to_white():
    assert CURVE[0] == 0 and CURVE[-1] == 255 and (np.diff(CURVE.astype(int)) >= 0).all()
