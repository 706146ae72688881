"""How the skin moves between two pictures of a face, in cells. Arrays in, arrays out.

Least squares on the gradients (Lucas and Kanade 1981), coarse cells first, then fine ones on what these leave over.
Windows are wide and nothing is iterated: a faint movement is far smaller than a pixel, so one step is enough and what
counts is how much noise is averaged away. A quarter of the time of Farneback's flow (benchmarks/aus.py).
"""

import cv2
import numpy as np

CELL = 4  # px of a cell, on the full picture and on the halved one
WINDOWS = (4.0, 3.0)  # standard deviations in px over which gradients are summed: halved picture, full picture
FLAT = 1.0  # squared grey levels a px: where gradients are weaker than this, no movement is claimed
BLUR = 0.7  # px, before gradients are taken
STEPS = 32  # of a pixel: to such places OpenCV warps, so that no others may be asked for


def blurred(face: np.ndarray) -> np.ndarray:
    """float32[H, W] of a grey picture: what `movement` compares."""
    return cv2.GaussianBlur(face.astype(np.float32), (0, 0), BLUR)


def movement(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coarse and fine cells float32[H / 8, W / 8, 2] and [H / 4, W / 4, 2]: pixels to the right and down.

    Of two pictures from `blurred`; how bright the second is as a whole does not matter.
    """
    after = after * np.float32(before.mean() / max(float(after.mean()), 1.0))
    coarse = 2 * _step(_halved(before), _halved(after), WINDOWS[0])
    height, width = before.shape
    whole = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    whole = np.rint(whole * STEPS) / np.float32(STEPS)
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    back = cv2.remap(
        after, columns + whole[..., 0], rows + whole[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return coarse, _in_cells(whole) + _step(before, back, WINDOWS[1])


def _step(before: np.ndarray, after: np.ndarray, window: float) -> np.ndarray:
    """[H / 4, W / 4, 2]: the movement that best explains the difference by the gradients around each cell."""
    both, gone = before + after, before - after
    right, down = (cv2.Sobel(both, cv2.CV_32F, *axis, scale=1 / 16) for axis in ((1, 0), (0, 1)))
    products = cv2.merge([right * right, right * down, down * down, right * gone, down * gone])
    xx, xy, yy, xt, yt = cv2.split(_in_cells(cv2.GaussianBlur(products, (0, 0), window)))
    xx, yy = xx + FLAT, yy + FLAT
    determinant = xx * yy - xy * xy
    return cv2.merge([(yy * xt - xy * yt) / determinant, (xx * yt - xy * xt) / determinant])


def _halved(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def _in_cells(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, None, fx=1 / CELL, fy=1 / CELL, interpolation=cv2.INTER_AREA)
