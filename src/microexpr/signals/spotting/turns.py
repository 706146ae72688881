"""Tell the turn of a head from expressions: what of action-unit curves follows the head's angles. Arrays only.

A head that turns foreshortens its face, and a reader of action units takes some of that for movement. How much depends
on the face, so it is fitted in each video by itself. Shapes: T frames, n curves.
"""

import numpy as np

from microexpr.signals.spotting.noise import noise_level

SAMPLED, SPAN = 10, 0.5  # samples a second that are fitted; seconds in which all of these tell one thing
# What a turn is expected to change, FACS intensity: a degree, a squared degree. Fits are shrunk towards 0 accordingly.
LINEAR, SQUARED = 0.05, 0.01
ROUNDS = 8  # of reweighting, so that expressions count little
WIDTH = 2.0  # deviations of the residual's scale at which a frame counts half


def without_turn(curves: np.ndarray, turn: np.ndarray, seen: np.ndarray, fps: float) -> np.ndarray:
    """Return curves [T, ...] without what goes with the turn of the head [T, 3], degrees, while `seen`, bool[T].

    That is a quadratic function of yaw, pitch and roll, 0 at their median, by reweighted least squares (Cauchy)."""
    angles = turn - np.median(turn[seen], axis=0)
    first, second = np.triu_indices(3)
    terms = np.column_stack([angles, angles[:, first] * angles[:, second]])
    step = max(1, round(fps / SAMPLED))
    samples = np.column_stack([np.ones(len(angles)), terms])[seen][::step]
    expected = np.array([np.inf, *3 * [LINEAR], *6 * [SQUARED]])
    columns = curves.reshape(len(curves), -1)
    removed = np.empty(columns.shape)
    for j, column in enumerate(columns.T):
        values = column[seen][::step].astype(float)
        residual = values - np.median(values)
        for _ in range(ROUNDS):
            scale = noise_level(residual)
            weighted = samples.T / (1 + (residual / (WIDTH * scale)) ** 2)
            fit = np.linalg.solve(
                weighted @ samples + np.diag(SAMPLED * SPAN * (scale / expected) ** 2), weighted @ values
            )
            residual = values - samples @ fit
        removed[:, j] = terms @ fit[1:]
    return np.asarray((columns - removed).reshape(curves.shape))
