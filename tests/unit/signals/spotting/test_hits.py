"""Hits, counted by hand."""

import pytest

from microexpr.signals.spotting.hits import Counts, count, overlap, summary


def test_half_of_the_union_is_a_hit_once_and_figures_of_several_videos_are_of_their_sums():
    assert overlap((0, 9), (0, 9)) == 1
    assert overlap((0, 9), (5, 14)) == pytest.approx(5 / 15)
    assert overlap((0, 9), (10, 19)) == 0
    assert count([(0, 9)], [(0, 19)]) == Counts(1, 0, 0)
    assert count([(0, 8)], [(0, 19)]) == Counts(0, 1, 1)
    assert count([(0, 9), (1, 10), (40, 49)], [(0, 9), (100, 109)]) == Counts(hits=1, false=2, missed=1)
    both = Counts(3, 1, 2) + Counts(1, 0, 0)
    assert (both.precision, both.recall) == (4 / 5, 4 / 6)
    assert both.f1 == pytest.approx(2 / (5 / 4 + 6 / 4))
    assert (Counts().precision, Counts().recall, Counts().f1) == (0, 0, 0)
    assert summary(both).startswith("hits 4, false 1, missed 2 at IoU 0.5: precision 0.800, recall 0.667, F1 0.727")
