"""Estimate, remove, magnify and resample movement in a clip's frames. Arrays in, arrays out; no files, no torch.

`head` estimates the part of a flow that is head motion, `steady` holds a clip's head still, `magnification` is Eulerian
video magnification, and `interpolation` is TIM. `around_apex` selects the frames that represent a clip.
"""

import numpy as np


def around_apex(onset: int, apex: int, offset: int, count: int = 5) -> np.ndarray:
    """Return positions of the frames around `apex`, int64[count], in order, within `onset`..`offset`.

    Near an end the window shifts inward (MTMNet's five frames). A clip of fewer frames than `count` repeats some of
    them, equally spaced.
    """
    if offset - onset + 1 < count:
        return np.rint(np.linspace(onset, offset, count)).astype(np.int64)
    first = min(max(apex - count // 2, onset), offset - count + 1)
    return np.arange(first, first + count)
