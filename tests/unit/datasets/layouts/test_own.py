"""Data sets of users: the same clips from each kind of annotation, and a line on whatever is broken."""

import shutil
import unicodedata

import numpy as np
import pytest
from encoded import delay, shades, write

from microexpr import datasets
from microexpr.coding import elan
from microexpr.core.errors import DataError
from microexpr.datasets import index
from microexpr.datasets.check import check
from microexpr.datasets.layouts import own, recordings
from microexpr.evaluation.questions import long_videos

FPS = 25
MARKS = [elan.Mark("micro", 400, 720, 560, 600, "happiness", "R12"), elan.Mark("macro", 1000, 1600, 1200, 1240, "fear")]
HEAD = "recording,subject,kind,onset,apex,offset,emotion,action_units,coder\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Two subjects with a recording of two seconds each, as `data/raw/mine` without annotation."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/raw/mine"
    for subject, first in (("s01", 30), ("s02", 50)):
        (folder / subject).mkdir(parents=True)
        write(folder / subject / "take.mp4", shades(first + 4 * np.arange(50)), FPS, keyframes=1)
    monkeypatch.setattr(datasets, "LAYOUTS", datasets.LAYOUTS | own.layouts("mine"))
    monkeypatch.setattr(recordings, "PATIENCE", 1.0)
    return folder


def annotate(root):
    for subject in ("s01", "s02"):
        (root / subject / "take.eaf").write_text(elan.text(MARKS, "take.mp4"), encoding="utf-8")


def table(root, rows, name="annotations.csv", encoding="utf-8"):
    (root / name).write_text(HEAD + rows, encoding=encoding)


def read():
    return index.read_licensed("mine"), datasets.read_videos("mine_long", "licensed")[0]


ROWS_OF_ONE = "{0}/take.mp4,,micro,10,14,17,happiness,R12,\n{0}/take.mp4,,macro,25,30,39,fear,,\n"
ROWS = ROWS_OF_ONE.format("s01") + ROWS_OF_ONE.format("s02")


def test_elan_frames_and_seconds_give_the_same_clips_and_videos(root):
    annotate(root)
    clips, videos = expected = read()
    assert [(c.id, c.onset, c.apex, c.offset, c.first, c.last, c.frames, c.label) for c in clips] == [
        (f"mine/{s}/take_000010", 10, 14, 17, 8, 19, 12, 1) for s in ("s01", "s02")
    ]
    assert {(c.fps, c.origin, c.action_units, c.objective_class) for c in clips} == {(FPS, "licensed", "R12", 1)}
    assert [(v.clip.id, v.clip.frames, v.spans("micro"), v.spans("macro")) for v in videos] == [
        (f"mine_long/{s}/take", 50, [(10, 17)], [(25, 39)]) for s in ("s01", "s02")
    ]
    report = check(root)
    assert not report.problems and not report.notes
    assert {"2 clips", "2 subjects", "2 videos", "2 micro-expressions", "2 macro-expressions"} <= {*report.counts}
    numbers, images = datasets.frame_reader(clips[0])
    assert numbers == [*range(8, 20)]
    levels = np.array([image.mean() for image in images()])
    assert len([*images()]) == 12, "read again, from memory"
    assert abs(np.median((levels - 30) / 4 - numbers)) < 0.5, "a frame too early or late would be 1"
    for path in root.rglob("*.eaf"):
        path.unlink()
    table(root, ROWS)
    assert read() == expected
    seconds = [row.split(",") for row in ROWS.splitlines()]
    text = "".join(",".join([*r[:3], *(str(int(t) / FPS) for t in r[3:6]), *r[6:]]) + "\n" for r in seconds)
    (root / "annotations.csv").write_text(HEAD.replace("set,", "set_seconds,").replace("apex", "apex_seconds") + text)
    assert read() == expected


def test_folders_of_frames_need_their_rate_and_patterns_name_subjects(root):
    import cv2

    shutil.rmtree(root)
    for subject in ("anna", "ben"):
        folder = root / f"{subject}_morning"
        folder.mkdir(parents=True)
        for number in range(50):
            shade = len(subject) * 9 + number
            cv2.imwrite(str(folder / f"img_{number + 1:03}.png"), np.full((48, 64), shade, np.uint8))
        (root / f"{subject}_morning.eaf").write_text(elan.text(MARKS, "none"), encoding="utf-8")
    (root / own.FACTS).write_text("subject: '^([a-z]+)_'\n")
    with pytest.raises(DataError, match="needs their rate, `fps: 200` in"):
        read()
    (root / own.FACTS).write_text("fps: 25\nsubject: '^([a-z]+)_'\nemotions: {happiness: surprise}\n")
    clips, _ = read()
    assert [clip.id for clip in clips] == [f"mine/{s}/{s}_morning_000010" for s in ("anna", "ben")]
    assert {(clip.onset, clip.label) for clip in clips} == {(10, 2)}
    assert len([*datasets.frame_reader(clips[0])[1]()]) == 12
    assert any("frames count from 0 in rows: 0 is img_001.png" in note for note in check(root).notes)


def test_of_two_coders_one_is_chosen(root):
    annotate(root)
    for subject in ("s01", "s02"):
        (root / subject / "take.eaf").rename(root / subject / "take.anna.eaf")
    (root / "s01/take.ben.eaf").write_text(elan.text(MARKS[1:], "take.mp4"), encoding="utf-8")
    with pytest.raises(DataError, match=r"must be marked in one file, not in s01/take.anna.eaf and s01/take.ben.eaf;"):
        read()
    (root / own.FACTS).write_text("coder: anna\n")
    assert len(read()[0]) == 2


def broken(change):
    """A way in which a folder with a table is broken."""
    return lambda root: (table(root, ROWS), change(root))


def facts(text):
    return broken(lambda root: (root / own.FACTS).write_text(text, encoding="utf-8"))


def rows(text):
    return lambda root: table(root, text)


T = "s01/take.mp4"
BROKEN = {
    "no annotation": (lambda root: None, "must hold tables such as annotations.csv, or .eaf"),
    "both kinds": (broken(annotate), "found annotations.csv, s01/take.eaf"),
    "a recording without": (lambda root: (annotate(root), (root / "s02/take.eaf").unlink()), "take.eaf next to it"),
    "an annotation without": (
        lambda root: (annotate(root), (root / "s02/take.mp4").unlink()), "must lie next to the recording"),
    "an unknown recording": (
        rows("s01/tkae.mp4,,micro,1,,9,fear,,\n"), "not 's01/tkae.mp4' (did you mean 's01/take.mp4'?)"),
    "two people": (
        rows(f"{T},anna,micro,1,,9,fear,,\n{T},ben,micro,20,,29,fear,,\ns02/take.mp4,s02,blink,1,,9,,,\n"),
        "one subject, not anna and ben"),
    "two names": (rows(f"{T},anna,micro,1,,9,fear,,\n"), "s02/take.mp4: must have a subject, in a column or ELAN"),
    "two spellings": (
        rows(f"{T},P7,micro,1,,9,fear,,\ns02/take.mp4,7,micro,1,,9,fear,,\n"),
        "could be one person: spell it the same, or say whose"),
    "another folder": (rows("s02/tak.mp4,,micro,1,,9,fear,,\n"), "not 's02/tak.mp4' (did you mean 's02/take.mp4'?)"),
    "a folder that is not there": (rows("s03/take.mp4,,micro,1,,9,fear,,\n"), "must be one of s01/take.mp4, s02/take"),
    "a name of two": (rows("take,,micro,1,,9,fear,,\n"), "'take' could be s01/take.mp4, s02/take.mp4: give its path"),
    "another subject's": (rows("take,s03,micro,1,,9,fear,,\n"), "not 'take' of s03"),
    "no recording": (rows(",s01,micro,1,,9,fear,,\n"), "recording must not be empty"),
    "two emotions": (
        lambda root: (root / "a.csv").write_text(f"recording,kind,onset,offset,emotion,class\n{T},micro,1,9,fear,x\n"),
        "emotion 'fear' and class 'x' must not differ, both are emotion"),
    "two times": (
        lambda root: (root / "a.csv").write_text(f"recording,kind,onset,offset,offset_seconds\n{T},micro,1,9,0.8\n"),
        "offset_seconds must be the time of offset, frame 9, at 0.360 s, not 0.8"),
    "a comma of thousands": (rows(f'{T},,micro,"1,200",,9,fear,,\n'), "without a sign between thousands"),
    "a line under a number": (rows(f"{T},,micro,2_0,,29,fear,,\n"), "onset must be a whole number"),
    "onset after offset": (rows(f"{T},,micro,19,,9,fear,,\n"), "must follow each other, not 19 and 9"),
    "apex outside": (rows(f"{T},,micro,1,30,9,fear,,\n"), "must follow each other, not 1 and 30 and 9"),
    "seconds among frames": (rows(f"{T},,micro,1,,9,fear,,\n{T},,micro,1.2,,1.6,fear,,\n"), "a column onset_seconds"),
    "decimal commas": (rows(f'{T},,micro,"0,4",,"0,72",fear,,\n'), "in a column onset_seconds"),
    "a date": (rows(f"{T},,micro,2026-01-12,,9,fear,,\n"), "made a date or a clock time of it"),
    "beyond the end": (rows(f"{T},,micro,45,,60,fear,,\n"), "frames 0 to 49, not 60"),
    "duplicates": (rows(f"{T},,micro,1,,9,fear,,\n" * 2), "must be there once, not twice: 1..9"),
    "an unknown emotion": (rows(f"{T},,micro,1,,9,hapiness,,\n"), "not 'hapiness' (did you mean 'happiness'"),
    "an umlaut": (rows(f"{T},,micro,1,,9,überrascht,,\n"), "emotions: {überrascht: negative}"),
    "a coder": (facts("coder: anna\n"), "those of the events, no one, not anna"),
    "a kind": (rows(f"{T},,mikro,1,,9,fear,,\n"), "kind must be one of micro"),
    "two coders": (rows(f"{T},,micro,1,,9,fear,,a\n{T},,micro,20,,29,fear,,b\n"), "name one in"),
    "a name of a subject": (
        rows(f"{T},müller,micro,1,,9,fear,,\ns02/take.mp4,s02,blink,1,,9,,,\n"), "must be of letters a to z, digits"),
    "another name of dataset.yaml": (
        broken(lambda root: (root / "dataset.yml").write_text("fps: 25\n")), "must be called dataset.yaml"),
    "an emotion twice": (
        facts("emotions: {Fear: negative, fear: positive}\n"), "line 1: fear must stand once, not in line 1 too"),
    "a blink outside": (rows(f"{T},,blink,45,,60,,,\n"), "frames 0 to 49, not 60"),
    "rate": (facts("fps: 1_00\n"), "(fps: Value error, a number)"),
    "facts": (facts("fsp: 25\n"), "have fps, subject, subjects, coder"),
    "lists in lists": (facts("a: " + "[" * 50000), "dataset.yaml, line 1: must be nested at most 32 deep"),
    "a list in itself": (facts("a: &a [*a]"), "dataset.yaml: must have at most 100000 values"),
    "megabytes": (facts("a: " + "x" * 2**22), "dataset.yaml: must have at most 4 MB"),
    "no pattern": (facts("subject: '((s1'"), "yaml: `subject` must be a regular expression, not ((s1 ("),
    "a deep pattern": (facts(f"subject: '{'(' * 5000}'"), "`subject` must be a regular expression, not "),
    "a large pattern": (facts("subject: '(a{1,99999999999})'"), "`subject` must be a regular expression, not "),
    "a slow pattern": (facts("subject: '(.?.?){60}!'"), "must be a pattern that is found or not within 1 s"),
    "a workbook": (lambda root: (root / "annotations.xlsx").write_text("x"), "must hold tables"),
    "no column": (lambda root: (root / "a.csv").write_text("recording,kind,start,end\n"), "column 'onset' is missing"),
    "another rate": (
        lambda root: (root / "a.csv").write_text(f"recording,kind,onset,offset,fps\n{T},micro,1,9,24.975\n"),
        "fps must be 25, the recording's, not 24.975"),
    "no coder": (
        lambda root: (
            table(root, f"{T},,micro,1,,5,fear,,anna\n{T},,micro,11,,15,fear,,\n{T},,micro,21,,25,fear,,ben\n"),
            (root / own.FACTS).write_text("coder: anna\n")),
        "coder must not be empty where other events name one"),
    "too deep": (
        lambda root: (annotate(root), (root / ("d/" * 65)).mkdir(parents=True)), "at most 64 folders in each other"),
    "a name with an accent, as a disk may store it": (
        lambda root: (
            (root / T).rename(root / "s01" / unicodedata.normalize("NFD", "münchen.mp4")),
            table(root, "s01/münchen.mp4,,micro,10,14,17,fröhlich,,\n"),
            (root / own.FACTS).write_text("emotions: {fröhlich: positive}\n", encoding="utf-8")),
        "the name of a recording must be of letters"),
    "units": (rows(f"{T},,micro,1,,9,fear,smile,\ns02/take.mp4,,blink,1,,9,,,\n"), "action units must be coded like"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_way_to_be_broken_is_a_line_that_says_how_to_mend_it(root, name):
    spoil, message = BROKEN[name]
    spoil(root)
    try:
        report = check(root)
        lines = [*report.problems, *(report.notes if name == "units" else ())]
    except DataError as error:
        lines = [str(error)]
    assert len(lines) == 1 and message in lines[-1], lines


def test_spellings_of_one_subject_are_one_and_dataset_yaml_tells_two_apart_by_entries_as_typed(root):
    for first, second, name in (("P1", "p01 ", "P1"), ("006", "6", "006"), ("6.0", "6", "6"), ("Anna", "ANNA", "Anna")):
        table(root, f"{T},{first},micro,1,,9,fear,,\ns02/take.mp4,{second},micro,1,,9,fear,,\n")
        assert [clip.id for clip in read()[0]] == [f"mine/{name}/{s}_take_000001" for s in ("s01", "s02")]
    table(root, f"{T},006,micro,1,,9,fear,,\ns02/take.mp4,6,micro,1,,9,fear,,\n")
    places = [f"({root}/annotations.csv, row {row})" for row in (2, 3)]
    note = f"{root}: subjects '006' {places[0]} and '6' {places[1]} are taken as one"
    assert note in check(root).notes
    (root / own.FACTS).write_text("subjects: {'006': a6, '6': b6, '7': c7}\n")
    assert {clip.subject for clip in read()[0]} == {"a6", "b6"}
    (root / own.FACTS).write_text("subjects: {'006': a6, '6': b6, '7': c7}\nfps: 25\n")
    notes = "\n".join(check(root).notes)
    assert "names that nobody has: 7" in notes and "fps is passed over" in notes
    for text, subjects in (("{6: anna}", {"anna"}), ("{006: a6, 6: b6}", {"a6", "b6"}), ("{010: x}", {"006"})):
        (root / own.FACTS).write_text(f"subjects: {text}\n")
        assert {clip.subject for clip in read()[0]} == subjects
    (root / own.FACTS).write_text("subjects: {06: a6, 6: b6}\n")
    with pytest.raises(DataError, match=r"subject 006 could be 06 or 6 of `subjects` in dataset.yaml.*row 2"):
        read()
    table(root, f"{T},Müller,micro,1,,9,fear,,\ns02/take.mp4,mu\N{COMBINING DIAERESIS}ller,micro,1,,9,fear,,\n")
    (root / own.FACTS).write_text("subjects: {Müller: mueller}\n", encoding="utf-8")
    assert {clip.subject for clip in read()[0]} == {"mueller"}


@pytest.mark.parametrize(
    ("folder", "first", "second", "message"),
    [
        ("s01", "s02", "s01", r"subject must be that of the folder s01, not s02 \(s02 is there\); .* \(.*row 2\)"),
        ("s01", "2", "1", r"subject must be that of the folder s01, not 2 \(s02 is there\)"),
        ("s01", "s07", "s02", "subject must be that of the folder s01, not s07; `subjects: {s07: s07}`"),
        ("m1", "f1", "s02", "subject must be that of the folder m1, not f1"),
        ("1", "2", "s09", "subject must be that of the folder 1, not 2"),
    ],
)
def test_a_subject_of_another_folder_is_refused_unless_dataset_yaml_has_it(root, folder, first, second, message):
    (root / "s01").rename(root / folder)
    table(root, f"{folder}/take.mp4,{first},micro,1,,9,fear,,\ns02/take.mp4,{second},micro,1,,9,fear,,\n")
    with pytest.raises(DataError, match=message):
        read()
    (root / own.FACTS).write_text(f"subjects: {{'{first}': '{first}', '{second}': '{second}'}}\n")
    assert {clip.subject for clip in read()[0]} == {first, second}


def test_zeros_do_not_count_next_to_a_pattern(root):
    (root / "s01/take.mp4").rename(root / "01_a.mp4")
    shutil.rmtree(root / "s02")
    (root / own.FACTS).write_text("subject: '^([a-z0-9]+)_'\n")
    table(root, "01_a,1,micro,1,,9,fear,,\n")
    assert [clip.subject for clip in read()[0]] == ["01"]


def test_neither_a_file_of_another_video_nor_two_of_one_recording_are_read(root):
    annotate(root)
    (root / "s02/take.eaf").write_text(elan.text(MARKS, "../s01/take.mp4"), encoding="utf-8")
    with pytest.raises(DataError, match=r"s02/take.eaf: must be linked to .*s02/take.mp4, not to .*s01/take.mp4"):
        read()
    annotate(root)
    (root / "s01/take.v2.eaf").write_text(elan.text(MARKS[:1], "take.mp4"), encoding="utf-8")
    with pytest.raises(DataError, match=r"must be marked in one file, not in s01/take.eaf and s01/take.v2.eaf"):
        read()
    for path in root.rglob("*.eaf"):
        path.unlink()
    table(root, ROWS)
    table(root, ROWS, "annotations copy.csv")
    with pytest.raises(DataError, match=r"must be marked in one file, not in annotations copy.csv and annotations.csv"):
        read()
    (root / "annotations copy.csv").rename(root / "s01/annotations.csv")
    assert any("s01/annotations.csv: is passed over: tables count in" in note for note in check(root).notes)


def test_a_spreadsheet_is_named_and_a_number_that_is_no_unit_is_no_class(root):
    (root / "annotations.xlsx").touch()
    with pytest.raises(DataError, match=r"found annotations.xlsx; .*spreadsheets can be saved as CSV"):
        read()
    table(root, ROWS.replace("R12", "6+99"))
    (clip, _), notes = datasets.layout("mine").read(root, "licensed")
    assert clip.objective_class == 1 and any("annotations.xlsx: is passed over" in note for note in notes)
    assert any("not '99', which is passed over in 2 of 2 clips" in note for note in notes)


def test_a_portrait_next_to_a_folder_of_frames_is_no_recording(root):
    import cv2

    shutil.rmtree(root / "s02")
    (root / "s02/take").mkdir(parents=True)
    for number in range(50):
        cv2.imwrite(str(root / f"s02/take/{number:03}.png"), np.full((48, 64), 30 + number, np.uint8))
    shutil.copy(root / "s02/take/000.png", root / "s02/portrait.png")
    (root / own.FACTS).write_text("fps: 25\nemotions: {Freude: positive}\n")
    table(root, ROWS.replace("s02/take.mp4", "s02/take"))
    assert [clip.subject for clip in read()[0]] == ["s01", "s02"]
    assert any("`emotions` has words that no event has: Freude" in note for note in check(root).notes)


def test_an_empty_class_next_to_an_emotion_is_none_and_coders_are_told_in_any_case(root):
    text = f"recording,kind,onset,offset,class,emotion,coder\n{T},micro,1,9,,fear,Anna\n{T},micro,20,29,,fear,ben\n"
    (root / "a.csv").write_text(text + "s02/take.mp4,micro,1,9,,fear,anna\n")
    (root / own.FACTS).write_text("coder: ANNA\n")
    assert [(clip.subject, clip.emotion) for clip in read()[0]] == [("s01", "fear"), ("s02", "fear")]
    assert any("of coders who are not asked for: 1 of ben" in line for line in check(root).notes)


def test_what_a_laboratory_keeps_around_its_recordings_does_no_harm(root, tmp_path):
    annotate(root)
    (root / "s01/portrait.jpg").write_bytes(b"x")
    (root / "s01/._take.mp4").write_bytes(b"x")
    (tmp_path / "disk").mkdir()
    (root / "s02").rename(tmp_path / "disk/s02")
    (root / "s02").symlink_to(tmp_path / "disk/s02")
    (root / "loop").symlink_to(root)
    assert [clip.subject for clip in index.read_licensed("mine")] == ["s01", "s02"]
    (tmp_path / "data/raw/backup").mkdir()
    (tmp_path / "data/raw/pilot").mkdir()
    (tmp_path / "data/raw/pilot/annotations.csv").touch()
    assert {*own.found(tmp_path / "data/raw", ["casme2"])} == {"mine", "mine_long", "pilot", "pilot_long"}


def test_rendered_recordings_are_generated_and_never_mixed_with_people(root):
    from microexpr.videos.frames import MARK

    annotate(root)
    with (root / "s01/take.mp4").open("ab") as file:
        file.write(MARK)
    with pytest.raises(DataError, match="people or rendered faces, not both"):
        read()
    with (root / "s02/take.mp4").open("ab") as file:
        file.write(MARK)
    assert index.origin("mine", "auto") == "generated" and {clip.origin for clip in read()[0]} == {"generated"}


def test_seconds_are_those_of_players_where_the_picture_begins_after_the_sound(root):
    for subject in ("s01", "s02"):
        delay(root / subject / "take.mp4", 0.48)
    (root / "a.csv").write_text(f"recording,kind,onset_seconds,offset_seconds\n{T},micro,0.88,1.16\n")
    clips, (video, _) = read()
    assert [(clip.onset, clip.offset) for clip in clips] == [(10, 17)]
    assert [(e.onset, e.offset) for e in long_videos.events(video)] == [pytest.approx((0.88, 1.16))]
    (root / "a.csv").write_text(f"recording,kind,onset_seconds,offset_seconds\n{T},micro,0.2,1.16\n")
    with pytest.raises(DataError, match=r"onset must lie in the recording, seconds 0.48 to 2.44, not 0.2 \(.*row 2\)"):
        read()


def test_the_numbers_of_every_second_frame_are_no_positions_and_a_missing_one_is_noted(root):
    import cv2

    for number in (n for n in range(0, 80, 2) if n != 50):
        (root / "s03/take").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / f"s03/take/img_{number:03}.png"), np.full((48, 64), 30 + number, np.uint8))
    (root / own.FACTS).write_text("fps: 25\n")
    table(root, "s03/take,,micro,2,,9,fear,6 or 15,\n")
    assert [clip.objective_class for clip in read()[0]] == [None]
    notes = [note.partition("take: ")[2] for note in check(root).notes if "s03/take: " in note]
    assert notes == [
        "numbers of frames rise by 2: frames a second are those of the files that are there",
        "1 of 40 frames are missing, 50 for one; they show no face",
        "frames count from 0 in rows: 0 is img_000.png, 39 is img_078.png",
        "'6 or 15' at frame 2 could be of several AU-based classes: it is not known",
    ]


@pytest.mark.parametrize("link", [True, False])
def test_a_recording_that_is_there_twice_and_two_of_one_name_are_refused(root, link):
    table(root, ROWS)
    (root / "s03").mkdir()
    if link:
        (root / "s03/other.mp4").symlink_to(root / "s01/take.mp4")
    else:
        shutil.copy(root / "s01/take.mp4", root / "s03/other.mp4")
    with pytest.raises(DataError, match=r"s03/other.mp4: must have frames of its own, not those of .*s01/take.mp4"):
        read()
    (root / "s02/x").mkdir()
    write(root / "s02/x/a.mp4", shades(9 + 4 * np.arange(50)), FPS)
    shutil.rmtree(root / "s03")
    write(root / "s02/x_a.mp4", shades(7 + 4 * np.arange(50)), FPS)
    assert check(root).problems == ["clip mine_long/s02/x_a must be there once, not in s02/x/a.mp4 and s02/x_a.mp4"]


def test_folders_that_begin_and_end_with_the_same_picture_are_two_recordings(tmp_path):
    import cv2

    for name, shades_of in (("a", (0, 9, 0)), ("b", (0, 8, 0)), ("c", (0, 9, 0))):
        (tmp_path / name).mkdir()
        for number, shade in enumerate(shades_of):
            cv2.imwrite(str(tmp_path / name / f"{number}.bmp"), np.full((8, 8), shade, np.uint8))
    first, *others = recordings.recordings(tmp_path, 25)
    assert [first.is_copy(other) for other in others] == [False, True]
