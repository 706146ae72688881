"""Dense motion of the skin: it carries one picture into the other, and agrees with landmarks and with perspective."""

import cv2
import numpy as np
import pytest

from facs_faces import motion
from facs_faces.display import array
from facs_faces.face import Face
from facs_faces.raster import EYE, HAIR, SKIN
from facs_faces.rig import rig

STILL = array({})
HELD = {"pose": (5.0, -3.0, 2.0), "shift": (1.5, -2.0)}


@pytest.fixture(scope="module")
def face():
    return Face(5)


@pytest.mark.parametrize(
    "weights", [{"AU12L": 3.0, "AU12R": 2.0}, {"AU1L": 4.0, "AU2R": 3.0}, {"AU4L": 3.0, "AU17R": 3.0}]
)
def test_the_apex_moved_back_is_the_onset(face, weights):
    """Every pixel of skin is looked up where it is said to have gone; what is left is light and folds."""
    moved = motion.expression(face, STILL, array(weights), **HELD)
    onset, apex = (face.render(units, **HELD).image for units in (STILL, array(weights)))
    rows, columns = np.mgrid[: onset.shape[0], : onset.shape[1]].astype(np.float32)
    back = cv2.remap(apex, columns + moved.pixels[..., 0], rows + moved.pixels[..., 1], cv2.INTER_CUBIC)
    where = np.hypot(*np.moveaxis(moved.pixels, -1, 0)) > 0.5
    assert where.sum() > 1000
    left, before = (np.abs(picture[where].astype(float) - onset[where]).mean() for picture in (back, apex))
    assert left < 0.45 * before


def test_landmarks_move_as_the_skin_at_their_place(face):
    weights = array({"AU1L": 4.0, "AU1R": 4.0, "AU2L": 3.0, "AU2R": 3.0, "AU9L": 3.0, "AU9R": 3.0})
    moved = motion.expression(face, STILL, weights, **HELD)
    onset, apex = (face.project_vertices(units, **HELD)[rig().landmarks, :2] for units in (STILL, weights))
    inner = slice(18, 36)  # brows and nose: eyes, lips and jaw lie on edges, where a neighbour pixel is other skin
    at = np.rint(onset[inner]).astype(int)
    assert np.linalg.norm((apex - onset)[inner], axis=1).max() > 4
    np.testing.assert_allclose(moved.pixels[at[:, 1], at[:, 0]], (apex - onset)[inner], atol=0.2)


def test_motion_halves_with_the_picture(face):
    weights = array({"AU12L": 4.0, "AU12R": 4.0})
    whole = motion.expression(face, STILL, weights, size=(640, 480))
    half = motion.expression(face, STILL, weights, size=(320, 240))
    both = whole.skin[1::2, 1::2] & whole.skin[::2, ::2] & half.skin
    mean = (whole.pixels[1::2, 1::2] + whole.pixels[::2, ::2]) / 2  # a pixel's centre lies between four of the finer
    away = np.abs(mean / 2 - half.pixels)[both]
    assert np.quantile(away, 0.99) < 0.05 and mean[both].max() > 4


def test_only_skin_of_the_face_counts(face):
    moved = motion.expression(face, STILL, array({"AU45L": 2.0, "AU45R": 2.0}))
    seen, landmarks = motion.trace(face, STILL), face.render({}).landmarks
    assert {EYE, HAIR, SKIN} <= set(np.unique(seen.material)) and set(np.unique(seen.material[moved.skin])) == {SKIN}
    pupil = landmarks[36:42].mean(axis=0).round().astype(int)
    nose, chest = landmarks[30].round().astype(int), (320, 470)
    assert [bool(moved.skin[y, x]) for x, y in (pupil, nose, chest)] == [False, True, False]
    assert not moved.pixels[~moved.skin].any()
    np.testing.assert_allclose(seen.weights.sum(axis=2), 1, atol=1e-6)
