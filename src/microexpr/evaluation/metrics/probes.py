"""Probe features with a linear classifier that did not make them. Imported separately: scikit-learn comes with it.

What may not come in: the source of the features.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PENALTY = 1.0  # C of the logistic regression: scikit-learn's default, not tuned
ITERATIONS = 10_000


def probe(features: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Predict the label of each clip by a classifier fitted on all clips of other groups, int64[N].

    `features` [N, D] are standardised by the clips fitted on; `labels` int[N] are predicted, such as subject or class;
    `groups` [N] are held out together: subjects, where predictions must not depend on identity. A logistic regression
    in which each class of the training clips weighs the same, so that guessing gives a mean recall of 1 / classes.
    Raises ValueError if the other groups have a single class.
    """
    predicted = np.empty(len(labels), np.int64)
    for group in np.unique(groups):
        inside = groups == group
        classifier = make_pipeline(
            StandardScaler(), LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=ITERATIONS)
        )
        classifier.fit(features[~inside].astype(np.float64), labels[~inside])
        predicted[inside] = classifier.predict(features[inside].astype(np.float64))
    return predicted
