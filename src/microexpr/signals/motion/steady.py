"""Hold a clip's head where it is at the onset, so that only expressions move. Arrays in, arrays out.

The method is ours. It registers the frames themselves, because landmarks are too noisy for movements of a fraction of
a pixel. Shapes: T frames, H rows and columns of a crop.
"""

import cv2
import numpy as np

from microexpr.signals import frame_edges
from microexpr.signals.motion import head

SIZE = 96  # rows and columns at which frames are registered
BLUR = 1.0  # pixels of those
ROUNDS = 3  # of Gauss-Newton in each frame, from the result of the one before
WIDTH = 0.7  # scale of the grey differences that count as head motion, in medians
# Shrinkage of each parameter in units of its evidence: raised brows and cheeks look much like a nod.
SHRINKAGE = np.array([0, 0, 0, 0, 0.3, 0.3])


def prepare() -> None:
    """Load the compiled functions."""
    head_path(np.zeros((1, SIZE, SIZE), np.uint8), 0)


def head_path(crop: np.ndarray, onset: int, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Return how far each frame's head is from the onset's, float64[T, 6] in terms of `head.basis`, pixels of the crop.

    `crop` is grey [T, H, H], `onset` a position. Each frame is registered to the mean of the frames next to the onset,
    by least squares on grey levels over the face, reweighted so that expressions count little. Only pixels of
    `in_frame`, bool[H, H], count.
    """
    small = [cv2.GaussianBlur(_reduce(frame), (0, 0), BLUR) for frame in crop]
    path = np.zeros((len(crop), head.PARAMETERS))
    visible = None if in_frame is None else frame_edges.shrink(in_frame, (SIZE, SIZE))
    register = _Reference(np.mean(small[max(0, onset - 1) : onset + 2], axis=0), visible)
    for direction in (range(onset, len(crop)), range(onset - 1, -1, -1)):
        motion = path[onset]
        for position in direction:
            motion = path[position] = register(small[position], motion)
    return path * crop.shape[1] / SIZE


def hold_still(crop: np.ndarray, path: np.ndarray, in_frame: np.ndarray | None = None) -> np.ndarray:
    """Undo the head's movement, `path` [T, 6] of `head_path`, in crops [T, H, H, C]; the type is kept.

    A pixel that lies outside the frame (`in_frame`, bool[H, H]) in any crop has one value in all."""
    warp, mask = _Warp(crop.shape[1]), None if in_frame is None else 255 * in_frame.astype(np.uint8)
    still, always = np.empty_like(crop), np.ones(crop.shape[1:3], bool)
    for position, motion in enumerate(path):
        warp.move(motion)
        still[position] = warp(crop[position])
        if mask is not None:
            always &= warp(mask) == 255
    return still if mask is None else frame_edges.hold_outside_still(still, always)


class _Reference:
    """A frame float32[SIZE, SIZE] to which others are registered."""

    def __init__(self, image: np.ndarray, in_frame: np.ndarray | None):
        self.image, self.in_face = image, head.visible_face(SIZE, in_frame)
        self.brightness = float(image[self.in_face].mean())
        down, right = np.gradient(image)
        slopes = np.stack([right, down], axis=-1)[..., None] * head.basis(SIZE)
        self.slopes = slopes.sum(axis=2)[self.in_face]  # [n, 6]
        self.prior = head.nose_prior(SIZE)[self.in_face]
        self.warp = _Warp(SIZE)

    def __call__(self, image: np.ndarray, motion: np.ndarray) -> np.ndarray:
        """Return the head's movement from the reference to a frame, float64[6], searched from `motion`."""
        image = image * (self.brightness / max(float(image[self.in_face].mean()), 1.0))
        for _ in range(ROUNDS):
            self.warp.move(motion)
            residual = (self.warp(image) - self.image)[self.in_face].astype(float)
            scale = max(WIDTH * float(np.median(np.abs(residual))), 1e-6)
            weighted = self.slopes * (self.prior / (1 + (residual / scale) ** 2))[:, None]
            normal = weighted.T @ self.slopes
            penalty = SHRINKAGE * np.diag(normal) + 1e-9
            motion = motion - np.linalg.solve(normal + np.diag(penalty), weighted.T @ residual + penalty * motion)
        return motion


def _reduce(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)


class _Warp:
    """Looks up pictures [H, H, ...] where a head moved to. Its arrays are made once, since new memory costs more."""

    def __init__(self, size: int):
        from microexpr.signals.motion import kernels  # with numba, which takes long to load

        basis = head.basis(size)
        self.axis, self.depth = basis[0, :, 0, 2].copy(), basis[..., 0, 4].copy()
        self.places, self._move = np.empty((2, size, size), np.float32), kernels.move

    def move(self, motion: np.ndarray) -> None:
        """Look up from now on where `motion`, float64[6], takes each pixel."""
        self._move(motion, self.axis, self.depth, self.places)

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Return the image, of the same shape."""
        x, y = self.places
        return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).reshape(image.shape)
