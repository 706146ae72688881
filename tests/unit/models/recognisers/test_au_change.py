"""Logistic regression on action units, on changes whose classes are known."""

import numpy as np
import torch

from microexpr.models.recognisers.au_change import AuChange
from microexpr.signals.aus import ACTION_UNITS

SMILE, BROW = ACTION_UNITS.index("AU12"), ACTION_UNITS.index("AU4")


def method(classes: int = 3) -> AuChange:
    return AuChange(AuChange.Params(), classes)


def test_features_are_both_sides_of_each_unit():
    change = torch.arange(2 * len(ACTION_UNITS) * 2).view(2, -1, 2).float()
    features = method().features({"au_change": change})
    assert features.shape == (2, 34) and features.dtype == np.float32
    assert features[1, 2 * SMILE : 2 * SMILE + 2].tolist() == change[1, SMILE].tolist()


def test_each_class_is_told_by_its_action_unit_also_on_one_side():
    """Class 0 lowers the brows, class 1 smiles, often on one side, class 2 does neither; 1 is rare."""
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [40, 8, 40])
    change = rng.normal(0, 0.3, (len(label), len(ACTION_UNITS), 2))
    change[label == 0, BROW] += 1.5
    change[label == 1, SMILE, rng.integers(0, 2, 8)] += 2.5
    features = change.reshape(len(label), -1).astype(np.float32)
    score = method().fit(features, {"label": label}, rng)
    smile_on_the_right = np.zeros((1, len(ACTION_UNITS), 2), np.float32)
    smile_on_the_right[0, SMILE, 1] = 2.5
    assert score(smile_on_the_right.reshape(1, -1)).argmax() == 1
    assert (score(features).argmax(1) == label).mean() > 0.95
