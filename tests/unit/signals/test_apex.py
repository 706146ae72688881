"""The spotted apex against a known one; events against the annotation."""

from dataclasses import replace

import drawn
import numpy as np
import pytest
from scipy.signal import find_peaks

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.seeds import generator
from microexpr.signals import apex

FRAMES, ONSET, APEX, OFFSET = 30, 3, 14, 26
MOUTH_CORNER, BROW = (104, 190), (76, 60)
CLIP = Clip("casme2", "sub01", "EP02_01f", "licensed", "-", 46, 75, 30, 49, None, 72, 200, "happiness", 1, 1, "12")


def landmarks() -> np.ndarray:
    return np.repeat(drawn.face()[None], FRAMES, axis=0)


def performance(moving: tuple[int, int]) -> np.ndarray:
    """uint8[T, 288, 288]: a texture of which the skin around one point is pulled up and let go, with some noise."""
    rng = generator(0, "apex")
    texture, blob = drawn.texture(rng, blur=4, deviation=30), drawn.bump(*moving, width=15)
    course = np.interp(np.arange(FRAMES), [ONSET, APEX, OFFSET], [0, 1, 0])
    frames = [drawn.displaced(texture, down=-3 * height * blob) for height in course**2 * (3 - 2 * course)]
    return np.clip(np.stack(frames) + rng.normal(0, 2, (FRAMES, 288, 288)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("moving", "flicker"), [(MOUTH_CORNER, 0), (BROW, 0), (MOUTH_CORNER, 0.03)])
def test_apex_of_a_bump_is_found_within_one_frame_under_any_lamp(moving: tuple[int, int], flicker: float) -> None:
    lamp = 1 + flicker * np.sin(np.arange(FRAMES))
    clip = np.clip(performance(moving) * lamp[:, None, None], 0, 255).astype(np.uint8)
    score = apex.region_scores(clip, landmarks(), ONSET, OFFSET, apex.Params())
    assert score.shape == (FRAMES,) and score.dtype == np.float32
    assert abs(apex.find_apex(score, ONSET, OFFSET, "regions") - APEX) <= 1


def test_score_of_a_still_clip_is_two_and_of_a_flash_falls_after_it() -> None:
    still = np.full((FRAMES, 288, 288), 90, np.uint8)
    assert apex.region_scores(still, landmarks(), ONSET, OFFSET, apex.Params()) == pytest.approx(2)
    rows, columns = next(iter(apex.region_boxes(landmarks()[0], 288, 36)))
    spot_of_light = still.copy()
    spot_of_light[10, rows, columns] += 8  # in one region of ten (and part of a second) of one frame
    score = apex.region_scores(spot_of_light, landmarks(), ONSET, OFFSET, apex.Params())
    assert score[10] == pytest.approx(2, abs=0.01)  # as far from onset and offset as from the frame before
    assert score[11] < 1.9  # back at rest, but far from the frame before


def test_regions_are_ten_and_inside_the_crop() -> None:
    boxes = apex.region_boxes(landmarks()[0], 288, 36)
    assert len(boxes) == len(set((rows.start, columns.start) for rows, columns in boxes)) == 10
    shifted = apex.region_boxes(landmarks()[0] + [150, 200], 288, 36)
    for rows, columns in boxes + shifted:
        assert rows.stop - rows.start == columns.stop - columns.start == 36
        assert min(rows.start, columns.start) >= 0 and max(rows.stop, columns.stop) <= 288


@pytest.fixture(scope="module")
def faces() -> dict[str, np.ndarray]:
    """Return the faces of `CLIP`: a mouth corner goes up and comes back."""
    crop = performance(MOUTH_CORNER)[..., None]
    return {"frame": np.arange(46, 76), "crop": crop, "landmarks_crop": landmarks()}


@pytest.mark.parametrize("spotter", ["flow", "regions"])
def test_events_keep_the_annotation_and_spot_what_it_lacks(spotter: str, faces: dict[str, np.ndarray]) -> None:
    params = apex.Params(spotter=spotter)
    spotted = apex.locate(CLIP, faces, params)
    assert spotted.methods == {"onset": "annotated", "apex": spotter, "offset": "annotated"}
    assert (spotted.onset, spotted.offset) == (49, 72)
    assert abs(spotted.apex - (46 + APEX)) <= 1
    annotated = apex.locate(replace(CLIP, apex=55), faces, params)
    assert (annotated.methods["apex"], annotated.apex) == ("annotated", 55)
    assert annotated.score is None and "score" not in annotated.arrays()
    events = {name: np.asarray(value) for name, value in annotated.arrays().items()}
    assert np.array_equal(apex.stored_score(faces, events, params), spotted.score)
    assert np.array_equal(apex.stored_score(faces, events | {"score": spotted.score + 1}, params), spotted.score + 1)
    with pytest.raises(DataError, match=r"offset must be one of the frames 46\.\.75, not 99 \(casme2/sub01/EP02_01f\)"):
        apex.locate(replace(CLIP, offset=99), faces, params)


def test_events_of_a_clip_without_any_are_spotted_and_no_annotated_apex_is_looked_for(faces, monkeypatch) -> None:
    events = apex.locate(replace(CLIP, onset=None, offset=None), faces, apex.Params())
    assert events.methods == dict.fromkeys(("onset", "apex", "offset"), "flow")
    assert events.onset < events.apex < events.offset
    assert abs(events.apex - (46 + APEX)) <= 1
    # the course is smooth and at 20 % a little way into rise and fall
    assert abs(events.onset - (46 + ONSET + 3)) <= 2 and abs(events.offset - (46 + OFFSET - 4)) <= 2
    monkeypatch.setattr("microexpr.signals.apex.find_apex", None)  # a call of it would fail
    events = apex.locate(replace(CLIP, onset=None, apex=55), faces, apex.Params())
    assert (events.methods["onset"], events.methods["apex"], events.apex) == ("flow", "annotated", 55)


def test_flow_score_is_how_far_regions_have_moved(faces: dict[str, np.ndarray]) -> None:
    """3 px at the top of a bump about one mouth corner: two of ten regions see some of it, the rest nothing."""
    score = apex.flow_scores(faces["crop"][..., 0], faces["landmarks_crop"], ONSET, apex.Params(smooth=0))
    assert score[ONSET] == 0 and score.shape == (FRAMES,) and score.dtype == np.float32
    assert 0.1 < score[APEX] < 0.6
    assert score[[0, 1, 2, 27, 28, 29]].max() < 0.2 * score[APEX]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ([0, 1, 0, 0, 0, 0, 5, 0], 6),  # the half with more
        ([3, 0, 3, 0, 0, 0, 5, 0], 0),  # two peaks together are more than a larger one; then the first of equals
        ([0, 4, 0, 3, 0, 0, 5, 0], 1),
        ([7, 6, 5, 4], 0),
        ([1, 2, 3, 4], 3),
        ([2, 2, 2], 0),
    ],
)
def test_halving_follows_the_sum_of_peaks(score: list[float], expected: int) -> None:
    assert apex.divide_and_conquer(np.array(score, float)) == expected


def test_peaks_are_those_of_scipy():
    """With levels of two and three frames, and at both ends."""
    rng = generator(0, "tests", "peaks")
    for length in range(1, 12):
        for score in rng.integers(0, 4, (50, length)).astype(float):
            expected, _ = find_peaks(np.pad(score, 1, mode="minimum"))
            assert apex.local_peaks(score).tolist() == (expected - 1).tolist()


def test_bounds_are_where_a_face_is_at_rest_again() -> None:
    """A rise from 1 to 11 in steps of 1, a fall to 6 in steps of 1: 20 % lie at 3 before and at 7 after."""
    score = np.array([1, 1, *range(2, 12), 10, 9, 8, 7, 6, 6], float)
    assert apex.find_bounds(score, 11, 0.2) == (3, 15)
    assert apex.find_bounds(np.ones(5), 2, 0.2) == (0, 4)  # nothing to see: all of the clip
    assert apex.find_bounds(np.arange(5.0), 4, 0.2) == (0, 4)  # a clip that ends at its apex


@pytest.mark.parametrize("spotter", ["flow", "regions"])
def test_apex_of_the_shortest_clips(spotter: str) -> None:
    assert [apex.find_apex(np.zeros(9), 4, offset, spotter) for offset in (4, 5, 6)] == [4, 5, 5]
