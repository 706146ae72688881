"""Scores of machines: of classes that no training clip has, of two alone; floors; what action units tell."""

import numpy as np
import pytest
import torch
from sklearn.svm import SVC

from microexpr.models import handcrafted
from microexpr.models.handcrafted import fit_scorer, training_set
from microexpr.models.recognisers.au_change import AuChange
from microexpr.models.recognisers.majority import Majority
from microexpr.signals.aus import ACTION_UNITS

AU_CHANGE = AuChange(AuChange.Params(), 3)
SMILE, BROW = ACTION_UNITS.index("AU12"), ACTION_UNITS.index("AU4")


@pytest.mark.parametrize("present", [(0, 1, 2), (0, 2), (1, 2), (1,)])
def test_a_class_without_training_clips_is_never_predicted(present):
    rng = np.random.default_rng(0)
    label = np.repeat(present, 10)
    centres = 4 * np.eye(3)
    score = fit_scorer(SVC(), training_set(rng.normal(centres[label], 0.5), label, 3))
    scores = score(centres[list(present)])
    assert scores.shape == (len(present), 3) and scores.dtype == np.float32 and np.isfinite(scores).all()
    assert tuple(scores.argmax(1)) == present
    assert set(score(rng.normal(0, 10, (200, 3))).argmax(1)) <= set(present)


def test_features_that_are_not_standardised_keep_their_scale():
    """Two classes along a small feature, under a large one of noise: the machine alone looks at the large one."""
    rng = np.random.default_rng(0)
    label = np.arange(60) % 2
    features = np.stack([0.1 * label + rng.normal(0, 0.01, 60), rng.normal(0, 100, 60)], 1)
    right = [
        (fit_scorer(SVC(kernel="linear", C=1e-4), training)(features).argmax(1) == label)
        for training in (training_set(features, label, 2, standardised) for standardised in (True, False))
    ]
    assert right[0].mean() > 0.95 > 0.75 > right[1].mean()


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_machine_with_its_kernel_as_one_product_is_scikit_learns(kernel: handcrafted.Kernel, classes: int) -> None:
    rng = np.random.default_rng(classes)
    features, label = rng.standard_normal((60, 30)).astype(np.float32), np.arange(60) % classes
    weights = {name: 1.0 + name for name in range(classes)}
    machine = handcrafted.KernelMachine(kernel, 2.0)
    machine.set_params(class_weight=weights)
    machine.fit(features, label)
    expected = SVC(C=2.0, kernel=kernel, class_weight=weights).fit(features.astype(float), label)
    others = rng.standard_normal((7, 30)).astype(np.float32)
    np.testing.assert_allclose(machine.decision_function(others), expected.decision_function(others), atol=1e-6)
    assert machine.support.tolist() == expected.support_.tolist()


def test_scores_are_the_classes_shares_in_training():
    machine = Majority(Majority.Params())
    label = np.array([2, 2, 2, 0, 2, 1, 0, 2])
    score = machine.fit(np.empty((8, 0)), {"label": label}, np.random.default_rng(0))
    np.testing.assert_array_equal(score(np.empty((3, 0))), np.tile(np.float32([2 / 8, 1 / 8, 5 / 8]), (3, 1)))
    wider = Majority(Majority.Params(), classes=5).fit(np.empty((8, 0)), {"label": label}, np.random.default_rng(0))
    np.testing.assert_array_equal(wider(np.empty((1, 0))), np.float32([[2 / 8, 1 / 8, 5 / 8, 0, 0]]))


def test_features_are_both_sides_of_each_unit_and_tell_classes_also_by_one_side():
    """Class 0 lowers the brows, class 1 smiles, often on one side, class 2 does neither; 1 is rare."""
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2], [40, 8, 40])
    change = rng.normal(0, 0.3, (len(label), len(ACTION_UNITS), 2)).astype(np.float32)
    change[label == 0, BROW] += 1.5
    change[label == 1, SMILE, rng.integers(0, 2, 8)] += 2.5
    features = AU_CHANGE.features({"au_change": torch.tensor(change)})
    assert features.shape == (88, 34) and features.dtype == np.float32
    np.testing.assert_array_equal(features[:, 2 * SMILE : 2 * SMILE + 2], change[:, SMILE])
    score = AU_CHANGE.fit(features, {"label": label}, rng)
    smile_on_the_right = 2.5 * (np.arange(34) == 2 * SMILE + 1)
    assert score(smile_on_the_right[None]).argmax() == 1
    assert (score(features).argmax(1) == label).mean() > 0.95
