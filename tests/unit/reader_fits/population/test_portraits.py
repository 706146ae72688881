"""Portraits against projection: points lie on what they name, scenes begin at rest, the jaw on the contour."""

from pathlib import Path

import numpy as np
import pytest

from facs_faces.face import Face
from facs_faces.rig import contour, rig
from microexpr.core import store
from reader_fits.portrait_images import SCENE, SIDE, SIZE, read

SIZE_2 = (SIZE, SIZE)
REST = np.zeros((24, 2), np.float32)


def test_a_file_has_scenes_that_begin_at_rest(portraits: list[Path]) -> None:
    data = read(portraits)
    assert data.image.shape == (2 * SCENE, SIZE, SIZE) and data.points.shape == (2 * SCENE, 70, 2)
    assert data.scenes == 2
    displayed = data.intensity.max(axis=(1, 2))
    assert data.intensity[::SCENE].max() <= 0.9 and displayed[1::2].max() > 1.5
    sides = np.ptp(data.points[::SCENE, 17:68], axis=1).max(axis=1)
    assert (sides > 0.5 * SIDE).all() and (sides < 1.2 * SIDE).all()
    with store.open_file(portraits[0], "portraits") as file:
        assert store.attribute_text(file.attrs["identity"])


def test_pupils_are_dark_between_lids(portraits: list[Path]) -> None:
    data = read(portraits)
    for image, points in zip(data.image[::SCENE], data.points[::SCENE], strict=True):
        for pupil, lids in ((68, slice(42, 48)), (69, slice(36, 42))):
            low, high = points[lids].min(axis=0), points[lids].max(axis=0)
            assert (points[pupil] > low - 2).all() and (points[pupil] < high + 2).all()
            x, y = np.rint(points[pupil]).astype(int)
            cheek = image[y + 25 : y + 35, x - 5 : x + 5].mean()
            assert image[y - 1 : y + 2, x - 1 : x + 2].mean() < cheek


@pytest.fixture(scope="module")
def face() -> Face:
    return Face(3)


def test_the_jaw_of_a_turned_head_is_where_its_outline_is(face: Face) -> None:
    for pose, least in (((0.0, 0.0, 0.0), 0.0), ((30.0, 0.0, 0.0), 2.0)):
        screen = face.project_vertices(REST, pose, (0.0, 0.0), SIZE_2, 1.0)
        points = screen[rig().landmarks, :2]
        moved = contour(face.jaw_skin, screen, np.array(pose)) - points
        assert not moved[17:].any() and not moved[8].any() and np.abs(moved[:17, 1]).max() < 1e-3
        assert (moved[:8, 0] <= 1e-6).all() and (moved[9:17, 0] >= -1e-6).all()
        assert np.abs(moved[:17]).max() >= least


def test_pupils_follow_the_gaze(face: Face) -> None:
    ahead, left = (
        face.pupils(np.array(gaze), np.zeros(3), np.zeros(2, np.float32), SIZE_2, 1.0)
        for gaze in ((0.0, 0.0), (20.0, 0.0))
    )
    assert (left[:, 0] > ahead[:, 0] + 1).all() and np.abs(left[:, 1] - ahead[:, 1]).max() < 1
    assert ahead[0, 0] > ahead[1, 0]  # the subject's left eye is at the right of the image
