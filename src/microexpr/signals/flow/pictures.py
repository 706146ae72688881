"""Flow from onset to apex as the small pictures that circulate: part of a face, each channel scaled in its clip.

Shapes: channels are u (to the right), v (downwards) and strain. What may not come in: a file, a label.
"""

from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

SIZE = 28  # rows and columns of a picture
MIDDLE = 127.5  # of a grey level's range, so that -u is the u of a mirrored clip, as with flow in pixels
SAMPLES = 4  # along a side of each pixel, over which flow is averaged
FARTHEST = 0.2  # share of a crop's side by which a region may reach beyond the crop

Place = Annotated[float, Field(ge=-FARTHEST, le=1 + FARTHEST)]
Region = tuple[Place, Place, Place, Place]  # left, right, top, bottom of a crop, as shares of its sides
USUAL: Region = (0.20, 0.80, 0.05, 0.85)  # of the pictures that circulate most (docs/real-faces.md)
Normalisation = Literal["as_published", "centred"]

FIELDS: dict[Normalisation, str] = {  # of schema `flow`, which describes them
    "as_published": "onset_apex_scaled",
    "centred": "onset_apex_centred",
}


class Params(BaseModel):
    """Section `flow_folders` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    normalise: Normalisation = Field(
        default="centred", description="channels of a picture: as published | each less its median, in deviations"
    )
    subjects: int = Field(
        default=60,
        ge=0,
        le=5000,
        description="subjects of the population on whom rows of their own are trained; 0: no such",
    )
    both: int = Field(default=24, ge=1, le=5000, description="how many of them train together with recorded subjects")
    region: Region | Literal["auto"] = Field(
        default="auto",
        description="left, right, top, bottom of what such a picture shows, as shares of our crop; auto: found",
    )
    methods: dict[str, dict[str, Any] | None] = Field(
        default={}, description="params of methods on such pictures, where they differ from `methods`"
    )

    @model_validator(mode="after")
    def _check_region(self) -> "Params":
        if self.region == "auto":
            return self
        left, right, top, bottom = self.region
        if not (left < right and top < bottom):
            raise ValueError(f"region must be left < right and top < bottom, not {list(self.region)}")
        return self


def from_flow(flow: np.ndarray, region: Region) -> np.ndarray:
    """Return flow float[3, H, W] of a crop as such a picture, uint8[28, 28, 3].

    Each channel is scaled to 0..255 between its smallest and its largest value; one without any is 0."""
    left, right, top, bottom = region
    rows, columns = flow.shape[1:]
    size = SIZE * SAMPLES
    scale = np.array([(right - left) * columns, (bottom - top) * rows]) / size
    shift = np.array([left * columns, top * rows]) + scale / 2 - 0.5  # between centres of pixels
    matrix = np.column_stack([np.diag(scale), shift])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    channels = []
    for channel in flow.astype(np.float32):
        warped = cv2.warpAffine(channel, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        channels.append(np.asarray(warped).reshape(SIZE, SAMPLES, SIZE, SAMPLES).mean((1, 3)))
    small = np.stack(channels, -1)
    low, high = small.min((0, 1)), small.max((0, 1))
    return np.rint((small - low) / np.where(high > low, high - low, 1) * 255).astype(np.uint8)


def flow_as_picture(flow: np.ndarray, region: Region, normalise: Normalisation) -> np.ndarray:
    """Return flow float[3, H, W] of a crop as the channels of such a picture, float32[3, 28, 28]."""
    return channels(from_flow(flow, region), normalise)


def channels(picture: np.ndarray, normalise: Normalisation) -> np.ndarray:
    """Return the channels of a picture uint8[28, 28, 3] as float32[3, 28, 28].

    `as_published`: u and v as grey levels minus 127.5, strain as grey levels 0..255. The scaling of each clip has lost
    the size of the movement and the grey level of no movement. `centred` estimates both: each channel minus its median,
    since most of a face stays where it is, in units of its standard deviation; a channel of one level is 0.
    """
    levels = picture.transpose(2, 0, 1).astype(np.float32)
    if normalise == "as_published":
        return levels - np.array([MIDDLE, MIDDLE, 0], np.float32)[:, None, None]
    centred = levels - np.median(levels, (1, 2), keepdims=True)
    deviation = levels.std((1, 2), keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 0)
