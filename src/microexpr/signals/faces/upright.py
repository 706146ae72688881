"""Find out which way up faces are, where a camera lay on its side and its file does not say so. Reads no file."""

from collections.abc import Iterable

import numpy as np

from microexpr.signals.faces import dlib_models
from microexpr.signals.faces.detection import LARGEST, reduce_frame

CERTAIN = 0.5  # score of dlib's detector above which a face is upright: upside down it is about 0.1, on its side below
SURE = 1.0  # score above which one upright face says it for all images
FAINT = -0.5  # score below which nothing is a face
BETTER = 0.3  # by which the score of another turn must be higher


def best_turn(images: Iterable[np.ndarray]) -> int:
    """Return by how many quarters, anticlockwise, images uint8[H, W, ...] of one camera are to be turned: mostly 0.

    The other turns are tried only where the detector is not certain of upright faces."""
    seen, scores_upright = [], []
    for image in images:
        seen.append(image)
        scores_upright.append(_score(image, 0))
        if scores_upright[-1] >= SURE:
            return 0
    upright = float(np.median(scores_upright or CERTAIN))
    if upright >= CERTAIN:
        return 0
    scores = {turn: float(np.median([_score(image, turn) for image in seen])) for turn in (1, 2, 3)}
    best = max(scores, key=lambda turn: scores[turn])
    return best if scores[best] > max(upright + BETTER, 0) else 0


def _score(image: np.ndarray, turn: int) -> float:
    """Return the detector's highest score in a turned image."""
    small, _ = reduce_frame(np.rot90(image, turn), -(-max(image.shape[:2]) // LARGEST))
    return max(dlib_models.detector().run(small, 0, FAINT)[1], default=FAINT)
