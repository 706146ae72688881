"""What a linear machine reads off features that it did not make. Imported by itself: scikit-learn comes with it.

What may not come in: where features are from.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PENALTY = 1.0  # C of the logistic regression: scikit-learn's own, chosen on nothing
ITERATIONS = 10_000


def probe(features: np.ndarray, wanted: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """int64[N]: what is read of each clip by a machine that was fitted on all clips of other groups.

    `features` [N, D], each standardised by the clips fitted on; `wanted` int[N] is to be read, such as who it is, or
    which class; `groups` [N] are read together: people, where whoever is read must be unknown. A logistic regression in
    which each of the classes there weighs the same, so that guessing gives 1 / classes of mean recall. Raises
    ValueError where the other groups hold but one class.
    """
    read = np.empty(len(wanted), np.int64)
    for group in np.unique(groups):
        inside = groups == group
        machine = make_pipeline(
            StandardScaler(), LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=ITERATIONS)
        )
        machine.fit(features[~inside].astype(np.float64), wanted[~inside])
        read[inside] = machine.predict(features[inside].astype(np.float64))
    return read
