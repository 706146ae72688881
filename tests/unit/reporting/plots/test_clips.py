"""A journey gathers the results of one clip from stage files made by hand. `results` serves test_plots too."""

from dataclasses import replace

import pytest
from made_run import SIDE, gathered, results

from microexpr.core.errors import DataError


def test_every_stage_is_read_at_the_clips_own_frames_and_faces_are_the_held_out_ones(tmp_path):
    first, second = results(tmp_path)
    walked = gathered(tmp_path, second)
    assert walked.events == {"onset": 5, "apex": 20, "offset": 40}
    assert {event: int(crop[0, 0]) for event, crop in walked.crops.items()} == walked.events
    assert {event: int(points[67, 1]) for event, points in walked.landmarks.items()} == walked.events
    assert walked.crops["apex"].shape == (SIDE, SIDE)
    assert (walked.flow == 1).all() and walked.apex_by == "annotated"
    assert walked.relative[19, walked.action_units.index("AU12"), 0] == 2
    for target, expected in ((first, [0, 1, 2]), (second, [10, 11, 12])):
        faces = gathered(tmp_path, target).synthetic
        assert list(faces) == ["negative", "positive", "surprise"]
        assert [int(pair[1, 0, 0, 0]) for pair in faces.values()] == expected
    (tmp_path / "results/train/icegan/megc2019/faces/1of1.h5").unlink()
    assert gathered(tmp_path, first).synthetic == {}


def test_files_of_another_origin_or_without_the_clip_are_refused(tmp_path):
    target, _ = results(tmp_path / "generated")
    results(tmp_path / "licensed", "licensed")
    (tmp_path / "licensed/results/faces/casme2/sub01.h5").replace(tmp_path / "generated/results/faces/casme2/sub01.h5")
    with pytest.raises(DataError, match=r"must all be generated, not \['generated', 'licensed'\] \(casme2/sub01/a\)"):
        gathered(tmp_path / "generated", target)
    with pytest.raises(DataError, match=r"clip must be one of a, b, not c \(.*sub01.h5\)"):
        gathered(tmp_path / "generated", replace(target, name="c"))
