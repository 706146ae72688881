"""Planned corpora have the published counts and the field's durations; each clip has a random stream of its own."""

import numpy as np
import pytest

from microexpr import datasets
from microexpr.core import facs
from microexpr.core.clip import LABELS
from microexpr.core.facs import objective_class
from microexpr.datasets.layout import count_clips
from microexpr.rendering import plan

PUBLISHED = plan.Params(max_frames=110)
MEGC2019 = {"smic": 16, "casme2": 24, "samm": 28}  # people with a clip in the composite


@pytest.fixture(scope="module", params=MEGC2019)
def published(request):
    return request.param, plan.plan_clips(request.param, PUBLISHED, seed=4)


def test_published_counts(published):
    """Clips, people, emotions, AU-based classes and labels, as the loaders hold a licensed copy to them."""
    dataset, planned = published
    clips = [item.clip for item in planned]
    counts, expected = count_clips(clips), datasets.layout(dataset).published
    assert (counts.clips, counts.subjects, counts.megc2019) == (expected.clips, expected.subjects, expected.megc2019)
    assert expected.objective in (None, counts.objective)
    assert expected.emotions in (None, counts.emotions)
    assert len({clip.subject for clip in clips if clip.label is not None}) == MEGC2019[dataset]
    assert len({clip.id for clip in clips}) == len({clip.folder for clip in clips}) == len(clips)


def test_what_is_shown_belongs_to_the_class_on_one_side_as_often_as_in_the_annotation(published):
    dataset, planned = published
    for item in planned:
        units = frozenset(int(name[2:-1]) for name in item.weights)
        assert item.clip.objective_class in (None, objective_class(units))
        coded = facs.parse(item.clip.action_units)
        if dataset == "samm":  # what the face showed is always the first alternative
            assert {unit.number for unit in coded} == units
        elif coded:
            sides = {n: "".join(side for side in "LR" if f"AU{n}{side}" in item.weights) for n in units}
            words = {"L": "left", "R": "right", "LR": "both"}
            assert {(unit.number, unit.side) for unit in coded} == {(n, words[side]) for n, side in sides.items()}
    alone = np.mean([len(item.weights) == len({name[:-1] for name in item.weights}) for item in planned])
    assert dataset == "smic" or alone == pytest.approx(0.19, abs=0.07)


def test_codes_and_events_have_the_real_oddities():
    planned = plan.plan_clips("casme2", PUBLISHED, seed=4)
    casme2 = {item.clip.action_units for item in planned}
    samm = " ".join(item.clip.action_units for item in plan.plan_clips("samm", PUBLISHED, seed=4))
    assert "?" in casme2 and any(code[0] in "LR" for code in casme2)
    assert " or " in samm and "A/" in samm and "(" in samm and "/B" in samm
    without = [item.clip for item in planned if item.clip.apex is None]
    early = [item.clip for item in planned if item.clip.apex == item.clip.onset]
    late = [item.clip for item in planned if item.clip.apex == item.clip.offset]
    assert (len(without), len(early), len(late)) == (1, 1, 4)
    assert [clip.label for clip in without + early] == [None, None]


def test_durations_are_those_of_micro_expressions(published):
    """Bounds and medians of the data sets' own annotation."""
    dataset, planned = published
    shortest, longest, median, rise = {
        "smic": (0.11, 0.58, 0.33, None), "casme2": (0.12, 0.505, 0.305, 0.51), "samm": (0.15, 0.505, 0.34, 0.45)
    }[dataset]  # fmt: skip
    seconds = np.array([(item.clip.offset - item.clip.onset) / item.clip.fps for item in planned])
    assert seconds.min() >= shortest - 0.006 and seconds.max() <= longest + 0.006
    assert np.median(seconds) == pytest.approx(median, abs=0.03)
    shares = [(item.apex - item.onset) / (item.offset - item.onset) for item in planned]
    assert rise is None or np.median(shares) == pytest.approx(rise, abs=0.03)
    assert all(item.clip.onset < item.apex < item.clip.offset for item in planned)
    assert all((item.onset, item.offset) == (item.clip.onset, item.clip.offset) for item in planned)


def test_another_seed_is_another_corpus_and_one_person_more_changes_no_other():
    small = plan.Params(casme2=plan.Corpus(subjects=2, clips=4))
    larger = plan.Params(casme2=plan.Corpus(subjects=3, clips=5))
    first, repeated, other = (plan.plan_clips("casme2", small, seed) for seed in (1, 1, 2))
    assert first == repeated and not {item.clip.id for item in first} & {item.clip.id for item in other}
    assert [item for item in first if item not in plan.plan_clips("casme2", larger, 1)] == []
    for person in ("sub01", "sub02"):  # balanced: everyone shows every class
        labels = {item.clip.label for item in first if item.clip.subject == person}
        assert labels == set(range(len(LABELS)))
