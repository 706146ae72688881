"""Magnification of a pattern that moves by a known amount."""

import numpy as np

from microexpr.apps.predict import annotated

SIZE = 288


def pattern(shift: float) -> np.ndarray:
    """Return a grey face-sized pattern, of which a patch at the mouth moved down by `shift` pixels."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    patch = np.exp(-(((x - 144) / 30) ** 2 + ((y - 200) / 20) ** 2))
    return 128 + 50 * np.sin((y - shift * patch) / 8) * np.sin(x / 9)


def test_a_small_movement_goes_further_and_the_first_frame_stays():
    shifts = 0.5 * np.sin(np.pi * np.arange(12) / 11)
    crops = np.stack([np.rint(pattern(shift)).astype(np.uint8) for shift in shifts])[..., None].repeat(3, axis=-1)
    faces = annotated.magnify(crops)
    assert faces.shape == crops.shape and (np.abs(faces[0].astype(int) - crops[0]) <= 1).all()
    candidates = [np.abs(pattern(shift) - faces[6, ..., 0])[180:220, 110:180].mean() for shift in range(8)]
    assert 2 <= int(np.argmin(candidates)) <= annotated.TIMES * 0.5
