"""Loaders of long videos against the renderer's plan, the published counts, and eight faults of each data set."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import broken
import cv2
import numpy as np
import pytest
from broken import put, workbook
from openpyxl import Workbook
from small_corpora import write_long_corpus

from microexpr import datasets
from microexpr.core.clip import LongVideo
from microexpr.core.errors import DataError
from microexpr.datasets.check import check
from microexpr.datasets.layout import compare_counts, count_videos
from microexpr.rendering.layouts import LONG_NATIVES
from microexpr.rendering.long_videos import plan_videos

Break = Callable[[Path, str], None]  # of a corpus's root, and the folder of a frame's video
WORKBOOKS = {
    "casme_sq": "CAS(ME)^2code_final.xlsx", "samm_long": "SAMM_LongVideos_V2_Release.xlsx",
    "casme3_long": "CAS(ME)3_part_A_v2.xlsx", "smic_long": "HS_long/SMIC-HS-E_annotation.xlsx",
}  # fmt: skip
FIRST_ROW = {"casme_sq": 1, "samm_long": 11, "casme3_long": 2, "smic_long": 2}
COLUMNS = {  # of onset, the word that names the kind or emotion, and the name of the video
    "casme_sq": (3, 8, 2), "samm_long": (4, 8, 2), "casme3_long": (3, 7, 2), "smic_long": (5, 12, 2),
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """written(dataset): the root of a licensed copy, and its plan; written once for all tests."""
    return cache(lambda dataset: (root := tmp_path_factory.mktemp(dataset) / dataset, write_long_corpus(root, dataset)))


@pytest.fixture
def corpus(written):
    """As `written`; after the test all workbooks and the first frames of the first video are as before."""
    kept: dict[Path, bytes] = {}

    def copy(dataset):
        root, planned = written(dataset)
        frames = sorted((root / planned[0].video.clip.folder).iterdir())[:4]
        workbooks = [root / file for file in LONG_NATIVES[dataset].annotations]
        kept.update({path: path.read_bytes() for path in (*workbooks, *frames)})
        return root, planned

    yield copy
    for path, content in kept.items():
        path.write_bytes(content)


def read(root: Path):
    return datasets.layout(root.name).read_videos(root, "generated", None)


def edit(root: Path, column: int, value: object) -> None:
    """Set a cell of the first row of data, by its position from 1."""

    def change(book):
        book.worksheets[0].cell(FIRST_ROW[root.name], column).value = value

    workbook(WORKBOOKS[root.name], change)(root)


@pytest.mark.parametrize("dataset", datasets.LONG)
def test_reads_what_was_planned(corpus, dataset):
    root, planned = corpus(dataset)
    videos, notes = read(root)
    assert videos == [item.video for item in planned] and notes == []
    assert datasets.layout(dataset).read(root, "generated", None)[0] == [video.clip for video in videos]
    assert [LongVideo.from_row(video.row()) for video in videos] == videos
    assert {e.kind for video in videos for e in video.expressions} == {*LONG_NATIVES[dataset].balanced}


@pytest.mark.parametrize("dataset", datasets.LONG)
def test_a_corpus_of_published_size_has_the_published_counts(dataset):
    published, shares = datasets.layout(dataset).published, LONG_NATIVES[dataset].shares
    if dataset == "casme3_long":  # too large to plan here
        assert (sum(shares["micro"].values()), sum(shares["macro"].values())) == (published.micro, published.macro)
        return
    planned = plan_videos(LONG_NATIVES[dataset], "published", 1, "standard", seed=3)
    assert compare_counts(count_videos([item.video for item in planned]), published) == ""


def test_check_counts_videos_and_expressions_and_a_data_set_without_them_has_none(corpus):
    root, _ = corpus("casme_sq")
    report = check(root)
    assert report.counts[:2] == ["4 videos", "2 subjects"] and "4 micro-expressions" in report.counts
    assert report.problems == [f"{root}: must hold 97 videos; 22 subjects, but found 4 videos; 2 subjects"]
    with pytest.raises(DataError, match="must be one of casme3_long, casme_sq, samm_long, smic_long, whose videos"):
        datasets.read_videos("casme2", "generated")


def frame(number: int, change: Callable[[Path], object]) -> Break:
    """Changes one frame of a video, by its position."""
    return lambda root, folder: change(sorted((root / folder).iterdir())[number])


def cell(position: int, value: object) -> Break:
    """Sets a cell of COLUMNS; a dictionary has a value for each data set."""
    values = value if isinstance(value, dict) else dict.fromkeys(COLUMNS, value)
    return lambda root, folder: edit(root, COLUMNS[root.name][position], values[root.name])


NAMELESS = {"casme_sq": "sleep1_1", "samm_long": "999_1_1", "casme3_long": "z", "smic_long": "s99_ne_01"}
FAULTS: dict[str, tuple[Break, str]] = {
    "a frame is missing": (frame(2, Path.unlink), r"frame \d+ is missing between \d+ and \d+"),
    "a frame is of another size": (
        frame(2, lambda path: cv2.imwrite(str(path), np.full((5, 9), 90, np.uint8))), "frames must be alike, not"),
    "a video has no frames": (
        lambda root, folder: ((root / folder).rename(root.parent / "away"), (root / folder).mkdir()),
        "holds no frames named like"),
    "a workbook is empty": (lambda root, folder: Workbook().save(root / WORKBOOKS[root.name]),
        "must have a header row|must hold 2 sheets|must have a row"),
    "an onset is a word": (cell(0, "early"), r"must be a (whole )?number, not 'early' \(.*row \d+\)"),
    "an onset is after the video": (cell(0, 99**5), r"not 9509900499 and \d+ \(.*row \d+\)|is cut to|not possible"),
    "a kind or emotion is unknown": (cell(1, "sleepy"), r"must be one of .*, not 'sleepy'"),
    "a row is of no video": (cell(2, NAMELESS), "found none|must begin with one of|must be like"),
}  # fmt: skip


@pytest.mark.parametrize("dataset", datasets.LONG)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named(corpus, dataset, fault):
    root, planned = corpus(dataset)
    spoil, message = FAULTS[fault]
    folder = root / planned[0].video.clip.folder
    spoil(root, planned[0].video.clip.folder)
    try:
        report = check(root)
        text = "\n".join([*report.problems, *report.notes])
    except DataError as error:
        text = str(error)
    if (away := root.parent / "away").exists():
        folder.rmdir()
        away.rename(folder)
    assert re.search(message, text), text


def test_impossible_events_of_casme_sq_are_mended_and_a_stray_video_is_passed_over(corpus):
    root, planned = corpus("casme_sq")
    first = planned[0].video.expressions[0]
    edit(root, 5, 0)  # offset
    videos, notes = read(root)
    assert videos[0].expressions[0].offset == first.apex
    assert notes == [f"offset 0 lies before the apex: the apex {first.apex} is taken (CAS(ME)^2code_final.xlsx, row 1)"]
    edit(root, 5, first.offset)
    edit(root, 4, 0)  # apex
    stray = root / "rawpic/s15/16_0502funnyerrors"  # of another subject
    stray.mkdir()
    videos, notes = read(root)
    assert videos[0].expressions[0].apex is None and "it is not known" in notes[1]
    assert len(videos) == len(planned)
    assert notes[0] == f"{stray}: is not named like s15/15_0101disgustingteeth; passed over"
    stray.rmdir()


def test_impossible_events_of_samm_are_cut(corpus):
    root, planned = corpus("samm_long")
    clip, first = planned[0].video.clip, planned[0].video.expressions[0]
    edit(root, 4, 0)  # onset
    edit(root, 5, -1)  # apex
    edit(root, 6, clip.last + 57.4)
    videos, notes = read(root)
    mended = next(e for e in videos[0].expressions if (e.onset, e.offset) == (clip.first, clip.last))
    assert mended.apex is None and mended.kind == first.kind
    assert notes[0].startswith(f"0..{clip.last + 57} is cut to the frames {clip.first}..{clip.last}")
    edit(root, 4, first.onset + 0.5)  # rounded half up
    assert read(root)[0][0].expressions[0].onset == first.onset + 1


def test_emotions_of_samm_are_in_its_other_workbook(corpus):
    root, planned = corpus("samm_long")
    assert {e.emotion for item in planned for e in item.video.expressions if e.kind == "micro"} == {
        "anger", "happiness", "surprise", "contempt",
    }  # fmt: skip
    (root / "SAMM_Micro_FACS_Codes_v2.xlsx").unlink()
    videos, notes = read(root)
    assert {e.emotion for video in videos for e in video.expressions} == {""}
    assert notes == [f"{root}: has no SAMM_Micro_FACS_Codes_v2.xlsx: emotions are not known"]


SECOND = {  # workbook of the emotions, its columns of the key's last part and of the emotion
    "samm_long": ("SAMM_Micro_FACS_Codes_v2.xlsx", "Filename", "Estimated Emotion"),
    "casme3_long": ("cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", "Onset", "emotion"),
}


def first_row(book, name: str):
    """The sheet with this column, the number of its first row, and the columns by name."""
    page = next(page for page in book.worksheets if page.max_row > 1)
    top = next(row for row in page.iter_rows() if name in [cell.value for cell in row])
    return page, top[0].row + 1, {cell.value: cell.column for cell in top}


@pytest.mark.parametrize("dataset", SECOND)
def test_emotions_without_an_expression_and_expressions_without_an_emotion_are_noted(corpus, dataset):
    root, _ = corpus(dataset)
    file, key, emotion = SECOND[dataset]
    cells = {}

    def change(book):
        page, row, names = first_row(book, key)
        cells.update(row=row, key=page.cell(row, names[key]).value, emotion=page.cell(row, names[emotion]).value)
        page.cell(row, names[key]).value = "999_1_1" if dataset == "samm_long" else 99999

    expected = [e.emotion for video in read(root)[0] for e in video.expressions if e.kind == "micro"]
    workbook(file, change)(root)
    videos, notes = read(root)
    emotions = [e.emotion for video in videos for e in video.expressions if e.kind == "micro"]
    assert emotions.count("") == 1 and len(emotions) == len(expected)
    without, unused = notes
    assert re.search(rf": has no emotion for 1 micro-expressions: .*{cells['key']} \(\S+.xlsx, row \d+\)$", without)
    assert re.search(rf": has 1 emotions of no micro-expression: .*9\S* in row {cells['row']}; passed over$", unused)


def test_two_emotions_of_one_expression_are_refused(corpus):
    root, _ = corpus("samm_long")

    def change(book):
        page, row, names = first_row(book, "Filename")
        page.cell(row + 1, names["Filename"]).value = page.cell(row, names["Filename"]).value
        page.cell(row, names["Estimated Emotion"]).value = "Anger"
        page.cell(row + 1, names["Estimated Emotion"]).value = "Fear"

    workbook("SAMM_Micro_FACS_Codes_v2.xlsx", change)(root)
    with pytest.raises(DataError, match=r"must have one emotion, not 'anger' in row \d+, 'fear' in row \d+"):
        read(root)


def test_quirks_of_casme3(corpus):
    root, planned = corpus("casme3_long")
    clip, first = planned[0].video.clip, planned[0].video.expressions[0]
    edit(root, 2, clip.name.upper())
    edit(root, 5, "0")  # offset
    (root / clip.folder / f"{clip.first + 3}.jpg").unlink()
    videos, notes = read(root)
    assert first.onset in [e.onset for e in videos[0].expressions]
    assert {e.offset for e in videos[0].expressions} >= {first.onset + 15}
    assert notes[0].endswith("; the frame before stands for each") and "Offset 0 is not possible" in notes[1]


def test_smic_has_up_to_three_micro_expressions_in_a_row_and_text_below(corpus):
    root, planned = corpus("smic_long")
    clip, first = planned[0].video.clip, planned[0].video.expressions[0]
    edit(root, 7, clip.first + 1)
    edit(root, 8, clip.first + 30)
    videos, _ = read(root)
    spans = sorted([(clip.first + 1, clip.first + 30), (first.onset, first.offset)])
    assert videos[0].spans("micro") == spans and {e.emotion for e in videos[0].expressions} == {first.emotion}


SECOND_ALONE = {5: None, 6: None, 12: None, 7: 300_000, 8: 300_030}  # cells of a row of SMIC


@pytest.mark.parametrize(
    ("dataset", "cells", "message"),
    [
        ("smic_long", {7: 300_010}, r"Onset2F and Offset2F must both have a frame, or neither \(.*row 2\)"),
        ("smic_long", {2: "s1_srp_01"}, "must be a folder of frames like .* for s1_srp_01, found none .*row 2"),
        ("smic_long", {1: "s02"}, r"Subject must be s01, as of s1_ne_01, not 's02' \(SMIC-HS-E_annotation.xlsx, row 2"),
        ("smic_long", {12: "positive"}, r"Emotion must be that of s1_ne_01, not 'positive' \(SMIC.*, row 2\)"),
        ("smic_long", SECOND_ALONE, r"Emotion must be one of .*, not '' \(SMIC-HS-E_annotation.xlsx, row 2\)"),
        ("samm_long", {1: 7}, r"Subject must be 006, as of 006_1, not '7' \(.*row 11\)"),
        *(
            ("samm_long", {4: onset}, rf"Onset must be a number.*, not '{onset}' \(.*row 11\)")
            for onset in ("1.000", "1_20", "\N{ARABIC-INDIC DIGIT THREE}")
        ),
    ],
)
def test_a_row_that_says_two_things_or_no_certain_one_is_refused(corpus, dataset, cells, message):
    root, _ = corpus(dataset)
    for column, value in cells.items():
        edit(root, column, value)
    with pytest.raises(DataError, match=message):
        read(root)


def test_of_two_rows_of_a_video_of_smic_the_last_counts_with_a_note(corpus):
    root, planned = corpus("smic_long")
    workbook(WORKBOOKS["smic_long"], lambda book: broken.row_again(book.worksheets[0], 1, {}))(root)
    videos, (note,) = read(root)
    assert videos == [item.video for item in planned]
    assert note.startswith("s1_ne_01 has two rows: this one counts, not the one before it (SMIC-HS-E_annotation.xlsx")


CASFE = {  # rows of CAS(ME)^2's first sheet, and of the second -> an error, or notes on videos as planned
    "sorted": (lambda first, second: [first.move_range("A1:I1", 99), first.delete_rows(1)], []),
    "merged": (lambda first, second: [first.merge_cells("A1:A2"), second.merge_cells("A1:A2")], []),
    "twice": (lambda first, _: first.append([cell.value for cell in first[1]]), [r"is there twice, and counts once"]),
    "a mark": (lambda first, _: put(first, [2], 1, "1*"), r"subject must be a number, not '1\*' \(.*, row 2 of sheet"),
    "no number": (lambda _, second: put(second, [2], 1, None), r"number must be a number, not '' \(.*row 2 of sheet "),
    "another folder": (lambda _, second: put(second, [1], 2, "s99"), "subject 1 must have one folder, not s99 and s15"),
    "no subject": (lambda first, _: put(first, [1], 1, 7), r"must have a row for subject 7, found none \(.*row 1\)"),
}  # fmt: skip


@pytest.mark.parametrize("change", CASFE)
def test_the_sheets_of_casme_sq_are_joined_by_subject(corpus, change):
    root, planned = corpus("casme_sq")
    spoil, expected = CASFE[change]
    workbook(WORKBOOKS["casme_sq"], lambda book: spoil(*book.worksheets[:2]))(root)
    if isinstance(expected, str):
        with pytest.raises(DataError, match=expected):
            read(root)
        return
    videos, notes = read(root)
    assert videos == [item.video for item in planned] and len(notes) == len(expected)
    assert all(map(re.search, expected, notes))
