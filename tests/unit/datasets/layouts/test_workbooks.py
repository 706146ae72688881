"""Each quirk of the workbooks of clips and of the folders that they name: a small corpus, broken in one place."""

import csv
import re
import shutil
from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from broken import cell, every, header, row_again, sheet, workbook
from openpyxl import load_workbook
from small_corpora import read, without_folders

from microexpr import datasets
from microexpr.core.errors import DataError
from microexpr.rendering import plan

CODING, CASME, CASME3 = "CASME2-coding-20140508.xlsx", "CASME.xlsx", "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
DFME, FOURDME, MMEW = "DFME.xlsx", "4DME_Labelling_Micro_release v1.xlsx", "MMEW_Micro_Exp.xlsx"


def clips_of(planned):
    return [item.clip for item in planned]


REFUSED = {
    "a word of an emotion": ("fourdme", cell(FOURDME, 1, "Emotion", "Positive+Joy"), r"not 'joy' \(4DME.*row 2\)"),
    "a row of another subject": (
        "mmew", cell(MMEW, 1, "Subject", 7), r"Filename must be like S07-01-002.*row 2"),
    "a long number": (
        "mmew", cell(MMEW, 1, "Filename", f"S{'9' * 5000}-01-002"), r"Filename must be like S\d\d-01-002"),
    "a long number of a subject": ("mmew", cell(MMEW, 1, "Subject", "9" * 5000), r"Subject must be a number like 3"),
    "a clip in two folders": (
        "mmew", lambda root: shutil.copytree(
            clip := min(root.glob("Micro_Expression/S01/*/*")), root / "Micro_Expression/anger" / clip.name
        ), r"clip S01-\d\d-\d\d\d must lie in one folder"),
    "a frame within a clip": (
        "mmew", lambda root: sorted(root.glob("Micro_Expression/S01/*/*/*"))[2].unlink(), r"frame \d+ is missing"),
    "a rate that is none": (
        "dfme", cell(DFME, 1, "Fps", 20), r"Fps must be one of 200, 300, 500, not 20 \(DFME.xlsx, row 2\)"),
    "a subject that is spelt in two ways": (
        "dfme", lambda root: [shutil.copytree(root / "DFME/sub001", root / "DFME/sub1"),
                              cell(DFME, 1, "Subject", "sub1")(root)],
        r"subjects 'sub1' \(DFME/sub1/sub001_01\) and 'sub001' \(.*\) must be spelt the same|sub001.* and 'sub1'"),
    "a list under another name": (
        "dfme", lambda root: (root / DFME).rename(root / "other.xlsx"),
        r"must hold the annotation \*DFME\*.xlsx or \*DFME\*.csv, found none"),
    "two columns of one thing": (
        "mmew", sheet(MMEW, lambda page, top, _: [page.cell(top, 20, "AU"), page.cell(top + 1, 20, "99")]),
        r"Action Units '\S+' and AU '99' must not differ, both are Action Units: .*row 2"),
    "a class twice": (
        "casme2", sheet("CASME2-ObjectiveClasses.xlsx", row_again),
        r"clip sub01/\w+ must have one AU-based class, not two \(CASME2-ObjectiveClasses.xlsx, row 2 and \d+\)"),
    "a frame that could be 2000": (
        "casme2", cell(CODING, 1, "OnsetFrame", "2.000"), "must be a whole number without a sign .*, not '2.000'"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_fault_is_named(corpus, fault):
    dataset, spoil, message = REFUSED[fault]
    root, _ = corpus(dataset)
    spoil(root)
    with pytest.raises(DataError, match=message):
        read(root)


def test_merged_units_count_for_all_rows_and_what_is_called_like_a_column_that_is_read_is_named(corpus):
    root, planned = corpus("casme2")

    def change(page, top, columns):
        page.cell(top, 20, "ApexFrame (corrected)")
        page.cell(top + 1, 20, 15)
        page.cell(top, 21, "AU 2")
        units = columns["Action Units"]
        page.cell(top + 1, units, "4+7")
        page.merge_cells(start_row=top + 1, end_row=top + 3, start_column=units, end_column=units)

    sheet(CODING, change)(root)
    (root / CODING).with_suffix(".csv").touch()
    clips, notes = read(root)
    assert [clip.action_units for clip in clips[:4]] == ["4+7"] * 3 + [planned[3].clip.action_units]
    assert notes[0] == f"{(root / CODING).with_suffix('.csv')}: is passed over: {CODING} is read"
    assert "columns passed over: ApexFrame (corrected); those read are Action Units, ApexFrame, " in notes[1]
    assert len(notes) == 2


def test_casme2_membership_of_megc2019(corpus):
    """Fear and sadness drop out, and so does a clip without an apex after its onset."""
    root, planned = corpus("casme2")
    happy = [n for n, item in enumerate(planned, 1) if item.clip.emotion == "happiness"]
    cell(CODING, happy[0], "Estimated Emotion", "sadness")(root)
    cell(CODING, happy[1], "ApexFrame", "/")(root)
    cell(CODING, happy[2], "ApexFrame", planned[happy[2] - 1].clip.onset)(root)
    clips, notes = read(root)
    assert [clips[n - 1].label for n in happy[:3]] == [None, None, None]
    assert clips[happy[1] - 1].apex is None
    assert len(notes) == 2 and all("not among MEGC2019's 145" in note for note in notes)


def test_casme2_repairs_an_offset_before_the_apex_and_needs_no_blank_columns(corpus):
    root, planned = corpus("casme2")
    workbook(CODING, lambda book: [book.worksheets[0].delete_cols(column) for column in (7, 3)])(root)
    assert read(root)[0] == clips_of(planned)
    clip = planned[0].clip
    cell(CODING, 1, "OffsetFrame", clip.onset)(root)
    clips, (note,) = read(root)
    assert clips[0].offset == clip.last
    assert f"{clip.onset} lies before the apex; taken as the last frame {clip.last} ({CODING}, row 2" in note


def test_the_first_apex_of_casme_that_lies_in_the_clip_counts(corpus):
    root, planned = corpus("casme")
    first, second, third = clips_of(planned[:3])
    assert [clip.apex for clip in read(root)[0][:3]] == [first.apex, second.apex, third.apex]
    for row, column, value in ((2, 1, 9999), (2, 2, second.offset), (3, 1, third.onset), (3, 2, "")):
        cell(CASME, row, f"ApexF{column}", value)(root)
    clips, notes = read(root)
    assert [clip.apex for clip in clips[:3]] == [first.apex, second.offset, None]
    for note, expected in zip(notes, ("9999.*row 3", "ApexF1.*row 4", "ApexF2.*row 4", "spotted.*row 4"), strict=True):
        assert re.search(expected, note)


@pytest.mark.parametrize("shift", [50, None])
def test_an_onset_or_offset_of_casme_that_is_no_frame_is_an_end_of_the_clip(corpus, shift):
    root, planned = corpus("casme")
    cell(CASME, 1, "OnsetF", "" if shift is None else planned[0].clip.first - shift)(root)
    cell(CASME, 2, "OffsetF", "" if shift is None else planned[1].clip.last + shift)(root)
    clips, notes = read(root)
    assert [clips[0].onset, clips[1].offset] == [planned[0].clip.first, planned[1].clip.last]
    assert len(notes) == 2
    assert "taken as the first frame" in notes[0] and "taken as the last frame" in notes[1]


def test_frame_numbers_of_casme_are_padded_in_some_folders_and_tense_is_none_of_the_three_classes(corpus):
    root, planned = corpus("casme")
    padded, plain = sorted({item.clip.subject for item in planned})
    for item in planned:
        for number, path in datasets.frames(item.clip):
            written = {padded: f"{number:03d}", plain: f"{number}"}[item.clip.subject]
            assert path.name == f"{item.clip.name}-{written}.jpg"
            if number < 100:
                path.rename(path.with_name(path.name.replace(f"-{written}", f"-{number:05d}")))
    assert read(root) == (clips_of(planned), [])
    (tense, _) = [number for number, item in enumerate(planned) if item.clip.emotion == "tense"]
    assert planned[tense].clip.label is None
    cell(CASME, tense + 1, "Emotion", "Amusement")(root)
    assert read(root)[0][tense] == replace(planned[tense].clip, emotion="amusement", label=1)


def test_each_camera_may_have_a_folder_of_its_own(corpus):
    root, planned = corpus("casme")
    for person, camera in ((1, "A"), (2, "B")):
        target = root / f"CASME_{camera}/Section {camera}"
        target.mkdir(parents=True)
        (root / f"CASME_raw_selected/sub{person:02d}").rename(target / f"sub{person:02d}")
    clips, notes = read(root)
    assert notes == []
    assert without_folders(clips) == without_folders(clips_of(planned))
    assert {clip.folder.split("/")[1] for clip in clips} == {"Section A", "Section B"}
    shutil.copytree(root / "CASME_A/Section A/sub01", root / "CASME_B/Section B/sub01")
    with pytest.raises(DataError, match=r"must lie in one folder, not in .*Section A.*Section B"):
        read(root)


def test_cropped_frames_and_other_column_names(corpus):
    root, planned = corpus("casme")
    (root / "CASME_raw_selected").rename(root / "Cropped")
    for path in sorted((root / "Cropped").glob("*/*/*")):
        path.rename(path.with_name(f"reg_{path.name}"))
    header(CASME, AU="Action Units", Emotion="Estimated Emotion")(root)
    clips, (note,) = read(root)
    assert [(clip.id, clip.emotion) for clip in clips] == [(clip.id, clip.emotion) for clip in clips_of(planned)]
    assert "cropped" in note


def test_an_empty_column_of_mmew_is_filled_by_another_and_clips_lie_by_person_or_by_emotion(corpus):
    root, planned = corpus("mmew")
    header(MMEW, Action_Units="AUs", remarks="Action Units")(root)
    assert read(root) == (clips_of(planned), [])
    assert all(len(item.clip.folder.split("/")) == 4 for item in planned)
    by_emotion = [replace(c, folder=f"Micro_Expression/{c.emotion}/{c.name}") for c in clips_of(planned)]
    for item, clip in zip(planned, by_emotion, strict=True):
        (root / clip.folder).parent.mkdir(exist_ok=True)
        (root / item.clip.folder).rename(root / clip.folder)
    for subject in {item.clip.subject for item in planned}:
        shutil.rmtree(root / "Micro_Expression" / subject)
    assert read(root) == (by_emotion, [])


def test_clips_of_one_video_are_cut_from_its_frames(corpus):
    root, planned = corpus("casme3")
    clips = clips_of(planned)
    pairs = [(clip, other) for clip, other in combinations(clips, 2) if clip.folder == other.folder]
    assert len(pairs) == 8  # each of 16 shares its video with another
    assert all(clip.name[0] == other.name[0] and clip.name != other.name for clip, other in pairs)
    for path in (root / folder / f"{n}.jpg" for folder in {clip.folder for clip in clips} for n in range(1200)):
        path.touch()  # the rest of the videos, as a licensed copy has it
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
    cell(CASME3, first + 1, "Onset", 0)(root)
    clips, (note,) = read(root)
    clip = planned[first].clip
    assert replace(clip, name=f"{clip.name[0]}_0") in clips and "Onset 0 is not possible" in note


def test_the_slip_of_a_digit_is_known_by_name(corpus):
    root, planned = corpus("casme3")
    first = planned[0].clip
    moved, shift = root / "ME_A/spNO.216/d/color", 2647 - first.onset
    moved.mkdir(parents=True)
    for number, path in datasets.frames(first):
        shutil.copy(path, moved / f"{number + shift}.jpg")
    events = {"Onset": 3647, "Apex": first.apex + shift, "Offset": first.offset + shift}
    for column, value in ({"Subject": "spNO.216", "Filename": "d"} | events).items():
        cell(CASME3, 1, column, value)(root)
    clips, notes = read(root)
    (slipped,) = [clip for clip in clips if clip.subject == "spNO.216"]
    assert (slipped.name, slipped.onset, slipped.apex) == ("d_3647", 2647, first.apex + shift)
    assert any("Onset 3647 is not possible: taken as 2647" in note for note in notes)


def test_an_offset_before_the_onset_is_half_a_second_after_it(corpus):
    root, planned = corpus("casme3")
    longest = max(clips_of(planned), key=lambda clip: clip.offset - clip.onset)
    for number in range(longest.offset + 1, longest.onset + 40):
        shutil.copy(root / longest.folder / f"{longest.onset}.jpg", root / longest.folder / f"{number}.jpg")
    cell(CASME3, 1 + clips_of(planned).index(longest), "Offset", 0)(root)
    clips, (note,) = read(root)
    assert [clip.offset for clip in clips if clip.id == longest.id] == [longest.onset + 15]
    assert "Offset 0 is not possible" in note


WHERE = r"\(cas\(me\)3_part_A_ME_label_JpgIndex_v2.xlsx, row 2\)"
LACKING = {  # frames, since the onset, that are not there -> onset, apex and offset in place of 0, 3 and 10, and notes
    "inside": ([5], (0, 3, 10), [r"frame {5} is missing between {0} and {10}, 1 of 11 are; the frames around"]),
    "the onset": ([0, 1], (2, 3, 10), ["Onset {0} is not there: {2}, the next frame, is taken"]),
    "the apex": ([3], (0, 2, 10), [
        "Apex {3} is not there: {2}, the nearest frame, is taken", r"frame {3} is missing between {0} and {10}"]),
    "the onset up to the apex": ([0, 1, 2, 3], (4, 5, 10), [
        "Apex {3} is not there: {5}, the nearest frame", "Onset {0} is not there: {4}, the next frame"]),
    "the offset": ([9, 10], (0, 3, 8), ["Offset {10} is not there: {8}, the last frame before it, is taken"]),
    "an offset after the last": (
        [], (0, 3, 12), ["Offset {15} is not there: {12}, the last frame before it, is taken"], (0, 3, 15)),
}  # fmt: skip


@pytest.fixture
def casme3_clip(corpus):
    """casme3_clip(removed): its first frame and row's results, where the first row's events are 0, 3 and 10 frames
    after the first, with two frames before and after it."""

    def written(removed, events=(0, 3, 10)):
        root, planned = corpus("casme3")
        folder = root / "ME_A/spNO.1/z/color"
        folder.mkdir(parents=True)
        some = next((root / planned[0].clip.folder).iterdir())
        for number in range(98, 113):
            if number - 100 not in removed:
                shutil.copy(some, folder / f"{number}.jpg")
        shown = {column: 100 + event for column, event in zip(("Onset", "Apex", "Offset"), events, strict=True)}
        for column, value in ({"Subject": "spNO.1", "Filename": "z"} | shown).items():
            cell(CASME3, 1, column, value)(root)
        return root

    return written


@pytest.mark.parametrize("lacking", LACKING)
def test_frames_that_a_clip_lacks_are_noted(casme3_clip, lacking):
    removed, events, expected, *of_row = LACKING[lacking]
    clips, notes = read(casme3_clip(removed, *of_row))
    (clip,) = [clip for clip in clips if "/z/" in clip.folder]
    assert clip.name == "z_100" and (clip.onset, clip.apex, clip.offset) == tuple(100 + event for event in events)
    numbers = [number for number, _ in datasets.frames(clip)]
    assert numbers == [n for n in range(clip.onset, clip.offset + 1) if n - 100 not in removed]
    notes = [note for note in notes if "ME_A: folders" not in note]
    for note, text in zip(notes, expected, strict=True):
        assert re.search(re.sub(r"{(\d+)}", lambda match: str(100 + int(match[1])), text) + f".*{WHERE}", note)


@pytest.mark.parametrize("removed, events", [(range(12), (0, 3, 10)), ([], (-60, -57, -50))])
def test_a_clip_none_of_whose_frames_is_there_is_refused(casme3_clip, removed, events):
    with pytest.raises(DataError, match=rf"the frames {100 + events[0]}..{100 + events[2]} must be there.*{WHERE}"):
        read(casme3_clip(removed, events))


def test_a_row_of_seconds_is_noted(casme3_clip):
    root = casme3_clip([], (0, 3, 70))
    folder = root / "ME_A/spNO.1/z/color"
    for number in range(113, 180):
        shutil.copy(folder / "100.jpg", folder / f"{number}.jpg")
    notes = read(root)[1]
    assert any(re.search(rf"100..170 lasts 2.33 s, which no micro-expression does: .*{WHERE}", note) for note in notes)


def test_clips_in_folders_of_their_own(corpus):
    root, planned = corpus("casme3")
    for clip in clips_of(planned):
        folder = root / "Part_A_ME_clip/frame" / f"{clip.subject.replace('NO', 'No')}_{clip.name}"
        folder.mkdir(parents=True)
        for _, path in datasets.frames(clip):
            shutil.copy(path, folder)
    shutil.rmtree(root / "ME_A")
    clips, notes = read(root)
    assert notes == []
    assert without_folders(clips) == without_folders(clips_of(planned))


def test_commas_between_action_units_roman_classes_and_a_stray(corpus):
    root, planned = corpus("casme3")
    every(CASME3, "AU", lambda code: str(code).replace("+", ", "))(root)
    romans = ("I", "II", "III", "IV", "V", "VI", "VII")
    every(CASME3, "Objective class", lambda number: romans[int(number) - 1])(root)
    folder = root / planned[0].clip.folder
    shutil.copy(next(folder.glob("*.jpg")), folder / "1 (1).jpg")
    clips, (note,) = read(root)  # one note, though clips share the folder
    assert "not named like a frame" in note
    assert [clip.parsed_action_units() for clip in clips] == [clip.parsed_action_units() for clip in clips_of(planned)]
    assert any("+" in clip.action_units for clip in clips)
    assert [clip.objective_class for clip in clips] == [clip.objective_class for clip in clips_of(planned)]
    labels = {clip.emotion: clip.label for clip in clips}
    assert labels == {"happy": 1, "surprise": 2, "disgust": 0, "fear": 0, "anger": 0, "sad": 0, "others": None}


@pytest.mark.parametrize("size", ["published", plan.Corpus(subjects=1, clips=60)])
def test_generated_clips_of_a_video_do_not_overlap(size):
    clips = clips_of(plan.plan_clips("casme3", plan.Params(max_frames=200, casme3=size), seed=1))
    taken = Counter((clip.folder, number) for clip in clips for number in range(clip.first, clip.last + 1))
    assert set(taken.values()) == {1}
    assert len({clip.folder for clip in clips}) < len(clips)


def test_each_row_of_dfme_has_its_own_rate_and_durations_are_seconds(corpus):
    root, planned = corpus("dfme")
    clips, notes = read(root)
    assert (clips, notes) == (clips_of(planned), [])
    by_person = {clip.subject: {other.fps for other in clips if other.subject == clip.subject} for clip in clips}
    assert set(map(frozenset, by_person.values())) == {frozenset((200, 300, 500))}
    cell(DFME, 1, "Fps", 200 + 100 * (planned[0].clip.fps == 200))(root)
    assert read(root)[0][0].fps != planned[0].clip.fps
    planned = plan.plan_clips("dfme", plan.Params(max_frames=200), seed=1)
    assert Counter(item.clip.fps for item in planned).keys() == {200, 300, 500}
    for fps, longest in ((200, 0.505), (300, 0.505), (500, 191 / 500)):
        seconds = [(item.offset - item.onset) / fps for item in planned if item.clip.fps == fps]
        assert 0.11 <= min(seconds) < 0.16 and longest - 0.02 < max(seconds) <= longest + 0.003
    short = plan.plan_clips("dfme", plan.Params(max_frames=17), seed=1)
    assert max(item.clip.frames for item in short) <= 17  # where 0.11 s are more than may be


def test_several_lists_and_csv(corpus):
    root, planned = corpus("dfme")
    header, *rows = load_workbook(root / DFME).worksheets[0].iter_rows(values_only=True)
    (root / DFME).unlink()
    for name, part in (("train", rows[:9]), ("test", rows[9:])):
        with (root / f"DFME_{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((header, *part))
    assert read(root) == (clips_of(planned), [])
    (root / "DFME_test.csv").rename(root / "others.csv")
    assert len(read(root)[0]) == 9


@pytest.mark.parametrize("folder", ["{subject}/{name}", "frames/{subject}/{name}", "DFME/{name}"])
def test_frames_elsewhere(corpus, folder):
    root, planned = corpus("dfme")
    (root / "DFME").rename(root / "elsewhere")
    moved = [replace(clip, folder=folder.format(subject=clip.subject, name=clip.name)) for clip in clips_of(planned)]
    for clip in moved:
        (root / clip.folder).parent.mkdir(parents=True, exist_ok=True)
        (root / "elsewhere" / clip.subject / clip.name).rename(root / clip.folder)
    shutil.rmtree(root / "elsewhere")
    assert read(root) == (moved, [])


# as written, emotion, label: two emotions have a class only if it is the same
EMOTIONS = [
    ("Positive", "positive", 1), ("Surprise+Positive", "positive+surprise", None),
    ("Repression + Negative", "negative+repression", 0), ("Repression", "repression", 0),
    ("Negative+Others", "negative+others", None),
]  # fmt: skip
# as written, as parsed: units that were kept are no part of the expression, and the bracket is not always closed
UNITS = [
    ("AU4(k)+L7", "L7"), ("AUR2+12(k)+45", "R2 45"), ("AU4+AU12(k", "4"), ("AU4(K)", ""), ("AU6,12", "6 12"),
]  # fmt: skip


def test_emotions_and_units_of_4dme(corpus):
    root, planned = corpus("fourdme")
    for row, (written, _, _) in enumerate(EMOTIONS, 1):
        cell(FOURDME, row, "Emotion", written)(root)
    for row, (written, _) in enumerate(UNITS, 1):
        cell(FOURDME, row, "AUs", written)(root)
    clips = read(root)[0][:5]
    assert [(clip.emotion, clip.label) for clip in clips] == [(emotion, label) for _, emotion, label in EMOTIONS]
    assert [clip.action_units for clip in clips] == [written.replace(",", "+") for written, _ in UNITS]
    assert [clip.parsed_action_units() for clip in clips] == [coded for _, coded in UNITS]
    assert [clip.id for clip in clips] == [clip.id for clip in clips_of(planned[:5])]


def test_people_by_number(corpus):
    root, planned = corpus("fourdme")
    for row, item in enumerate(planned, 1):
        cell(FOURDME, row, "sub_ID", int(item.clip.subject[1:]))(root)
    assert read(root)[0] == clips_of(planned)
    (root / "gray_micro/sub1").mkdir()
    with pytest.raises(DataError, match="subjects 'S01' and 'sub1' could be one person"):
        read(root)


def test_cropped_frames_of_4dme_are_read_where_there_are_no_others_and_its_other_workbook_is_not(corpus):
    root, planned = corpus("fourdme")
    (root / "gray_micro_crop").mkdir()
    (root / "4DME_Labelling_Micro_extras_release v1.xlsx").write_bytes(b"")  # what people reported
    assert "is not read" in read(root)[1][0]
    (root / "gray_micro_crop").rmdir()
    (root / "gray_micro").rename(root / "gray_micro_crop")
    clips, (note,) = read(root)
    assert [clip.id for clip in clips] == [clip.id for clip in clips_of(planned)] and "cropped" in note


def test_generated_ones_have_some_units_that_were_kept():
    planned = plan.plan_clips("fourdme", plan.Params(max_frames=40), seed=1)
    displays = [{int(name[2:-1]) for name in item.weights} for item in planned]
    codes = [{int(code.strip("LR")) for code in clip.parsed_action_units().split()} for clip in clips_of(planned)]
    assert all(coded and coded <= displayed for coded, displayed in zip(codes, displays, strict=True))
    assert 0 < sum(coded < displayed for coded, displayed in zip(codes, displays, strict=True)) < 30  # coders miss some
    assert 20 < sum("(k)" in clip.action_units for clip in clips_of(planned)) < 60
    assert sum("+" in clip.emotion for clip in clips_of(planned)) > 30


@pytest.mark.parametrize("written", ["S{:02d}", "{:02d}"])
def test_subjects_of_mmew_as_numbers_or_names_others_without_a_class_and_a_folder_without_a_row(corpus, written):
    root, planned = corpus("mmew")
    every(MMEW, "Subject", written.format)(root)
    assert read(root)[0] == clips_of(planned)
    others = [number for number, item in enumerate(planned) if item.clip.emotion == "others"]
    cell(MMEW, others[0] + 1, "Estimated Emotion", "repression")(root)
    shutil.copytree(root / planned[0].clip.folder, root / "Micro_Expression/S01/anger/S01-07-009")
    clips, (note,) = read(root)
    assert [clips[number].label for number in others] == [0, None]  # repression is negative
    assert "S01-07-009: has no row" in note


@pytest.mark.parametrize(
    "dataset, folder",
    [
        ("mmew", "Micro_Expression/S01/anger/S01-07-009 copy"),
        ("mmew", "Micro_Expression"),
        ("dfme", "DFME/extra"),
        ("casme2", "CASME2_RAW_selected/sub01"),
        ("fourdme", "gray_micro/S01"),
    ],
)
def test_frames_that_no_row_names_are_noted_wherever_they_lie(corpus, dataset, folder):
    root, planned = corpus(dataset)
    before = read(root)[0]
    home = root / planned[0].clip.folder
    (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(next(home.iterdir()), root / folder)
    (root / "._mac").touch()
    (home / "._mac.jpg").touch()
    clips, notes = read(root)
    assert clips == before
    assert f"{root / folder}: holds frames, but no row names it; passed over" in notes
