"""Answers learnt from other subjects, against probabilities counted by hand."""

from dataclasses import replace

import pytest
from asked import video

from microexpr.core.errors import DataError
from microexpr.evaluation.questions import Facts, answer, ask, learnt, understand
from microexpr.evaluation.questions.lines import Line

KNOWN = {  # two clips of each of three subjects
    "d/s1/a": Facts("negative", "anger", {4: "both"}),
    "d/s1/b": Facts("positive", "happiness", {12: "left"}),
    "d/s2/c": Facts("negative", "disgust", {4: "both", 9: "both"}),
    "d/s2/d": Facts("negative", "disgust", {4: "both", 9: "both"}),
    "d/s3/e": Facts("positive", "happiness", {12: "right"}),
    "d/s3/f": Facts("negative", "anger", {4: "both"}),
}


def test_the_majority_is_that_of_other_subjects():
    answers = learnt.majority(KNOWN)
    # of c, d, e, f three are negative, two show disgust and AU9, three AU4
    assert answers["d/s1/a"] == Facts("negative", "disgust", {4: "both", 9: "both"}, {12: "right"}, 3 / 4)
    # of a, b, e, f two are negative and positive each: the first by name
    assert answers["d/s2/c"] == Facts("negative", "anger", {4: "both", 12: "left"}, {}, 1 / 2)
    # a unit counts as shown from half on, and one is always named
    few = {name: KNOWN[name] for name in ("d/s1/b", "d/s2/c", "d/s3/f")}
    assert learnt.majority(few)["d/s1/b"].units == {4: "both", 9: "both"}  # 4 in both, 9 in half
    rare = {"d/s1/a": KNOWN["d/s1/a"], "d/s2/x": Facts("negative", "anger"), "d/s3/x": Facts("negative", "anger"),
            "d/s4/x": Facts("negative", "anger", {9: "both"})}  # fmt: skip
    assert learnt.majority(rare)["d/s1/a"].units == {9: "both"}  # of a third of the clips
    with pytest.raises(DataError, match="at least two subjects"):
        learnt.majority({name: facts for name, facts in KNOWN.items() if "/s1/" in name})


def lines():
    requests = []
    for clip, facts in KNOWN.items():
        dataset, subject, name = clip.split("/")
        for number, text in enumerate(ask(facts, 20)):
            question = understand(text)
            reply = answer(question, facts)
            requests.append(Line(f"{clip}{number}", name, subject, text, question, reply, {}, dataset))
    return requests


def test_questions_alone_give_away_what_is_asked_of_which_clip():
    answers = learnt.from_questions(lines(), lines())
    assert {clip: facts.coarse for clip, facts in answers.items()} == {clip: f.coarse for clip, f in KNOWN.items()}
    assert answers["d/s3/f"].units == {4: "both"} and [*answers["d/s2/c"].units, *answers["d/s2/c"].likely] == [4, 12]
    assert answers["d/s1/b"].units == {12: "right"}  # the side of the other subject
    assert 0.5 < answers["d/s1/b"].confidence < 1


def test_measurements_are_read_as_those_of_other_subjects_turned_out():
    wrong = {"negative": Facts("surprise", "?", {99: "both"}), "positive": Facts("negative", "?", {99: "both"})}
    answers = learnt.from_measurements(lines(), {clip: wrong[facts.coarse] for clip, facts in KNOWN.items()})
    assert {clip: facts.coarse for clip, facts in answers.items()} == {clip: f.coarse for clip, f in KNOWN.items()}


def test_a_predicted_class_brings_what_is_frequent_in_it():
    predicted = dict.fromkeys(KNOWN, "positive") | {"d/s3/e": "negative"}
    answers = learnt.from_classes(KNOWN, predicted)
    assert answers["d/s1/a"] == Facts("positive", "happiness", {12: "right"}, answers["d/s1/a"].likely)
    assert answers["d/s3/e"].coarse == "negative" and answers["d/s3/e"].fine == "disgust"
    unseen = learnt.from_classes(KNOWN, dict.fromkeys(KNOWN, "surprise"))
    assert unseen["d/s1/a"].coarse == "surprise"  # which no other clip has


def test_predicted_units_bring_class_and_sides_and_those_that_are_not_evaluated_are_learnt():
    more = Facts("negative", "disgust", {4: "both", 9: "both", 38: "both"})
    known = KNOWN | {"d/s2/c": more, "d/s2/d": more}
    answers = learnt.from_units(known, dict.fromkeys(known, (12, 99)) | {"d/s3/f": (9, 4)})
    assert answers["d/s1/a"].coarse == "positive" and answers["d/s1/a"].units == {12: "right", 99: "both"}
    assert answers["d/s3/f"].fine == "disgust" and {*answers["d/s3/f"].units} == {4, 9, 38}
    part = learnt.from_units(known, {"d/s1/a": (12,)})
    assert part["d/s1/a"] == replace(answers["d/s1/a"], units={12: "right"})
    assert part["d/s1/b"] == learnt.majority(known)["d/s1/b"]
    assert learnt.from_units(known, dict.fromkeys(known, ()))["d/s1/a"].units  # one is always named


def test_long_videos_are_guessed_by_number_and_duration_in_those_of_other_subjects():
    videos = [video("s1", (0, 9)), video("s2", (30, 45), (60, 75)), video("s3", (90, 105), (120, 150))]
    (first, second) = learnt.guess_videos(videos)["long/s1/v"]
    assert (first.kind, first.coarse) == ("micro", "negative")
    # of 10 s: middles at a quarter and three quarters, 15 frames long
    assert (first.onset, first.offset) == pytest.approx((2.25, 2.75))
    assert (second.onset, second.offset) == pytest.approx((7.25, 7.75))
    with pytest.raises(DataError, match="at least two subjects"):
        learnt.guess_videos(videos[:1])
