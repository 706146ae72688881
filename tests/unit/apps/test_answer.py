"""Questions on a clip are answered by what moves in it; a file of questions finds its clips."""

import json
import re
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
from asked import LINES, question_file
from encoded import shades, write

import microexpr
from microexpr import datasets, videos
from microexpr.apps import answer
from microexpr.apps.predict import Models
from microexpr.cli import questions as command
from microexpr.cli.main import main
from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, LeakError
from microexpr.evaluation.questions import COARSE, Facts, lines, long_videos

EXAMPLE = microexpr.example_video("example")  # lip corners are depressed


@pytest.fixture
def screen(monkeypatch):
    """Lines that the command says on the screen."""
    texts = []
    monkeypatch.setattr(command, "say", lambda text, **how: texts.append(text))
    return texts


def test_facts_follow_from_classes_and_changes():
    probabilities = {"negative": 0.7, "positive": 0.2, "surprise": 0.1}
    changes = {"AU4L": 1.0, "AU4R": 0.9, "AU7L": 0.8, "AU12R": 0.1}
    assert answer.facts(probabilities, changes) == Facts(
        "negative", "disgust", {4: "both", 7: "left"}, {12: "right"}, 0.7
    )
    blinking = {"AU45L": 3.0, "AU45R": 3.0} | changes
    assert answer.facts(probabilities, blinking) == answer.facts(probabilities, changes)
    assert answer.facts({"positive": 1.0}, changes).fine == "happiness"
    assert answer.facts(probabilities, {}).units == {}


def test_one_question_is_answered_with_what_was_measured(screen, capsys):
    assert main(["answer", str(EXAMPLE), "--question", "What is the action unit?", "--quiet"]) == 0
    assert capsys.readouterr().out == "lip corner depressor\n"
    assert screen[0].startswith("micro-expression 0.75 to ") and "; negative 0.9" in screen[0]
    assert re.search(r"AU15R lip corner depressor \+1\.\d \(\d\.\d\)", screen[0])  # and its error


def test_a_question_on_a_long_video_is_answered_too(screen, capsys):
    answers = {}
    for topic, question in long_videos.FORMS.items():
        assert main(["answer", str(EXAMPLE), "--question", question, "--quiet"]) == 0
        answers[topic] = capsys.readouterr().out.strip()
    assert (answers["micro count"], answers["macro count"], answers["classes"]) == ("1", "0", "negative")
    assert re.fullmatch(r"0\.7\d\d to 1\.1\d\d s", answers["times"])


def test_a_picture_shows_what_was_measured(tmp_path, capsys):
    picture = tmp_path / "measured.png"
    assert main(["answer", str(EXAMPLE), "--question", COARSE, "--picture", str(picture), "--quiet"]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["answer", str(question_file(tmp_path, "a")), "--guess", "--out", "x", "--picture", str(picture)]) == 1
    assert "needs --out FILE" in capsys.readouterr().err


def test_a_file_is_answered_and_a_clip_without_a_face_by_a_guess(tmp_path, screen):
    clips = tmp_path / "clips/test"
    clips.mkdir(parents=True)
    shutil.copy(EXAMPLE, (clips / "SAMM-1").with_suffix(EXAMPLE.suffix))
    write(clips / "SAMM-2.mp4", shades(30 + np.arange(20)), 25)
    path, out = question_file(tmp_path, "SAMM-2", "SAMM-1"), tmp_path / "answers.jsonl"
    assert main(["answer", str(path), "--videos", str(tmp_path / "clips"), "--out", str(out), "--quiet"]) == 0
    by_id = {line.id: line.answer for line in lines.read(out)}
    assert by_id == {"SAMM-2_0": "negative", "SAMM-2_1": "disgust", "SAMM-1_0": "negative", "SAMM-1_1": "sadness"}
    assert "SAMM-2.mp4" in screen[0] and screen[0].endswith("its answers are guesses: negative, disgust, brow lowerer")


def test_a_guess_looks_at_no_clip(tmp_path, capsys):
    path, out = question_file(tmp_path, "SAMM-1"), tmp_path / "guesses.jsonl"
    row = {"video_id": "long", "video": "v", "question": long_videos.FORMS["times"]}
    path.write_text(path.read_text(encoding="utf-8") + json.dumps(row), encoding="utf-8")
    assert main(["answer", str(path), "--guess", "--out", str(out)]) == 0
    assert [line.answer for line in lines.read(out)] == ["negative", "disgust", "none"]
    assert "warning: 1 questions are on long videos, answered as if without expressions" in capsys.readouterr().out
    assert main(["answer", str(path), "--out", str(out), "--force"]) == 1
    assert "needs --out FILE, and --videos DIR, --guess or --learn FILE" in capsys.readouterr().err


def test_questions_alone_answer_as_those_of_other_subjects_are_answered(tmp_path):
    true, out = tmp_path / "true.jsonl", tmp_path / "answers.jsonl"
    true.write_text(lines.text(LINES, [line.answer for line in LINES]), encoding="utf-8")
    assert main(["answer", str(true), "--learn", str(true), "--out", str(out)]) == 0
    answered = {line.id: line.answer for line in lines.read(out)}
    assert answered["casme2_s1_0_1"] == "negative" and answered["casme2_s1_1_2"] == "happiness"


def renamed(path, lines_of, **fields):
    """Write lines under other fields: None leaves one out."""
    rows = [
        {name: value for name, value in {**line.fields, **fields}.items() if value is not None} for line in lines_of
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def learn(tmp_path, questions, true, *options):
    """Answer one file by another; return the exit code and the file of answers."""
    out = tmp_path / "answers.jsonl"
    return main(["answer", str(questions), "--learn", str(true), "--out", str(out), *options]), out


UNNAMED = [{"subject": None}, {"dataset": None}, {"dataset": "casme"}]
SPELLINGS = ["take2.mp4", "clips\\take2.mp4", "take02.mp4", "take2 .mp4", " take2"]
NAMED = [replace(line, fields={**line.fields, "filename": "take2.mp4"}) for line in LINES[:6]] + [*LINES[6:]]


@pytest.mark.parametrize(
    ("asked_of", "true", "fields"),
    [
        *((fields, LINES, {}) for fields in UNNAMED),
        *(({}, LINES, fields) for fields in UNNAMED),
        *(({"filename": name, "subject": None, "dataset": None}, NAMED, {}) for name in SPELLINGS),
        *(({"filename": "other"} | fields, LINES, {}) for fields in UNNAMED[:2]),  # of a subject that may be its own
    ],
)
def test_no_clip_is_answered_by_its_own_answer_under_another_name(tmp_path, capsys, asked_of, true, fields):
    first = renamed(tmp_path / "asked.jsonl", LINES[:1], **asked_of)
    code, out = learn(tmp_path, first, renamed(tmp_path / "true.jsonl", true, **fields))
    assert code == 1 and not out.exists()
    assert "question casme2_s1_0_1: must say its data set and subject" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("second", "message"),
    [({"dataset": "CASME II"}, "row 2: dataset must be spelt as before, casme2, not CASME II"),
     ({"dataset": None}, "dataset must not be missing: s1 could be a subject of another row's .*row 2"),
     ({"subject": "sub01"}, "subjects 's1' .*row 1. and 'sub01' .*row 2. could be one person")],
)  # fmt: skip
def test_subjects_of_a_file_of_questions_are_told_apart(tmp_path, second, message):
    path = tmp_path / "q.jsonl"
    renamed(path, LINES[:1])
    text = path.read_text(encoding="utf-8")
    for fields in ({"subject": "S01"}, {"subject": "NA"}, second):
        path.write_text(text + renamed(path, LINES[1:2], **fields).read_text(encoding="utf-8"), encoding="utf-8")
        if fields != second:
            subjects = [line.subject for line in lines.read(path)]
            assert subjects == ["s1", {"S01": "s1", "NA": ""}[fields["subject"]]]
    with pytest.raises(DataError, match=message):
        lines.read(path)


def test_a_subject_is_the_same_under_another_spelling(tmp_path):
    changed = [replace(line, fields={**line.fields, "subject": f"sub0{line.subject[1:]}", "dataset": "CASME II"})
               for line in LINES]  # fmt: skip
    plain, other = renamed(tmp_path / "asked.jsonl", LINES), renamed(tmp_path / "true.jsonl", changed)
    texts = []
    for true in (plain, other):
        code, out = learn(tmp_path, plain, true, "--force")
        texts.append(out.read_text(encoding="utf-8"))
        assert code == 0
    assert texts[0] == texts[1]


def test_a_clip_is_found_by_its_name_and_subject_and_must_be_there_once(tmp_path):
    for name in ("s1/take.mp4", "s2/take.mp4", "s2/other.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, shades(30 + np.arange(3)), 25)
    (line, *_) = lines.read(question_file(tmp_path, "take"))
    with pytest.raises(DataError, match=r"'take' could be s1/take.mp4, s2/take.mp4: give its path .question take_0"):
        answer.clips([line], tmp_path)
    of_subject = lines.Line(line.id, "take", "s2", line.text, line.question, None, {})
    assert answer.clips([of_subject], tmp_path) == [tmp_path / "s2/take.mp4"]
    (line, *_) = lines.read(question_file(tmp_path, "othr"))
    with pytest.raises(DataError, match=r"not 'othr' \(question othr_0; --fps reads folders of pictures\)"):
        answer.clips([line], tmp_path)


def test_confidences_are_written_if_asked_for(tmp_path):
    path, out = question_file(tmp_path, "SAMM-1"), tmp_path / "guesses.jsonl"
    confident = replace(answer.GUESS, confidence=0.5)
    replies, shares = lines.replies(lines.read(path), [confident, confident])
    out.write_text(lines.text(lines.read(path), replies, shares), encoding="utf-8")
    assert [line.confidence for line in lines.read(out)] == [0.5, None]  # of the coarse class


def test_a_subjects_clips_are_measured_into_a_file_that_names_what_its_models_saw(tmp_path, monkeypatch):
    count, path = len(videos.open_video(EXAMPLE)), tmp_path / "s.h5"
    clip = Clip("casme2", "s1", "a", "generated", "a", 1, count, count, None, None, None, 30, "anger", 0, None, "4")
    faceless = replace(clip, name="b", last=20, frames=20)
    write(tmp_path / "b.mp4", shades(30 + np.arange(20)), 30)
    files = {"a": EXAMPLE, "b": tmp_path / "b.mp4"}
    monkeypatch.setattr(datasets, "frames", lambda clip: [(1 + i, files[clip.name]) for i in range(clip.frames)])
    (note,) = answer.write(path, [clip, faceless], Models.load(None, tmp_path))
    assert "b.mp4" in note
    facts = answer.read(path, [clip, faceless, replace(clip, subject="s2")])
    assert [*facts] == ["casme2/s1/a", "casme2/s1/b"] and facts["casme2/s1/b"] == answer.GUESS
    assert facts["casme2/s1/a"].units.keys() == {15} and 0.9 < facts["casme2/s1/a"].confidence < 1
    with store.open_file(path, "answers") as file:
        entry = store.fitted_on(file)[0]
        assert store.attribute_text(file["a"].attrs["evidence"]).startswith("micro-expression 0.75 to")
    _, dataset, subject, _ = entry.split("/")
    with h5py.File(path, "a") as file:
        file.attrs.update(dataset=dataset, subject=subject)
    with pytest.raises(LeakError, match=f"was fitted on {re.escape(entry)}"):
        answer.read(path, [replace(clip, dataset=dataset, subject=subject)])
