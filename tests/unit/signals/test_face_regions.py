"""Regions against a drawn face whose proportions are known: each lies where its landmarks do, and none twice."""

import drawn
import numpy as np
import pytest
from scipy.spatial import Delaunay

from microexpr.signals import face_regions

SIZE = 128
FACE = drawn.face(SIZE)


def test_each_pixel_of_the_face_is_in_one_region_and_no_other_is() -> None:
    labels = face_regions.region_labels(FACE, SIZE)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    inside = Delaunay(FACE).find_simplex(np.column_stack([columns.ravel(), rows.ravel()])).reshape(SIZE, SIZE) >= 0
    assert (labels >= 0)[inside].mean() > 0.99  # but for rounding at the edge
    assert (labels[~inside] == face_regions.FLOW_REGIONS.index("cheeks")).mean() < 0.02
    places = {"eyes": (45, 36), "brows": (84, 27), "nose": (64, 60), "mouth": (64, 84), "cheeks": (40, 66)}
    for name, (x, y) in places.items():
        assert labels[y, x] == face_regions.FLOW_REGIONS.index(name), name
    assert labels[103, 64] == face_regions.FLOW_REGIONS.index("cheeks")  # the chin
    assert labels[5, 64] == -1


def test_a_region_reaches_beyond_its_landmarks_by_its_share_of_the_eye_distance() -> None:
    mouth = face_regions.region_labels(FACE, SIZE) == face_regions.FLOW_REGIONS.index("mouth")
    columns = np.flatnonzero(mouth.any(axis=0))
    distance = face_regions.eye_distance(FACE)
    assert distance == pytest.approx(120 * SIZE / 288)
    expected = FACE[[48, 54], 0] + 0.07 * distance * np.array([-1, 1])
    assert columns[[0, -1]] == pytest.approx(expected, abs=1)
