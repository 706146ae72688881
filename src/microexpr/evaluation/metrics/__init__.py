"""Compute figures of predicted classes and of synthesised faces, with intervals. Arrays in, numbers out.

Axes: N clips, S seeds, K classes, U subjects, B bootstrap resamples. Out of scope: the source of a prediction.
Figures of synthesised faces are in `metrics.synthesis`, which has to be imported separately.
"""

from microexpr.evaluation.metrics.figures import (
    LABEL_METRICS,
    METRICS,
    UNTESTED,
    Metric,
    accuracy,
    average_precision,
    by_class,
    by_label,
    by_subject,
    confusion,
    macro_f1,
    macro_f1_of_both,
    macro_precision,
    over_seeds,
    uar,
    uf1,
    weighted_f1,
)
from microexpr.evaluation.metrics.intervals import (
    Difference,
    Pooling,
    bootstrap,
    differences,
    holm,
    interval,
    mean_interval,
    min_attainable_p,
    paired,
    per_subject_mean,
    resample_counts,
    share_interval,
)

__all__ = [
    "LABEL_METRICS", "METRICS", "UNTESTED", "Difference", "Metric", "Pooling", "accuracy", "average_precision",
    "bootstrap", "by_class", "by_label", "by_subject", "confusion", "differences", "holm", "interval", "macro_f1",
    "macro_f1_of_both", "macro_precision", "mean_interval", "min_attainable_p", "over_seeds", "paired",
    "per_subject_mean", "resample_counts", "share_interval", "uar", "uf1", "weighted_f1",
]  # fmt: skip
