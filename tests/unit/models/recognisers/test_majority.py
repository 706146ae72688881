"""The floor against shares counted by hand."""

import numpy as np

from microexpr.models.recognisers.majority import Majority


def test_scores_are_the_classes_shares_in_training():
    machine = Majority(Majority.Params())
    label = np.array([2, 2, 2, 0, 2, 1, 0, 2])
    score = machine.fit(np.empty((8, 0)), {"label": label}, np.random.default_rng(0))
    np.testing.assert_array_equal(score(np.empty((3, 0))), np.tile(np.float32([2 / 8, 1 / 8, 5 / 8]), (3, 1)))
    wider = Majority(Majority.Params(), classes=5).fit(np.empty((8, 0)), {"label": label}, np.random.default_rng(0))
    np.testing.assert_array_equal(wider(np.empty((1, 0))), np.float32([[2 / 8, 1 / 8, 5 / 8, 0, 0]]))
