"""Loaders against the generator's plan, and against each quirk that the data sets are known for."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from openpyxl import load_workbook

from microexpr import datasets
from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError
from microexpr.datasets.check import check
from microexpr.datasets.frames import example_name, numbered_frames
from microexpr.rendering.layouts import NATIVES

NAMES = sorted(NATIVES)


def read(dataset, root):
    return datasets.layout(dataset).read(root, "generated", None)


def edit(book: Path, cell_of, value, sheet=None) -> None:
    """Sets one cell of a workbook, by (row, column name)."""
    workbook = load_workbook(book)
    page = workbook[sheet] if sheet else workbook.worksheets[0]
    row, column = cell_of
    header = next(r for r in page.iter_rows() if any(c.value == "Subject" for c in r))
    page.cell(header[0].row + row, next(c.column for c in header if c.value == column)).value = value
    workbook.save(book)


@pytest.mark.parametrize("dataset", NAMES)
def test_reads_what_was_planned(corpus, dataset):
    root, planned = corpus(dataset)
    clips, notes = read(dataset, root)
    assert datasets.layout(dataset).name == NATIVES[dataset].dataset == dataset
    assert clips == [item.clip for item in planned]
    assert notes == []
    assert {clip.label for clip in clips} >= set(range(len(LABELS)))


@pytest.mark.parametrize("dataset", [name for name in NAMES if datasets.layout(name).frame])
def test_the_name_of_a_frame_in_a_message_is_one(dataset):
    pattern = datasets.layout(dataset).frame
    assert pattern.fullmatch(example_name(pattern))
    assert not set(example_name(pattern)) & set("\\()[]{}?*+|")


@pytest.mark.parametrize("dataset", NAMES)
def test_row_round_trip(corpus, dataset):
    clips, _ = read(dataset, corpus(dataset)[0])
    for clip in clips:
        assert Clip.from_row(clip.row()) == clip
        assert Clip.from_row({k: "" if v is None else str(v) for k, v in clip.row().items()}) == clip


@pytest.mark.parametrize("dataset", NAMES)
def test_frames_in_order_of_number(corpus, dataset):
    _, planned = corpus(dataset)
    for item in planned[:3]:
        frames = datasets.frames(item.clip)
        assert [number for number, _ in frames] == list(range(item.clip.first, item.clip.last + 1))
        assert all(path.is_file() for _, path in frames)


def test_frame_ten_follows_nine(tmp_path):
    for number in (9, 10, 11, 100):
        (tmp_path / f"img{number}.jpg").touch()
    (tmp_path / "Desktop - Shortcut.lnk").touch()
    assert sorted(numbered_frames(tmp_path, datasets.LAYOUTS["casme2"].frame)) == [9, 10, 11, 100]


def test_casme2_membership_of_megc2019(corpus):
    """Fear and sadness drop out, and so does a clip without an apex after its onset."""
    root, planned = corpus("casme2")
    book = root / "CASME2-coding-20140508.xlsx"
    happy = [n for n, item in enumerate(planned, 1) if item.clip.emotion == "happiness"]
    edit(book, (happy[0], "Estimated Emotion"), "sadness")
    edit(book, (happy[1], "ApexFrame"), "/")
    edit(book, (happy[2], "ApexFrame"), planned[happy[2] - 1].clip.onset)
    clips, notes = read("casme2", root)
    assert [clips[n - 1].label for n in happy[:3]] == [None, None, None]
    assert clips[happy[1] - 1].apex is None
    assert len(notes) == 2
    assert all("not among MEGC2019's 145" in note for note in notes)


def test_casme2_offset_before_apex_is_repaired(corpus):
    root, planned = corpus("casme2")
    edit(root / "CASME2-coding-20140508.xlsx", (1, "OffsetFrame"), planned[0].clip.onset)
    clips, notes = read("casme2", root)
    assert clips[0].offset == planned[0].clip.last
    assert len(notes) == 1
    assert "row 2" in notes[0]


def test_casme2_blank_columns_may_be_gone(corpus):
    root, planned = corpus("casme2")
    book = load_workbook(root / "CASME2-coding-20140508.xlsx")
    for column in (7, 3):
        book.worksheets[0].delete_cols(column)
    book.save(root / "CASME2-coding-20140508.xlsx")
    assert read("casme2", root)[0] == [item.clip for item in planned]


def test_samm_header_is_found_below_preamble(corpus):
    root, planned = corpus("samm")
    book = load_workbook(root / "SAMM_Micro_FACS_Codes_v2.xlsx")
    header = [row[0].row for row in book["MICRO_ONLY"].iter_rows() if row[0].value == "Subject"]
    assert header == [14]
    digits = {len(re.search(r"_(\d+)\.", datasets.frames(item.clip)[0][1].name)[1]) for item in planned}
    assert digits == {4, 5}


def test_a_rendered_corpus_is_not_compared_with_published_counts(corpus):
    root, _ = corpus("samm")
    report = check(root)
    assert (report.problems, report.notes) == ([], [])
    assert report.verdict == "readable; rendered, of the size that params.yaml sets (render)"


def test_check_lists_every_problem(small_copy):
    root, planned = small_copy("samm")
    edit(root / "SAMM_Micro_FACS_Codes_v2.xlsx", (1, "Apex Frame"), "x", "MICRO_ONLY")
    edit(root / "SAMM_Micro_FACS_Codes_v2.xlsx", (2, "Onset Frame"), 1, "MICRO_ONLY")
    broken = datasets.frames(planned[5].clip, root)[2][1]
    broken.write_bytes(broken.read_bytes()[:200])
    problems = check(root).problems
    assert [
        bool(re.search(text, p))
        for text, p in zip(("row 15", "row 16", broken.name, "159 clips"), problems, strict=True)
    ]
    assert len(problems) == 4


@pytest.mark.parametrize("name", ["CASME2", "CASME II", "casme-2", "casme2.zip"])
def test_a_licensed_copy_under_another_name_is_no_reason_for_generated_faces(corpus, name):
    corpus("casme2")
    assert not datasets.has_licensed_copy("casme2")
    (Path("data/raw") / name).mkdir(parents=True)
    with pytest.raises(DataError, match=f"{name}: must be a folder named casme2; rename or unpack it, or take it away"):
        datasets.has_licensed_copy("casme2")
    assert not datasets.has_licensed_copy("samm")


def test_a_file_in_place_of_a_data_set_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/samm").touch()
    with pytest.raises(DataError, match="data/raw/samm: is no folder"):
        datasets.has_licensed_copy("samm")


def test_truncated_picture_is_refused_whoever_was_imported_before(corpus):
    import face_recognition  # noqa: F401  it tells PIL to fill up what is missing

    _, planned = corpus("casme2")
    path = datasets.frames(planned[0].clip)[0][1]
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    cv2.imwrite(str(path), noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match="is not a readable picture"):
        datasets.read(path)
