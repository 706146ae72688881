"""Counts of clips and of action units in rendered corpora of published size, next to the published ones."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from microexpr.core.facs import EVALUATED, evaluated
from microexpr.datasets import LAYOUTS
from microexpr.datasets.layout import compare_counts, count_clips, count_units
from microexpr.protocols import CODED
from microexpr.rendering import coder, plan
from microexpr.tasks import PROTOCOLS
from microexpr.tasks.units import UNITS

CLIPS = {name: [planned.clip for planned in plan.plan_clips(name, plan.Params(), seed=1)] for name in CODED}


@pytest.mark.parametrize("dataset", CODED)
def test_each_unit_is_coded_about_as_often_as_published(dataset):
    """Within a chance deviation of a sampled display, a little less often, since coders miss units."""
    clips, published = CLIPS[dataset], LAYOUTS[dataset].units
    assert compare_counts(count_clips(clips), LAYOUTS[dataset].published) == ""
    assert len({clip.id for clip in clips}) == len(clips)
    counts = (np.array([evaluated(clip.action_units) for clip in clips]) == 1).sum(axis=0)
    for number, count, expected in zip(EVALUATED, counts, published, strict=True):
        assert abs(count - expected) < 6 + 3.5 * expected**0.5 + 0.1 * expected, f"AU{number}"
    assert 0.85 < sum(counts) / sum(published) < 1.1


RELEASES = {"casme": {"clips": 189}, "dfme": {"clips": 7526, "subjects": 671}}


@pytest.mark.parametrize("dataset", RELEASES)
def test_as_published_and_as_handed_out_are_both_complete(dataset):
    about = LAYOUTS[dataset]
    published = count_clips([item.clip for item in plan.plan_clips(dataset, plan.Params(), seed=1)])
    released = replace(published, **RELEASES[dataset])
    assert compare_counts(published, about.published) == "" != compare_counts(released, about.published)
    for counts, complete in ((published, True), (released, True), (replace(released, clips=188), False)):
        assert (compare_counts(counts, about.published, *about.releases) == "") is complete


def test_a_check_names_both_counts_and_clips_without_a_code_are_left_out():
    line = count_units(CLIPS["samm"][:3], LAYOUTS["samm"].units)
    assert line.startswith("action units of 3 coded clips (published): AU1 ") and "AU4 " in line and "(23), AU5" in line
    assert count_units([], LAYOUTS["samm"].units) == ""
    assert "(" not in count_units(CLIPS["samm"][:3], None)
    protocol = PROTOCOLS[UNITS]
    left_out = {name: len(clips) - len(protocol.select(clips)) for name, clips in CLIPS.items()}
    assert left_out["samm"] == left_out["fourdme"] == 0 and 0 < left_out["casme2"] < 15


def test_coders_miss_units_but_never_the_strongest():
    weights, always = {"AU4L": 0.4, "AU4R": 0.4, "AU9L": 1.0, "AU12R": 0.3}, SimpleNamespace(random=lambda: 0.05)
    assert coder.noticed(weights, 0.04, always) == weights
    assert coder.noticed(weights, 0.1, always) == {"AU9L": 1.0}
    assert coder.noticed({}, 0.1, always) == {}
