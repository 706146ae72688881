"""Questions of the challenge are understood, answered by facts, and read from its files line by line."""

import json
from dataclasses import replace

import pytest

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.evaluation import questions
from microexpr.evaluation.questions import Facts, Question, lines

ANGER = Facts("negative", "anger", {4: "both", 7: "left"})
ONE = Facts("positive", "happiness", {12: "right"})
OFFICIAL = [  # as the challenge's training file has them
    ("What is the coarse expression class?", "negative"),
    ("What is the fine-grained expression class?", "anger"),
    ("What are the action units?", "brow lowerer, lid tightener"),
    ("Is the action unit lid tightener located on the left or right face?", "left"),
    ("Is the action unit brow lowerer shown on the face?", "yes"),
    ("Is the action unit lip stretcher shown on the face?", "no"),
    (
        "What are the action units present, and based on them, what is the fine-grained expression and the coarse "
        "expression class?",
        "The action units present are: brow lowerer, lid tightener. Therefore, the fine-grained expression class is "
        "anger, and the coarse expression class is negative.",
    ),
]
OF_ONE = [
    ("What is the action unit?", "lip corner puller"),
    (
        "What is the action unit present, and based on it, what is the fine-grained expression and the coarse "
        "expression class?",
        "The action unit present is: lip corner puller. Therefore, the fine-grained expression class is happiness, and "
        "the coarse expression class is positive.",
    ),
]


def test_questions_are_asked_and_answered_in_the_words_of_the_challenge():
    for facts, expected in ((ANGER, OFFICIAL), (ONE, OF_ONE)):
        replies = [(text, questions.answer(questions.understand(text), facts)) for text in questions.ask(facts, 20)]
        assert replies == expected if facts == ANGER else {*replies} >= {*expected}
    assert questions.ask(Facts("negative", "fear"), 4) == [questions.COARSE, questions.FINE]
    facts = Facts("negative", "disgust", {4: "both", 7: "left"}, {9: "right"})
    assert facts.counted(True).units == {4: "both"} and facts.counted(False) == facts
    assert replace(facts, units={4: "both"}).counted(False).units == {4: "both", 9: "right"}
    assert Facts("negative", "disgust").counted(False).units == {}


def test_questions_and_answers_are_understood_in_any_case_and_order_of_units_and_no_others_are():
    assert questions.understand(" what is  the action unit") == Question("units", single=True)
    nostril = "Is the action unit nostril dilater shown on the face?"  # as the challenge spells it
    assert questions.understand(nostril) == Question("shown", 38)
    for text, message in (
        ("Is the action unit brow lowrer shown on the face?", r"not 'brow lowrer' \(did you mean 'brow lowerer'"),
        ("Is she happy?", "must be a question of the challenge, such as 'What is the coarse"),
    ):
        with pytest.raises(DataError, match=message):
            questions.understand(text)
    first, second = (f"The action units present are: {units}. Therefore, x is y." for units in ("a, b", "B, a"))
    assert questions.parts("all", first) == questions.parts("all", second) == ({"a", "b"}, "x is y")
    assert questions.parts("units", "jaw drop, Nostril dilator.") == ({26, 38}, "")
    assert questions.parts("units", "nostril dilater, smile") == ({38, "smile"}, "")
    assert questions.answer(Question("units"), Facts("negative", "fear", {38: "both"})) == "nostril dilater"
    assert questions.parts("coarse", " Negative.") == (set(), "negative")


def clip(name, emotion, label, units):
    return Clip("casme2", "sub01", name, "generated", "", 1, 9, 9, 1, 5, 9, 200, emotion, label, None, units)


def answers(requests, topic):
    return [line.answer for line in requests if line.question.topic == topic]


def test_annotation_gives_questions_with_ids_of_their_own(tmp_path):
    clips = [clip("EP01", "disgust", 0, "4+L10"), clip("EP02", "happiness", 1, "12"), clip("EP03", "others", None, "4")]
    requests = lines.of_clips(clips)
    assert answers(requests, "units") == ["brow lowerer, upper lip raiser", "lip corner puller"]
    assert answers(requests, "side") == ["left"] and answers(requests, "shown") == ["yes", "no", "yes", "no"]
    alike = lines.of_clips([clip("EP01", "disgust", 0, "4+7"), clip("EP02", "anger", 0, "7+4")])
    assert [line.question.unit for line in alike if line.answer == "no"] == [1, 2]  # which no clip of the set shows
    (_, _, units, *rest) = lines.of_clips([clip("EP01", "disgust", 0, "L4+R4"), clip("EP02", "happiness", 1, "12")])
    assert units.answer == "brow lowerer" and answers(rest, "side") == []  # of both sides
    path = tmp_path / "asked.jsonl"
    path.write_text(lines.text(requests, [str(line.answer) for line in requests]), encoding="utf-8")
    assert lines.read(path) == requests
    assert (requests[0].id, requests[0].clip, requests[0].subject) == ("casme2_sub01_EP01_1", "EP01", "sub01")


def test_an_official_test_file_gets_answers_and_keeps_its_fields(tmp_path):
    path = tmp_path / "to_answer.jsonl"
    fields = {"video_id": "samm_test_SAMM-1_1", "video": "SAMM-1", "question": questions.COARSE, "more": 1}
    path.write_text(f"{json.dumps(fields)}\n\n", encoding="utf-8-sig")
    (line,) = lines.read(path)
    assert (line.id, line.clip, line.subject, line.answer) == ("samm_test_SAMM-1_1", "SAMM-1", "", None)
    assert json.loads(lines.text([line], ["negative"])) == {**fields, "answer": "negative"}
    with pytest.raises(DataError, match=r"to_answer\.jsonl, row 1: answer must be a text, not missing"):
        lines.read(path, answered=True)


UNITS = '"question": "What are the action units?"'


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("", "must hold questions, a JSON object in each row, not nothing"),
        ("[1]", "row 1: must be a JSON object, not '.1.'"),
        ("{", "row 1: must be a JSON object, not '{'"),
        ('{"x": NaN}', r"row 1: must be a JSON object, .* \(NaN is no number"),
        ('{"x": 1e999}', r"row 1: must be a JSON object, .* \(1e999 is no number"),
        ('{"video_id": "1", "question": "x"}', "row 1: video or filename or image_id must be a text, not missing"),
        ('{"id": 1, "video": "a", "question": "x"}', "row 1: id must be a text, not 1"),
        ('{"id": "1", "video": "a", "question": "x"}', "row 1: must be a question of the challenge"),
        ('{"id": "1", "video_id": "2", "video": "a"}', "row 1: video_id and id must not differ, as '2' and '1'"),
        ('{"id": "1", "video": "a", "video": "b"}', "row 1: must be a JSON object, .* there once, not id"),
        (f'{{"id": "1", "video": "a", {UNITS}}}\n' * 2, "row 2: must have an id of its own"),
        *((f'{{"id": "1", "video": "a", {UNITS}, "confidence": {value}}}', "confidence must be a number in 0..1, not ")
          for value in ("90", '"0.9"', "true", "-1")),
        ('{"id": "1", "video": "a", "question": "x", "subject": "6", "Participant": "7"}',
         "row 1: subject and Participant must not differ, as '6' and '7' do"),
        ('{"id": "1", "video": "a", "question": "x", "dataset": 3}', "row 1: dataset must be a text, not 3"),
        ("\n{J\udcf6rg}", "row 2: must be in UTF-8, not byte 0xf6"),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_file_and_row(tmp_path, row, message):
    path = tmp_path / "asked.jsonl"
    path.write_text(row, errors="surrogateescape")
    with pytest.raises(DataError, match=f"asked.jsonl.*{message}"):
        lines.read(path)


def test_lines_end_where_json_says_a_subject_has_one_spelling_and_what_asks_for_one_unit_says_so_of_all(tmp_path):
    path, words, shared = tmp_path / "asked.jsonl", "a\u2028b\x85c", {"video": "a", "question": questions.COARSE}

    def written(*rows):
        path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
        return lines.read(path)

    (line,) = written(shared | {"id": "1", "answer": words})
    path.write_text(lines.text([line], [line.answer]), encoding="utf-8")
    assert lines.read(path)[0].answer == words
    names = ({"subject": "006"}, {"Subject": 6}, {"subject_id": "6.0"})
    asked = written(*(shared | name | {"id": str(i), "dataset": None} for i, name in enumerate(names)))
    assert {line.subject_id for line in asked} == {"/006"}
    texts = ("What is the action unit?", "Is the action unit lid tightener shown on the face?")
    asked = written(*(shared | {"video_id": str(i), "question": text} for i, text in enumerate(texts)))
    facts = Facts("negative", "disgust", {4: "both", 7: "left"})
    assert lines.replies(asked, [facts, facts])[0] == ["brow lowerer", "no"]
    assert lines.replies(asked[1:], [facts])[0] == ["yes"]


def test_answers_are_to_the_same_questions():
    requests = lines.of_clips([clip("EP01", "disgust", 0, "4+L10")])
    first = requests[0]
    assert lines.match(requests[:2], requests) == requests[:2]
    other = replace(first, question=requests[1].question, text=requests[1].text)
    with pytest.raises(DataError, match=r"question casme2_sub01_EP01_1: must be 'What is the coarse .*, not 'What is"):
        lines.match(requests, [other])
    folder = {"clip": "sub02/EP01.mp4", "subject": ""}
    for change in ({"clip": "EP02"}, {"subject": "sub02"}, {"dataset": "samm"}, folder):
        with pytest.raises(DataError, match="question casme2_sub01_EP01_1: must be on casme2/sub01/EP01, not on "):
            lines.match(requests, [replace(first, **change)])
    same = replace(first, subject="Sub1", clip="videos/ep01.mp4", dataset="")
    assert lines.match(requests, [same]) == [same]
    one, other = (replace(first, subject="", clip=f"s0{i}/take.mp4") for i in (1, 2))
    with pytest.raises(DataError, match=r"must be on casme2//s01/take\.mp4, not on casme2//s02/take\.mp4"):
        lines.match([one], [other])
