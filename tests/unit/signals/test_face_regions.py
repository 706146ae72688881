"""Regions of a drawn face, histograms of blocks, and a rendered face whose frames are cropped tight."""

from functools import cache

import cv2
import drawn
import numpy as np
import pytest
from scipy.spatial import Delaunay

from facs_faces import camera
from facs_faces.face import Face
from facs_faces.performance import Difficulty, Performer, perform
from microexpr.core.arrays import luma
from microexpr.core.seeds import generator
from microexpr.rendering.corpus import render_frames
from microexpr.signals import apex, face_regions, faces, flow, inputs
from microexpr.signals.aus import ACTION_UNITS, regressor

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
    columns = np.flatnonzero((labels == face_regions.FLOW_REGIONS.index("mouth")).any(axis=0))
    distance = face_regions.eye_distance(FACE)  # of which regions reach by a share beyond their landmarks
    assert distance == pytest.approx(120 * SIZE / 288)
    assert columns[[0, -1]] == pytest.approx(FACE[[48, 54], 0] + 0.07 * distance * np.array([-1, 1]), abs=1)


@pytest.mark.parametrize("weighted", [False, True])
def test_histograms_count_each_pixel_in_its_block_and_bin_and_shares_of_nothing_are_nothing(weighted: bool) -> None:
    rng = np.random.default_rng(0)
    bins, weights = rng.integers(0, 4, (3, 7, 9)), rng.random((3, 7, 9))
    expected = np.zeros((4, 4))
    for t, row, column in np.ndindex(3, 7, 9):
        block = 2 * (row * 2 // 7) + column * 2 // 9
        expected[block, bins[t, row, column]] += weights[t, row, column] if weighted else 1
    histograms = face_regions.histograms(bins, 4, 2, weights if weighted else None)
    np.testing.assert_allclose(histograms, expected, rtol=1e-12)
    assert face_regions.normalise(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist() == [[0.25, 0.75], [0.0, 0.0]]


FPS, ONSET, APEX, FRAMES = 25, 2, 8, 11
RAISED = {"AU1L": 1.0, "AU1R": 1.0, "AU2L": 0.8, "AU2R": 0.8}
NOISE = 3.0


@cache
def recording() -> tuple[faces.Faces, faces.Faces]:
    """Raised brows in frames of 640 x 480, and in frames cut off at the brows, the chin and the jaw."""
    rng = generator(101, "tests", "frame edges")
    performer = Performer.sample(rng)
    motionless = Difficulty(low=0.3, high=0.3, habit=0, blend=0, noise=NOISE, quality=92)
    performance = perform(performer, RAISED, ONSET, APEX, FRAMES - 2, FRAMES, FPS, motionless, rng)
    wall = camera.wall((640, 480), rng)
    rendered = render_frames(Face(performer.face_seed), performer, performance, range(FRAMES), wall, NOISE, rng)
    frames = [image for image, _ in rendered]
    whole = faces.track(lambda: frames, faces.Params(), "whole")
    points = np.median(whole.landmarks, axis=0)
    (left, top), (right, bottom) = np.rint(points.min(axis=0)).astype(int), np.rint(points.max(axis=0)).astype(int)
    margin = round(0.1 * (right - left))
    tight = [frame[top - margin : bottom, left + margin // 2 : right - margin // 2] for frame in frames]
    return whole, faces.track(lambda: tight, faces.Params(), "tight")


def groups(face: faces.Faces) -> dict[str, dict[str, np.ndarray]]:
    events = {"onset": np.array(ONSET), "apex": np.array(APEX), "offset": np.array(FRAMES - 2)}
    return {"faces": {"frame": np.arange(FRAMES), **face.arrays()}, "apex": events}


def test_only_crops_that_reach_beyond_the_frame_say_so_and_nothing_moves_there_nor_is_of_the_face() -> None:
    whole, tight = recording()
    assert whole.in_frame is None and "in_frame" not in whole.arrays()
    in_frame = tight.in_frame
    assert 0.3 < in_frame.mean() < 0.6
    inside = cv2.pointPolygonTest
    corners = cv2.convexHull(np.argwhere(in_frame)[:, ::-1].astype(np.int32))
    points = tight.landmarks_crop.mean(axis=0)[17:]
    assert all(inside(corners, tuple(map(float, point)), False) >= 0 for point in points)
    assert (np.ptp(tight.crop[:, ~in_frame].astype(int), axis=0) == 0).all()
    assert np.ptp(tight.crop[:, in_frame].astype(int), axis=0).mean() > NOISE
    (mask,) = inputs.derive({"face_mask": (1, 96, 96)}, groups(tight))["face_mask"][0]
    visible = cv2.resize(in_frame.astype(np.float32), (96, 96), interpolation=cv2.INTER_AREA)
    assert mask.max() == 1 and mask[visible == 0].max() == 0


@pytest.mark.parametrize("algorithm", ["tvl1", "farneback"])
def test_flow_is_that_of_the_whole_frames_and_0_outside(algorithm: str) -> None:
    whole, tight = recording()
    params = flow.Params(algorithm=algorithm)
    true = flow.clip_flow(luma(whole.crop), ONSET, APEX, params)
    measured = flow.clip_flow(luma(tight.crop), ONSET, APEX, params, tight.in_frame)
    outside = ~face_regions.shrink(tight.in_frame, measured.shape[1:])
    assert (measured[:, outside] == 0).all()
    inside = measured.any(axis=0)
    assert 0.15 < inside.mean() < 1 - outside.mean()
    error = np.hypot(*(measured - true)[:2])[inside]
    assert error.mean() < 0.25 * flow.magnitude(true)[inside].mean()
    assert true[2].flat[measured[2].argmax()] > 0.8 * true[2][inside].max()


def test_scores_of_the_spotter_are_those_of_the_whole_frames() -> None:
    whole, tight = (apex.score_clip(groups(face)["faces"], ONSET, FRAMES - 2, apex.Params()) for face in recording())
    assert np.corrcoef(whole, tight)[0, 1] > 0.98


@pytest.mark.parametrize("name", ["video", "video_steady", "video_change", "video_magnified", "flow_video"])
def test_inputs_of_networks_show_no_moving_border(name: str) -> None:
    shape = (3, 4, 96, 96) if name == "flow_video" else (1, 4, 96, 96)
    (video,) = inputs.derive({name: shape}, groups(recording()[1]))[name].astype(float)
    outside = ~face_regions.shrink(recording()[1].in_frame, (96, 96))
    outside &= ~cv2.dilate((~outside).astype(np.uint8), np.ones((3, 3))).astype(bool)  # half a pixel of both
    assert np.ptp(video[:, :, outside], axis=1).max() <= 1
    assert np.ptp(video[:, :, ~outside], axis=1).max() > (5 if name != "flow_video" else 0.3)


def test_action_units_are_nearly_those_of_the_whole_frames() -> None:
    model = regressor.load()
    whole, tight = (regressor.regress(luma(face.crop[[ONSET, APEX]]), 0, model, (0,))[..., 2] for face in recording())
    change, tight_change = (values[1] - values[0] for values in (whole, tight))
    assert change[ACTION_UNITS.index("AU1")] > 0.5
    assert np.abs(tight_change - change).max() < 0.4
