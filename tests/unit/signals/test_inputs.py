"""Named inputs from small stage files against what went into them."""

from pathlib import Path

import cv2
import drawn
import numpy as np
import pytest

from microexpr.core import store
from microexpr.core.errors import DataError, ParamsError, StoreError
from microexpr.core.seeds import generator
from microexpr.signals import apex, inputs
from microexpr.signals.inputs import INPUTS, REGIONS, SOURCES, Source, load

FIRST, ONSET, APEX, OFFSET, FRAMES = 40, 42, 45, 48, 12
LENGTH = OFFSET - ONSET + 1
INSIDE = slice(ONSET - FIRST, OFFSET - FIRST + 1)
CLIPS = ["EP01", "EP02"]  # colour, grey
WHO = {"origin": "licensed", "dataset": "casme2", "subject": "sub01"}


def intensities() -> np.ndarray:
    """float32[T, 17, 3]: unit a is at a / 10 + t / 8 on the left, twice that on the right, the mean for both."""
    left = np.arange(17) / 10 + np.arange(FRAMES)[:, None] / 8
    return np.stack([left, 2 * left, 1.5 * left], axis=-1).astype(np.float32)


def changes() -> np.ndarray:
    """float32[T, 17, 3]: since the onset; unit a falls if it is odd."""
    sign = np.where(np.arange(17) % 2, -1, 1)[:, None]
    return sign * (intensities() - intensities()[ONSET - FIRST])


@pytest.fixture(scope="module")
def crops() -> dict[str, np.ndarray]:
    """A picture that changes slowly: frame 40 + t is brighter by t on the right, so that its time can be read."""
    rng = generator(0, "inputs")
    still = np.dstack([drawn.texture(rng, blur=4, deviation=25) - 18 for _ in range(3)])
    film = still + np.arange(FRAMES)[:, None, None, None] * np.where(np.arange(288) > 240, 4.0, 0)[None, :, None]
    colour = np.clip(film, 0, 255).astype(np.uint8)
    return {"EP01": colour, "EP02": colour[..., :1]}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, crops: dict[str, np.ndarray]) -> dict[str, Path]:
    frame = np.arange(FIRST, FIRST + FRAMES)
    contents = {
        "faces": {"frame": frame, "landmarks_crop": np.repeat(drawn.face()[None], FRAMES, axis=0)},
        "apex": {"onset": ONSET, "apex": APEX, "offset": OFFSET},
        "flow": {"onset_apex": np.arange(3 * 8 * 8).reshape(3, 8, 8)},
        "aus": {"frame": frame, "smoothed": intensities(), "relative": changes()},
    }
    paths = {stage: tmp_path_factory.mktemp("stages") / f"{stage}.h5" for stage in contents}
    for stage, arrays in contents.items():
        with store.create(paths[stage], stage, {}, **WHO) as file:
            for clip, crop in crops.items():
                file.group(clip).put_all(**arrays, **({"crop": crop} if stage == "faces" else {}))
    return paths


def luma(rgb: np.ndarray) -> np.ndarray:
    return rgb.astype(float) @ [0.299, 0.587, 0.114]


def one(files: dict[str, Path], name: str, shape: tuple[int, ...], clip: str = "EP01") -> np.ndarray:
    return load({name: shape}, files, [clip])[name][0]


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_has_its_shape_for_grey_and_colour(files: dict[str, Path], name: str) -> None:
    sizes = {"C": 3, "T": 9, "H": 32, "W": 24}
    shape = tuple(sizes[axis] if isinstance(axis, str) else axis for axis in INPUTS[name].axes)
    values = load({name: shape}, files, CLIPS)[name]
    floats = name.startswith(("flow", "au_")) or name == "face_mask"
    other = {"video_change": np.float16, "sequence_real": np.bool_}
    assert values.shape == (2, *shape)
    assert values.dtype == other.get(name, np.float32 if floats else np.uint8)
    assert np.array_equal(values, load({name: shape}, files, CLIPS)[name])
    if shape[0] == 3 and not name.startswith("flow"):
        assert np.array_equal(values[1, 0], values[1, 2])  # grey, three times
        assert not np.array_equal(values[0, 0], values[0, 2])


def test_video_is_the_clip_from_onset_to_offset_and_of_another_length_goes_through_its_frames(files, crops) -> None:
    video = load({"video": (1, LENGTH, 288, 288)}, files, CLIPS[::-1])["video"]
    assert np.array_equal(video[0, 0], crops["EP02"][INSIDE, ..., 0])
    assert np.abs(video[1, 0] - luma(crops["EP01"][INSIDE])).max() <= 1
    colour = one(files, "video", (3, LENGTH, 288, 288))
    assert np.array_equal(np.moveaxis(colour, 0, -1), crops["EP01"][INSIDE])
    original, double = (one(files, "video", (1, count, 24, 24)) for count in (LENGTH, 2 * LENGTH - 1))
    assert np.array_equal(double[:, ::2], original)
    between = double[:, 1::2, :, -3:].mean(axis=(0, 2, 3))
    ends = original[:, :, :, -3:].mean(axis=(0, 2, 3))
    assert np.all(between > ends[:-1]) and np.all(between < ends[1:])


def test_a_video_has_the_frames_at_equal_distances_in_time() -> None:
    number, positions = np.array([1, 2, 6, 11, 12, 13, 16, 21, 26, 31]), [0, 2, 3, 6, 7, 8, 9]
    crop = np.repeat(number, 288 * 288).reshape(len(number), 288, 288, 1).astype(np.uint8)
    apex = {"onset": number[0], "offset": number[-1]}
    faces = {"frame": number, "crop": crop, "in_video": np.isin(np.arange(len(number)), positions)}
    source = inputs.Source({"faces": faces, "apex": apex})
    video = inputs.INPUTS["video"].read(source, (1, len(positions), 4, 4))
    assert video[0, :, 0, 0].tolist() == number[positions].tolist()
    assert inputs.INPUTS["sequence_real"].read(source, (12,)).sum() == len(positions)


def test_events_are_single_frames_five_lie_around_the_apex_and_a_sequence_is_all_and_then_nothing(files, crops) -> None:
    frames = load({"onset": (1, 144, 144), "apex": (1, 144, 144)}, files, ["EP02"])
    for name, number in (("onset", ONSET), ("apex", APEX)):
        frame = crops["EP02"][number - FIRST, ..., 0].astype(float)
        means = frame.reshape(144, 2, 144, 2).mean(axis=(1, 3))
        assert np.abs(frames[name][0, 0] - means).max() <= 0.5
    around = one(files, "around_apex", (1, 5, 288, 288), "EP02")
    assert np.array_equal(around[0], crops["EP02"][APEX - 2 - FIRST : APEX + 3 - FIRST, ..., 0])
    sequence = one(files, "sequence_steady", (1, 10, 288, 288), "EP02")
    steady = one(files, "video_steady", (1, LENGTH, 288, 288), "EP02")
    assert np.array_equal(sequence[:, :LENGTH], steady) and not sequence[0, LENGTH:].any()
    assert np.array_equal(sequence[0, 0], crops["EP02"][ONSET - FIRST, ..., 0])
    assert one(files, "sequence_real", (10,)).tolist() == [True] * LENGTH + [False] * 3
    shape = (1, 4, 24, 24)
    short = load({"sequence_steady": shape, "video_steady": shape, "sequence_real": (4,)}, files, ["EP01"])
    assert np.array_equal(short["sequence_steady"], short["video_steady"]) and short["sequence_real"].all()


def test_regions_show_what_lies_in_their_boxes_and_the_mask_is_the_hull_of_the_landmarks(files, crops) -> None:
    """120 px between the outer eye corners: a region's pixel is 0.75 of the crop's."""
    middles = {
        "region_left_eye": (185, 73), "region_right_eye": (103, 73), "region_nose": (144, 113),
        "region_mouth": (144, 190),
    }  # fmt: skip
    first = crops["EP02"][ONSET - FIRST, ..., 0].astype(float)
    for name, (x, y) in middles.items():
        rows, columns, _ = REGIONS[name]
        patch = one(files, name, (1, 2, rows, columns), "EP02")[0, 0].astype(float)
        middle = patch[rows // 2 - 4 : rows // 2 + 4, columns // 2 - 4 : columns // 2 + 4].mean()
        assert middle == pytest.approx(first[y - 3 : y + 3, x - 3 : x + 3].mean(), abs=4), name
        tall, wide = (round(0.75 * side) for side in (rows, columns))
        box = first[y - tall // 2 : y + tall // 2, x - wide // 2 : x + wide // 2]
        assert patch.mean() == pytest.approx(box.mean(), abs=1.5) and patch.std() == pytest.approx(box.std(), rel=0.1)
    left, right = (one(files, f"region_{side}_cheek", (1, 1, 60, 60)) for side in ("left", "right"))
    assert not np.array_equal(left, right)
    mask = one(files, "face_mask", (1, 144, 144))[0]
    assert mask[30 + 5, 72] == mask[100, 72] == 1 and mask[5, 72] == mask[140, 140] == 0
    hull = cv2.contourArea(cv2.convexHull(drawn.face()))
    assert 4 * mask.sum() == pytest.approx(hull, rel=0.03)


def test_magnified_video_changes_more_steady_video_does_not_and_its_change_is_not_rounded(files) -> None:
    shape = (1, LENGTH, 48, 48)
    films = [one(files, name, shape).astype(float) for name in ("video", "video_magnified", "video_steady")]
    spread = [film[0, :, :, 42:].mean(axis=1).std(axis=0).mean() for film in films]
    assert spread[1] > 1.5 * spread[0] and spread[2] == pytest.approx(spread[0], rel=0.1)
    steady, change = (one(files, name, (1, 9, 24, 24)) for name in ("video_steady", "video_change"))
    differences = steady.astype(float) - steady[:, :1]
    assert np.abs(change - differences).max() <= 1.01  # two roundings of half a grey level each
    assert not change[:, 0].any() and (change % 1).any()


def test_the_heads_path_of_the_apex_file_is_what_is_held_still(crops: dict[str, np.ndarray]) -> None:
    frame, crop = np.arange(FIRST, FIRST + FRAMES), crops["EP02"]
    located = apex.Events({}, frame, ONSET, APEX, OFFSET, None)
    path = apex.head_path({"crop": crop}, located)
    assert path.shape == (FRAMES, 6) and np.isnan(np.delete(path, np.r_[INSIDE], 0)).all() and path[INSIDE].any()
    face, events = {"frame": frame, "crop": crop}, {"onset": np.array(ONSET), "offset": np.array(OFFSET)}
    computed, stored, other = (
        Source({"faces": face, "apex": events | head}).steady for head in ({}, {"head": path}, {"head": path + 5})
    )
    assert np.array_equal(stored, computed) and not np.array_equal(other, computed)


def test_flow_is_averaged_over_area_and_no_other_file_is_opened(files: dict[str, Path]) -> None:
    only = {stage: files[stage] for stage in SOURCES["flow"]}
    expected = np.arange(3 * 8 * 8).reshape(3, 4, 2, 4, 2).mean(axis=(2, 4))
    assert [*only] == ["flow"] and one(only, "flow", (3, 4, 4)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("au_intensities", np.clip(intensities()[INSIDE, :, 2], 0, 5)), ("au_changes", changes()[INSIDE, :, :2])],
)
def test_curves_of_action_units_are_the_files_at_the_frames_of_the_video(files, name, expected) -> None:
    original, double = (one(files, name, (count, *expected.shape[1:])) for count in (LENGTH, 2 * LENGTH - 1))
    np.testing.assert_allclose(original, expected, atol=1e-5)
    np.testing.assert_allclose(double[::2], original, atol=1e-5)
    assert np.all(double[1::2, 0] > original[:-1, 0]) and np.all(double[1::2, 0] < original[1:, 0])


def test_change_at_the_apex_is_that_of_its_frame(files: dict[str, Path]) -> None:
    every, apex = one(files, "au_changes", (LENGTH, 17, 2)), one(files, "au_change", (17, 2))
    np.testing.assert_allclose(apex, every[APEX - ONSET], atol=1e-5)
    aus = {"relative": np.full((1, 17, 3), 7.0), "frame": np.arange(1)}
    assert (inputs.au_change(inputs.Source({"aus": aus, "apex": {"apex": np.array(0)}}), (17, 2)) == 5).all()


def test_intensities_are_never_outside_of_0_to_5_and_changes_of_5_either_way() -> None:
    """TIM goes beyond steep steps: from 0 at once to 5, say."""
    steps = np.repeat([0.0, 0, 0, 5, 5, 5], 17 * 3).reshape(6, 17, 3).astype(np.float32)
    aus = {"smoothed": steps, "relative": 2 * steps - 5, "frame": np.arange(6)}
    source = inputs.Source({"aus": aus, "apex": {"onset": np.array(0), "offset": np.array(5)}})
    intensities = INPUTS["au_intensities"].read(source, (31, 17))
    assert intensities.min() == 0 and intensities.max() == 5
    changed = INPUTS["au_changes"].read(source, (31, 17, 2))
    assert changed.min() == -5 and changed.max() == 5


def moving_cheek() -> np.ndarray:
    """Five crops uint8[5, 288, 288, 1] of a patch that goes a pixel to the right with each, in a face that stays."""
    still, near = drawn.texture(generator(0, "inputs"), blur=3, deviation=30), drawn.bump(190, 190, width=24)
    film = [drawn.displaced(still, right=t * near) for t in range(5)]
    return np.clip(np.rint(film), 0, 255).astype(np.uint8)[..., None]


def test_flow_video_follows_a_cheek_away_from_where_it_was_at_first() -> None:
    crop = moving_cheek()
    groups = {"faces": {"crop": crop, "frame": np.arange(5)}, "apex": {"onset": np.array(0), "offset": np.array(4)}}
    moved = inputs.flow_video(inputs.Source(groups), (3, 4, 144, 144))
    np.testing.assert_allclose(moved[0, :, 95, 95], [1, 2, 3, 4], rtol=0.2)
    np.testing.assert_allclose(moved[:2, :, 20:60, 20:60], 0, atol=0.2)
    np.testing.assert_allclose(moved[1, :, 95, 95], 0, atol=0.2)
    assert (moved[2, :, 80:110, 60:130].max((1, 2)) > 5 * moved[2, :, 20:60, 20:60].max((1, 2))).all()


@pytest.mark.parametrize("size", [288, 144])
def test_flow_offset_follows_a_cheek_back_from_the_apex_in_pixels_of_the_whole_crop(size: int) -> None:
    """The crops of the population have half the rows and columns, and the same unit."""
    crop = np.stack([cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA) for frame in moving_cheek()[::-1]])
    events = {"onset": np.array(4), "apex": np.array(1), "offset": np.array(3)}
    groups = {"faces": {"crop": crop[..., None], "frame": np.arange(5)}, "apex": events}
    back = inputs.flow_offset(inputs.Source(groups), (3, 144, 144))
    assert back[0, 95, 95] == pytest.approx(-2, rel=0.2)
    np.testing.assert_allclose(back[:2, 20:60, 20:60], 0, atol=0.2)
    assert back[2, 80:110, 60:130].max() > 5 * back[2, 20:60, 20:60].max()


def test_what_cannot_be_is_named(files: dict[str, Path]) -> None:
    with pytest.raises(ParamsError, match=r"not onsett \(did you mean 'onset'\?\)"):
        load({"onsett": (1, 8, 8)}, files, CLIPS)
    with pytest.raises(ParamsError, match=r"input flow must have shape \(3, H, W\), not \(2, 8, 8\)"):
        load({"flow": (2, 8, 8)}, files, CLIPS)
    with pytest.raises(ParamsError, match=r"input apex must have shape \(C, H, W\), C 1 or 3, not \(2, 8, 8\)"):
        load({"apex": (2, 8, 8)}, files, CLIPS)
    with pytest.raises(DataError, match=r"clip must be one of EP01, EP02, not EP03 \(.*apex\.h5\)"):
        load({"onset": (1, 8, 8)}, files, ["EP03"])


def test_a_subjects_files_are_those_of_its_data_set_in_each_stage_or_its_one_of_the_population(tmp_path: Path) -> None:
    for folder in ("flow/casme2", "flow/population"):
        (tmp_path / folder).mkdir(parents=True)
    names = ("flow/casme2/s01.h5", "flow/casme2/s02.h5", "flow/population/s01.h5")
    for name in (*names, "flow/casme2/._s01.h5"):  # the last is a Mac's
        (tmp_path / name).touch()
    assert inputs.expand({"flow": [tmp_path / "flow"]}, "flow") == [tmp_path / name for name in names]
    files = {"apex": ["a/samm/s01.h5", "a/casme2/s01.h5"], "population": ["p/population/s02.h5"]}
    files["flow"] = [tmp_path / "flow"]
    subjects = [("population", "s02"), ("casme2", "s01")]
    assert inputs.subject_files(files, ["flow", "apex"], subjects) == {
        ("casme2", "s01"): {"apex": Path("a/casme2/s01.h5"), "flow": tmp_path / "flow/casme2/s01.h5"},
        ("population", "s02"): {"population": Path("p/population/s02.h5")},
    }
    pictured = inputs.subject_files(files, ["flow"], [("population", "s01")])
    assert pictured == {("population", "s01"): {"flow": tmp_path / "flow/population/s01.h5"}}
    with pytest.raises(StoreError, match=r"^results/apex/casme2/s02.h5 must be among the apex files$"):
        inputs.subject_files(files, ["flow", "apex"], [("casme2", "s02")])
