"""Space landmarks as iBUG's markup of 68 points does: jaw, brows and bridge of the nose evenly along their lines."""

import numpy as np

LINES = (slice(0, 9), slice(8, 17), slice(17, 22), slice(22, 27), slice(27, 31))


def space_evenly(points: np.ndarray) -> np.ndarray:
    """Return landmarks [68, 2] with the inner points of each line at equal distances along it. The ends stay."""
    spaced = points.copy()
    for line in LINES:
        ends = points[line].astype(float)
        along = np.append(0.0, np.cumsum(np.sqrt((np.diff(ends, axis=0) ** 2).sum(axis=1))))
        positions = np.linspace(0, along[-1], len(along))[1:-1]
        spaced[line][1:-1] = np.column_stack([np.interp(positions, along, ends[:, axis]) for axis in (0, 1)])
    return spaced
