"""Select driving clips, whose subjects are a group by themselves."""

import random
from dataclasses import replace

import pytest
from composites import clip, composite, people

from microexpr.core.errors import ParamsError
from microexpr.protocols import ALL_GROUPS, GROUPS, driving_clips
from microexpr.protocols.splits import group_folds

SHOWN = {"s1": [0, 0], "s2": [0, 1], "s3": [1, 0], "s4": [2]}  # classes of each person's clips
CLIPS = [clip("casme2", subject, f"c{i}", label) for subject, labels in SHOWN.items() for i, label in enumerate(labels)]
FEW = composite(subjects=3, clips=3)


def ids(clips):
    return [clip.id for clip in clips]


def test_of_each_data_set_and_class_the_first_clip_of_who_shows_most_or_those_that_are_named():
    """s2 and s3 show two classes each, s2 is first by name; surprise is shown by s4 alone."""
    expected = ["casme2/s2/c0", "casme2/s2/c1", "casme2/s4/c0"]
    assert ids(driving_clips(CLIPS)) == expected == ids(driving_clips(CLIPS[::-1]))
    next_one = [name.replace("s2", "s3") for name in expected]
    assert ids(driving_clips([entry for entry in CLIPS if entry.subject != "s2"])) == next_one
    assert ids(driving_clips([entry for entry in CLIPS if entry.label != 2])) == expected[:2]
    clips = driving_clips([*FEW, clip("samm", "s00", "other", None)])
    assert ids(clips) == [f"{name}/s01/c0{number}" for name in ("casme2", "samm", "smic") for number in range(3)]
    names = ["smic/s02/c01", "casme2/s03/c00", "smic/s02/c01"]
    assert ids(driving_clips(FEW, names)) == sorted({*names})
    with pytest.raises(ParamsError, match=r"synthesise\.sources .*, not smic/s02/c9 \(did you mean 'smic/s02/c0"):
        driving_clips(FEW, ["smic/s02/c01", "smic/s02/c9"])
    with pytest.raises(ParamsError, match="not casme2/s1/x"):  # which is there, in none of the classes
        driving_clips([*CLIPS, clip("casme2", "s1", "x", None)], ["casme2/s1/x"])


@pytest.mark.parametrize("named", [(), ("smic/s03/c01", "samm/s02/c00")])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_whose_movements_are_given_are_the_first_group(named, count):
    folds = ALL_GROUPS.groups(FEW, count, 5, named)
    assert [fold.name for fold in folds] == [f"{number}of{count}" for number in range(1, count + 1)]
    assert people(folds[0].test) == people(named or ids(driving_clips(FEW))) == ALL_GROUPS.driving_subjects(FEW, named)
    held = [who for fold in folds for who in people(fold.test)]
    assert sorted(held) == sorted(people(ids(FEW))) and all(fold.test for fold in folds)
    for fold in folds:
        assert not people(fold.train) & people(fold.test)
        assert {*fold.train, *fold.test} == {*ids(FEW)}
    shuffled = random.Random(1).sample(FEW, len(FEW))
    assert ALL_GROUPS.groups(shuffled, count, 5, named) == folds
    assert (ALL_GROUPS.groups(FEW, count, 6, named) == folds) == (count == 2)  # the seed deals out all others


@pytest.mark.parametrize(("driving", "most"), [((), 9), (("casme2/s01", "samm/s01", "smic/s01"), 7)])
def test_no_group_is_empty_and_they_differ_by_one_subject_at_most(driving, most):
    for count in (2, 4, most):
        sizes = [len(people(fold.test)) for fold in group_folds(FEW, count, 1, driving)[bool(driving) :]]
        assert sum(sizes) == 9 - len(driving) and 0 < max(sizes) <= min(sizes) + 1
    for count in (1, most + 1):
        with pytest.raises(ParamsError, match=f"groups must be between 2 and {most}, of 9 subjects, not {count}"):
            group_folds(FEW, count, 1, driving)


def test_other_groups_keep_nobody_apart_and_where_everybody_is_there_is_nobody_to_learn_from():
    clips = [replace(entry, emotion="surprise") for entry in FEW if entry.dataset != "smic"]
    assert GROUPS.driving_subjects(clips) == set()
    assert GROUPS.groups(clips, 2, 5) == GROUPS.groups(clips, 2, 5, ["samm/s01/c00"])
    with pytest.raises(ParamsError, match="between 2 and 1, of 3 subjects, not 2"):
        ALL_GROUPS.groups(composite(subjects=1, clips=3), 2, 1)
