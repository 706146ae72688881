"""Questions on long videos: their answers in words, and what these mean."""

from microexpr.core.clip import Clip, Expression, LongVideo
from microexpr.evaluation.questions import lines, long_videos, understand
from microexpr.evaluation.questions.long_videos import Event

EVENTS = [Event("micro", 4.0, 4.2, "surprise"), Event("macro", 1.0, 3.0, ""), Event("micro", 0.5, 0.75, "negative")]


def test_answers_are_numbers_and_lists_in_the_order_of_time():
    answers = {topic: long_videos.answer(topic, EVENTS) for topic in long_videos.FORMS}
    assert answers == {
        "micro count": "2",
        "macro count": "1",
        "times": "0.500 to 0.750 s, 4.000 to 4.200 s",
        "classes": "negative, surprise",
    }
    assert [long_videos.answer(topic, []) for topic in long_videos.FORMS] == ["0", "0", "none", "none"]
    assert long_videos.answer("classes", [Event("micro", 1, 2, "")]) == "unknown"
    assert [understand(text.upper()).topic for text in long_videos.FORMS.values()] == [*long_videos.FORMS]


def test_answers_of_other_programs_are_understood():
    assert long_videos.spans("From 0.5 s to 1 s and 2.25 - 2.5 s") == [(0.5, 1.0), (2.25, 2.5)]
    assert long_videos.spans("none") == [] and long_videos.number("There are 3.") == 3
    assert long_videos.spans("1000 to 1400, 2000 to 2200 ms") == [(1.0, 1.4), (2.0, 2.2)]
    assert long_videos.classes(" Negative, surprise") == ["negative", "surprise"] and long_videos.classes("None") == []
    for text in ("many", "-2", "2.5", "2 or 3", "1,200"):
        assert long_videos.number(text) is None
    for text in (
        *("", "never", "frames 30 to 42", "30 to 42 frames", "1,000 to 1,400 s", "00:01.0 to 00:01.4", "-1 to 2 s"),
        *("1.0 to 1.4 s (frame 30 to 42)", "1.0 to 1.4 min", "1 s to 1400 ms", "1.2 to 1.0 s"),
    ):
        assert long_videos.spans(text) is None


def test_a_video_is_asked_about_in_its_own_time():
    clip = Clip("long", "s1", "v", "generated", "s1/v", 51, 350, 300, None, None, None, 100, "", None, None, "")
    expressions = (Expression("micro", 51, 60, 76, "", 2, ""), Expression("micro", 151, 160, 176, "", None, ""))
    asked = lines.of_videos([LongVideo(clip, expressions)])
    assert [line.answer for line in asked] == ["2", "0", "0.000 to 0.250 s, 1.000 to 1.250 s", "surprise, unknown"]
    assert asked[0].id == "long_s1_v_1" and {line.clip_id for line in asked} == {"long/s1/v"}
