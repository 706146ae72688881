"""Measure how well intensities read off faces agree with the true ones. Arrays in, figures out."""

import numpy as np


def agreement(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return Pearson's r, ICC(3,1) (Shrout and Fleiss 1979) and mean absolute error of two raters [n].

    Undefined values are nan: r where either rater never varies, icc where neither does.
    """
    ratings = np.stack([truth, predicted], axis=1).astype(float)
    targets, raters, mean = ratings.mean(axis=1), ratings.mean(axis=0), ratings.mean()
    between = 2 * ((targets - mean) ** 2).sum() / (len(ratings) - 1)
    residual = ((ratings - targets[:, None] - raters + mean) ** 2).sum() / (len(ratings) - 1)
    deviations = ratings - raters
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "r": float((deviations[:, 0] * deviations[:, 1]).sum() / np.sqrt((deviations**2).sum(axis=0).prod())),
            "icc": float((between - residual) / (between + residual)),
            "mae": float(np.abs(ratings[:, 0] - ratings[:, 1]).mean()),
        }
