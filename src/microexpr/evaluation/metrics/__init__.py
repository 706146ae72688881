"""Figures of predicted classes and of made faces, with intervals. Arrays in, numbers out.

Axes: N clips, S seeds, K classes, U subjects, B bootstrap resamples. What may not come in: where a prediction is from.
Those of made faces are in `metrics.synthesis`, which is imported by itself.
"""

from microexpr.evaluation.metrics.figures import (
    METRICS,
    UNTESTED,
    Metric,
    accuracy,
    by_class,
    confusion,
    macro_precision,
    over_seeds,
    uar,
    uf1,
    weighted_f1,
)
from microexpr.evaluation.metrics.intervals import (
    COVERAGE,
    Difference,
    Pooling,
    all_pairs,
    bootstrap,
    holm,
    least_p,
    paired,
    per_subject_mean,
)

__all__ = [
    "COVERAGE",
    "METRICS",
    "UNTESTED",
    "Difference",
    "Metric",
    "Pooling",
    "accuracy",
    "all_pairs",
    "bootstrap",
    "by_class",
    "confusion",
    "holm",
    "least_p",
    "macro_precision",
    "over_seeds",
    "paired",
    "per_subject_mean",
    "uar",
    "uf1",
    "weighted_f1",
]
