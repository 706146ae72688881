"""The camera: noise of the size and shape its formula says, another one in each frame; backdrops out of focus."""

import numpy as np
import pytest

from facs_faces.camera import backdrop, expose
from microexpr.core.seeds import generator


def grey(level):
    return np.full((240, 320, 3), level, np.uint8)


@pytest.mark.parametrize("level", [40, 128, 200])
def test_noise_grows_with_the_root_of_the_level(level):
    taken = expose(grey(level), generator(0), 4.0).astype(float)
    expected = 4.0 * (0.6 + 0.4 * np.sqrt(level / 128))
    assert taken.std() == pytest.approx(np.hypot(expected, np.sqrt(1 / 12)), rel=0.02)  # and rounding
    assert taken.mean() == pytest.approx(level, abs=0.1)


def test_each_frame_and_row_has_its_own_noise():
    rng = generator(0)
    first, second = (expose(grey(128), rng, 3.0).astype(float) - 128 for _ in range(2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(first[:-1].ravel(), first[1:].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(first[..., 0].ravel(), first[..., 1].ravel())[0, 1]) < 0.01


def test_exposure_scales_and_saturates():
    assert expose(grey(100), generator(0), 0.0, 1.2).mean() == 120
    assert expose(grey(250), generator(0), 0.0, 1.2).min() == 255


def test_backdrops_differ_and_are_out_of_focus():
    first, second, repeated = (backdrop((320, 240), generator(3, name)) for name in "aba")
    assert first.shape == second.shape == (240, 320, 3)
    assert np.abs(first.astype(int) - second).mean() > 20
    for scene in (first, second):
        steps = np.abs(np.diff(scene.astype(int), axis=1))
        assert scene.std() > 10
        assert steps.max() < 25  # a disc's edge, of up to 175 grey levels, is spread over many pixels
    assert np.array_equal(first, repeated)
