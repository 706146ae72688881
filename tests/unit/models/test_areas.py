"""Areas against slices by landmarks, as the released codes cut them."""

import numpy as np
import pytest
import torch

from microexpr.models.areas import CENTRES, cut_areas

LANDMARKS = ((9.528073, 11.062551), (21.396168, 10.919773), (10.255435, 22.121233), (20.583706, 22.25584))  # x, y


def test_published_areas_are_those_of_the_released_code():
    """x is used as the row and y as the column, after both are limited to 7..21 and cut to whole pixels."""
    flow = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 28, 28)))
    rows_columns = np.clip(np.array(LANDMARKS), 7, 21).astype(int)
    areas = [flow[:, :, row - 7 : row + 7, column - 7 : column + 7] for row, column in rows_columns]
    expected = torch.cat([torch.cat(areas[:2], 3), torch.cat(areas[2:], 3)], 2)
    assert torch.equal(cut_areas(flow, CENTRES["published"]), expected)


@pytest.mark.parametrize("name", CENTRES)
def test_areas_lie_within_the_flow(name):
    assert cut_areas(torch.zeros(1, 3, 28, 28), CENTRES[name]).shape == (1, 3, 28, 28)
