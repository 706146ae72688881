"""DFME: a rate in each row, through planning, rendering, spotting and filtering; lists in several files."""

import csv
import shutil
from collections import Counter
from dataclasses import replace

import pytest
from broken import cell
from openpyxl import load_workbook
from small_corpora import read

from microexpr.core.errors import DataError
from microexpr.rendering import plan

BOOK = "DFME.xlsx"


def test_each_row_has_its_own_rate(corpus):
    root, planned = corpus("dfme")
    clips, notes = read(root)
    assert (clips, notes) == ([item.clip for item in planned], [])
    by_person = {clip.subject: {other.fps for other in clips if other.subject == clip.subject} for clip in clips}
    assert set(map(frozenset, by_person.values())) == {frozenset((200, 300, 500))}
    cell(BOOK, 1, "Fps", 200 + 100 * (planned[0].clip.fps == 200))(root)
    assert read(root)[0][0].fps != planned[0].clip.fps
    cell(BOOK, 1, "Fps", 20)(root)
    with pytest.raises(DataError, match=r"Fps must be one of 200, 300, 500, not 20 \(DFME.xlsx, row 2\)"):
        read(root)


def test_durations_are_seconds_at_any_rate():
    planned = plan.plan_clips("dfme", plan.Params(max_frames=200), seed=1)
    assert Counter(item.clip.fps for item in planned).keys() == {200, 300, 500}
    for fps, longest in ((200, 0.505), (300, 0.505), (500, 191 / 500)):
        seconds = [(item.offset - item.onset) / fps for item in planned if item.clip.fps == fps]
        assert 0.11 <= min(seconds) < 0.16 and longest - 0.02 < max(seconds) <= longest + 0.003
    short = plan.plan_clips("dfme", plan.Params(max_frames=17), seed=1)
    assert max(item.clip.frames for item in short) <= 17  # where 0.11 s are more than may be


def test_several_lists_and_csv(corpus):
    root, planned = corpus("dfme")
    page = load_workbook(root / BOOK).worksheets[0]
    header, *rows = page.iter_rows(values_only=True)
    (root / BOOK).unlink()
    for name, part in (("train", rows[:9]), ("test", rows[9:])):
        with (root / f"DFME_{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((header, *part))
    assert read(root) == ([item.clip for item in planned], [])
    (root / "DFME_test.csv").rename(root / "others.csv")
    assert len(read(root)[0]) == 9
    (root / "DFME_train.csv").rename(root / "other.csv")
    with pytest.raises(DataError, match=r"must hold the annotation \*DFME\*.xlsx or \*DFME\*.csv, found none"):
        read(root)


@pytest.mark.parametrize("folder", ["{subject}/{name}", "frames/{subject}/{name}", "DFME/{name}"])
def test_frames_elsewhere(corpus, folder):
    root, planned = corpus("dfme")
    (root / "DFME").rename(root / "elsewhere")
    moved = [replace(i.clip, folder=folder.format(subject=i.clip.subject, name=i.clip.name)) for i in planned]
    for clip in moved:
        (root / clip.folder).parent.mkdir(parents=True, exist_ok=True)
        (root / "elsewhere" / clip.subject / clip.name).rename(root / clip.folder)
    shutil.rmtree(root / "elsewhere")
    assert read(root) == (moved, [])
