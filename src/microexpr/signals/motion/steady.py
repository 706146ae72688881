"""A clip with its head held where it was at the onset, so that only expressions move. Arrays in, arrays out.

Ours. The head is followed by the pictures themselves: landmarks are too noisy for movements of a fraction of a pixel.
Shapes: T frames, H rows and columns of a crop.
"""

import cv2
import numpy as np

from microexpr.signals.motion import head

SIZE = 96  # rows and columns at which frames are compared
BLUR = 1.0  # pixels of those
ROUNDS = 3  # of Gauss-Newton in each frame, from the answer of the one before
WIDTH = 0.7  # of what still counts as the head's movement, in median differences of grey
# How much each unknown is drawn to 0, beside the evidence for it: raised brows and cheeks look much like a nod.
HELD = np.array([0, 0, 0, 0, 0.3, 0.3])


def head_path(crop: np.ndarray, onset: int) -> np.ndarray:
    """float64[T, 6]: how far each frame's head is from the onset's, in the terms of `head.basis`, pixels of the crop.

    `crop` is grey [T, H, H], `onset` a position. Each frame is laid on the mean of those next to the onset, by least
    squares on grey levels over the face, reweighted so that what moves otherwise counts little.
    """
    small = [cv2.GaussianBlur(_reduced(frame), (0, 0), BLUR) for frame in crop]
    path = np.zeros((len(crop), head.UNKNOWNS))
    lay = _Reference(np.mean(small[max(0, onset - 1) : onset + 2], axis=0))
    for order in (range(onset, len(crop)), range(onset - 1, -1, -1)):
        motion = path[onset]
        for place in order:
            motion = path[place] = lay(small[place], motion)
    return path * crop.shape[1] / SIZE


def steadied(crop: np.ndarray, path: np.ndarray) -> np.ndarray:
    """[T, H, H, C]: crops of the same type with the head's movement, `path` [T, 6] of `head_path`, undone."""
    basis = head.basis(crop.shape[1])
    rows, columns = np.mgrid[: crop.shape[1], : crop.shape[2]].astype(np.float32)
    flows = (head.flow_of(basis, motion) for motion in path)
    return np.stack([_moved(frame, flow, rows, columns) for frame, flow in zip(crop, flows, strict=True)])


class _Reference:
    """A picture float32[SIZE, SIZE] that others are laid upon."""

    def __init__(self, picture: np.ndarray):
        self.picture, self.within = picture, head.face(SIZE)
        self.brightness = float(picture[self.within].mean())
        self.basis = head.basis(SIZE)
        down, right = np.gradient(picture)
        self.slopes = (np.stack([right, down], axis=-1)[..., None] * self.basis).sum(axis=2)[self.within]  # [n, 6]
        self.prior = head.nose_prior(SIZE)[self.within]
        self.rows, self.columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)

    def __call__(self, picture: np.ndarray, motion: np.ndarray) -> np.ndarray:
        """float64[6]: the head's movement from the reference to `picture`, sought near `motion`."""
        picture = picture * (self.brightness / max(float(picture[self.within].mean()), 1.0))
        for _ in range(ROUNDS):
            back = _moved(picture, head.flow_of(self.basis, motion), self.rows, self.columns)
            left = (back - self.picture)[self.within].astype(float)
            scale = max(WIDTH * float(np.median(np.abs(left))), 1e-6)
            weighted = self.slopes * (self.prior / (1 + (left / scale) ** 2))[:, None]
            normal = weighted.T @ self.slopes
            held = HELD * np.diag(normal) + 1e-9
            motion = motion - np.linalg.solve(normal + np.diag(held), weighted.T @ left + held * motion)
        return motion


def _reduced(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)


def _moved(picture: np.ndarray, flow: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The picture [H, W, ...] looked up where a flow [H, W, 2] points."""
    right, down = (flow[..., axis].astype(np.float32) for axis in (0, 1))
    made = cv2.remap(picture, columns + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return made.reshape(picture.shape)
