"""Convert colour to grey, the same way for all signals. Arrays in, arrays out; nothing about faces."""

import cv2
import numpy as np


def luma(image: np.ndarray) -> np.ndarray:
    """Return grey uint8[..., H, W] of RGB uint8[..., H, W, 3] (ITU-R BT.601), of [..., H, W, 1] or of grey [H, W]."""
    if image.ndim == 2:
        return image
    if image.shape[-1] == 1:
        return image[..., 0]
    flat = cv2.cvtColor(np.ascontiguousarray(image).reshape(-1, image.shape[-2], 3), cv2.COLOR_RGB2GRAY)
    return flat.reshape(image.shape[:-1])
