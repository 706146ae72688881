"""MMEW: either order of its folders, rows whose events are not among the frames, and its published census."""

import shutil
from dataclasses import replace

import pytest
from broken import cell, every
from small_corpora import read

from microexpr.core.errors import DataError

BOOK = "MMEW_Micro_Exp.xlsx"


def test_clips_lie_by_person_or_by_emotion(corpus):
    root, planned = corpus("mmew")
    assert all(len(item.clip.folder.split("/")) == 4 for item in planned)
    by_emotion = [replace(i.clip, folder=f"Micro_Expression/{i.clip.emotion}/{i.clip.name}") for i in planned]
    for item, clip in zip(planned, by_emotion, strict=True):
        (root / clip.folder).parent.mkdir(exist_ok=True)
        (root / item.clip.folder).rename(root / clip.folder)
    for subject in {item.clip.subject for item in planned}:
        shutil.rmtree(root / "Micro_Expression" / subject)
    assert read(root) == (by_emotion, [])


def test_a_clip_in_two_folders_is_refused(corpus):
    root, planned = corpus("mmew")
    shutil.copytree(root / planned[0].clip.folder, root / "Micro_Expression/anger" / planned[0].clip.name)
    with pytest.raises(DataError, match=f"clip {planned[0].clip.name} must lie in one folder"):
        read(root)


@pytest.mark.parametrize("written", [lambda number: f"S{number:02d}", lambda number: f"{number:02d}"])
def test_subjects_as_numbers_or_names(corpus, written):
    root, planned = corpus("mmew")
    every(BOOK, "Subject", written)(root)
    assert read(root)[0] == [item.clip for item in planned]


def test_a_row_of_another_person_is_refused(corpus):
    root, _ = corpus("mmew")
    cell(BOOK, 1, "Subject", 7)(root)
    with pytest.raises(DataError, match=r"Filename must be like S07-01-002.*row 2"):
        read(root)


def test_others_have_no_class_and_repression_is_negative(corpus):
    root, planned = corpus("mmew")
    others = [number for number, item in enumerate(planned) if item.clip.emotion == "others"]
    cell(BOOK, others[0] + 1, "Estimated Emotion", "repression")(root)
    assert [read(root)[0][number].label for number in others] == [0, None]


def test_a_folder_without_a_row_is_noted(corpus):
    root, planned = corpus("mmew")
    shutil.copytree(root / planned[0].clip.folder, root / "Micro_Expression/S01/anger/S01-07-009")
    (note,) = read(root)[1]
    assert "S01-07-009: has no row" in note
