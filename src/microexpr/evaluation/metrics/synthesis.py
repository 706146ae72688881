"""Compute figures of synthesised faces: against true ones and the source subject.

A Fréchet distance is biased upward if images are few, so only figures of equal n compare. Arrays in, figures by name
out; embeddings and features come from `duplicate_subjects` and `metrics.inception`.
"""

from collections.abc import Sequence

import numpy as np

WHITE = 255  # the largest grey level


def distances(synthesised: np.ndarray, true: np.ndarray, features: str) -> dict[str, float]:
    """Return Fréchet and kernel distance between two sets of features [N, D] and [M, D], at least two of each.

    They are called fid and kid where `features` is "inception" (2048 numbers), otherwise <features>_frechet and
    _kernel.
    """
    names = ("fid", "kid") if features == "inception" else (f"{features}_frechet", f"{features}_kernel")
    return dict(zip(names, (frechet(synthesised, true), kernel(synthesised, true)), strict=True))


def frechet(first: np.ndarray, second: np.ndarray) -> float:
    """Return |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of two samples [N, D], [M, D] (Heusel et al. 2017, eq. 6).

    0 or more, in squares of the features' unit; covariances are the samples' (n - 1). Raises ValueError for a sample of
    less than two.
    """
    samples = [_checked(sample) for sample in (first, second)]
    means = [sample.mean(0) for sample in samples]
    roots = [  # R [min(N, D), D] with R'R the covariance
        np.asarray(np.linalg.qr((sample - mean) / np.sqrt(len(sample) - 1), mode="r"))
        for sample, mean in zip(samples, means, strict=True)
    ]
    # (C1 C2)^(1/2) has the trace of the singular values of R1 R2': no square root of a matrix
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    spread = sum(float((root**2).sum()) for root in roots)
    return max(float(((means[0] - means[1]) ** 2).sum() + spread - 2 * shared), 0.0)


def kernel(first: np.ndarray, second: np.ndarray) -> float:
    """Return the unbiased squared MMD with the kernel (x'y / D + 1)^3: KID (Binkowski et al. 2018).

    Over all images at once, not over subsets; 0 in the mean over samples of one distribution, so sometimes below.
    Raises ValueError for a sample of less than two.
    """
    x, y = _checked(first), _checked(second)
    of_x, of_y, between = ((a @ b.T / a.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    within = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (of_x, of_y)]  # of pairs of different images
    return float(within[0]) + float(within[1]) - 2 * float(between.mean())


def _checked(sample: np.ndarray) -> np.ndarray:
    """Return a sample [N, D] as float. Raises ValueError unless N is at least 2."""
    if np.ndim(sample) != 2 or len(sample) < 2:
        raise ValueError(f"a sample must be [N, D] of at least two images, not of shape {np.shape(sample)}")
    return np.asarray(sample, float)


def identity(synthesised: np.ndarray, source: np.ndarray) -> dict[str, float]:
    """Return mean cosine (1 is the same subject) and mean distance (0 is) of face embeddings.

    `synthesised` and `source` [N, 128], row by row: a synthesised face and one of the subject it starts from.
    """
    _check_shapes(synthesised, source)
    lengths = np.linalg.norm(synthesised, axis=1) * np.linalg.norm(source, axis=1)
    return {
        "identity_cosine": float(((synthesised * source).sum(1) / lengths).mean()),
        "identity_distance": float(np.linalg.norm(synthesised - source, axis=1).mean()),
    }


def cosines_to_others(
    synthesised: np.ndarray, source: np.ndarray, subjects: Sequence[str], datasets: Sequence[str]
) -> np.ndarray:
    """Return the mean cosine of each face to those of other subjects of its data set, of faces where there are any.

    All by row: `synthesised` and `source` [N, 128], and their subjects.
    """
    subject, dataset = np.array(subjects), np.array(datasets)
    others = (dataset[:, None] == dataset) & (subject[:, None] != subject)  # [N, N]
    units = [faces / np.linalg.norm(faces, axis=1, keepdims=True) for faces in (synthesised, source)]
    has_others = others.any(1)
    return ((units[0] @ units[1].T) * others).sum(1)[has_others] / others.sum(1)[has_others]


def similarity(synthesised: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Return mean SSIM (1 is equal) and PSNR (decibels) of synthesised images to true ones, uint8[N, H, W, C].

    SSIM with the Gaussian window of Wang et al. 2004, averaged over channels; at least 11 rows and columns. PSNR is
    infinite if any pair is equal.
    """
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity  # which take long to load

    _check_shapes(synthesised, true)
    pairs = list(zip(synthesised, true, strict=True))
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": WHITE}
    ssim = [structural_similarity(*pair, channel_axis=-1, **window) for pair in pairs]
    with np.errstate(divide="ignore"):
        psnr = [peak_signal_noise_ratio(*pair, data_range=WHITE) for pair in pairs]
    return {"ssim": float(np.mean(ssim)), "psnr": float(np.mean(psnr))}


def _check_shapes(first: np.ndarray, second: np.ndarray) -> None:
    """Raise ValueError unless both have the same shape and at least one image."""
    if first.shape != second.shape or not len(first):
        raise ValueError(f"both must have the same shape and an image, not {first.shape} and {second.shape}")
