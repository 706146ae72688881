"""Record rendered images as the cameras of data sets do: in colour or grey, compressed as JPEG."""

import cv2
import numpy as np

from microexpr.core.grayscale import luma


def record(image: np.ndarray, quality: int, grey: bool = False) -> np.ndarray:
    """Return an image RGB uint8[H, W, 3] after JPEG of this quality, 0..100; uint8[H, W] if `grey`."""
    pixels = luma(image) if grey else image[..., ::-1]
    encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED))
    return decoded if grey else np.ascontiguousarray(decoded[..., ::-1])
