"""The four areas of the face that HTNet and CausalNet read of a flow. No network.

Shapes: B clips, flow [B, channels, 28, 28].
"""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from microexpr.models.base import FLOW_SIZE

AREA = FLOW_SIZE // 2  # rows and columns of an area
Centres = tuple[tuple[int, int], ...]
CENTRES: dict[str, Centres] = {  # rows and columns, in the order in which the areas are put together
    # The released codes' landmarks of a face that they do not detect, rows and columns exchanged, as they cut them: the
    # image's left eye, left mouth corner, right eye and right mouth corner.
    "published": ((9, 11), (21, 10), (10, 21), (20, 21)),
    # The mean landmarks of our crop: the eyes in the image's order, then the corners of the mouth.
    "crop": ((8, 10), (8, 18), (18, 11), (18, 17)),
}

Placement = Annotated[
    Literal["published", "crop"],
    Field(description="of the areas: those of the released code | the eyes and the mouth of our crop"),
]


def cut_areas(flow: Tensor, centres: Centres) -> Tensor:
    """Put four areas of 14 x 14, each around its centre, together: two above, two below, [B, channels, 28, 28]."""
    areas = [flow[..., row - AREA // 2 :, column - AREA // 2 :][..., :AREA, :AREA] for row, column in centres]
    return torch.cat([torch.cat(areas[:2], -1), torch.cat(areas[2:], -1)], -2)
