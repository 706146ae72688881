"""Figures of answers against values counted by hand."""

import pytest

from microexpr.core.errors import DataError
from microexpr.evaluation.questions import Facts, answer, ask, long_videos, scores, understand
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


SAID = {line.id: str(line.answer) for line in asked()}  # all of them right


def figures(said_by_id):
    rows = scores.rows(asked(), said_by_id, 20)
    return {(str(row["questions"]), str(row["figure"])): row["value"] for row in rows}


def test_right_answers_in_any_case_and_order_have_full_figures_but_for_bleu_of_single_words():
    values = figures(SAID | {"a2": "Lid tightener,  brow lowerer", "a0": "Negative "})
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
    assert values["fine class", "UF1"] == pytest.approx(1 / 4)  # joy is one more class
    assert values["action units", "F1"] == 1  # the question asks for one, and the first is right
    assert values["all at once", "right"] == pytest.approx(2 / 3)
    assert values["of a clip", "no contradiction"] == pytest.approx(2 / 3)  # b: joy, and happiness in the sentence


def test_a_full_stop_is_no_mistake_and_a_unit_that_nobody_has_is():
    assert figures(SAID | {"a0": "Negative.", "a2": "brow lowerer, lid tightener."})["coarse class", "UF1"] == 1
    values = figures(SAID | {"a2": "brow lowerer, lid tightener, smile"})
    assert values["action units", "F1"] == pytest.approx(8 / 9)  # four hits, one false


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("a0", "Negative", "bad"),
        ("a2", "AU4; 7", "brow lowerer, smile"),
        ("a3", "Y", "it is"),
        ("b3", "Left.", "both"),
        ("a5", None, "anger"),
    ],
)
def test_an_answer_that_can_only_be_wrong_is_named(key, right, wrong):
    said_by_id = SAID | ({key: right} if right else {})
    assert scores.notes(asked(), said_by_id) == []
    assert {value for (title, _), value in figures(said_by_id).items() if title != "all as words"} == {1.0}
    (note,) = scores.notes(asked(), said_by_id | {key: wrong})
    assert note.startswith("1 answers are not understood, or of") and note.endswith(f"wrong: {key} {wrong!r}")


def test_every_question_needs_both_answers_and_a_true_one_that_is_understood():
    with pytest.raises(DataError, match="question a0: must have an answer, not none"):
        scores.rows(asked(), {name: text for name, text in SAID.items() if name != "a0"}, 5)
    truth = long_lines("frames 30 to 42", "negative")
    with pytest.raises(DataError, match="question s1times: the true answer is not understood: 'frames 30 to 42'"):
        scores.figures(truth, {line.id: "none" for line in truth})


def test_the_interval_of_a_full_figure_is_of_its_classes_alone():
    of_clips = (Facts("negative", "anger", {4: "both"}), Facts("positive", "happiness", {12: "both"}))
    facts = {(f"s{i}", "a"): of_clips[i % 2] for i in range(20)}
    truth = [
        Line(f"{who}{text}", "a", who, text, understand(text), answer(understand(text), of), {})
        for (who, _), of in facts.items()
        for text in ask(of, 20)
    ]
    rows = {
        (row["questions"], row["figure"]): row for row in scores.rows(truth, {x.id: str(x.answer) for x in truth}, 20)
    }
    assert rows["coarse class", "UF1"]["low"] > 0.7 and rows["coarse class", "UF1"]["high"] == 1


def test_answers_contradict_by_what_they_name_in_whatever_form():
    for text, share in (("no", 2 / 3), ("Yes", 1)):
        assert figures(SAID | {"a3": text})["of a clip", "no contradiction"] == pytest.approx(share)
    for text, share in (("anger, negative: AU lid tightener and brow lowerer", 1), ("anger: brow lowerer", 2 / 3)):
        assert figures(SAID | {"a5": text})["of a clip", "no contradiction"] == pytest.approx(share)


def long_lines(times: str, classes: str, count: str = "2", subject: str = "s1") -> list[Line]:
    answers = {"micro count": count, "macro count": "0", "times": times, "classes": classes}
    return [
        Line(f"{subject}{topic}", "v", subject, text, understand(text), answers[topic], {})
        for topic, text in long_videos.FORMS.items()
    ]


def long_figures(times: str, classes: str, count: str = "2"):
    truth = long_lines("1.000 to 1.200 s, 3.000 to 3.500 s", "negative, surprise")
    truth += long_lines("none", "none", "0", "s2")
    answers = long_lines(times, classes, count) + long_lines("none", "none", "0", "s2")
    rows = scores.rows(truth, {line.id: str(line.answer) for line in answers}, 20)
    return {(str(row["questions"]), str(row["figure"])): row for row in rows}


def test_times_hit_by_half_of_their_union_and_classes_count_where_times_hit():
    rows = long_figures("1.05 to 1.25 s, 3.0 to 3.2 s", "negative, surprise")  # 150 of 250 ms; 200 of 500 ms
    assert rows["times", "F1"]["value"] == pytest.approx(1 / 2)
    assert rows["classes of micro-expressions", "F1"]["value"] == pytest.approx(1 / 2)
    rows = long_figures("3.0 to 3.5 s, 1.0 to 1.2 s", "negative, surprise")  # in another order, so with other classes
    assert rows["times", "F1"]["value"] == 1 and rows["classes of micro-expressions", "F1"]["value"] == 0
    rows = long_figures("1.0 to 1.2 s", "negative, surprise", "4")
    assert rows["times", "F1"]["value"] == pytest.approx(2 / 3)
    assert rows["classes of micro-expressions", "F1"]["value"] == 0  # two classes for one interval
    assert rows["number of micro-expressions", "mean error"]["value"] == 1  # 2 in one of two videos
    assert rows["number of micro-expressions", "right"]["value"] == 1 / 2
    assert rows["of a clip", "no contradiction"]["value"] == 1 / 2


def test_times_are_understood_as_programs_write_them_and_no_answer_stops_the_figures():
    assert long_figures("1.0s–1.2 s, 3.0s to 3.5s", "negative, surprise.")["times", "F1"]["value"] == 1
    rows = long_figures("1.2 to 1.0 s, 3.0 to 3.5 s", "negative, surprise", "9" * 400)
    assert rows["times", "F1"]["value"] == 0  # one ends before it starts
    assert rows["number of micro-expressions", "right"]["value"] == 1 / 2
    assert long_figures("1" * 400 + " to 5 s", "none")["times", "F1"]["value"] == 0
    for topic, title in (("times", "times"), ("classes", "classes of micro-expressions")):
        truth = [line for line in long_lines("1.0 to 1.2 s", "negative") if line.question.topic == topic]
        alone = {(row["questions"], row["figure"]) for row in scores.rows(truth, {truth[0].id: "none"}, 5)}
        assert ((title, "F1") in alone) == (topic == "times")


def test_with_the_answers_of_other_clips_figures_fall():
    rows = {(row["questions"], row["figure"]): row for row in scores.rows(asked(), SAID, 20)}
    # each clip gets the emotion of another one, and all differ; of the three classes one clip in three may stay right
    assert rows["fine class", "UF1"]["shuffled"] == 0 and rows["coarse class", "UF1"]["shuffled"] < 0.5
    assert "shuffled" not in rows["of a clip", "no contradiction"] and "shuffled" not in rows["all as words", "BLEU"]
    rows = long_figures("1.0 to 1.2 s, 3.0 to 3.5 s", "negative, surprise")
    assert rows["times", "F1"]["value"] == 1 and rows["times", "F1"]["shuffled"] == 0


def test_calibration_is_the_distance_of_confidence_and_share_of_right_answers():
    truth = [line for line in asked() if line.question.topic == "coarse"]
    shares = (0.95, 0.93, 0.55)  # right, right, wrong: two bins
    answers = dict(zip((line.id for line in truth), ("negative", "positive", "positive"), strict=True))
    (row,) = scores.calibration(truth, answers, dict(zip(answers, shares, strict=True)))
    assert row["value"] == pytest.approx((0.05 + 0.07 + 0.55) / 3) and row["count"] == 3
    assert scores.calibration(truth, answers, dict.fromkeys(answers)) == []
    every = dict.fromkeys((line.id for line in asked()), 0.9)  # of other questions, these are not counted
    (row,) = scores.calibration(asked(), SAID, every)
    assert row["value"] == pytest.approx(0.1) and row["count"] == 3


def test_two_answerers_are_compared_by_resampled_subjects():
    first, second = (scores.figures(asked(), SAID | more) for more in ({}, {"a0": "surprise", "c0": "surprise"}))
    key = ("coarse class", "UF1")
    assert scores.compare(first[key], first[key], 50, "x") == 1
    assert scores.compare(first[key], second[key], 50, "x") == 0.5  # the least that two subjects allow
    wordy = scores.figures(asked(), SAID | {"a0": "bad", "c0": "worse"})
    assert scores.compare(wordy[key], first[key], 50, "x") == 0.5
