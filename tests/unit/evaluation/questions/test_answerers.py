"""All answerers answer the same questions, and are compared with those that guess."""

import json
from dataclasses import replace

import pytest
from asked import CLIPS, PREDICTED, UNITS, VIDEOS, exam, predictions

from microexpr.core.errors import DataError, StoreError
from microexpr.evaluation.questions import lines
from microexpr.evaluation.questions.answerers import LEARNT, MAJORITY, MEASURED, QUESTIONS, Answerers
from microexpr.evaluation.spotting import Spotted


def values(table, figure=("coarse class", "UF1")):
    return {row["method"]: row for row in table.rows(50) if (row["questions"], row["figure"]) == figure}


def test_methods_answer_by_their_classes_or_units_and_are_compared_with_guesses(tmp_path):
    table = exam()
    table.classes("good", "population", predictions(tmp_path / "good.csv", PREDICTED))
    table.classes("poor", "other subjects", predictions(tmp_path / "poor.csv", dict.fromkeys(PREDICTED, "positive")))
    units = {name: " ".join(f"AU{part.strip('L')}" for part in text.split("+")) for name, text in UNITS.items()}
    table.units("units/good", "population", predictions(tmp_path / "units.csv", units))
    coarse = values(table)
    assert coarse["good"]["value"] == coarse["units/good"]["value"] == 1
    assert coarse["poor"]["value"] == pytest.approx(1 / 6) and coarse["poor"]["learnt_from"] == "other subjects"
    assert float(coarse["good"]["p_majority"]) < 0.05 < float(coarse["poor"]["p_majority"])
    assert "p_majority" not in coarse[MAJORITY] and (coarse["good"]["clips"], coarse["good"]["subjects"]) == (24, 8)
    assert values(table, ("action units", "F1"))["units/good"]["value"] == 1
    assert values(table, ("left or right", "right"))["good"]["value"] == 1  # the side of other subjects


def test_what_is_measured_and_spotted_is_one_answerer_of_clips_and_long_videos():
    table = exam()
    table.measured(table.facts)
    spotted = {
        v.clip.id: [Spotted("micro", e.onset, e.onset, e.offset, 1, "negative") for e in v.expressions] for v in VIDEOS
    }
    table.spotted(MEASURED, spotted)
    assert values(table)[LEARNT]["value"] == values(table, ("action units", "F1"))[LEARNT]["value"] == 1
    assert values(table)[MEASURED]["value"] == 1 and values(table)[MEASURED]["learnt_from"] == "population"
    times = values(table, ("times", "F1"))
    assert times[MEASURED]["value"] == 1 > times[MAJORITY]["value"] and QUESTIONS not in times
    assert times[MEASURED]["task"] == "long videos" and "p_majority" in times[MEASURED]
    assert values(table, ("classes of micro-expressions", "F1"))[MEASURED]["value"] == 1


def test_an_outside_program_may_answer_clips_alone_and_say_its_confidence():
    table = exam()
    answers = [replace(line, fields={**line.fields, "confidence": 0.75}) for line in lines.of_clips(CLIPS)]
    table.program("toy", answers)
    rows = [row for row in table.rows(50) if row["method"] == "toy"]
    assert {row["task"] for row in rows} == {"clips"} and {row["learnt_from"] for row in rows} == {"not known"}
    assert [row["value"] for row in rows if row["figure"] == "calibration error"] == [pytest.approx(0.25)]
    (text,) = (text for name, text in table.texts() if name == "toy")
    first = json.loads(text.splitlines()[0])
    assert first["answer"] == "negative" and first["confidence"] == 0.75 and first["question"].startswith("What is")


def test_a_clip_that_is_unknown_or_not_predicted_is_an_error(tmp_path):
    with pytest.raises(DataError, match="not on casme2/s8/s8_0"):
        Answerers(lines.of_clips(CLIPS), CLIPS[:21], [])
    path = predictions(tmp_path / "part.csv", {clip: name for clip, name in PREDICTED.items() if "s8" not in clip})
    with pytest.raises(StoreError, match="must have a prediction of casme2/s8/s8_0"):
        exam().classes("part", "population", path)


def test_answers_without_a_look_are_the_same_whatever_the_order():
    table = exam()
    other = Answerers(table.true[::-1], CLIPS[::-1], VIDEOS[::-1])
    other.guess()
    assert table.answers == other.answers and table.rows(50) == other.rows(50)
