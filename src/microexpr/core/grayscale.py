"""Grey of colour: the one conversion that all signals share. Arrays in, arrays out; nothing of faces."""

import cv2
import numpy as np


def luma(image: np.ndarray) -> np.ndarray:
    """uint8[..., H, W] grey of uint8[..., H, W, 3] RGB or [..., H, W, 1] (ITU-R BT.601), or of what is grey already."""
    if image.ndim == 2:
        return image
    if image.shape[-1] == 1:
        return image[..., 0]
    flat = cv2.cvtColor(np.ascontiguousarray(image).reshape(-1, image.shape[-2], 3), cv2.COLOR_RGB2GRAY)
    return flat.reshape(image.shape[:-1])
