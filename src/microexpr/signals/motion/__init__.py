"""Movement in a clip's frames: the head's own, magnified, resampled in time. Arrays in, arrays out; no files, no torch.

`head`: what of a flow is head motion. `steady`: a clip with its head held still. `magnification`: Eulerian video
magnification. `interpolation`: TIM. Here: which frames stand for a clip.
"""

import numpy as np


def around_apex(onset: int, apex: int, offset: int, count: int = 5) -> np.ndarray:
    """int64[count]: positions of the frames around `apex`, in order, none outside of `onset`..`offset`.

    Near an end the window shifts inward (MTMNet's five frames); a clip of fewer frames than `count` has some of them
    twice, equally spaced.
    """
    if offset - onset + 1 < count:
        return np.rint(np.linspace(onset, offset, count)).astype(np.int64)
    first = min(max(apex - count // 2, onset), offset - count + 1)
    return np.arange(first, first + count)
