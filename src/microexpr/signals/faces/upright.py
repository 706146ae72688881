"""Find out which way up faces are, where a camera lay on its side and its file does not say so. Reads no file."""

from collections.abc import Sequence

import numpy as np

from microexpr.signals.faces import dlib_models
from microexpr.signals.faces.detection import LARGEST, reduce_frame

CERTAIN = 0.5  # score of dlib's detector above which a face is upright: upside down it is about 0.1, on its side below
FAINT = -0.5  # score below which nothing is a face
BETTER = 0.3  # by which the score of another turn must be higher


def best_turn(images: Sequence[np.ndarray]) -> int:
    """Return by how many quarters, anticlockwise, images uint8[H, W, ...] of one camera are to be turned: mostly 0.

    The other turns are tried only where the detector is not certain of upright faces."""
    upright = _score(images, 0)
    if upright >= CERTAIN or not images:
        return 0
    scores = {turn: _score(images, turn) for turn in (1, 2, 3)}
    best = max(scores, key=lambda turn: scores[turn])
    return best if scores[best] > max(upright + BETTER, 0) else 0


def _score(images: Sequence[np.ndarray], turn: int) -> float:
    """Return the median of the detector's highest scores."""
    scores = []
    for image in images:
        small, _ = reduce_frame(np.rot90(image, turn), -(-max(image.shape[:2]) // LARGEST))
        candidates = dlib_models.detector().run(small, 0, FAINT)[1]
        scores.append(max(candidates, default=FAINT))
    return float(np.median(scores)) if scores else FAINT
