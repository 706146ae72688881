"""Rendered faces: action units move the right points, pictures repeat to the byte, dlib finds what the truth says."""

import hashlib
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from facs_faces.display import array
from facs_faces.face import Face
from facs_faces.scene import SCALE, Light, direction, project, rotation

NEUTRAL: dict[str, float] = {}
OUTER_EYES = (36, 45)


@pytest.fixture(scope="module")
def face():
    return Face(5)


@pytest.fixture(scope="module")
def neutral(face):
    return face.render(NEUTRAL)


def eye_distance(landmarks):
    return np.linalg.norm(landmarks[OUTER_EYES[0]] - landmarks[OUTER_EYES[1]])


# One of dlib's points on the subject's left (right in the picture) and where it goes: x right, y down.
@pytest.mark.parametrize(
    ("unit", "point", "direction"),
    [
        ("AU1", 23, (0, -1)), ("AU2", 25, (0, -1)), ("AU4", 24, (0, 1)), ("AU5", 43, (0, -1)), ("AU7", 46, (0, -1)),
        ("AU12", 54, (1, -1)), ("AU14", 54, (1, 0)), ("AU15", 54, (0, 1)), ("AU16", 55, (0, 1)), ("AU18", 54, (-1, 0)),
        ("AU20", 54, (1, 0)), ("AU45", 44, (0, 1)),
    ],
)  # fmt: skip
def test_a_unit_moves_its_own_side_the_right_way(face, neutral, unit, point, direction):
    mirrored = {23: 20, 24: 19, 25: 18, 43: 38, 44: 37, 46: 41, 54: 48, 55: 59}[point]
    left = face.render({unit + "L": 5.0}).landmarks - neutral.landmarks
    right = face.render({unit + "R": 5.0}).landmarks - neutral.landmarks
    size = np.linalg.norm(left[point])
    assert size > 0.015 * eye_distance(neutral.landmarks)
    for moved, sign in zip(left[point], direction, strict=True):
        assert not sign or sign * moved > 0.25 * size
    assert np.linalg.norm(left[mirrored]) < 0.3 * size
    assert np.linalg.norm(right[mirrored]) > 3 * np.linalg.norm(right[point])


def test_jaw_opens_and_intensity_is_linear(face, neutral):
    half = face.render(array({"AU26L": 2.5, "AU26R": 2.5})).landmarks - neutral.landmarks
    full = face.render(array({"AU26L": 5, "AU26R": 5})).landmarks - neutral.landmarks
    assert full[8, 1] > 0.05 * eye_distance(neutral.landmarks)
    np.testing.assert_allclose(half[17:], full[17:] / 2, atol=0.15)  # but for perspective; the jaw's follow the outline


def test_frowning_does_not_make_hair_flicker(face, neutral):
    frown = face.render({"AU4L": 1.0, "AU4R": 1.0})
    above = slice(0, int(neutral.landmarks[19, 1]) - 60)  # the hairline and all over it
    change = np.abs(frown.image.astype(int) - neutral.image).sum(axis=2)[above]
    assert (change > 60).sum() <= 10


def test_pictures_repeat_to_the_byte_whatever_was_rendered_before(neutral):
    repeated_face = Face(5)
    repeated_face.render({"AU27L": 5.0, "AU27R": 5.0}, pose=(20, 5, 3), light=Light(azimuth=-40), size=(320, 240))
    repeated = repeated_face.render(NEUTRAL)
    assert repeated.image.tobytes() == neutral.image.tobytes()
    assert repeated.landmarks.tobytes() == neutral.landmarks.tobytes()
    other = Face(6).render(NEUTRAL)  # another seed is another person
    distance = np.linalg.norm(other.landmarks - neutral.landmarks, axis=1).mean() / eye_distance(neutral.landmarks)
    assert distance > 0.03


@pytest.mark.slow
def test_pictures_do_not_depend_on_numbas_cache(neutral, tmp_path):
    digest = "hashlib.sha256(Face(5).render({}).image.tobytes()).hexdigest()"
    program = f"import hashlib; from facs_faces.face import Face; print({digest})"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    out = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == hashlib.sha256(neutral.image.tobytes()).hexdigest()


def test_shift_and_size_move_the_truth_as_they_should(face, neutral):
    moved = face.render(NEUTRAL, shift=(7, -3))
    np.testing.assert_allclose(moved.landmarks - neutral.landmarks, np.tile([7, -3], (68, 1)), atol=1e-4)
    same = np.abs(moved.image[20:300, 167:487].astype(int) - neutral.image[23:303, 160:480]) <= 12  # the wall stays
    assert same.mean() > 0.98
    half = face.render(NEUTRAL, size=(320, 240))
    assert half.image.shape == (240, 320, 3) and half.image.dtype == np.uint8
    np.testing.assert_allclose(half.landmarks + 0.5, (neutral.landmarks + 0.5) / 2, atol=1e-3)


def test_light_from_a_side_lights_that_side(face, neutral):
    nose = neutral.landmarks[30]
    row, column = int(nose[1]), int(nose[0])

    def lean(azimuth):
        cheeks = face.render(NEUTRAL, light=Light(azimuth=azimuth)).image[row - 10 : row + 10].astype(float)
        return cheeks[:, column + 30 : column + 50].mean() - cheeks[:, column - 50 : column - 30].mean()

    assert lean(60) > 20 and lean(-60) < -20


def test_rotation_is_that_of_opencv_and_projection_to_scale_at_the_heads_centre():
    angles = np.deg2rad([[0, 20, 0], [-10, 0, 0], [0, 0, 5]])  # as rotation vectors: yaw, pitch, roll
    yaw, pitch, roll = (cv2.Rodrigues(vector)[0] for vector in angles)
    np.testing.assert_allclose(rotation(20, -10, 5), roll @ pitch @ yaw, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(direction(33, -12)), 1, atol=1e-6)
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 6]], np.float32)
    seen = project(points, (640, 480), np.zeros(2, np.float32), 1.0)
    scale = SCALE * 480
    expected = [[319.5, 239.5], [319.5 + scale, 239.5], [319.5, 239.5 - scale], [319.5 + 2 * scale, 239.5]]
    np.testing.assert_allclose(seen[:, :2], expected, rtol=1e-6)  # half way to the camera all is twice as large
