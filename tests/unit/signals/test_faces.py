"""Landmarks, alignment and pose against known places and movements, and which way up a face is."""

import sys
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from scipy.signal import savgol_filter
from skimage.data import astronaut

from facs_faces.face import Face
from facs_faces.scene import rotation
from microexpr.core.errors import DataError, ParamsError
from microexpr.core.seeds import generator
from microexpr.signals.faces import CROP, Faceless, Params, align, alignment, detection, pose, smooth, track, tracking
from microexpr.signals.faces.alignment import RIGID, TEMPLATE, similarity, warp
from microexpr.signals.faces.detection import PREDICTORS
from microexpr.signals.faces.pose import FOCAL, HEAD, POSE_POINTS, correct_yaw
from microexpr.signals.landmarks import Box

PHOTOGRAPH = astronaut()[:320, :420]
GREY = cv2.cvtColor(PHOTOGRAPH, cv2.COLOR_RGB2GRAY)
EMPTY = np.full_like(PHOTOGRAPH, 90)


def shifted(frame: np.ndarray, right: float, down: float) -> np.ndarray:
    matrix = np.array([[1, 0, right], [0, 1, down]], float)
    return cv2.warpAffine(frame, matrix, frame.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def sampled(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """float[68, ...]: pixels at points, interpolated."""
    return cv2.remap(picture, points.astype(np.float32)[None], None, cv2.INTER_LINEAR)[0].astype(float)


def outer_eye_distance(landmarks: np.ndarray) -> float:
    return float(np.linalg.norm(landmarks[..., 45, :] - landmarks[..., 36, :], axis=-1).mean())


def test_crop_holds_the_face_where_its_landmarks_say_in_colour_and_in_grey() -> None:
    coloured, face = (track(lambda frame=frame: [frame] * 3, Params(), "astronaut") for frame in (PHOTOGRAPH, GREY))
    assert coloured.crop.shape == (3, CROP, CROP, 3) and face.crop.shape == (3, CROP, CROP, 1)
    assert face.landmarks == pytest.approx(coloured.landmarks, abs=0.5)
    assert face.landmarks_crop[0, RIGID, :] == pytest.approx(TEMPLATE, abs=6)
    assert face.landmarks_crop.min() >= 0 and face.landmarks_crop.max() <= CROP - 1
    in_crop = sampled(face.crop[0], face.landmarks_crop[0])
    assert np.abs(in_crop - sampled(GREY, face.landmarks[0])).mean() < 2
    assert np.abs(in_crop - sampled(GREY, face.landmarks[0] + [1, 1])).mean() > 5  # a pixel beside it


def test_a_lost_face_is_looked_for_again_gaps_are_interpolated_and_too_many_are_an_error() -> None:
    frames = [PHOTOGRAPH, shifted(PHOTOGRAPH, 2, 0), EMPTY, shifted(PHOTOGRAPH, 40, 0), shifted(PHOTOGRAPH, 42, 0)]
    face = track(lambda: frames, Params(min_detected=0.8), "astronaut")
    assert face.detected.tolist() == [True, True, False, True, True]
    between = (face.landmarks[1] + face.landmarks[3]) / 2
    assert face.landmarks[2] == pytest.approx(between, abs=1e-3)
    assert (face.landmarks[3] - face.landmarks[0])[17:].mean(axis=0) == pytest.approx([40, 0], abs=1)
    with pytest.raises(Faceless, match=r"at least 90% of the frames, not in 1 of 3 \(casme2/sub01/EP02\)") as error:
        track(lambda: [EMPTY, PHOTOGRAPH, EMPTY], Params(), "casme2/sub01/EP02")
    assert error.value.detected.tolist() == [False, True, False]


def beside(size: float) -> np.ndarray:
    """The photograph with a smaller one to its right, which begins with a wide border."""
    small = cv2.resize(PHOTOGRAPH, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    padded = np.full((PHOTOGRAPH.shape[0], small.shape[1], 3), 90, np.uint8)
    padded[: small.shape[0]] = small
    return np.hstack([PHOTOGRAPH, padded])


def test_of_two_faces_the_largest_is_taken_and_the_other_counted() -> None:
    both = beside(0.8)
    for frames in ([both] * 4, [both[:, ::-1]] * 4):
        face = track(lambda frames=frames: frames, Params(), "two")
        assert face.other_faces == 1
        side = face.landmarks[0, 17:, 0].mean() < both.shape[1] / 2
        assert side == (frames[0] is both)
    assert track(lambda: [PHOTOGRAPH] * 2, Params(), "one").other_faces == 0


def test_a_larger_face_that_comes_later_is_taken_if_it_stays() -> None:
    """The detector looks again at every third frame; the larger one is there in seven frames of ten."""
    small, both = beside(0.6), beside(0.6)
    small[:, : PHOTOGRAPH.shape[1]] = 90
    face = track(lambda: [small] * 3 + [both] * 7, Params(detect_every=3, min_detected=0.7), "late")
    assert face.landmarks[9, 17:, 0].mean() < PHOTOGRAPH.shape[1]
    assert face.detected.tolist() == [False] * 3 + [True] * 7 and face.other_faces == 1
    stays = track(lambda: [small] * 9 + [both], Params(detect_every=3), "late")
    assert stays.landmarks[5, 17:, 0].mean() > PHOTOGRAPH.shape[1]


def test_the_library_alone_has_no_regression_trees_and_says_what_adds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    detection.predictor.cache_clear()
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    with pytest.raises(ParamsError, match=r"faces.predictor dlib: .*pip install 'microexpr\[workflow\]'"):
        detection.predictor()


def test_a_refined_box_no_longer_depends_on_where_the_detector_put_it() -> None:
    (box,) = detection.detect(PHOTOGRAPH, 0)
    landmarks = []
    for right, larger in ((0, 1), (0.08, 1), (-0.08, 1.1), (0, 0.9)):
        moved = Box(box.centre + [right * box.side, 0], box.side * larger)
        landmarks.append(PREDICTORS["network"].refine(GREY, moved))
    away = np.linalg.norm(np.array(landmarks) - np.mean(landmarks, axis=0), axis=-1)[:, 17:]
    assert away.mean() < 0.005 * outer_eye_distance(landmarks[0])


@pytest.mark.parametrize("side", [90.0, 127.99, 128.0, 200.3])
def test_boxes_of_the_lattice_surround_a_box_and_do_not_move_with_it(side: float) -> None:
    box = Box(np.array([101.7, 80.2]), side)
    corners, weights = detection.lattice(box)
    assert weights.min() > 0 and weights.sum() == pytest.approx(1)
    assert weights @ corners == pytest.approx([*box.centre, box.side], abs=side / 16)
    assert np.ptp(corners, axis=0).max() <= side / 8
    others, changed = detection.lattice(Box(box.centre + 1e-6, side + 1e-6))
    assert (others == corners).all() and changed == pytest.approx(weights, abs=1e-5)


def test_noise_of_one_grey_level_hardly_moves_landmarks() -> None:
    """Predictions in the refined box itself, without the lattice, move further."""
    frames = [shifted(PHOTOGRAPH, 0.1 * step, 0) for step in range(12)]
    before = track(lambda: frames, Params(), "astronaut", fps=100)
    rng = generator(0, "tests", "one grey level")
    noisy = [frame ^ (rng.random((*frame.shape[:2], 1)) < 0.00056).astype(np.uint8) for frame in frames]
    after = track(lambda: noisy, Params(), "astronaut", fps=100)
    assert np.linalg.norm(after.landmarks - before.landmarks, axis=-1).max() < 0.3


def test_points_that_tracking_loses_move_with_the_rest_of_the_face() -> None:
    (box,) = detection.detect(PHOTOGRAPH, 0)
    reference = tracking.Reference.of(0, GREY, PREDICTORS["network"].refine(GREY, box))
    moved = warp(shifted(GREY, 3, 1), reference.matrix, detection.PATCH_SIZE)
    clear, lost = reference.track(moved.copy())
    assert lost.max() < 0.1
    assert clear == pytest.approx(reference.start + reference.matrix[0, 0] * np.array([3, 1]), abs=0.3)
    x, y = reference.start[36:42].mean(axis=0).astype(int) + 4  # an eye
    moved[y - 30 : y + 30, x - 30 : x + 30] = generator(0, "tests", "eye").integers(0, 255, (60, 60))
    hidden, lost = reference.track(moved)
    assert lost[36:42].min() > 0.9 and lost[48:].max() < 0.1
    assert hidden == pytest.approx(clear, abs=0.5)


def test_movement_of_half_a_pixel_is_followed_and_not_smoothed_away() -> None:
    """A face that goes 0.6 px to the right within 0.07 s and back, seen through noise."""
    rng = generator(0, "tests", "faces")
    way = 0.6 * np.sin(np.linspace(0, np.pi, 30)) ** 2
    clear = [shifted(PHOTOGRAPH, step, 0) for step in way]
    frames = [np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8) for frame in clear]
    courses = {}
    for name, params in {"raw": Params(smooth=0), "all": Params()}.items():
        points = track(lambda: frames, params, "astronaut", fps=200).landmarks[:, 17:, 0]
        courses[name] = points - points.mean(axis=0)
    noise = {name: (course - (way - way.mean())[:, None]).std() for name, course in courses.items()}
    assert noise["all"] < 1.001 * noise["raw"] < 0.05  # pixels
    whole = courses["all"].mean(axis=1)
    assert np.polyfit(way, whole, 1)[0] == pytest.approx(1, abs=0.1)


def test_a_face_that_crosses_the_frame_is_followed_over_many_references_and_not_by_the_crop() -> None:
    """6 px a frame and 1 % larger each time: what one frame looked like does not serve for long."""
    frames = []
    for step in range(24):
        matrix = np.array([[1.01**step, 0, 6 * step - 60], [0, 1.01**step, 0]])
        frames.append(cv2.warpAffine(PHOTOGRAPH, matrix, (520, 320), flags=cv2.INTER_CUBIC))
    face = track(lambda: frames, Params(), "crossing", fps=200)
    assert face.detected.all() and np.isfinite(face.landmarks).all()
    in_crop, in_frame = (points[:, 45] - points[:, 36] for points in (face.landmarks_crop, face.landmarks))
    assert np.ptp(np.linalg.norm(in_crop, axis=1) / np.linalg.norm(in_frame, axis=1)) < 1e-3  # one scale for the clip
    start = face.landmarks[0].astype(float)
    for step in (5, 11, 17, 23):
        position = (start - [-60, 0]) * 1.01**step + [6 * step - 60, 0]
        assert np.linalg.norm(face.landmarks[step] - position, axis=1)[17:].mean() < 0.02 * outer_eye_distance(position)


def test_smoothing_is_that_of_savitzky_and_golay_at_the_ends_too() -> None:
    noise = generator(0, "tests", "noise").normal(size=(20, 68, 2))
    assert smooth(noise, 1) is noise
    assert smooth(noise, 3) == pytest.approx(savgol_filter(noise, 7, 2, axis=0))


def test_boxes_are_those_of_the_package_face_recognition() -> None:
    import face_recognition

    for picture in map(np.ascontiguousarray, (PHOTOGRAPH, PHOTOGRAPH[88:300])):  # the second cuts through the face
        ((top, right, bottom, left),) = face_recognition.face_locations(picture, 0)
        (box,) = detection.detect(picture, 0)
        assert box.centre.tolist() == [(left + right) / 2, (top + bottom) / 2] and box.side == right - left


def test_the_detector_never_gets_a_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """dlib copies a view and reads the copy after it is freed: the same face would be found or not, by chance."""
    seen = []
    monkeypatch.setattr(detection, "detector", lambda: lambda frame, _: seen.append(frame.flags) or [])
    with pytest.raises(DataError):
        track(lambda: [PHOTOGRAPH], Params(), "astronaut")
    assert not PHOTOGRAPH.flags.c_contiguous and all(flags.c_contiguous for flags in seen)


def test_frames_are_not_held() -> None:
    held = 0

    class Frame(np.ndarray):
        def __del__(self) -> None:
            nonlocal held
            held -= 1

    def frames() -> Iterator[np.ndarray]:
        nonlocal held
        for _ in range(8):
            held += 1
            assert held <= 3  # the one being read, the one before, the last of the first reading
            yield PHOTOGRAPH.copy().view(Frame)

    assert len(track(frames, Params(), "astronaut").crop) == 8


@pytest.mark.parametrize("scale", [0.2, 0.6, 1.7])
def test_alignment_is_the_similarity_that_was_applied_and_a_point_without_weight_does_not_bend_it(scale) -> None:
    angle = np.deg2rad(8)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    landmarks = np.zeros((5, 68, 2))
    landmarks[:, RIGID] = TEMPLATE @ turn.T + [300, 200]
    landmarks[0] += 100  # one frame in five does not move a median
    matrix = alignment(landmarks)
    assert landmarks[1, RIGID] @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(TEMPLATE, abs=1e-6)
    matrix = np.array([[1.1, -0.2, 5], [0.2, 1.1, -3]])
    target = TEMPLATE @ matrix[:, :2].T + matrix[:, 2]
    target[2] += 50
    assert similarity(TEMPLATE, target, np.array([1, 2, 0, 1, 0.5])) == pytest.approx(matrix)


@pytest.mark.parametrize("scale", [0.2, 0.45, 0.8])
def test_crops_of_large_frames_are_reduced_in_place(scale: float) -> None:
    """A linear ramp stays one under any reduction, so its value gives the place that each pixel was taken from."""
    x = np.arange(1600, dtype=float)
    ramp = np.broadcast_to((x / 8).astype(np.uint8), (1500, 1600))
    crop = align(ramp, np.array([[scale, 0, -20.0], [0, scale, -10.0]]))[..., 0].astype(float)
    source = (np.arange(CROP) + 20) / scale
    assert np.abs(crop[100] - (source - 3.5) / 8).max() <= 1.01


@pytest.mark.parametrize("angles", [(0, 0, 0), (12, 0, 0), (0, -9, 0), (0, 0, 7), (-8, 6, -5)])
def test_pose_is_that_of_the_projected_head(angles: tuple[float, float, float]) -> None:
    flip = np.diag([1, -1, -1])  # the head's axes here are right, down, away; the generator's right, up, near
    points = HEAD @ flip @ rotation(*angles).T @ flip + [20, 10, 900]
    landmarks = np.zeros((68, 2))
    landmarks[list(POSE_POINTS)] = FOCAL * 640 * points[:, :2] / points[:, 2:] + [319.5, 239.5]
    assert pose(landmarks, (480, 640)) == pytest.approx(angles, abs=0.01)


def test_turned_heads_are_not_measured_too_small() -> None:
    turns, read = [(-30, 0, 0), (-15, 0, 0), (15, 0, 0), (30, 0, 0), (0, -10, 0), (0, 10, 0)], []
    for face in map(Face, range(4)):
        displayed = [face.render({}, pose=turn).landmarks for turn in turns]
        read.append([correct_yaw(pose(points, (480, 640))) for points in displayed])
    assert np.mean(read, axis=0)[:, [0, 2]] == pytest.approx(np.array(turns)[:, [0, 2]], abs=2.5)
    pitch = np.array(read)[..., 1]
    assert pitch[:, 4:] - pitch[:, :1] == pytest.approx(np.tile([-10, 10], (4, 1)), abs=2.5)


def test_a_rendered_face_is_found_near_its_true_landmarks_and_turns() -> None:
    face = Face(7)
    seen = [face.render({}, pose=(yaw, 0, 0), size=(640, 480)) for yaw in (0, 4, 8)]
    tracked = track(lambda: [picture.image for picture in seen], Params(), "rendered")
    truth = np.stack([picture.landmarks for picture in seen])
    error = np.linalg.norm(tracked.landmarks - truth, axis=2).mean() / outer_eye_distance(truth)
    assert error < 0.06
    assert np.diff(tracked.pose[:, 0]) == pytest.approx([4, 4], abs=2)


FACE = astronaut()[:240, 110:350]  # Eileen Collins, by NASA


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_face_is_turned_back_and_one_upright_face_that_is_certain_is_enough(quarters):
    turned = np.rot90(FACE, quarters)
    best = detection.best_turn([turned, turned[..., 1]])
    assert np.array_equal(np.rot90(turned, best), FACE)
    images = iter([FACE] * 3)
    assert detection.best_turn(images) == 0 and len([*images]) == 2
    noise = np.random.default_rng(0).integers(0, 256, FACE.shape, np.uint8)
    assert detection.best_turn([np.rot90(FACE), noise, np.rot90(FACE)]) == 3
    assert detection.best_turn([noise, noise]) == 0 == detection.best_turn([])
