"""Rendered people: how strong their expressions are, and what is common to a session."""

import numpy as np
import pytest

from microexpr.core.seeds import generator
from microexpr.rendering.performance import LIDS_AT_REST, RESTING
from microexpr.signals.aus import ACTION_UNITS, LARGEST, people


@pytest.mark.parametrize(("kind", "low", "high"), [(1, *people.MICRO), (2, *people.MACRO)])
def test_drawn_intensities_have_the_size_that_was_asked_for(kind: int, low: float, high: float) -> None:
    rng = generator(0, "people", "drawn", kind)
    assert not people.sample_intensities(0, rng).any()
    for _ in range(50):
        intensities = people.sample_intensities(kind, rng)
        units = intensities.max(axis=1)[intensities.any(axis=1)]
        assert 1 <= len(units) <= 4
        assert units.min() >= 0.4 * low and units.max() <= 1.6 * high


def test_sessions_are_the_same_again_and_begin_at_rest() -> None:
    first, second = (next(people.render_sessions("tests/person")) for _ in range(2))
    assert np.array_equal(first.crops, second.crops) and np.array_equal(first.intensity, second.intensity)
    assert first.kind.tolist()[:4] == [0, 1, 2, 1]
    assert first.intensity.shape == (people.FRAMES, len(people.UNITS), 3)
    assert people.UNITS[: len(ACTION_UNITS)] == ACTION_UNITS and len(set(people.UNITS)) == len(people.UNITS)
    rest = {unit for unit, value in zip(people.UNITS, first.intensity[0, :, 2], strict=True) if value}
    assert rest == {*RESTING, "AU45"}
    assert first.intensity[0, people.UNITS.index("AU45")] == pytest.approx(LARGEST * LIDS_AT_REST)
