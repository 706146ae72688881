"""Halves of a face against mirrored pictures, gradients against ramps, changes against a face that is pushed."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.signals.aus.features import (
    APPEARANCE,
    CHANGE,
    GRADIENT_WEIGHT,
    GRADIENTS,
    LEFT_LANDMARKS,
    MIDDLE,
    MIRRORED,
    FaceFeatures,
    appearance,
    change,
    describe_face,
    split_halves,
)

OWN, OTHER = range(2)
Pair = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def face() -> Pair:
    """A crop with another texture on either side, and landmarks about the middle column."""
    rng = generator(0, "features")
    crop = rng.integers(60, 200, (36, 36), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    points = rng.normal(0, 1, (68, 2)) + [MIDDLE, 150]
    points[:, 0] += np.where(np.arange(68) < MIRRORED, -50, np.where(np.arange(68) > MIRRORED, 50, 0))
    return crop, points


def mirrored(crop: np.ndarray, points: np.ndarray) -> Pair:
    return np.ascontiguousarray(crop[:, ::-1]), points[MIRRORED] * [-1, 1] + [2 * MIDDLE, 0]


def pushed(crop: np.ndarray, columns: int) -> np.ndarray:
    return np.roll(crop, columns, axis=1)


def test_a_mirror_swaps_left_and_right(face: Pair) -> None:
    seen, reflected = (describe_face(*pair) for pair in (face, mirrored(*face)))
    after, after_reflected = (
        describe_face(pushed(face[0], 2), face[1]),
        describe_face(*mirrored(pushed(face[0], 2), face[1])),
    )
    for expected, other in (
        (appearance(seen), appearance(reflected)),
        (change(seen, after), change(reflected, after_reflected)),
    ):
        assert expected.dtype == np.float32
        assert other[::-1] == pytest.approx(expected, abs=2e-3)
        assert np.abs(expected[OWN] - expected[OTHER]).max() > 0.1
    assert appearance(seen).shape == (2, APPEARANCE) and change(seen, after).shape == (2, CHANGE)


def test_left_is_the_subjects_own(face: Pair) -> None:
    """Whatever changes at the left of the picture changes the subject's right half alone."""
    crop, points = face
    other, elsewhere = crop.copy(), points.copy()
    other[:, :128] = other[::-1, :128]
    elsewhere[36:42] += 5  # the subject's right eye
    seen, changed = appearance(describe_face(crop, points)), appearance(describe_face(other, elsewhere))
    assert np.array_equal(changed[OWN], seen[OWN])
    assert np.abs(changed[OTHER, :GRADIENTS] - seen[OTHER, :GRADIENTS]).max() > 0.1
    assert np.abs(changed[OTHER, GRADIENTS:] - seen[OTHER, GRADIENTS:]).max() == pytest.approx(5 / 12)


def test_left_landmarks_are_those_that_a_mirror_takes_away_or_leaves() -> None:
    assert set(LEFT_LANDMARKS) | set(MIRRORED[LEFT_LANDMARKS]) == set(range(68))
    assert set(LEFT_LANDMARKS) & set(MIRRORED[LEFT_LANDMARKS]) == {i for i in range(68) if MIRRORED[i] == i}


def test_halves_run_from_the_middle_outward() -> None:
    left, right = split_halves(np.array([[1, 2, 3, 4]]))
    assert left.tolist() == [[3, 4]] and right.tolist() == [[2, 1]]


def test_a_push_to_the_right_goes_outward_in_the_left_half_and_inward_in_the_right(face: Pair) -> None:
    crop = np.clip(face[0].astype(float), 0, 255).astype(np.uint8)
    crop = np.rint(np.mean([np.roll(crop, step, axis=axis) for step in range(-4, 5) for axis in (0, 1)], axis=0))
    before, after = (describe_face(pushed(crop.astype(np.uint8), columns), face[1]) for columns in (0, 1))
    moved = change(before, after)[:, GRADIENTS:].reshape(2, -1, 2).mean(axis=1)
    assert moved[:, 0] == pytest.approx([0.5, -0.5], abs=0.1)  # a pixel of the crop is half one of the face
    assert moved[:, 1] == pytest.approx([0, 0], abs=0.05)


def test_the_onset_has_not_changed_since_the_onset_and_gradients_change_by_their_difference(face: Pair) -> None:
    onset, other = describe_face(*face), describe_face(*mirrored(*face))
    assert not change(onset, onset).any()
    difference = GRADIENT_WEIGHT * (other.gradients - onset.gradients)
    assert change(onset, other)[:, :GRADIENTS] == pytest.approx(difference)


@pytest.mark.parametrize(("axis", "bins"), [(1, {0, 8}), (0, {4})])
def test_gradients_lie_in_the_bin_of_their_orientation(axis: int, bins: set[int]) -> None:
    """Nine bins over half a turn: 0 and 8 meet at gradients along a row, 4 holds those along a column."""
    ramp = np.broadcast_to(np.arange(288).reshape(-1, 1) * 3 // 4, (288, 288))
    crop = np.ascontiguousarray(np.moveaxis(ramp, 0, axis)).astype(np.uint8)
    seen: FaceFeatures = describe_face(crop, np.zeros((68, 2)))
    gradients = seen.gradients[OWN].reshape(-1, 9).sum(axis=0)
    assert gradients[list(bins)].sum() > 0.95 * gradients.sum() > 0
