"""Samplers against counts, for targets that are known."""

import numpy as np

from microexpr.models.samplers import balanced, half_and_half, macro_only, micro_only

TARGETS = {"label": np.array([0] * 12 + [1] * 3 + [2]), "macro": np.array([0, 1] * 8)}


def test_balanced_draws_every_class_equally_often():
    order = balanced(TARGETS, 300, 16, np.random.default_rng(0))
    assert order.shape == (300, 16)
    share = np.bincount(TARGETS["label"][order.ravel()]) / order.size
    np.testing.assert_allclose(share, 1 / 3, atol=0.03)
    assert set(order.ravel()) == set(range(16))
    two = balanced({"label": np.array([0, 2, 2])}, 300, 16, np.random.default_rng(0))  # no clip of class 1
    np.testing.assert_allclose((two == 0).mean(), 0.5, atol=0.03)


def test_only_one_kind_each_of_them_once_before_any_comes_twice():
    for macro in (False, True):
        order = (macro_only if macro else micro_only)(TARGETS, 3, 5, np.random.default_rng(0)).ravel()
        assert set(TARGETS["macro"][order]) == {int(macro)}
        assert len(set(order[:8])) == 8


def test_half_of_a_batch_is_of_a_kind_where_there_are_both():
    marks = np.array([1, 0, 1, 1, 1, 1, 0])
    targets = {"label": np.zeros(7), "macro": marks}
    order = half_and_half("macro")(targets, 6, 5, np.random.default_rng(0))
    assert order.shape == (6, 5) and (marks[order] == [0, 0, 0, 1, 1]).all()
    assert {*order[:, :3].ravel()} == {1, 6} and {*order[:, 3:].ravel()} == {0, 2, 3, 4, 5}
    for all_of in (0, 1):
        alone = {"label": np.zeros(4), "macro": np.full(4, all_of)}
        order = half_and_half("macro")(alone, 2, 4, np.random.default_rng(0))
        assert [sorted(batch) for batch in order] == [[0, 1, 2, 3]] * 2
