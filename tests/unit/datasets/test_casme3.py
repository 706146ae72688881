"""CAS(ME)^3: several clips of one video, its slips, and clips in folders of their own."""

import shutil
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from broken import cell, every
from small_corpora import read, without_folders

from microexpr import datasets
from microexpr.core.errors import DataError
from microexpr.rendering import plan

BOOK = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"


def test_clips_of_one_video_are_cut_from_its_frames(corpus):
    root, planned = corpus("casme3")
    clips = [item.clip for item in planned]
    pairs = [(clip, other) for clip, other in combinations(clips, 2) if clip.folder == other.folder]
    assert len(pairs) == 8  # each of 16 shares its video with another
    assert all(clip.name[0] == other.name[0] and clip.name != other.name for clip, other in pairs)
    for number in range(2000):  # the rest of the videos, as a licensed copy has it
        for folder in {clip.folder for clip in clips}:
            path = root / folder / f"{number}.jpg"
            if not path.exists():
                path.touch()
    actual, notes = read(root)
    assert notes == [] and sorted(actual, key=lambda clip: clip.id) == sorted(clips, key=lambda clip: clip.id)
    for clip in actual:
        numbers, pictures = datasets.frame_reader(clip)
        assert numbers == list(range(clip.onset, clip.offset + 1))
        assert len({picture.max() for picture in pictures()}) == 1  # of its own grey alone
        assert clip.name == f"{clip.folder.split('/')[2]}_{clip.onset}"
    assert len({next(datasets.frame_reader(clip)[1]()).max() for clip in clips}) == len(clips)


def test_an_onset_before_the_first_frame_is_that_frame(corpus):
    root, planned = corpus("casme3")
    in_video = [n for n, item in enumerate(planned) if item.clip.folder == planned[0].clip.folder]
    first = min(in_video, key=lambda n: planned[n].clip.onset)
    cell(BOOK, first + 1, "Onset", 0)(root)
    clips, (note,) = read(root)
    clip = planned[first].clip
    assert replace(clip, name=f"{clip.name[0]}_0") in clips and "Onset 0 is not possible" in note


def test_the_slip_of_a_digit_is_known_by_name(corpus):
    root, planned = corpus("casme3")
    first = planned[0].clip
    moved = root / "ME_A/spNO.216/d/color"
    moved.mkdir(parents=True)
    for number, path in datasets.frames(first):
        shutil.copy(path, moved / f"{number - first.onset + 2647}.jpg")
    shift = 2647 - first.onset
    events = {"Onset": 3647, "Apex": first.apex + shift, "Offset": first.offset + shift}
    for column, value in ({"Subject": "spNO.216", "Filename": "d"} | events).items():
        cell(BOOK, 1, column, value)(root)
    clips, notes = read(root)
    (slipped,) = [clip for clip in clips if clip.subject == "spNO.216"]
    assert (slipped.name, slipped.onset, slipped.apex) == ("d_3647", 2647, first.apex + shift)
    assert any("Onset 3647 is not possible: taken as 2647" in note for note in notes)


def test_an_offset_before_the_onset_is_half_a_second_after_it(corpus):
    root, planned = corpus("casme3")
    longest = max((item.clip for item in planned), key=lambda clip: clip.offset - clip.onset)
    for number in range(longest.offset + 1, longest.onset + 40):
        shutil.copy(root / longest.folder / f"{longest.onset}.jpg", root / longest.folder / f"{number}.jpg")
    cell(BOOK, 1 + [item.clip for item in planned].index(longest), "Offset", 0)(root)
    clips, notes = read(root)
    assert [clip.offset for clip in clips if clip.id == longest.id] == [longest.onset + 15]
    assert len(notes) == 1 and "Offset 0 is not possible" in notes[0]


def test_a_frame_missing_within_a_clip_is_refused_and_one_between_clips_is_not(corpus):
    root, planned = corpus("casme3")
    datasets.frames(planned[0].clip)[2][1].unlink()
    with pytest.raises(DataError, match=f"frame {planned[0].clip.onset + 2} is missing"):
        read(root)


def test_clips_in_folders_of_their_own(corpus):
    root, planned = corpus("casme3")
    for item in planned:
        folder = root / "Part_A_ME_clip/frame" / f"{item.clip.subject.replace('NO', 'No')}_{item.clip.name}"
        folder.mkdir(parents=True)
        for _, path in datasets.frames(item.clip):
            shutil.copy(path, folder)
    shutil.rmtree(root / "ME_A")
    clips, notes = read(root)
    assert notes == []
    assert without_folders(clips) == without_folders(item.clip for item in planned)


def test_commas_between_action_units_and_roman_classes(corpus):
    root, planned = corpus("casme3")
    every(BOOK, "AU", lambda code: str(code).replace("+", ", "))(root)
    romans = ("I", "II", "III", "IV", "V", "VI", "VII")
    every(BOOK, "Objective class", lambda number: romans[int(number) - 1])(root)
    clips, _ = read(root)
    assert [clip.parsed_action_units() for clip in clips] == [item.clip.parsed_action_units() for item in planned]
    assert any("+" in clip.action_units for clip in clips)
    assert [clip.objective_class for clip in clips] == [item.clip.objective_class for item in planned]


def test_happy_and_sad_have_a_class_and_others_none(corpus):
    labels = {clip.emotion: clip.label for clip in read(corpus("casme3")[0])[0]}
    assert labels == {"happy": 1, "surprise": 2, "disgust": 0, "fear": 0, "anger": 0, "sad": 0, "others": None}


def test_strays_of_a_shared_folder_are_said_once(corpus):
    root, planned = corpus("casme3")
    folder = root / planned[0].clip.folder
    shutil.copy(next(folder.glob("*.jpg")), folder / "1 (1).jpg")
    _, notes = read(root)
    assert len(notes) == 1 and "not named like a frame" in notes[0]


@pytest.mark.parametrize("size", ["published", plan.Corpus(subjects=1, clips=60)])
def test_generated_clips_of_a_video_do_not_overlap(size):
    clips = [item.clip for item in plan.plan_clips("casme3", plan.Params(max_frames=200, casme3=size), seed=1)]
    taken = Counter((clip.folder, number) for clip in clips for number in range(clip.first, clip.last + 1))
    assert set(taken.values()) == {1}
    assert len({clip.folder for clip in clips}) < len(clips)
