"""The contact sheet's entries, from stage files made by hand whose crops are as grey as their frame's number."""

import numpy as np
import pytest
from journey_results import results

from microexpr.core.errors import DataError
from microexpr.reporting.plots import sheet


def test_each_person_has_the_clip_in_the_middle_and_the_change_since_its_onset(tmp_path):
    clips = results(tmp_path)  # the flow of clip a is 0 everywhere, that of clip b is longer
    (entry,) = sheet.entries(clips, tmp_path / "results")
    assert entry.clip == clips[1]
    assert (entry.apex == entry.clip.apex).all()
    expected = 128 + sheet.MAGNIFIED * (entry.clip.apex - entry.clip.onset)
    assert np.abs(entry.change.astype(int) - min(expected, 255)).max() <= 8  # at the ends there are fewer frames around


def test_no_clips_and_licensed_faces_are_refused(tmp_path):
    with pytest.raises(DataError, match="at least one clip, not none"):
        sheet.entries([], tmp_path)
    entries = sheet.entries(results(tmp_path, origin="licensed"), tmp_path / "results")
    with pytest.raises(DataError, match="--show-licensed-faces"):
        sheet.write(entries, tmp_path / "sheet.png")
    sheet.write(entries, tmp_path / "sheet.png", show_licensed_faces=True)
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
