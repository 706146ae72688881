"""A form for people: how pairs are chosen, what its page holds, and how answers are counted."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from composites import composite
from journey_results import results

from microexpr.cli.main import main
from microexpr.core.errors import DataError, StoreError
from microexpr.evaluation import form
from microexpr.evaluation.true_faces import TrueFace
from microexpr.reporting.html import form as page

CLIPS = composite(subjects=4, clips=4)
TRUE, REST, SYNTHESISED = 200, 100, 50


def picture(level: int) -> np.ndarray:
    return np.full((16, 16, 1), level, np.uint8)


@pytest.fixture
def pairs() -> list[form.Pair]:
    pair = np.stack([picture(REST), picture(TRUE)])
    true = {clip.id: TrueFace(clip, pair, picture(REST), {}, 16) for clip in CLIPS}
    return form.choose(true, {clip.id: picture(SYNTHESISED) for clip in CLIPS[1:]}, 20, 0)  # of one, one less


def test_pairs_are_of_many_subjects_and_the_true_one_is_as_often_at_either_side(pairs):
    assert len({pair.clip for pair in pairs}) == len(pairs) == 20
    subjects = Counter(pair.clip.rpartition("/")[0] for pair in pairs)
    assert len(subjects) == 12 and max(subjects.values()) == 2
    assert Counter(pair.true for pair in pairs) == {"left": 10, "right": 10}
    for pair in pairs:
        levels = {side: getattr(pair, side)[0, 0, 0] for side in form.SIDES}
        assert levels.pop(pair.true) == TRUE and list(levels.values()) == [SYNTHESISED]
    assert [pair.clip for pair in pairs] != sorted(pair.clip for pair in pairs)


def answer(tmp_path, pairs, *lines):
    form.write_key(tmp_path / "key.csv", pairs)
    (tmp_path / "answers.csv").write_text("\n".join(["pair,answer", *lines]) + "\n", encoding="utf-8")
    return form.score(tmp_path / "answers.csv", tmp_path / "key.csv")


def test_answers_are_counted_by_class_and_pairs_without_one_are_left_out(tmp_path, pairs):
    other = {"left": "right", "right": "left"}
    lines = [f"{i},{pair.true if i <= 12 else other[pair.true]}" for i, pair in enumerate(pairs[:16], 1)]
    scores = answer(tmp_path, pairs, *lines, "17,")
    assert scores["all"][:3] == (12, 16, 0.75)
    assert (scores["all"].low, scores["all"].high) == pytest.approx((0.505, 0.898), abs=1e-3)  # Wilson
    assert sum(scores[name].answered for name in scores if name != "all") == 16
    assert list(scores) == ["all", "negative", "positive", "surprise"]
    assert form._score([])[2:] == (0.5, 0.0, 1.0)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["21,left"], "line 2: pair must be 1 to 20, not 21"),
        (["1,left", "1,right"], "line 3: pair 1 must be answered once"),
        (["1,both"], "line 2: answer must be left, right or empty, not both"),
    ],
)
def test_answers_to_another_form_are_refused(tmp_path, pairs, lines, message):
    with pytest.raises(DataError, match=message):
        answer(tmp_path, pairs, *lines)


def test_a_key_of_other_words_is_refused(tmp_path, pairs):
    form.write_key(tmp_path / "key.csv", [replace(pairs[0], true="top")])
    with pytest.raises(StoreError, match=r"key.csv, row 2: true must be one of left, right, not 'top'"):
        form.score(tmp_path / "key.csv", tmp_path / "key.csv")


def test_the_page_shows_every_pair_and_does_not_tell_which_is_true(tmp_path, pairs):
    page.write(tmp_path / "form.html", pairs, "icegan.change")
    text = (tmp_path / "form.html").read_text(encoding="utf-8")
    assert text.count("<fieldset") == 20 and text.count("data:image/png") == 80
    assert not any(pair.clip in text for pair in pairs)
    page.write(tmp_path / "other.html", [replace(pair, true="") for pair in pairs], "icegan.change")
    assert text == (tmp_path / "other.html").read_text(encoding="utf-8")


def test_the_command_writes_a_form_of_a_run_and_scores_it(tmp_path, monkeypatch, capsys):
    results(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["form", "--out", "form", "--generator", "icegan"]) == 0
    assert "2 pairs" in capsys.readouterr().out
    lines = (tmp_path / "form/key.csv").read_text(encoding="utf-8").splitlines()[1:]
    answers = [",".join(line.split(",")[:2]) for line in lines]
    (tmp_path / "answers.csv").write_text("\n".join(["pair,answer", *answers]) + "\n", encoding="utf-8")
    assert main(["form", "--score", "answers.csv", "--key", "form/key.csv"]) == 0
    assert "all         2 of   2 right, 1.00" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["--score", "a.csv"], ["--out", "x", "--score", "a.csv", "--key", "k.csv"]])
def test_the_command_must_be_asked_for_one_thing(words, capsys):
    assert main(["form", *words]) == 1
    assert "form must have --out DIR, or --score ANSWERS.csv with --key KEY.csv" in capsys.readouterr().err


def test_licensed_faces_are_refused_unless_asked_for(tmp_path, monkeypatch, capsys):
    results(tmp_path, "licensed")
    monkeypatch.chdir(tmp_path)
    words = ["form", "--out", "form", "--generator", "icegan"]
    assert main(words) == 1 and "--show-licensed-faces" in capsys.readouterr().err
    assert main([*words, "--show-licensed-faces"]) == 0
