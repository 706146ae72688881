"""Named inputs from small stage files against what went into them."""

from pathlib import Path

import numpy as np
import pytest

from microexpr import store
from microexpr.errors import DataError, ParamsError
from microexpr.inputs import SOURCES, load, resampled
from microexpr.seeds import generator

FIRST, ONSET, APEX, OFFSET, FRAMES = 40, 42, 45, 48, 12
CLIPS = ["EP01", "EP02"]
WHO = {"origin": "licensed", "dataset": "casme2", "subject": "sub01"}


@pytest.fixture(scope="module")
def crops() -> dict[str, np.ndarray]:
    """Colour for one clip, grey for the other."""
    rng = generator(0, "inputs")
    return {
        "EP01": rng.integers(0, 256, (FRAMES, 288, 288, 3), np.uint8),
        "EP02": rng.integers(0, 256, (FRAMES, 288, 288, 1), np.uint8),
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, crops: dict[str, np.ndarray]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("stages")
    paths = {stage: folder / f"{stage}.h5" for stage in ("faces", "apex", "flow")}
    frame = np.arange(FIRST, FIRST + FRAMES)
    with store.create(paths["faces"], "faces", {}, **WHO) as file:
        for clip, crop in crops.items():
            file.group(clip).put_all(frame=frame, crop=crop)
    with store.create(paths["apex"], "apex", {}, **WHO) as file:
        for clip in crops:
            file.group(clip).put_all(onset=ONSET, apex=APEX, offset=OFFSET)
    with store.create(paths["flow"], "flow", {}, **WHO) as file:
        for clip in crops:
            file.group(clip).put("onset_apex", np.arange(3 * 8 * 8).reshape(3, 8, 8))
    return paths


def luma(rgb: np.ndarray) -> np.ndarray:
    return rgb.astype(float) @ [0.299, 0.587, 0.114]


def test_video_of_its_own_length_and_size_is_the_clip_from_onset_to_offset(
    files: dict[str, Path], crops: dict[str, np.ndarray]
) -> None:
    shape = (1, OFFSET - ONSET + 1, 288, 288)
    video = load({"video": shape}, files, CLIPS)["video"]
    assert video.dtype == np.uint8 and video.shape == (2, *shape)
    inside = slice(ONSET - FIRST, OFFSET - FIRST + 1)
    assert np.array_equal(video[1, 0], crops["EP02"][inside, ..., 0])
    assert np.abs(video[0, 0] - luma(crops["EP01"][inside])).max() <= 1


def test_events_are_single_frames_reduced_by_area(files: dict[str, Path], crops: dict[str, np.ndarray]) -> None:
    found = load({"onset": (1, 144, 144), "apex": (1, 144, 144)}, files, ["EP02"])
    for name, number in (("onset", ONSET), ("apex", APEX)):
        frame = crops["EP02"][number - FIRST, ..., 0].astype(float)
        means = frame.reshape(144, 2, 144, 2).mean(axis=(1, 3))
        assert found[name].dtype == np.uint8
        assert np.abs(found[name][0, 0] - means).max() <= 0.5


def test_flow_is_averaged_over_area_and_clips_keep_their_order(files: dict[str, Path]) -> None:
    flow = load({"flow": (3, 4, 4)}, files, CLIPS[::-1])["flow"]
    expected = np.arange(3 * 8 * 8).reshape(3, 4, 2, 4, 2).mean(axis=(2, 4))
    assert flow.dtype == np.float32
    assert flow == pytest.approx(np.stack([expected, expected]))


def test_resampling_in_time_is_linear() -> None:
    line = np.linspace(3, 7, 9)[:, None]
    assert resampled(line, 9) == pytest.approx(line)
    assert resampled(line, 4)[:, 0] == pytest.approx(np.linspace(3, 7, 4))
    assert resampled(line[:1], 3)[:, 0].tolist() == [3, 3, 3]
    assert resampled(line, 1)[:, 0].tolist() == [3]


def test_only_the_files_of_the_asked_inputs_are_opened(files: dict[str, Path]) -> None:
    only = {"flow": files["flow"]}
    assert set(SOURCES["flow"]) == set(only)
    assert load({"flow": (3, 2, 2)}, only, ["EP01"])["flow"].shape == (1, 3, 2, 2)


def test_what_cannot_be_is_named(files: dict[str, Path]) -> None:
    with pytest.raises(ParamsError, match=r"not onsett \(did you mean 'onset'\?\)"):
        load({"onsett": (1, 8, 8)}, files, CLIPS)
    with pytest.raises(ParamsError, match=r"input flow must have shape \(3, H, W\), not \(2, 8, 8\)"):
        load({"flow": (2, 8, 8)}, files, CLIPS)
    with pytest.raises(DataError, match=r"clip must be one of EP01, EP02, not EP03 \(.*apex\.h5\)"):
        load({"onset": (1, 8, 8)}, files, ["EP03"])
