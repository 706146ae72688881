"""A rendered face whose frames are cropped tight, against the same face in whole frames."""

from functools import cache

import cv2
import numpy as np
import pytest

from microexpr.core.arrays import generator, luma
from microexpr.rendering import camera
from microexpr.rendering.corpus import render_frames
from microexpr.rendering.face import Face
from microexpr.rendering.performance import Difficulty, Performer, perform
from microexpr.signals import apex, faces, flow, frame_edges, inputs
from microexpr.signals.aus import ACTION_UNITS, regressor

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


def test_only_crops_that_reach_beyond_the_frame_say_so_and_nothing_moves_there() -> None:
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


@pytest.mark.parametrize("algorithm", ["tvl1", "farneback"])
def test_flow_is_that_of_the_whole_frames_and_0_outside(algorithm: str) -> None:
    whole, tight = recording()
    params = flow.Params(algorithm=algorithm)
    true = flow.clip_flow(luma(whole.crop), ONSET, APEX, params)
    measured = flow.clip_flow(luma(tight.crop), ONSET, APEX, params, tight.in_frame)
    outside = ~frame_edges.shrink(tight.in_frame, measured.shape[1:])
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
    outside = ~frame_edges.shrink(recording()[1].in_frame, (96, 96))
    outside &= ~cv2.dilate((~outside).astype(np.uint8), np.ones((3, 3))).astype(bool)  # half a pixel of both
    assert np.ptp(video[:, :, outside], axis=1).max() <= 1
    assert np.ptp(video[:, :, ~outside], axis=1).max() > (5 if name != "flow_video" else 0.3)


def test_the_mask_of_a_face_ends_with_the_frame() -> None:
    tight = recording()[1]
    (mask,) = inputs.derive({"face_mask": (1, 96, 96)}, groups(tight))["face_mask"][0]
    visible = cv2.resize(tight.in_frame.astype(np.float32), (96, 96), interpolation=cv2.INTER_AREA)
    assert mask.max() == 1 and mask[visible == 0].max() == 0


def test_action_units_are_nearly_those_of_the_whole_frames() -> None:
    model = regressor.load()
    whole, tight = (regressor.regress(luma(face.crop[[ONSET, APEX]]), 0, model, (0,))[..., 2] for face in recording())
    change, tight_change = (values[1] - values[0] for values in (whole, tight))
    assert change[ACTION_UNITS.index("AU1")] > 0.5
    assert np.abs(tight_change - change).max() < 0.4
