"""One person measured: true motion against a flow that is known by itself, and a whole person against the plan."""

import tempfile

import cv2
import numpy as np
import pytest

from facs_faces.motion import Motion
from microexpr.core import store
from microexpr.core.seeds import generator
from microexpr.rendering import plan
from microexpr.rendering.corpus import Scene, performer_of
from microexpr.reporting import signal_benchmark
from microexpr.reporting.signal_benchmark import person
from microexpr.signals import face_regions, faces, flow
from microexpr.signals.aus import ACTION_UNITS

STAGES = {name: {} for name in ("faces", "apex", "flow", "aus")}
SIZE = (320, 240)
MADE = plan.Params(max_frames=17, width=SIZE[0], height=SIZE[1])


def test_true_motion_is_what_a_flow_without_noise_finds_and_only_on_skin() -> None:
    """A texture that turns and grows a little, in a frame that the crop turns and enlarges."""
    noise = cv2.GaussianBlur(generator(0, "truth").normal(size=(480, 640)), (0, 0), 4)
    onset = np.clip(128 + 40 * noise / noise.std(), 0, 255).astype(np.uint8)
    moves = np.array([[1.004, -0.006, 1.0], [0.006, 1.004, -4.0]])  # of the frame's pixels
    apex = cv2.warpAffine(onset, moves, (640, 480), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    rows, columns = np.mgrid[:480, :640]
    places = np.dstack([columns, rows]).astype(np.float32)
    moved = places @ (moves[:, :2] - np.eye(2)).T.astype(np.float32) + moves[:, 2].astype(np.float32)
    turn = np.deg2rad(25)
    linear = 1.2 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.column_stack([linear, [143.5, 143.5] - linear @ [320, 240]])
    params = flow.Params(stabilise="none")
    estimate = flow.onset_apex(*(faces.align(frame, matrix)[..., 0] for frame in (onset, apex)), params)
    true, skin = person.on_crop(Motion(moved, np.ones((480, 640), bool)), matrix, estimate.shape[1])
    inner = (slice(None), slice(16, -16), slice(16, -16))
    assert skin.all() and np.hypot(*true).max() > 2.5
    assert np.abs(estimate[:2] - true)[inner].mean() < 0.05
    skin = np.zeros((288, 288), bool)
    skin[:, :144] = True
    identity = np.eye(2, 3)
    _, seen = person.on_crop(Motion(np.ones((288, 288, 2), np.float32), skin), identity, 128)
    assert seen[:, :63].all() and not seen[:, 64:].any()  # pixel 64 of 128 begins at 144 of 288


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The first clip of a small person, and where it was rendered."""
    folder = tmp_path_factory.mktemp("person")
    rows = signal_benchmark.plan_clips("samm", signal_benchmark.Params(subjects=1, clips=3), MADE, seed=1)[:1]
    return folder, rows[0], measured(folder / "a.h5", rows, folder)


def measured(path, rows, folder):
    seed, stages = signal_benchmark.root_seed(1), person.Stages.from_sections(STAGES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        person.write(rows, Scene("easy", *SIZE), seed, stages, path)
    return path


def test_a_person_is_read_about_as_it_is_and_its_flow_is_as_long_as_landmarks_go(written) -> None:
    _, planned, path = written
    with store.open_file(path, "measured") as file:
        assert file.attrs["difficulty"] == b"easy" and file.attrs["origin"] == b"generated"
        clip = {name: values[()] for name, values in file[planned.clip.name].items()}
    away = np.linalg.norm(clip["landmarks_found"] - clip["landmarks_true"], axis=-1)
    assert clip["detected"].all() and (away.mean() / face_regions.eye_distance(clip["landmarks_true"])).mean() < 0.06
    assert clip["apex_true"] == planned.apex and planned.clip.onset < clip["apex_flow"] < planned.clip.offset
    rendered = {unit[:-1] for unit in planned.weights}
    position = planned.apex - planned.clip.first
    change = dict(zip(ACTION_UNITS, clip["au_true"][position, :, 2] - clip["au_true"][0, :, 2], strict=True))
    assert all(change[unit] > 0.05 for unit in rendered & set(ACTION_UNITS))
    # Head motion taken out another way: each frame laid onto the crop by its own rigid points.
    landmarks, pixels, length = clip["landmarks_true"].astype(float), clip["flow_pixels"], clip["flow_length"]
    onset, top = (landmarks[number - planned.clip.first] for number in (planned.clip.onset, planned.apex))
    first, second = (points @ (m := faces.alignment(points[None]))[:, :2].T + m[:, 2] for points in (onset, top))
    distance = np.linalg.norm(second - first, axis=1)
    assert pixels.min() > 50
    by_landmarks = [distance[face_regions.LANDMARKS[name]].mean() for name in ("brows", "mouth")]
    by_skin = [(length / pixels)[face_regions.FLOW_REGIONS.index(name)] for name in ("brows", "mouth")]
    assert np.argmax(by_landmarks) == np.argmax(by_skin)
    assert max(by_skin) == pytest.approx(max(by_landmarks), rel=0.2)


def test_the_same_subject_is_the_same_bytes_in_no_corpus_and_one_more_changes_no_other(written) -> None:
    folder, planned, path = written
    second = measured(folder / "b.h5", [planned], folder)
    assert second.read_bytes() == path.read_bytes()
    assert sorted(left.name for left in folder.iterdir()) == ["a.h5", "b.h5"]
    two_three = [signal_benchmark.Params(subjects=number) for number in (2, 3)]
    two, three = (signal_benchmark.plan_clips("casme2", params, MADE, seed=1) for params in two_three)
    people = {planned.clip.subject for planned in two}
    assert {planned.clip.subject for planned in three} > people
    assert two == [planned for planned in three if planned.clip.subject in people]
    corpus_seeds = {performer_of(planned.clip, 1).face_seed for planned in plan.plan_clips("casme2", MADE, seed=1)}
    seeds = {performer_of(planned.clip, signal_benchmark.root_seed(1)).face_seed for planned in three}
    assert len(corpus_seeds) > 20 and not corpus_seeds & seeds
