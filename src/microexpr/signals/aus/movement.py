"""Estimate how the skin moves between two images of a face, in cells. Arrays in, arrays out.

Least squares on the gradients (Lucas and Kanade 1981): coarse cells first, then fine ones on the residual movement.
Windows are wide and one step suffices: a faint movement is far smaller than a pixel, so accuracy depends on how much
noise is averaged. It takes a quarter of the time of Farneback's flow (benchmarks/signals.py).
"""

import cv2
import numpy as np

CELL = 4  # px of a cell, on the full image and on the halved one
WINDOWS = (4.0, 3.0)  # standard deviations in px over which gradients are summed: halved image, full image
FLAT = 1.0  # squared grey levels a px: weaker gradients yield no movement
BLUR = 0.7  # px, before gradients are taken
STEPS = 32  # to a pixel: OpenCV rounds the positions of a warp to these


def blur(face: np.ndarray) -> np.ndarray:
    """Blur a grey image for `movement`, float32[H, W]."""
    return cv2.GaussianBlur(face.astype(np.float32), (0, 0), BLUR)


def movement(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coarse and fine cells, float32[H / 8, W / 8, 2] and [H / 4, W / 4, 2]: pixels to the right and down.

    Both images come from `blur`; the brightness of the second as a whole does not matter.
    """
    after = after * np.float32(before.mean() / max(float(after.mean()), 1.0))
    coarse = 2 * _step(_halve(before), _halve(after), WINDOWS[0])
    height, width = before.shape
    full_flow = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    full_flow = np.rint(full_flow * STEPS) / np.float32(STEPS)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    unwarped = cv2.remap(
        after, columns + full_flow[..., 0], rows + full_flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return coarse, _cell_means(full_flow) + _step(before, unwarped, WINDOWS[1])


def _step(before: np.ndarray, after: np.ndarray, window: float) -> np.ndarray:
    """Return the movement, [H / 4, W / 4, 2], that best explains the difference by the gradients around each cell."""
    total, difference = before + after, before - after
    right, down = (cv2.Sobel(total, cv2.CV_32F, *axis, scale=1 / 16) for axis in ((1, 0), (0, 1)))
    products = cv2.merge([right * right, right * down, down * down, right * difference, down * difference])
    xx, xy, yy, xt, yt = cv2.split(_cell_means(cv2.GaussianBlur(products, (0, 0), window)))
    xx, yy = xx + FLAT, yy + FLAT
    determinant = xx * yy - xy * xy
    return cv2.merge([(yy * xt - xy * yt) / determinant, (xx * yt - xy * xt) / determinant])


def _halve(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _cell_means(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, None, fx=1 / CELL, fy=1 / CELL, interpolation=cv2.INTER_AREA)
