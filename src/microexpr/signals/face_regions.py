"""Name regions of a face: groups of the 68 landmarks, and areas of a flow. Arrays in, arrays out."""

import cv2
import numpy as np

LANDMARKS = {  # of the iBUG markup
    "jaw": slice(0, 17),
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
}
FLOW_HULLS = {  # landmark ranges; their convex hulls make a region of the flow; the first wins where two overlap
    "eyes": ((36, 42), (42, 48)),
    "brows": ((17, 22), (22, 27)),
    "nose": ((27, 36),),
    "mouth": ((48, 68),),
}
FLOW_REGIONS = ("brows", "eyes", "nose", "mouth", "cheeks")
MARGIN = 0.07  # margin of a region around its landmarks, in outer-eye distances: skin moves around them too


def eye_distance(landmarks: np.ndarray) -> np.ndarray:
    """Return the distance between the outer eye corners, [...], of landmarks [..., 68, 2], a unit for errors."""
    distance: np.ndarray = np.linalg.norm(landmarks[..., 36, :] - landmarks[..., 45, :], axis=-1)
    return distance


def region_labels(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return the index into FLOW_REGIONS of the region at each pixel, int8[size, size], -1 outside the face.

    `landmarks` [68, 2] are in these pixels. "cheeks" is the rest of the landmarks' convex hull, with chin and nose
    bridge.
    """
    labels = np.full((size, size), -1, np.int8)
    labels[_hull(landmarks, size) > 0] = FLOW_REGIONS.index("cheeks")
    diameter = 2 * round(MARGIN * float(eye_distance(landmarks))) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter))
    for name, groups in reversed(FLOW_HULLS.items()):
        for first, last in groups:
            labels[cv2.dilate(_hull(landmarks[first:last], size), disc) > 0] = FLOW_REGIONS.index(name)
    return labels


def _hull(points: np.ndarray, size: int) -> np.ndarray:
    """Fill the convex hull of points with 1, its edge included, uint8[size, size]."""
    filled = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
    return filled
