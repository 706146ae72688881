"""Which way up a face is, on a public-domain photograph that is turned."""

import numpy as np
import pytest
from skimage import data

from microexpr.signals.faces import detection

FACE = data.astronaut()[:240, 110:350]  # Eileen Collins, by NASA


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_face_is_turned_back(quarters):
    turned = np.rot90(FACE, quarters)
    best = detection.best_turn([turned, turned[..., 1]])
    assert np.array_equal(np.rot90(turned, best), FACE)


def test_one_upright_face_that_is_certain_is_enough():
    seen = []
    images = (seen.append(1) or FACE for _ in range(3))
    assert detection.best_turn(images) == 0 and len(seen) == 1


def test_one_frame_without_a_face_does_not_decide():
    noise = np.random.default_rng(0).integers(0, 256, FACE.shape, np.uint8)
    assert detection.best_turn([np.rot90(FACE), noise, np.rot90(FACE)]) == 3
    assert detection.best_turn([noise, noise]) == 0 == detection.best_turn([])
