"""DFME: a rate in each row, through planning, rendering, spotting and filtering; lists in several files."""

import csv
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from broken import cell
from openpyxl import load_workbook

from microexpr import datasets
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.datasets.counting import compare_counts, count_clips
from microexpr.rendering import corpus as rendering
from microexpr.rendering import plan
from microexpr.rendering.display import ACTION_UNITS
from microexpr.signals.aus import filters

BOOK = "DFME.xlsx"


def read(root):
    return datasets.layout("dfme").read(root, "generated", None)


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


def test_published_numbers_and_the_whole_database():
    about = datasets.layout("dfme")
    clips = [item.clip for item in plan.plan_clips("dfme", plan.Params(max_frames=40), seed=1)]
    assert compare_counts(count_clips(clips), about.published) == ""
    whole = replace(count_clips(clips), clips=7526, subjects=671)
    assert (
        compare_counts(whole, about.published) != "" and compare_counts(whole, about.published, *about.releases) == ""
    )


def test_one_person_at_three_rates_is_rendered_as_told(tmp_path):
    params = plan.Params(max_frames=40, dfme=plan.Corpus(subjects=1, clips=3))
    planned = plan.plan_clips("dfme", params, seed=5)
    assert {item.clip.fps for item in planned} == {200, 300, 500}
    rendering.write_person(planned, rendering.Scene("easy", 320, 240), 5, tmp_path, tmp_path / "truth.h5")
    with store.open_file(tmp_path / "truth.h5", "truth") as file:
        for item in planned:
            unit = max(item.weights, key=lambda name: item.weights[name])
            curve = file[item.clip.name]["au_intensity"][:, ACTION_UNITS.index(unit[:-1]), "LR".index(unit[-1])]
            assert len(curve) == item.clip.frames
            assert item.clip.first + int(np.argmax(curve)) == pytest.approx(item.apex, abs=2)
            assert [int(file[item.clip.name][event][()]) for event in ("onset", "apex", "offset")] == [
                item.onset, item.apex, item.offset,
            ]  # fmt: skip


def test_a_filter_spans_the_same_time_at_any_rate():
    """The half window is seconds: a unit that jumps is smeared over so many frames more at a higher rate."""
    smeared = []
    for fps in (200, 300, 500):
        step = np.repeat([0.0, 1.0], 50)[:, None]
        smooth = filters.smooth(step, fps, 0.02)[:, 0]
        smeared.append(int(((smooth > 0) & (smooth < 1)).sum()))
    assert smeared[0] < smeared[1] < smeared[2]


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


@pytest.mark.parametrize("where", ["", "frames", "flat"])
def test_frames_elsewhere(corpus, where):
    root, planned = corpus("dfme")
    if where == "flat":
        for item in planned:
            (root / item.clip.folder).rename(root / "DFME" / item.clip.name)
        for subject in {item.clip.subject for item in planned}:
            (root / "DFME" / subject).rmdir()
    elif where:
        (root / "DFME").rename(root / where)
    else:
        for path in sorted((root / "DFME").iterdir()):
            path.rename(root / path.name)
        (root / "DFME").rmdir()
    clips, notes = read(root)
    assert notes == []
    assert [replace(clip, folder="") for clip in clips] == [replace(item.clip, folder="") for item in planned]


def test_a_folder_without_a_row_is_noted(corpus):
    root, planned = corpus("dfme")
    shutil.copytree(root / planned[0].clip.folder, root / "DFME/sub001/sub001_99")
    (note,) = read(root)[1]
    assert "sub001_99: has no row" in note


def test_an_index_keeps_the_rates(corpus):
    clips, _ = read(corpus("dfme")[0])
    rows = [{name: "" if value is None else str(value) for name, value in clip.row().items()} for clip in clips]
    assert [Clip.from_row(row).fps for row in rows] == [clip.fps for clip in clips]
