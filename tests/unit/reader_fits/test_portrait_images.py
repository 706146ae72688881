"""Test how a camera changes an image, against closed forms: light, covers, noise, size, one random stream for noise."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from reader_fits.portrait_images import Conditions, Cover, record, sample

FLAT = np.full((64, 64), 100, np.uint8)


def recorded(image: np.ndarray, stream: int = 0, **conditions: object) -> np.ndarray:
    return record(image, Conditions(**conditions), generator(stream, "conditions"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("conditions", "level"),
    [({"gain": 1.5}, 150), ({"offset": 0.1}, 125), ({"gamma": 2.0}, 255 * (100 / 255) ** 2), ({"gain": 9.0}, 255)],
)
def test_light_is_bent_scaled_and_lifted(conditions: dict[str, float], level: float) -> None:
    assert recorded(FLAT, **conditions).mean() == pytest.approx(level, abs=1)


def test_a_gradient_is_brighter_on_one_side_by_its_exponential() -> None:
    right = recorded(FLAT, gradient=(0.5, 0.0)).astype(float)
    assert right[:, -1].mean() / right[:, 0].mean() == pytest.approx(np.exp(0.5), rel=0.03)
    assert np.ptp(right, axis=0).max() == 0


@pytest.mark.parametrize("shape", ["ellipse", "stroke", "box"])
def test_a_cover_hides_its_place_and_nothing_far_from_it(shape: str) -> None:
    covered = recorded(FLAT, covers=(Cover(shape, (0.25, 0.25), (0.12, 0.12), 0.0, 1.0),))
    assert covered[16, 18] > 150 and covered[50, 10] == 100


def test_noise_has_its_deviation_and_its_own_stream() -> None:
    noisy, repeated, other = (recorded(FLAT, stream, noise=0.04) for stream in (0, 0, 1))
    assert noisy.std() == pytest.approx(0.04 * 255, rel=0.05)
    assert np.array_equal(noisy, repeated) and not np.array_equal(noisy, other)


def test_blur_movement_and_reduction_keep_brightness_and_lose_detail_and_no_fault_changes_nothing() -> None:
    image = generator(0, "image").integers(0, 256, (64, 64), np.uint8)
    assert np.array_equal(recorded(image), image)
    for conditions in ({"blur": 1.0}, {"motion": (4.0, 30.0)}, {"reduction": 0.5}):
        seen = recorded(image, **conditions)
        assert seen.mean() == pytest.approx(image.mean(), abs=2) and seen.std() < 0.95 * image.std()
    errors = [np.abs(recorded(image, quality=quality).astype(float) - image).mean() for quality in (20, 90)]
    assert errors[0] > 2 * errors[1] > 0


def test_conditions_are_sampled_by_the_stream_and_close_views_are_covered_less() -> None:
    assert sample(generator(0, "camera"), True) == sample(generator(0, "camera"), True)
    shares = []
    for close in (True, False):
        sampled = [sample(generator(i, "camera"), close) for i in range(300)]
        marks = [(bool(c.covers), c.blur > 0, c.motion[0] > 0, c.reduction < 1, c.quality > 0) for c in sampled]
        shares.append(np.mean(marks, axis=0))
    assert 5 / 300 < shares[0][0] < shares[1][0] < 100 / 300
    assert shares[0] == pytest.approx([0.06, 0.4, 0.03, 0.25, 0.4], abs=0.08)
    assert shares[1] == pytest.approx([0.2, 0.5, 0.08, 0.4, 0.4], abs=0.08)
