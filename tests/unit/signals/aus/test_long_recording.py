"""Action units of a long recording: parts are joined where they meet, and eyes are followed."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from skimage import data

from microexpr.core.arrays import luma
from microexpr.core.seeds import generator
from microexpr.signals.aus import ACTION_UNITS, recording, regressor
from microexpr.signals.faces import align, alignment, detection
from microexpr.signals.faces.detection import PREDICTORS


@pytest.fixture(scope="module")
def looks():
    """A face, the lower half of which has moved by two pixels after 50 of 120 frames."""
    rng, grey = generator(0, "recording"), luma(data.astronaut())
    (box,) = detection.detect(data.astronaut(), 0)
    still = align(grey, alignment(PREDICTORS["network"].refine(grey, box)[None]))[..., 0].astype(float)
    moved = still.copy()
    moved[144:] = np.roll(still, 2, axis=0)[144:]
    frames = [still] * 50 + [moved] * 70
    noisy = [(frame + rng.normal(0, 2, frame.shape)).clip(0, 255).astype(np.uint8) for frame in frames]
    return [regressor.reduce_crop(frame) for frame in noisy]


def test_parts_are_joined(looks):
    model = regressor.load()
    whole, parts = (recording.curves(iter(looks), model, frames)[0] for frames in (120, 40))
    assert whole.shape == parts.shape == (120, 17, 2)
    step = [np.median(curves[80:], axis=0) - np.median(curves[:40], axis=0) for curves in (whole, parts)]
    assert np.abs(step[0]).max() > 0.3
    assert np.corrcoef(step[0].ravel(), step[1].ravel())[0, 1] > 0.95
    jump = np.abs(parts[40:45].mean(axis=0) - parts[35:40].mean(axis=0)).max()
    assert jump < 0.2 * np.abs(step[0]).max()  # where two parts meet nothing happened


def test_a_part_is_held_against_what_most_of_it_is_like_and_a_face_against_its_few_resting_frames(looks):
    for part, first, last in ((looks[40:120], 10, 80), (looks[:70], 0, 50)):
        every = np.ones(len(part), bool)
        assert first <= recording.reference(part, every)[0] < last
    # the first 20 frames show half of the others' intensity, 0.1 of which is noise.
    intensity = np.where(np.arange(120) < 20, 4, 8)[:, None, None] + 0.1 * np.ones((120, 2, len(ACTION_UNITS)))
    reader = SimpleNamespace(alone=lambda faces: SimpleNamespace(values=intensity / len(ACTION_UNITS)))
    resting = recording.resting_frames(looks, reader)
    assert np.flatnonzero(resting).tolist() == [*range(20)]
    assert recording.reference(looks, resting)[0] < 20
    assert recording.resting_frames(looks, regressor.load()).sum() > 100  # a small movement leaves most at rest


def test_a_lasting_expression_covers_no_face(looks):
    """Half of the windows of a broad smile are unlike the resting face, as much as under a hand."""
    smile = looks[0].copy()
    smile[64:] = smile[:63:-1]
    frames = [*looks[:20], *[smile] * 100]
    faces = [recording.reference(frames, np.arange(120) < last)[1] for last in (20, 120)]
    assert not recording.is_covered(frames, faces).any() and recording.is_covered(frames, faces[:1])[20:].all()


def test_a_hand_and_frames_without_a_face_are_not_seen(looks):
    model, frames = regressor.load(), list(looks)
    plain, _, seen, _ = recording.curves(iter(frames), model, 120)
    assert seen.all()
    hand = frames[20].copy()
    hand[64:] = hand[:63:-1]
    frames[20] = hand
    frames[90] = None
    curves, _, seen, _ = recording.curves(iter(frames), model, 120)
    assert np.flatnonzero(~seen).tolist() == [18, 19, 20, 21, 22, 90]
    assert not curves[90].any() and curves[91:] == pytest.approx(plain[91:], abs=0.2)


def test_the_gaze_is_where_the_iris_is():
    landmarks = np.tile(np.array([143.5, 150.0]), (68, 1))
    for first, middle in ((36, 100), (42, 187)):
        angle = np.linspace(0, 2 * np.pi, 6, endpoint=False)
        landmarks[first : first + 6] = np.column_stack([middle + 17 * np.cos(angle), 80 + 6 * np.sin(angle)])

    def seen(shift):
        crop = np.full((288, 288), 200, np.uint8)
        for middle in (100, 187):
            cv2.circle(crop, (middle + shift, 80), 6, 40, -1)
        return recording.horizontal_gaze(crop, landmarks)

    assert seen(4) - seen(0) == pytest.approx(4, abs=0.5)
    assert seen(-4) - seen(0) == pytest.approx(-4, abs=0.5)


def test_a_mirrored_movement_is_that_of_the_other_side_outward_and_down():
    cells = generator(0, "cells").normal(0, 1, (1, 2, 32, 32)).astype(np.float32)
    mirrored = cells[..., ::-1] * np.float32([-1, 1])[:, None, None]
    moved, other = map(recording.region_movement, (cells, mirrored))
    assert other[..., ::-1] == pytest.approx(moved, abs=1e-3) and np.abs(np.diff(moved, axis=2)).max() > 0.1
