"""Figures of answers against values counted by hand."""

import pytest

from microexpr.core.errors import DataError
from microexpr.evaluation.questions import Facts, answer, ask, long_videos, scores, understand
from microexpr.evaluation.questions.lines import Line

CLIPS = {  # of two subjects
    "s1/a": Facts("negative", "anger", {4: "both", 7: "both"}),
    "s1/b": Facts("positive", "happiness", {12: "left"}),
    "s2/c": Facts("negative", "disgust", {9: "both"}),
}


def line(key: str, name: str, text: str, reply: str) -> Line:
    subject, clip = name.split("/")
    return Line(key, clip, subject, text, understand(text), reply, {})


def asked(said=CLIPS, clips=CLIPS):
    """Return the questions on clips, answered by what is `said` of them."""
    texts = [(name, i, text) for name, facts in clips.items() for i, text in enumerate(ask(facts, 20))]
    return [line(f"{name[3:]}{i}", name, text, answer(understand(text), said[name])) for name, i, text in texts]


def replies(lines):
    return {line.id: str(line.answer) for line in lines}


SAID = replies(asked())  # all of them right
OTHER = replies(asked(CLIPS | {"s2/c": Facts("positive", "happiness", {9: "both", 12: "both"})}))


def rows_of(truth, said_by_id):
    return {(row["questions"], row["figure"]): row for row in scores.rows(truth, said_by_id, 20)}


def figures(said_by_id):
    return {key: row["value"] for key, row in rows_of(asked(), said_by_id).items()}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"a2": "brow lowerer, lid tightener, smile"}, {("action units", "F1"): 8 / 9}),  # four hits, one false
        (
            OTHER | {"b1": "joy"},
            {
                ("coarse class", "right"): 2 / 3,
                ("coarse class", "UF1"): 2 / 3,  # 2/3 of each
                ("coarse class", "UAR"): 3 / 4,
                ("fine class", "right"): 1 / 3,
                ("fine class", "UAR"): 1 / 3,
                ("fine class", "UF1"): 1 / 4,  # joy is one more class
                ("action units", "F1"): 1,  # the question asks for one, and the first is right
                ("all at once", "right"): 2 / 3,
                ("of a clip", "no contradiction"): 2 / 3,  # b: joy, and happiness in the sentence
            },
        ),
        ({"a3": "no"}, {("of a clip", "no contradiction"): 2 / 3}),
        ({"a3": "Yes"}, {("of a clip", "no contradiction"): 1}),
        ({"a5": "anger, negative: AU lid tightener and brow lowerer"}, {("of a clip", "no contradiction"): 1}),
        ({"a5": "anger: brow lowerer"}, {("of a clip", "no contradiction"): 2 / 3}),
    ],
)
def test_wrong_answers_count_where_they_are_wrong_and_contradict_by_what_they_name(said, expected):
    values = figures(SAID | said)
    assert {key: values[key] for key in expected} == pytest.approx(expected)


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("a0", "Negative. ", "bad"),
        ("a2", "AU4; 7", "brow lowerer, smile"),
        ("a2", "Lid tightener,  brow lowerer.", "smile"),
        ("a3", "Y", "it is"),
        ("b3", "Left.", "both"),
        ("a5", None, "anger"),
    ],
)
def test_right_answers_in_any_form_have_full_figures_and_one_that_can_only_be_wrong_is_named(key, right, wrong):
    said_by_id = SAID | ({key: right} if right else {})
    assert scores.notes(asked(), said_by_id) == []
    values = figures(said_by_id)
    assert 0.2 < values.pop(("all as words", "BLEU")) < 0.8  # of single words
    assert {value for (title, _), value in values.items() if title != "all as words"} == {1.0}
    (note,) = scores.notes(asked(), said_by_id | {key: wrong})
    assert note.startswith("1 answers are not understood, or of") and note.endswith(f"wrong: {key} {wrong!r}")


def test_every_question_needs_both_answers_and_a_true_one_that_is_understood():
    with pytest.raises(DataError, match="question a0: must have an answer, not none"):
        scores.rows(asked(), {name: text for name, text in SAID.items() if name != "a0"}, 5)
    truth = long_lines("frames 30 to 42", "negative")
    with pytest.raises(DataError, match="question s1times: the true answer is not understood: 'frames 30 to 42'"):
        scores.figures(truth, dict.fromkeys(replies(truth), "none"))


def test_the_interval_of_a_full_figure_is_of_its_classes_alone():
    of_clips = (Facts("negative", "anger", {4: "both"}), Facts("positive", "happiness", {12: "both"}))
    facts = {f"s{i}/{i}a": of_clips[i % 2] for i in range(20)}
    row = rows_of(truth := asked(facts, facts), replies(truth))["coarse class", "UF1"]
    assert row["low"] > 0.7 and row["high"] == 1


def long_lines(times: str, classes: str, count: str = "2", subject: str = "s1") -> list[Line]:
    answers = {"micro count": count, "macro count": "0", "times": times, "classes": classes}
    return [line(subject + topic, f"{subject}/v", text, answers[topic]) for topic, text in long_videos.FORMS.items()]


def long_rows(times: str, classes: str, count: str = "2"):
    nothing = long_lines("none", "none", "0", "s2")
    truth = long_lines("1.000 to 1.200 s, 3.000 to 3.500 s", "negative, surprise") + nothing
    return rows_of(truth, replies(long_lines(times, classes, count) + nothing))


@pytest.mark.parametrize(
    ("times", "f1", "f1_of_classes"),
    [
        ("1.05 to 1.25 s, 3.0 to 3.2 s", 1 / 2, 1 / 2),  # hit by half of the union: 150 of 250 ms; 200 of 500 ms
        ("3.0 to 3.5 s, 1.0 to 1.2 s", 1, 0),  # in another order, so with other classes
        ("1.0 to 1.2 s", 2 / 3, 0),  # two classes for one interval
        ("1.0s–1.2 s, 3.0s to 3.5s", 1, 1),  # as programs write them
        ("1.2 to 1.0 s, 3.0 to 3.5 s", 0, 0),  # one ends before it starts
        ("1" * 400 + " to 5 s", 0, 0),
    ],
)
def test_times_hit_by_half_of_their_union_and_classes_count_where_times_hit(times, f1, f1_of_classes):
    rows = long_rows(times, "negative, surprise.")
    assert rows["times", "F1"]["value"] == pytest.approx(f1)
    assert rows["classes of micro-expressions", "F1"]["value"] == pytest.approx(f1_of_classes)


def test_numbers_are_of_videos_and_no_figure_is_of_a_question_that_is_not_asked():
    rows = long_rows("1.0 to 1.2 s", "negative, surprise", "4")
    assert rows["number of micro-expressions", "mean error"]["value"] == 1  # 2 in one of two videos
    assert (
        rows["number of micro-expressions", "right"]["value"] == rows["of a clip", "no contradiction"]["value"] == 1 / 2
    )
    assert long_rows("none", "none", "9" * 400)["number of micro-expressions", "right"]["value"] == 1 / 2
    for topic, title in (("times", "times"), ("classes", "classes of micro-expressions")):
        truth = [line for line in long_lines("1.0 to 1.2 s", "negative") if line.question.topic == topic]
        assert ((title, "F1") in rows_of(truth, {truth[0].id: "none"})) == (topic == "times")


def test_with_the_answers_of_other_clips_figures_fall():
    rows = rows_of(asked(), SAID)
    # each clip gets the emotion of another one, and all differ; of the three classes one clip in three may stay right
    assert rows["fine class", "UF1"]["shuffled"] == 0 and rows["coarse class", "UF1"]["shuffled"] < 0.5
    assert "shuffled" not in rows["of a clip", "no contradiction"] and "shuffled" not in rows["all as words", "BLEU"]
    row = long_rows("1.0 to 1.2 s, 3.0 to 3.5 s", "negative, surprise")["times", "F1"]
    assert row["value"] == 1 and row["shuffled"] == 0


def test_calibration_is_the_distance_of_confidence_and_share_of_right_answers():
    truth = [line for line in asked() if line.question.topic == "coarse"]
    shares = (0.95, 0.93, 0.55)  # right, right, wrong: two bins
    answers = dict(zip(replies(truth), ("negative", "positive", "positive"), strict=True))
    (row,) = scores.calibration(truth, answers, dict(zip(answers, shares, strict=True)))
    assert row["value"] == pytest.approx((0.05 + 0.07 + 0.55) / 3) and row["count"] == 3
    assert scores.calibration(truth, answers, dict.fromkeys(answers)) == []
    (row,) = scores.calibration(asked(), SAID, dict.fromkeys(SAID, 0.9))  # other questions are not counted
    assert row["value"] == pytest.approx(0.1) and row["count"] == 3


def test_two_answerers_are_compared_by_resampled_subjects():
    key, changes = ("coarse class", "UF1"), ({}, {"a0": "surprise", "c0": "surprise"}, {"a0": "bad", "c0": "worse"})
    first, second, wordy = (scores.figures(asked(), SAID | more)[key] for more in changes)
    assert scores.compare(first, first, 50, "x") == 1  # and the least that two subjects allow:
    assert scores.compare(first, second, 50, "x") == scores.compare(wordy, first, 50, "x") == 0.5
