"""The folds of a protocol."""

import random
from dataclasses import replace

import pytest
from composites import clip, composite

from microexpr.errors import DataError, ParamsError
from microexpr.protocols import PROTOCOLS, shards

MEGC = PROTOCOLS["megc2019"]


def published_composite():
    """As many subjects and clips of each class as the challenge has: 442 clips of 68 subjects."""
    sizes = {"smic": (16, (70, 51, 43)), "casme2": (24, (88, 32, 25)), "samm": (28, (92, 26, 15))}
    return [
        clip(dataset, f"{number % subjects:03}", f"{label}_{number:03}", label)
        for dataset, (subjects, counts) in sizes.items()
        for label, count in enumerate(counts)
        for number in range(count)
    ]


def test_every_clip_of_the_challenge_is_tested_once_and_never_by_its_own_subject():
    clips = published_composite()
    folds = MEGC.folds(clips)
    tested = [name for fold in folds for name in fold.test]
    assert len(folds) == 68
    assert sorted(tested) == sorted(clip.id for clip in clips)
    for fold in folds:
        assert len(fold.train) + len(fold.test) == 442
        assert {name.rpartition("/")[0] for name in fold.test} == {fold.name}
        assert fold.name not in {name.rpartition("/")[0] for name in fold.train}


def test_order_of_input_does_not_matter():
    clips = published_composite()
    shuffled = random.Random(1).sample(clips, len(clips))
    assert MEGC.folds(shuffled) == MEGC.folds(clips)
    assert [fold.name for fold in MEGC.folds(clips)] == sorted(fold.name for fold in MEGC.folds(clips))


def test_subjects_whose_names_begin_alike_stay_apart():
    clips = [clip("samm", "01", "a"), clip("samm", "011", "b"), clip("samm", "01", "c")]
    first, second = MEGC.folds(clips)
    assert (first.train, first.test) == (("samm/011/b",), ("samm/01/a", "samm/01/c"))
    assert (second.train, second.test) == (first.test, first.train)


def test_clips_without_a_label_or_of_other_data_sets_are_left_out():
    inside = clip("smic", "s01", "s01_ne_01")
    outside = [clip("casme2", "sub01", "EP01_02", None), clip("casme", "sub01", "EP01_01")]
    assert MEGC.select([*outside, inside]) == [inside]


@pytest.mark.parametrize(
    ("clips", "message"),
    [
        ([clip(), clip()], "casme2/sub01/EP01_01 must be there once, not twice"),
        ([clip(), clip(name="EP02", origin="licensed")], "must have one origin, not generated and licensed"),
        ([clip(), clip(name="EP02")], "must have at least 2 subjects with labelled clips, not 1"),
        ([], "not 0"),
    ],
)
def test_refusals(clips, message):
    with pytest.raises(DataError, match=message):
        MEGC.folds(clips)


def test_same_person_under_another_origin_does_not_make_a_mixture_of_unlabelled_clips():
    labelled = composite(2, 3)
    assert MEGC.select([*labelled, replace(labelled[0], name="x", label=None, origin="licensed")]) == MEGC.select(
        labelled
    )


@pytest.mark.parametrize(("count", "sizes"), [(1, [6]), (4, [1, 2, 1, 2]), (6, [1] * 6)])
def test_shards_are_contiguous_and_even(count, sizes):
    folds = MEGC.folds(composite())
    parts = shards(folds, count)
    assert [len(part) for part in parts] == sizes
    assert [fold for part in parts for fold in part] == folds


@pytest.mark.parametrize("count", [0, 7])
def test_shards_beyond_the_folds_are_refused(count):
    with pytest.raises(ParamsError, match=f"between 1 and the 6 folds, not {count}"):
        shards(MEGC.folds(composite()), count)
