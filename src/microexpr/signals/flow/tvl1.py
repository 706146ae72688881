"""Compute TV-L1 optical flow (Zach, Pock & Bischof 2007) as scikit-image does, but compiled. Arrays in, arrays out.

scikit-image's `optical_flow_tvl1` is the reference for every detail that the paper leaves open: pyramid, warps, steps
of the dual variable, stopping rule. A test compares the two; `benchmarks/signals.py` times them."""

import cv2
import numpy as np
from numba import njit

from microexpr.core.arithmetic import FASTMATH
from microexpr.signals.motion.kernels import kernel

FLAT = np.float32(1e-30)  # squared slope below which an image counts as flat: its reciprocal overflows
SMALLEST = 16  # rows and columns that no level of the pyramid goes below
BLUR = 2 / 3  # sigma before a level is halved, pixels: a third of the factor, times the factor
STEP = np.float32(0.25)  # of the dual variable
DUAL_STEPS = 2  # of it between two steps of the data term

inlined = njit(fastmath=FASTMATH, error_model="numpy", inline="always", _nrt=False)  # type: ignore[call-overload]


def tvl1(
    first: np.ndarray,
    second: np.ndarray,
    attachment: float,
    tightness: float,
    warps: int,
    iterations: int,
    tolerance: float,
    median: bool,
) -> np.ndarray:
    """Return u to the right and v downwards, float32[H, W, 2] in pixels, between images float32[H, W] in 0..1.

    `attachment` is the lambda of eq. 3, `tightness` its theta, which couples the two fields of eq. 8. Each level is
    warped `warps` times (with `median`, after a 3 x 3 median of the flow), with `iterations` in each, and left earlier
    when a warp changes the flow by less than `tolerance` (mean square, pixels)."""
    levels = list(zip(_pyramid(first), _pyramid(second), strict=True))[::-1]
    flow = np.zeros((2, *levels[0][0].shape), np.float32)
    threshold, dual_weight = np.float32(attachment * tightness), np.float32(STEP / tightness)
    for reference, moving in levels:
        shape = reference.shape
        if flow.shape[1:] != shape:  # each vector from the nearest pixel of the coarser level
            sizes = [*zip(shape, flow.shape[1:], strict=True)]
            rows, columns = (np.floor(np.arange(new) * ((old - 1) / (new - 1)) + 0.5).astype(int) for new, old in sizes)
            scale = np.array([new / old for new, old in sizes], np.float32)
            flow = flow.take(rows, 1).take(columns, 2) * scale[:, None, None]
        warped, change, slope2 = (np.empty(shape, np.float32) for _ in range(3))
        gradient, previous, auxiliary = (np.empty((2, *shape), np.float32) for _ in range(3))
        dual = np.zeros((2, 2, 1 + shape[0], 1 + shape[1]), np.float32)
        for _ in range(warps):
            if median:
                for field in flow:
                    field[:] = cv2.medianBlur(field, 3)
                previous[:] = flow
            warp(moving, flow, warped)
            linearise(reference, warped, flow, gradient, slope2, change)
            for iteration in range(iterations):
                attach(gradient, slope2, change, threshold, flow, auxiliary)
                if iteration == 0 and not median:
                    previous[:] = auxiliary  # scikit-image compares with the flow after its first step
                smooth(auxiliary, dual, dual_weight, flow)
            if float(np.square(previous - flow).sum()) < tolerance * reference.size:
                break
    return np.stack([flow[1], flow[0]], axis=-1)


def _pyramid(image: np.ndarray) -> list[np.ndarray]:
    """Return the levels, largest first; each next one is blurred and has half the rows and columns, rounded up."""
    levels = [np.ascontiguousarray(image, np.float32)]
    while min(levels[-1].shape) > 2 * SMALLEST:
        rows, columns = ((n + 1) // 2 for n in levels[-1].shape)
        blurred = cv2.GaussianBlur(levels[-1], (7, 7), BLUR, borderType=cv2.BORDER_REFLECT)
        half = cv2.resize(blurred, (columns, rows), interpolation=cv2.INTER_LINEAR)
        levels.append(np.asarray(half, np.float32))
    return levels


@kernel
def warp(image, flow, warped):  # type: ignore[no-untyped-def]
    """Look up `image` float32[H, W] bilinearly where `flow` [2, H, W] points, edges continued, into `warped`."""
    rows, columns = image.shape
    for y in range(rows):
        for x in range(columns):
            down = min(max(np.float32(y) + flow[0, y, x], np.float32(0)), np.float32(rows - 1))
            right = min(max(np.float32(x) + flow[1, y, x], np.float32(0)), np.float32(columns - 1))
            top, left = min(int(down), rows - 2), min(int(right), columns - 2)
            b, a = down - top, right - left
            upper = image[top, left] + a * (image[top, left + 1] - image[top, left])
            lower = image[top + 1, left] + a * (image[top + 1, left + 1] - image[top + 1, left])
            warped[y, x] = upper + b * (lower - upper)


@kernel
def linearise(reference, warped, flow, gradient, slope2, change):  # type: ignore[no-untyped-def]
    """Compute gradient [2, H, W] of the warped image, its square, and eq. 10's rho without its flow terms."""
    rows, columns = warped.shape
    for y in range(rows):
        above, below = max(y - 1, 0), min(y + 1, rows - 1)
        for x in range(columns):
            left, right = max(x - 1, 0), min(x + 1, columns - 1)
            down = (warped[below, x] - warped[above, x]) / np.float32(below - above)
            across = (warped[y, right] - warped[y, left]) / np.float32(right - left)
            square = down * down + across * across
            gradient[0, y, x], gradient[1, y, x] = down, across
            slope2[y, x] = square if square > FLAT else np.float32(1)
            change[y, x] = warped[y, x] - reference[y, x] - down * flow[0, y, x] - across * flow[1, y, x]


@kernel
def attach(gradient, slope2, change, threshold, flow, auxiliary):  # type: ignore[no-untyped-def]
    """Take the thresholding step of the data term (Proposition 3), of `flow` in place and into `auxiliary`."""
    rows, columns = change.shape
    for y in range(rows):
        for x in range(columns):
            down, across = gradient[0, y, x], gradient[1, y, x]
            rho = change[y, x] + down * flow[0, y, x] + across * flow[1, y, x]
            bound = threshold * slope2[y, x]
            step = min(max(rho, -bound), bound) / slope2[y, x]
            flow[0, y, x] -= step * down
            flow[1, y, x] -= step * across
            auxiliary[0, y, x], auxiliary[1, y, x] = flow[0, y, x], flow[1, y, x]


@kernel
def smooth(auxiliary, dual, weight, flow):  # type: ignore[no-untyped-def]
    """Take the steps of each component's dual (Proposition 1), which update `flow` from `auxiliary`. `dual` is [2, 2, 1
    + H, 1 + W], 0 in the first row and column, so that the loops need no test for edges."""
    rows, columns = auxiliary.shape[1:]
    last, zero = columns - 1, np.float32(0)
    for component in range(2):
        field, start, along = flow[component], auxiliary[component], dual[component]
        for _ in range(DUAL_STEPS):
            for y in range(rows):
                row, next_row = field[y], field[min(y + 1, rows - 1)]
                down, across = along[0, y + 1], along[1, y + 1]
                for x in range(last):
                    _step(down, across, x + 1, next_row[x] - row[x], row[x + 1] - row[x], weight)
                _step(down, across, columns, next_row[last] - row[last], zero, weight)
            for y in range(rows):
                row, first = field[y], start[y]
                above, down, across = along[0, y], along[0, y + 1], along[1, y + 1]
                for x in range(columns):
                    divergence = -down[x + 1] - across[x + 1] + above[x + 1] + across[x]
                    row[x] = first[x] + divergence


@inlined
def _step(down, across, x, slope_down, slope_across, weight):  # type: ignore[no-untyped-def]
    norm = np.float32(1) + weight * np.sqrt(slope_down * slope_down + slope_across * slope_across)
    down[x] = (down[x] - STEP * slope_down) / norm
    across[x] = (across[x] - STEP * slope_across) / norm
