"""Figures of made faces: against true ones, against the person they were made from, against what was asked.

Every figure carries how many images are behind it: a Fréchet distance is biased upward where they are few, so only
those of equal n compare. Arrays in, numbers out; embeddings and features come from outside (`people`, `inception`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from skimage.metrics import structural_similarity

from microexpr.signals.aus import ACTION_UNITS, SIDES

WHITE = 255  # grey levels of an image go from 0 to here


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of made images."""

    metric: str
    value: float
    made: int  # images, pairs or sequences behind it
    true: int  # those they are compared with, as a set or one by one; 0 where there are none


def distances(made: np.ndarray, true: np.ndarray, features: str) -> list[Figure]:
    """Fréchet and kernel distance between two sets of features [N, D] and [M, D], at least two of each.

    They are called fid and kid where `features` is "inception" (2048 numbers), else <features>_frechet and _kernel.
    """
    names = ("fid", "kid") if features == "inception" else (f"{features}_frechet", f"{features}_kernel")
    values = frechet(made, true), kernel(made, true)
    return [Figure(name, value, len(made), len(true)) for name, value in zip(names, values, strict=True)]


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two samples [N, D], [M, D] (Heusel et al. 2017, eq. 6).

    0 or more, in squares of the features' unit; covariances are the samples' (n - 1). Raises ValueError for a sample of
    less than two.
    """
    means, roots = zip(*(_moments(np.asarray(each, float)) for each in (first, second)), strict=True)
    # (C1 C2)^(1/2) has the trace of the singular values of R1 R2', where C = R'R: no square root of a matrix
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    spread = sum(float((root**2).sum()) for root in roots)
    return max(float(((means[0] - means[1]) ** 2).sum() + spread - 2 * shared), 0.0)


def _moments(sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean [D], and R [min(N, D), D] with R'R the covariance."""
    _check(sample)
    mean = sample.mean(0)
    return mean, np.asarray(np.linalg.qr((sample - mean) / np.sqrt(len(sample) - 1), mode="r"))


def kernel(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x'y / D + 1)^3: KID (Binkowski et al. 2018).

    Over all images at once, not over subsets; 0 in the mean over samples of one distribution, so sometimes below.
    Raises ValueError for a sample of less than two.
    """
    one, two = np.asarray(first, float), np.asarray(second, float)
    _check(one)
    _check(two)
    return _within(one) + _within(two) - 2 * float(_kernel(one, two).mean())


def _within(sample: np.ndarray) -> float:
    """The kernel's mean over all pairs of different images."""
    values = _kernel(sample, sample)
    return float((values.sum() - np.trace(values)) / (len(sample) * (len(sample) - 1)))


def _kernel(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    return (one @ two.T / one.shape[1] + 1) ** 3


def _check(sample: np.ndarray) -> None:
    if sample.ndim != 2 or len(sample) < 2:
        raise ValueError(f"a sample must be [N, D] of at least two images, not of shape {sample.shape}")


def identity(made: np.ndarray, source: np.ndarray) -> list[Figure]:
    """Whether the person stayed the same: mean cosine (1 is the same) and mean distance (0 is) of face embeddings.

    `made` and `source` [N, 128], row by row: a made face and one of the person it was made from.
    """
    _alike(made, source)
    lengths = np.linalg.norm(made, axis=1) * np.linalg.norm(source, axis=1)
    values = {
        "identity_cosine": float(((made * source).sum(1) / lengths).mean()),
        "identity_distance": float(np.linalg.norm(made - source, axis=1).mean()),
    }
    return [Figure(name, value, len(made), len(source)) for name, value in values.items()]


def identity_of_others(
    made: np.ndarray, source: np.ndarray, subjects: Sequence[str], datasets: Sequence[str]
) -> list[Figure]:
    """What `identity` is between different people: mean cosine of each face to those of others of its data set.

    All by row: `made` and `source` [N, 128], and whose they are. Empty where a data set has one person alone."""
    who, where = np.array(subjects), np.array(datasets)
    others = (where[:, None] == where) & (who[:, None] != who)  # [N, N]
    there = others.any(1)
    if not there.any():
        return []
    units = [faces / np.linalg.norm(faces, axis=1, keepdims=True) for faces in (made, source)]
    means = ((units[0] @ units[1].T) * others).sum(1)[there] / others.sum(1)[there]
    return [Figure("identity_cosine_to_others", float(means.mean()), int(there.sum()), int(others.any(0).sum()))]


def similarity(made: np.ndarray, true: np.ndarray) -> list[Figure]:
    """Mean SSIM (1 is equal) and PSNR (decibels) of made images to true ones, uint8[N, H, W] or [N, H, W, C].

    SSIM with the Gaussian window of Wang et al. 2004, meaned over channels; at least 11 rows and columns. PSNR is
    infinite if any pair is equal.
    """
    _alike(made, true)
    pairs = list(zip(made, true, strict=True))
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": WHITE}
    channels = -1 if made.ndim == 4 else None
    ssim = [structural_similarity(*pair, channel_axis=channels, **window) for pair in pairs]
    values = {"ssim": float(np.mean(ssim)), "psnr": float(np.mean([_psnr(*pair) for pair in pairs]))}
    return [Figure(name, value, len(made), len(true)) for name, value in values.items()]


def _psnr(made: np.ndarray, true: np.ndarray) -> float:
    square = float(((made.astype(float) - true) ** 2).mean())
    return 10 * np.log10(WHITE**2 / square) if square else np.inf


def au_error(asked: np.ndarray, read: np.ndarray) -> list[Figure]:
    """Mean absolute error of action units read off made frames against those asked, in FACS intensities (0..5).

    Both [N, 17, 3], by `ACTION_UNITS` and `SIDES`; nan where nothing was asked. First over all, `au_error_<side>`, then
    of each unit on the side "both", `au_error_both_<unit>`.
    """
    _alike(asked, read)
    away = np.abs(np.asarray(read, float) - asked)
    sides = [_mean(f"au_error_{side}", away[..., column]) for column, side in enumerate(SIDES)]
    both = away[..., SIDES.index("both")]
    return sides + [_mean(f"au_error_both_{unit}", both[:, row]) for row, unit in enumerate(ACTION_UNITS)]


def _mean(name: str, away: np.ndarray) -> Figure:
    there = ~np.isnan(away)
    frames = int(there.reshape(len(away), -1).any(1).sum())
    return Figure(name, float(away[there].mean()) if frames else float("nan"), frames, frames)


def smoothness(sequences: Sequence[np.ndarray]) -> Figure:
    """How little sequences [T, ...] jerk: the mean square of second differences in time, meaned over sequences.

    In squares of the sequence's unit per frame and frame; 0 for steady movement. Raises ValueError below three frames.
    """
    for sequence in sequences:
        if len(sequence) < 3:
            raise ValueError(f"a sequence must have at least 3 frames, not {len(sequence)}")
    values = [float((np.diff(np.asarray(each, float), n=2, axis=0) ** 2).mean()) for each in sequences]
    return Figure("second_difference", float(np.mean(values)), len(values), 0)


def _alike(one: np.ndarray, other: np.ndarray) -> None:
    if one.shape != other.shape or not len(one):
        raise ValueError(f"both must have the same shape and an image, not {one.shape} and {other.shape}")
