"""Figures of answers against values counted by hand."""

import pytest

from microexpr.core.errors import DataError
from microexpr.evaluation.questions import Facts, answer, ask, scores, understand
from microexpr.evaluation.questions.lines import Line

CLIPS = {  # of two subjects
    ("s1", "a"): Facts("negative", "anger", {4: "both", 7: "both"}),
    ("s1", "b"): Facts("positive", "happiness", {12: "left"}),
    ("s2", "c"): Facts("negative", "disgust", {9: "both"}),
}


def asked(facts_of=CLIPS):
    lines = []
    for (subject, clip), facts in CLIPS.items():
        for i, text in enumerate(ask(facts, 20)):
            reply = answer(understand(text), facts_of[subject, clip])
            lines.append(Line(f"{clip}{i}", clip, subject, text, understand(text), reply, {}))
    return lines


def figures(said_by_id):
    rows = scores.rows(asked(), said_by_id, 20)
    return {(str(row["questions"]), str(row["figure"])): row["value"] for row in rows}


def test_right_answers_in_any_case_and_order_have_full_figures_but_for_bleu_of_single_words():
    said_by_id = {line.id: line.answer for line in asked()} | {"a2": "Lid tightener,  brow lowerer", "a0": "Negative "}
    values = figures(said_by_id)
    bleu = values.pop(("all as words", "BLEU"))
    assert {*values.values()} == {1.0}
    assert 0.2 < bleu < 0.8


def test_wrong_answers_count_where_they_are_wrong():
    other = CLIPS | {("s2", "c"): Facts("positive", "happiness", {9: "both", 12: "both"})}
    values = figures({line.id: line.answer for line in asked(other)} | {"b1": "joy"})
    assert values["coarse class", "right"] == pytest.approx(2 / 3)
    assert values["coarse class", "UF1"] == pytest.approx(2 / 3)  # 2/3 of each
    assert values["coarse class", "UAR"] == pytest.approx(3 / 4)
    assert values["fine class", "right"] == pytest.approx(1 / 3)
    assert values["fine class", "UAR"] == pytest.approx(1 / 3)
    assert values["action units", "F1"] == 1  # the question asks for one, and the first is right
    assert values["all at once", "right"] == pytest.approx(2 / 3)
    assert values["of a clip", "no contradiction"] == pytest.approx(2 / 3)  # b: joy, and happiness in the sentence


def test_answers_contradict_by_what_they_name_in_whatever_form():
    said_by_id = {line.id: line.answer for line in asked()}
    for text, share in (("no", 2 / 3), ("Yes", 1)):
        assert figures(said_by_id | {"a3": text})["of a clip", "no contradiction"] == pytest.approx(share)
    for text, share in (("anger, negative: AU lid tightener and brow lowerer", 1), ("anger: brow lowerer", 2 / 3)):
        assert figures(said_by_id | {"a5": text})["of a clip", "no contradiction"] == pytest.approx(share)


def test_every_question_needs_both_answers():
    said_by_id = {line.id: line.answer for line in asked()}
    with pytest.raises(DataError, match="question a0: must have an answer, not none"):
        scores.rows(asked(), {name: text for name, text in said_by_id.items() if name != "a0"}, 5)
