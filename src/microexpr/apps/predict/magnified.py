"""The magnified face of a spotted micro-expression, so that a small movement is seen. Arrays in, arrays out."""

import numpy as np

from microexpr.core.grayscale import luma
from microexpr.signals.motion import magnification, steady

TIMES = 1 + magnification.ALPHA  # as far as in the video


def magnify(crops: np.ndarray, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Return crops of onset to offset, uint8[T, H, H, C], with the head held still and movement since the first frame
    `TIMES` as far.

    The change of grey levels is added to each channel. Only pixels of `in_frame`, bool[H, H], show the frame."""
    still = steady.hold_still(crops, steady.head_path(luma(crops), 0, in_frame), in_frame)
    grey = luma(still).astype(np.float32)
    change = magnification.magnify(grey, len(grey)) - grey
    return np.clip(np.rint(still + (change - change[0])[..., None]), 0, 255).astype(np.uint8)
