"""Scores of the machine where a fold lacks a class."""

import numpy as np
import pytest
from sklearn.svm import SVC

from microexpr.models.flow_svm import class_scores


@pytest.mark.parametrize("present", [(0, 1, 2), (0, 2), (1, 2)])
def test_a_class_without_training_clips_is_never_predicted(present):
    rng = np.random.default_rng(0)
    label = np.repeat(present, 10)
    centres = 4 * np.eye(3)
    score = class_scores(SVC(), rng.normal(centres[label], 0.5), label)
    own = score(centres[list(present)])
    assert own.shape == (len(present), 3) and own.dtype == np.float32 and np.isfinite(own).all()
    assert tuple(own.argmax(1)) == present
    assert set(score(rng.normal(0, 10, (200, 3))).argmax(1)) <= set(present)
