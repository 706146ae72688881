"""Where a face is looked at closely: groups of the 68 landmarks, and regions of a flow. Arrays in, arrays out."""

import cv2
import numpy as np

LANDMARKS = {  # of the iBUG markup
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
HULLS = {  # whose convex hulls make a region of the flow; where two overlap, the first has it
    "eyes": ((36, 42), (42, 48)),
    "brows": ((17, 22), (22, 27)),
    "nose": ((27, 36),),
    "mouth": ((48, 68),),
}
FLOW = ("brows", "eyes", "nose", "mouth", "cheeks")
REACH = 0.07  # how far a region goes beyond its landmarks, in outer-eye distances: skin moves around, not only there


def eye_distance(landmarks: np.ndarray) -> np.ndarray:
    """[...]: between the outer eye corners of landmarks [..., 68, 2], by which errors are divided."""
    distance: np.ndarray = np.linalg.norm(landmarks[..., 36, :] - landmarks[..., 45, :], axis=-1)
    return distance


def labels(landmarks: np.ndarray, size: int) -> np.ndarray:
    """int8[size, size]: index into FLOW of the region at each pixel, -1 outside of the face.

    `landmarks` [68, 2] are in these pixels. "cheeks" is what the others leave of the landmarks' convex hull, the chin
    and the bridge between the eyes with it.
    """
    found = np.full((size, size), -1, np.int8)
    found[_hull(landmarks, size) > 0] = FLOW.index("cheeks")
    reach = 2 * round(REACH * float(eye_distance(landmarks))) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    for name, groups in reversed(HULLS.items()):
        for first, last in groups:
            found[cv2.dilate(_hull(landmarks[first:last], size), around) > 0] = FLOW.index(name)
    return found


def _hull(points: np.ndarray, size: int) -> np.ndarray:
    """uint8[size, size]: 1 inside of the points' convex hull, its edge included."""
    filled = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return filled
