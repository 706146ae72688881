"""The regions of a face, their groups, and the classes that show in each group. No network comes in."""

from microexpr.core.facs import REGIONS as GROUPS
from microexpr.signals.inputs import REGIONS

FACE = "sequence_steady"  # input of the whole face, in place of regions
FACE_SIZE = 160  # its rows and columns
GROUP_OF_REGION = {
    name: next(g for g in GROUPS if g.removesuffix("s") in name) for name in REGIONS
}  # left and right share a group
# MEGC2019's classes that show in each group of regions; a region's labels count them from 1
VISIBLE_CLASSES = {"eyes": (0, 2), "nose": (0,), "cheeks": (1,), "mouth": (0, 1, 2)}


def mirror_region(region: str) -> str:
    """Return the region at this one's place in the mirrored face."""
    left, right = "_left_", "_right_"
    return region.replace(left, right) if left in region else region.replace(right, left)
