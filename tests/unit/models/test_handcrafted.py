"""Scores of a support vector machine: of classes that no training clip has, and of two alone."""

import numpy as np
import pytest
from sklearn.svm import SVC

from microexpr.models import handcrafted
from microexpr.models.handcrafted import fit_scorer, training_set


@pytest.mark.parametrize("present", [(0, 1, 2), (0, 2), (1, 2)])
def test_a_class_without_training_clips_is_never_predicted(present):
    rng = np.random.default_rng(0)
    label = np.repeat(present, 10)
    centres = 4 * np.eye(3)
    score = fit_scorer(SVC(), training_set(rng.normal(centres[label], 0.5), label, 3))
    scores = score(centres[list(present)])
    assert scores.shape == (len(present), 3) and scores.dtype == np.float32 and np.isfinite(scores).all()
    assert tuple(scores.argmax(1)) == present
    assert set(score(rng.normal(0, 10, (200, 3))).argmax(1)) <= set(present)


def test_where_all_training_clips_are_of_one_class_it_is_the_one_predicted():
    score = fit_scorer(SVC(), training_set(np.random.default_rng(0).normal(size=(6, 4)), np.full(6, 3), 5))
    predicted = score(np.zeros((2, 4)))
    assert predicted.shape == (2, 5) and predicted.dtype == np.float32 and predicted.argmax(1).tolist() == [3, 3]


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
