"""Questions on a clip are answered by what moves in it; a file of questions finds its clips."""

import json
import shutil

import numpy as np
import pytest
from encoded import shades, write

import microexpr
from microexpr.apps import answer
from microexpr.cli import applications
from microexpr.cli.main import main
from microexpr.core.errors import DataError
from microexpr.evaluation.questions import COARSE, FINE, Facts, lines

EXAMPLE = microexpr.example_video("example")  # lip corners are depressed


@pytest.fixture
def screen(monkeypatch):
    """Lines that the command says on the screen."""
    texts = []
    monkeypatch.setattr(applications, "say", lambda text, **how: texts.append(text))
    return texts


def asked(tmp_path, *names):
    path = tmp_path / "asked.jsonl"
    rows = [{"video_id": f"{n}_{i}", "video": n, "question": q} for n in names for i, q in enumerate((COARSE, FINE))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_facts_follow_from_classes_and_changes():
    probabilities = {"negative": 0.7, "positive": 0.2, "surprise": 0.1}
    changes = {"AU4L": 1.0, "AU4R": 0.9, "AU7L": 0.8, "AU12R": 0.1}
    assert answer.facts(probabilities, changes) == Facts("negative", "disgust", {4: "both", 7: "left"})
    assert answer.facts({"positive": 1.0}, changes).fine == "happiness"
    assert answer.facts(probabilities, {}).units == {}


def test_one_question_is_answered_with_what_was_measured(screen, capsys):
    assert main(["answer", str(EXAMPLE), "--question", "What is the action unit?", "--quiet"]) == 0
    assert capsys.readouterr().out == "lip corner depressor\n"
    assert screen[0].startswith("micro-expression 0.75 to ") and "; negative 0.9" in screen[0]


def test_a_file_is_answered_and_a_clip_without_a_face_by_a_guess(tmp_path, screen):
    clips = tmp_path / "clips/test"
    clips.mkdir(parents=True)
    shutil.copy(EXAMPLE, (clips / "SAMM-1").with_suffix(EXAMPLE.suffix))
    write(clips / "SAMM-2.mp4", shades(30 + np.arange(20)), 25)
    path, out = asked(tmp_path, "SAMM-2", "SAMM-1"), tmp_path / "answers.jsonl"
    assert main(["answer", str(path), "--videos", str(tmp_path / "clips"), "--out", str(out), "--quiet"]) == 0
    by_id = {line.id: line.answer for line in lines.read(out)}
    assert by_id == {"SAMM-2_0": "negative", "SAMM-2_1": "disgust", "SAMM-1_0": "negative", "SAMM-1_1": "sadness"}
    assert "SAMM-2.mp4" in screen[0] and screen[0].endswith("its answers are guesses: negative, disgust, brow lowerer")


def test_a_guess_looks_at_no_clip(tmp_path, capsys):
    path, out = asked(tmp_path, "SAMM-1"), tmp_path / "guesses.jsonl"
    assert main(["answer", str(path), "--guess", "--out", str(out)]) == 0
    assert [line.answer for line in lines.read(out)] == ["negative", "disgust"]
    assert main(["answer", str(path), "--out", str(out), "--force"]) == 1
    assert "needs --out FILE, and --videos DIR or --guess" in capsys.readouterr().err


def test_a_clip_is_found_by_its_name_and_subject_and_must_be_there_once(tmp_path):
    for name in ("s1/take.mp4", "s2/take.mp4", "s2/other.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, shades(30 + np.arange(3)), 25)
    (line, *_) = lines.read(asked(tmp_path, "take"))
    with pytest.raises(DataError, match=r"one recording of take for question take_0, not .*s1/take.mp4, .*s2/take.mp4"):
        answer.clips([line], tmp_path)
    of_subject = lines.Line(line.id, "take", "s2", line.text, line.question, None, {})
    assert answer.clips([of_subject], tmp_path) == [tmp_path / "s2/take.mp4"]
    (line, *_) = lines.read(asked(tmp_path, "othr"))
    with pytest.raises(DataError, match=r"not none \(did you mean 'other'\?\); --fps reads folders of pictures"):
        answer.clips([line], tmp_path)
