"""CK+, Oulu-CASIA, MMI and AffectNet as they come out of their archives, against their publications."""

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from broken import all_of, moved, replace

from microexpr import datasets
from microexpr.core.errors import DataError
from microexpr.datasets import index
from microexpr.datasets.check import check
from microexpr.datasets.layouts import Layout


def read(dataset: str, root: Path):
    return datasets.layout(dataset).read(root, "generated")


EMOTIONS = ["anger", "contempt", "disgust", "fear", "happiness", "sadness", "surprise"]  # codes 1..7
LABELS = [0, 0, 0, 0, 1, 0, 2]  # MEGC2019: negative, positive, surprise


def write(root: Path, subject: str, sequence: str, frames: int, emotion: int | None, units: str = "") -> None:
    folder = root / "cohn-kanade-images" / subject / sequence
    folder.mkdir(parents=True)
    for number in range(1, frames + 1):
        shape = (6, 8) if sequence == "001" else (6, 8, 3)
        cv2.imwrite(str(folder / f"{subject}_{sequence}_{number:08d}.png"), np.full(shape, 20 + 9 * number, np.uint8))
    (folder / ".DS_Store").touch()
    for kind, text in (("Emotion", f"   {emotion}.0000000e+00\n"), ("FACS", units)):
        beside = root / kind / subject / sequence
        beside.mkdir(parents=True)
        if kind == "FACS" or emotion is not None:
            (beside / f"{subject}_{sequence}_{frames:08d}_{kind.lower()}.txt").write_text(text)


@pytest.fixture
def ckplus(tmp_path):
    for code in range(1, 8):
        write(tmp_path, f"S{code:03d}", "001", 10 + code, code, "   4.0000000e+00   2.0000000e+00\n")
    write(tmp_path, "S001", "002", 5, 7, "   1.0000000e+00   0.0000000e+00\n   2.7000000e+01   5.0000000e+00\n")
    write(tmp_path, "S001", "003", 5, None)
    write(tmp_path, "S999", "001", 5, None)
    (folder := tmp_path / "Emotion/S001/001").joinpath("S001_001_emotions.doc").touch()
    for path in (folder / f"._{min(folder.glob('*.txt')).name}", tmp_path / "._Emotion"):  # a Mac's
        path.write_bytes(b"\0\5\x16\7")
    return tmp_path


def test_codes_frames_and_units_under_each_name_of_the_folders(ckplus):
    clips, notes = read("ckplus", ckplus)
    assert [clip.id for clip in clips[:3]] == ["ckplus/S001/S001_001", "ckplus/S001/S001_002", "ckplus/S002/S002_001"]
    first = [clip for clip in clips if clip.name.endswith("_001")]
    assert [clip.emotion for clip in first] == EMOTIONS
    assert [clip.label for clip in first] == LABELS
    assert [clip.apex for clip in first] == list(range(11, 18))
    for clip in clips:
        assert (clip.first, clip.onset) == (1, 1)
        assert clip.frames == clip.apex == clip.offset == clip.last
    assert [clip.action_units for clip in clips[:2]] == ["4B", "1+27E"]
    assert clips[1].parsed_action_units() == "1 27"
    assert notes[0].endswith("sequences without an emotion file: 2, passed over: S001/003, S999/001")
    assert notes[1] == f"{ckplus}/Emotion: files not named like emotions: 1, passed over: S001_001_emotions.doc"
    assert "no pictures: 8" in notes[2]
    for name, above in (
        ("cohn-kanade-images", "extended-cohn-kanade-images"), ("Emotion", "Emotion_labels"), ("FACS", "FACS_labels")
    ):  # fmt: skip
        (ckplus / above).mkdir()
        (ckplus / name).rename(ckplus / above / name)
    after = read("ckplus", ckplus)[0]
    assert [(clip.id, clip.action_units) for clip in after] == [(clip.id, clip.action_units) for clip in clips]
    assert all(clip.folder.startswith("extended-cohn-kanade-images/cohn-kanade-images/S") for clip in after)


OULU_LABELS = {"Anger": 0, "Disgust": 0, "Fear": 0, "Happiness": 1, "Sadness": 0, "Surprise": 2}


@pytest.fixture(params=["B_OriginalImg/", "OriginalImg/", ""])
def oulu(request, tmp_path):
    for person in ("P001", "P080"):
        for number, emotion in enumerate(OULU_LABELS):
            folder = tmp_path / f"{request.param}VL/Strong/{person}/{emotion}"
            folder.mkdir(parents=True)
            for frame in range(9 + number):
                cv2.imwrite(str(folder / f"{frame:03d}.jpeg"), np.full((6, 8, 3), (0, 0, 100 + 5 * frame), np.uint8))
    (tmp_path / f"{request.param}VL/Weak/P001/Anger").mkdir(parents=True)
    return tmp_path


def test_every_sequence_from_neutral_to_apex_is_read_and_what_is_passed_over_is_named(oulu):
    clips, notes = read("oulu_casia", oulu)
    assert notes == []
    assert [clip.name for clip in clips[:2]] == ["P001_anger", "P001_disgust"]
    assert [clip.label for clip in clips] == [*OULU_LABELS.values()] * 2
    assert [clip.frames for clip in clips] == [*range(9, 15)] * 2
    for clip in clips:
        assert (clip.first, clip.onset, clip.fps) == (0, 0, 25)
        assert clip.apex == clip.offset == clip.last == clip.frames - 1
    numbers, pictures = datasets.frame_reader(clips[-1], oulu)
    assert numbers == list(range(14))
    red = [picture[..., 0].mean() for picture in pictures()]
    assert np.allclose(red, 100 + 5 * np.arange(14), atol=3)  # red comes first, and in the order of the numbers
    before, strong = clips, next(oulu.rglob("Strong"))
    for name in ("P001/joy_1", "other", "P003", "__MACOSX", ".Trashes"):
        (strong / name).mkdir()
    for name in ("readme.txt", "P080/notes.txt", "._P001", "Thumbs.db", "P080/Anger/._000.jpeg", "P080/._Anger"):
        (strong / name).write_bytes(b"\0\5\x16\7")
    clips, notes = read("oulu_casia", oulu)
    assert clips == before
    emotions = "is none of Anger, Disgust, Fear, Happiness, Sadness, Surprise; passed over"
    assert notes == [
        f"{strong}/other: {emotions}",
        f"{strong}: readme.txt: no folders like P001/Anger; passed over",
        f"{strong}/P003: is empty, and holds nothing like P001/Anger; passed over",
        f"{strong}/P080: notes.txt: no folders like P001/Anger; passed over",
        f"{strong}/P001/joy_1: {emotions}",
        f"{oulu}: files among the frames that are no pictures: 1, passed over",
    ]


def test_a_word_that_is_no_emotion_is_noted_where_folders_name_emotions(tmp_path):
    about = Layout(
        name="toy", title="Toy", kind="micro", fps=100, frame=r"(?P<number>\d+)\.png", reader="folders.Folders",
        folders=(".",), glob="P[0-9]*/*_*/", clip=r"(?P<subject>P\d+)/(?P<name>(?P<emotion>[a-z]+)_\d+)",
        example="P01/happiness_1", rendered={},
    )  # fmt: skip
    for name in ("happiness_1", "joy_1", "joy_2", "joy", "joy_x"):
        folder = tmp_path / "P01" / name
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / "000.png"), np.zeros((6, 8), np.uint8))
    clips, notes = about.read(tmp_path, "licensed", [])
    assert [(clip.name, clip.label) for clip in clips] == [("happiness_1", 1), ("joy_1", None), ("joy_2", None)]
    assert notes == [
        f"{tmp_path}/P01/joy: is not named like P01/happiness_1; passed over",
        f"{tmp_path}/P01/joy_x: is not named like P01/happiness_1; passed over",
        f"{tmp_path}: 'joy' is no emotion that is known: clips of it have no class, P01/joy_1 for one",
    ]


def test_faults_of_oulu_casia_are_refused(oulu, tmp_path_factory):
    empty = tmp_path_factory.mktemp("empty")
    next(oulu.rglob("Strong/P080/Fear/004.jpeg")).unlink()
    with pytest.raises(DataError, match="P080/Fear: frame 4 is missing between 0 and 10"):
        read("oulu_casia", oulu)
    with pytest.raises(DataError, match="must hold a folder B_OriginalImg/VL/Strong or"):
        read("oulu_casia", empty)
    (empty / "VL/Strong").mkdir(parents=True)
    with pytest.raises(DataError, match="must hold sequences like P001/Anger, found none"):
        read("oulu_casia", empty)


SESSION = '<?xml version="1.0" encoding="utf-8"?>\n<session sessionId="{}"><track type="Video" view="{}"/></session>'
ANNOTATION = '<?xml version="1.0"?><annotations><Metatag Name="Emotion" Value="{}"/><Metatag Name="a"/></annotations>'
CODES = '<?xml version="1.0"?><oao>{}</oao>'
FRAMES = 12


def write_session(root: Path, pages: str, number: int, sid: str, emotion: int | None, view=0, fps=25) -> Path:
    folder = root / pages / "Sessions" / str(number)
    folder.mkdir(parents=True)
    (folder / "session.xml").write_text(SESSION.format(number, view))
    (folder / f"{sid}.xml").write_text(ANNOTATION.format(emotion) if emotion is not None else "<annotations/>")
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    file = cv2.VideoWriter(str(folder / f"{sid}.avi"), cv2.CAP_OPENCV_MJPEG, codec, fps, (64, 48))
    for frame in range(FRAMES):
        file.write(np.full((48, 64, 3), (0, number % 100, 100 + 10 * frame), np.uint8))
    file.release()
    return folder


@pytest.fixture
def mmi(tmp_path):
    for code in range(1, 7):
        write_session(tmp_path, "page-1", 1700 + code, f"S002-{100 + code}", code)
    folder = write_session(tmp_path, "page-2", 9, "S054-001", 6, fps=24)
    units = "".join(f'<ActionUnit Number="{number}"/>' for number in (1, 2, 27))
    (folder / "S054-001-oao_aucs.xml").write_text(CODES.format(units))
    write_session(tmp_path, "page-2", 10, "S054-002", None)
    write_session(tmp_path, "page-2", 11, "S054-003", 17)
    write_session(tmp_path, "page-2", 12, "S054-004", 4, view=1)
    write_session(tmp_path, ".", 13, "S001-001", 4, view=2)
    return tmp_path


def test_frontal_sessions_with_an_emotion(mmi):
    clips, notes = read("mmi", mmi)
    assert [clip.id for clip in clips] == [*(f"mmi/S002/S002-{n}" for n in range(101, 107)), "mmi/S054/S054-001"]
    emotions = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "surprise"]
    assert [clip.emotion for clip in clips] == emotions
    assert [clip.label for clip in clips] == [0, 0, 0, 1, 0, 2, 2]
    assert [clip.fps for clip in clips] == [25] * 6 + [24]
    assert [clip.action_units for clip in clips] == [""] * 6 + ["1+2+27"]
    for clip in clips:
        assert (clip.first, clip.onset, clip.apex, clip.offset, clip.last) == (0, None, None, None, FRAMES - 1)
    with pytest.raises(DataError, match="must hold sessions like Sessions/1795"):
        read("mmi", mmi / "page-1/Sessions")
    reasons = "that do not show the face from the front", "without an emotion of 1..6"
    numbers = "12, 13", "10, 11"
    assert notes == [f"{mmi}: sessions {why}: 2, passed over: {n}" for why, n in zip(reasons, numbers, strict=True)]


def test_pictures_are_the_frames_of_the_video(mmi, monkeypatch):
    clip = read("mmi", mmi)[0][-1]
    numbers, pictures = datasets.frame_reader(clip, mmi)
    assert numbers == list(range(FRAMES))
    red = [picture[..., 0].mean() for picture in pictures()]
    assert np.allclose(red, 100 + 10 * np.arange(FRAMES), atol=3)
    monkeypatch.setattr(datasets, "HELD_BYTES", 5 * 48 * 64 * 3)  # the others are read again, from the middle on
    _, read_again = datasets.frame_reader(clip, mmi)
    assert np.array_equal(list(read_again()), list(read_again()))
    assert np.array_equal(list(read_again()), list(pictures()))


HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
EIGHT_EMOTIONS = ["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]
EIGHT_LABELS = [None, 1, 0, 2, 0, 0, 0, 0]


def row(path: str, code: object) -> str:
    return f"{path},1,2,30,40,{';'.join(['1.5'] * 136)},{code},-2,-2"


@pytest.fixture
def affectnet(tmp_path):
    rows = []
    for code in range(11):
        folder = tmp_path / "Manually_Annotated_Images" / str(680 + code % 2)
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{code:02d}ab.jpg"), np.full((6, 8, 3), (0, 0, 20 * code), np.uint8))
        rows.append(row(f"{folder.name}/{code:02d}ab.jpg", code))
    (tmp_path / "training.csv").write_text("\n".join([HEADER, *rows[:5], *rows[8:], rows[8]]))
    (tmp_path / "validation.csv").write_text("\n".join([HEADER, *rows[5:8]]))
    return tmp_path


def test_codes_and_single_frames_which_the_index_takes_for_long_enough(affectnet, tmp_path_factory, monkeypatch):
    clips, notes = read("affectnet", affectnet)
    by_code = sorted(clips, key=lambda clip: clip.name)
    assert [clip.emotion for clip in by_code] == EIGHT_EMOTIONS
    assert [clip.label for clip in by_code] == EIGHT_LABELS
    assert [clip.subject for clip in by_code] == ["680", "681"] * 4
    assert [clip.id for clip in clips] == sorted(clip.id for clip in clips)
    for clip in clips:
        assert (clip.first, clip.onset, clip.apex, clip.offset, clip.last) == (0, 0, 0, 0, 0)
        assert (clip.frames, clip.fps) == (1, 0)
    rows = {
        "an uncertain emotion: 1": "training.csv, row 8",
        "no emotion: 2": "training.csv, row 7",
        "no face: 1": "training.csv, row 9",
    }
    assert notes == [f"{affectnet}: rows with {row}, passed over, {place} for one" for row, place in rows.items()]
    (affectnet / "Manually_Annotated_file_lists").mkdir()
    for name in ("training.csv", "validation.csv"):
        (affectnet / name).rename(affectnet / "Manually_Annotated_file_lists" / name)
    assert read("affectnet", affectnet) == (clips, notes)
    project = tmp_path_factory.mktemp("project")
    (project / "data/raw").mkdir(parents=True)
    affectnet.rename(project / "data/raw/affectnet")
    monkeypatch.chdir(project)
    clips = index.read_licensed("affectnet")
    assert len(index.verify("affectnet", clips, index.Params())) == 3
    index.write("affectnet.csv", clips)
    assert index.read("affectnet.csv") == clips
    assert check("data/raw/affectnet").problems == []  # no count is published that it could miss


def text(path: str, content: str):
    return lambda root: (root / path).write_bytes(content.encode("latin-1"))


def without(path: str):
    return lambda root: (root / path).unlink()


emotion = partial(text, "Emotion/S003/001/S003_001_00000013_emotion.txt")
UNITS, SEQUENCE = "FACS/S003/001/S003_001_00000013_facs.txt", "cohn-kanade-images/S003/001/S003_001_{:08d}.png"
BAD_CKPLUS = {
    "no such emotion": (emotion("   8.0000000e+00"), r"one code of 1\.\.7, not 8 \(.*S003_001_00000013_emotion.txt\)"),
    "half an emotion": (emotion("2.5"), "whole number like .*not '2.5'"),
    "not UTF-8": (emotion("3é"), "whole number like .*not '3\N{REPLACEMENT CHARACTER}'"),
    "empty": (emotion(""), "not nothing"),
    "intensity": (text(UNITS, "4.0 1.0\n9.0 6.0"), r"intensity of 0\.\.5, not '9.0 6.0' \(.*_facs.txt, line 2\)"),
    "no units": (without(UNITS), "action units are missing"),
    "last frame is gone": (without(SEQUENCE.format(13)), "frame 13, must be the last frame, not 12"),
    "gap": (without(SEQUENCE.format(7)), "frame 7 is missing between 1 and 13"),
    "no pictures": (moved("cohn-kanade-images/S003", "elsewhere"), "S003: is not there"),
    "other person": (moved("Emotion/S003/001", "Emotion/S004/009"), "must be named like"),
    "no emotions": (moved("Emotion", "Emotions"), "must hold a folder Emotion or Emotion_labels/Emotion"),
    "no files": (all_of(moved("Emotion", "E"), lambda root: (root / "Emotion").mkdir()), "must hold files like"),
}
FOLDER, ENCODED = "page-1/Sessions/1701", '<?xml version="1.0" encoding="{}"?><a/>'
session, annotation = partial(text, f"{FOLDER}/session.xml"), partial(text, f"{FOLDER}/S002-101.xml")
BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbb">]><a>&b;</a>'
BAD_MMI = {
    "document type": (annotation(BOMB), r"plain XML, not one with a document type 'a' \(.*S002-101.xml\)"),
    "no encoding": (annotation(ENCODED.format("x")), "101.xml: is not readable XML .unknown enc"),
    "of several bytes": (annotation(ENCODED.format("big5")), "101.xml: is not readable XML"),
    "cut short": (annotation("<annotations>"), "S002-101.xml: is not readable XML"),
    "two emotions": (annotation(f"<a>{ANNOTATION[21:] * 2}</a>".format(1, 2)), "one emotion, not 1 and 2"),
    "no view": (session("<session/>"), r"one of 0, 1 and 2, not missing \(.*session.xml\)"),
    "other view": (session(SESSION.format(1, 3)), "one of 0, 1 and 2, not 3"),
    "no session": (without(f"{FOLDER}/session.xml"), "session.xml: the annotation is missing"),
    "no video": (without(f"{FOLDER}/S002-101.avi"), "S002-101.avi: the video is missing"),
    "two annotations": (text(f"{FOLDER}/S002-109.xml", "<a/>"), "must hold one annotation like S002-106.xml, not 2"),
}
row_with = partial(replace, "validation.csv")
BAD_AFFECTNET = {
    "code": (row_with(",5,-2", ",11,-2"), r"code of 0\.\.10, not '11' \(validation.csv, row 2\)"),
    "missing": (row_with("06ab", "77ab"), r"680/77ab.jpg: the picture is missing \(validation.csv, row 3\)"),
    "elsewhere": (row_with("680/06ab", "../06ab"), r"plain letters.*not '\.\.' \(validation.csv, row 3\)"),
    "deep": (row_with("680/06", "680/1/06"), "a directory and a file like 689/ab12.jpg, not '680/1/06ab.jpg'"),
    "twice": (row_with("681/07ab", "680/06ab"), r"affectnet/680/06ab must have one row.*validation.csv, row 4"),
    "column": (row_with("ssion", "sion"), r"column 'expression' is missing in row 1 .did you mean 'expresion'"),
    "no list": (without("validation.csv"), r"must hold validation\.csv or"),
}
BAD = {"ckplus": BAD_CKPLUS, "mmi": BAD_MMI, "affectnet": BAD_AFFECTNET}


@pytest.mark.parametrize(("dataset", "kind"), [(dataset, kind) for dataset, kinds in BAD.items() for kind in kinds])
def test_bad_copy_is_refused(dataset, kind, request):
    root, (spoil, message) = request.getfixturevalue(dataset), BAD[dataset][kind]
    spoil(root)
    with pytest.raises(DataError, match=message):
        read(dataset, root)
