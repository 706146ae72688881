"""CASME: each quirk of its workbook and folders."""

import re
import shutil
from dataclasses import replace

import pytest
from broken import cell, header
from small_corpora import read, without_folders

from microexpr import datasets
from microexpr.core.errors import DataError

BOOK = "CASME.xlsx"


def test_the_first_apex_that_lies_in_the_clip_counts(corpus):
    root, planned = corpus("casme")
    first, second, third = (item.clip for item in planned[:3])
    assert [clip.apex for clip in read(root)[0][:3]] == [first.apex, second.apex, third.apex]
    cell(BOOK, 2, "ApexF1", 9999)(root)
    cell(BOOK, 2, "ApexF2", second.offset)(root)
    cell(BOOK, 3, "ApexF1", third.onset)(root)
    cell(BOOK, 3, "ApexF2", "")(root)
    clips, notes = read(root)
    assert [clip.apex for clip in clips[:3]] == [first.apex, second.offset, None]
    for note, expected in zip(notes, ("9999.*row 3", "ApexF1.*row 4", "ApexF2.*row 4", "spotted.*row 4"), strict=True):
        assert re.search(expected, note)


@pytest.mark.parametrize("shift", [50, None])
def test_an_onset_or_offset_that_is_no_frame_is_an_end_of_the_clip(corpus, shift):
    root, planned = corpus("casme")
    cell(BOOK, 1, "OnsetF", "" if shift is None else planned[0].clip.first - shift)(root)
    cell(BOOK, 2, "OffsetF", "" if shift is None else planned[1].clip.last + shift)(root)
    clips, notes = read(root)
    assert [clips[0].onset, clips[1].offset] == [planned[0].clip.first, planned[1].clip.last]
    assert len(notes) == 2
    assert "taken as the first frame" in notes[0] and "taken as the last frame" in notes[1]


def test_frame_numbers_are_padded_in_some_folders(corpus):
    root, planned = corpus("casme")
    padded, plain = sorted({item.clip.subject for item in planned})
    for item in planned:
        for number, path in datasets.frames(item.clip):
            written = {padded: f"{number:03d}", plain: f"{number}"}[item.clip.subject]
            assert path.name == f"{item.clip.name}-{written}.jpg"
            if number < 100:
                path.rename(path.with_name(path.name.replace(f"-{written}", f"-{number:05d}")))
    assert read(root) == ([item.clip for item in planned], [])


def test_each_camera_may_have_a_folder_of_its_own(corpus):
    root, planned = corpus("casme")
    for person, camera in ((1, "A"), (2, "B")):
        target = root / f"CASME_{camera}/Section {camera}"
        target.mkdir(parents=True)
        (root / f"CASME_raw_selected/sub{person:02d}").rename(target / f"sub{person:02d}")
    clips, notes = read(root)
    assert notes == []
    assert without_folders(clips) == without_folders(item.clip for item in planned)
    assert {clip.folder.split("/")[1] for clip in clips} == {"Section A", "Section B"}
    twice = root / "CASME_B/Section B/sub01"
    shutil.copytree(root / "CASME_A/Section A/sub01", twice)
    with pytest.raises(DataError, match=r"must lie in one folder, not in .*Section A.*Section B"):
        read(root)


def test_cropped_frames_and_other_column_names(corpus):
    root, planned = corpus("casme")
    (root / "CASME_raw_selected").rename(root / "Cropped")
    for item in planned:
        for path in sorted((root / "Cropped" / item.clip.subject / item.clip.name).iterdir()):
            path.rename(path.with_name(f"reg_{path.name}"))
    header(BOOK, AU="Action Units", Emotion="Estimated Emotion")(root)
    clips, notes = read(root)
    assert [clip.id for clip in clips] == [item.clip.id for item in planned]
    assert [clip.emotion for clip in clips] == [item.clip.emotion for item in planned]
    assert len(notes) == 1 and "cropped" in notes[0]


def test_tense_is_none_of_the_three_classes_and_amusement_is_positive(corpus):
    root, planned = corpus("casme")
    (tense, _) = [number for number, item in enumerate(planned) if item.clip.emotion == "tense"]
    assert planned[tense].clip.label is None
    cell(BOOK, tense + 1, "Emotion", "Amusement")(root)
    assert read(root)[0][tense] == replace(planned[tense].clip, emotion="amusement", label=1)
