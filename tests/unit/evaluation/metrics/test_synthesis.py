"""Figures of made faces against closed forms: known moments, loops over pairs, images that differ by so much."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.ndimage import gaussian_filter

from microexpr.evaluation.metrics.synthesis import distances, frechet, identity, kernel, similarity


def with_moments(mean, covariance, n, rng):
    """A sample [n, D] with exactly this mean and covariance."""
    sample = rng.normal(size=(n, len(mean)))
    sample -= sample.mean(0)
    white = sample @ np.linalg.inv(np.linalg.cholesky(np.cov(sample, rowvar=False))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def test_frechet_distance_is_that_with_a_square_root_of_a_matrix_also_of_fewer_images_than_features():
    """Known from two samples within one plane of 128 dimensions, turned at random."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6)), rng.normal(size=(30, 6)) + 1
    covariance, other_covariance = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    spread = np.trace(covariance + other_covariance - 2 * sqrtm(covariance @ other_covariance).real)
    assert frechet(first, second) == pytest.approx(((first.mean(0) - second.mean(0)) ** 2).sum() + spread)
    plane = np.linalg.qr(rng.normal(size=(128, 2)))[0].T
    first = with_moments([0, 0], np.diag([4.0, 1]), 10, rng) @ plane
    second = with_moments([3, 0], np.diag([1.0, 1]), 10, rng) @ plane
    assert frechet(first, second) == pytest.approx(9 + 1)
    assert frechet(first, first) == pytest.approx(0, abs=1e-9)
    for distance, samples in product((frechet, kernel), ((first[:1], second), (first, second[:1]))):
        with pytest.raises(ValueError, match=r"at least two images, not of shape \(1, 128\)"):
            distance(*samples)


def test_kernel_distance_is_that_of_a_loop():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(2, 3)) + 1

    def k(a, b):
        return (sum(x * y for x, y in zip(a, b, strict=True)) / 3 + 1) ** 3

    within = [np.mean([k(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j]) for s in (x, y)]
    assert kernel(x, y) == pytest.approx(sum(within) - 2 * np.mean([k(a, b) for a in x for b in y]))
    assert distances(x, y, "inception") == {"fid": frechet(x, y), "kid": kernel(x, y)}
    assert [*distances(np.eye(3), np.eye(3), "face")] == ["face_frechet", "face_kernel"]


def test_identity_of_the_same_and_of_orthogonal_faces():
    vectors = np.eye(128)[:3]
    assert identity(vectors, vectors) == {"identity_cosine": 1, "identity_distance": 0}
    assert [*identity(vectors, np.eye(128)[3:6]).values()] == pytest.approx([0, math.sqrt(2)])
    assert [*identity(2 * vectors, vectors).values()] == [1, 1]
    with pytest.raises(ValueError, match="both must have the same shape"):
        identity(vectors, vectors[:1])


def test_likeness_is_of_a_gaussian_window_and_complete_of_equal_images():
    """SSIM of Wang et al. 2004: moments within a Gaussian of 1.5 pixels, 11 x 11, where that lies inside the image.

    That of flat images is (2ab + C1) / (a^2 + b^2 + C1), C1 = (0.01 * 255)^2; PSNR is that of the difference."""
    a, b, c = 100.0, 120.0, (0.01 * 255) ** 2
    images, true = np.full((2, 16, 16, 3), int(a), np.uint8), np.full((2, 16, 16, 3), int(b), np.uint8)
    expected = {"ssim": (2 * a * b + c) / (a * a + b * b + c), "psnr": 20 * math.log10(255 / 20)}
    assert similarity(images, true) == pytest.approx(expected)
    image, other = np.random.default_rng(7).integers(256, size=(2, 20, 24)).astype(np.uint8)

    def within(image):
        return gaussian_filter(image, 1.5, truncate=3.5)[5:-5, 5:-5]

    a, b = image.astype(float), other.astype(float)
    luminance = (2 * within(a) * within(b) + 2.55**2) / (within(a) ** 2 + within(b) ** 2 + 2.55**2)
    variances = within(a**2) - within(a) ** 2 + within(b**2) - within(b) ** 2
    structure = (2 * (within(a * b) - within(a) * within(b)) + 7.65**2) / (variances + 7.65**2)
    image, other = image[None, ..., None], other[None, ..., None]
    assert similarity(image, other)["ssim"] == pytest.approx((luminance * structure).mean())
    assert similarity(image, image) == {"ssim": 1, "psnr": math.inf}
    with pytest.raises(ValueError, match="both must have the same shape"):
        similarity(image, image[:, 1:])
