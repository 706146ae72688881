"""4DME: emotions at once, units that were kept, folders of people called otherwise than in the workbook."""

from collections import Counter
from dataclasses import replace

import pytest
from broken import cell
from small_corpora import read

from microexpr.core.errors import DataError
from microexpr.rendering import plan

BOOK = "4DME_Labelling_Micro_release v1.xlsx"


@pytest.mark.parametrize(
    ("written", "emotion", "label"),
    [
        ("Positive", "positive", 1),
        ("Surprise+Positive", "positive+surprise", None),
        ("Repression + Negative", "negative+repression", 0),
        ("Repression", "repression", 0),
        ("Negative+Others", "negative+others", None),
    ],
)
def test_two_emotions_have_a_class_only_if_it_is_the_same(corpus, written, emotion, label):
    root, planned = corpus("fourdme")
    cell(BOOK, 1, "Emotion", written)(root)
    assert read(root)[0][0] == replace(planned[0].clip, emotion=emotion, label=label)


def test_an_unknown_emotion_is_refused(corpus):
    root, _ = corpus("fourdme")
    cell(BOOK, 1, "Emotion", "Positive+Joy")(root)
    with pytest.raises(DataError, match=r"not 'joy' \(4DME.*row 2\)"):
        read(root)


@pytest.mark.parametrize(
    ("written", "coded"),
    [
        ("AU4(k)+L7", "L7"),
        ("AUR2+12(k)+45", "R2 45"),
        ("AU4+AU12(k", "4"),  # the bracket is not always closed
        ("AU4(K)", ""),
        ("AU6,12", "6 12"),
    ],
)
def test_units_that_were_kept_are_no_part_of_the_expression(corpus, written, coded):
    root, _ = corpus("fourdme")
    cell(BOOK, 1, "AUs", written)(root)
    clip = read(root)[0][0]
    assert (clip.action_units, clip.parsed_action_units()) == (written.replace(",", "+"), coded)


def test_people_by_number(corpus):
    root, planned = corpus("fourdme")
    for row, item in enumerate(planned, 1):
        cell(BOOK, row, "sub_ID", int(item.clip.subject[1:]))(root)
    assert read(root)[0] == [item.clip for item in planned]
    (root / "gray_micro/sub1").mkdir()
    with pytest.raises(DataError, match="sub_ID must name one of S01, sub1, not '1'"):
        read(root)


def test_cropped_frames_are_read_where_there_are_no_others(corpus):
    root, planned = corpus("fourdme")
    (root / "gray_micro_crop").mkdir()
    assert "is not read" in read(root)[1][0]
    (root / "gray_micro_crop").rmdir()
    (root / "gray_micro").rename(root / "gray_micro_crop")
    clips, notes = read(root)
    assert [clip.id for clip in clips] == [item.clip.id for item in planned]
    assert len(notes) == 1 and "cropped" in notes[0]


def test_the_workbook_of_what_people_reported_is_another(corpus):
    root, planned = corpus("fourdme")
    (root / "4DME_Labelling_Micro_extras_release v1.xlsx").write_bytes(b"")
    assert read(root)[0] == [item.clip for item in planned]


def test_generated_ones_have_some_units_that_were_kept():
    planned = plan.plan_clips("fourdme", plan.Params(max_frames=40), seed=1)
    clips = [item.clip for item in planned]
    displays = [{int(name[2:-1]) for name in item.weights} for item in planned]
    codes = [{int(code.strip("LR")) for code in clip.parsed_action_units().split()} for clip in clips]
    assert all(coded and coded <= displayed for coded, displayed in zip(codes, displays, strict=True))
    assert 0 < sum(coded < displayed for coded, displayed in zip(codes, displays, strict=True)) < 30  # coders miss some
    assert 20 < sum("(k)" in clip.action_units for clip in clips) < 60
    assert Counter("+" in clip.emotion for clip in clips)[True] > 30
