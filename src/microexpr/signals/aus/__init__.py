"""Action units: their names, their notation, how they are read off a face and filtered in time. No files, no torch.

What the project's own model is fitted on and how well it reads is in the metadata of `model.safetensors`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# What is read off a face, in the order of every action-unit axis: the 17 that FAMGAN takes from OpenFace.
ACTION_UNITS = tuple(f"AU{number}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45))
SIDES = ("left", "right", "both")  # the subject's own; the order of every side axis
SIZES = (-10, -5, 0, 5, 10)  # FAMGAN's changes of image size, in pixels
LARGEST = 5.0  # FACS intensity E


class Params(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["embedded", "openface", "pyfeat", "pyfeat_geometry"] = Field(
        default="embedded",
        description="who reads: the shipped regressor, OpenFace 2's tables, py-feat's detectors or its geometry proxy",
    )
    sizes: tuple[Annotated[int, Field(ge=-100, le=100)], ...] = Field(
        default=SIZES,
        min_length=1,
        description="pixels by which height and width of the crop are changed; what is read at each size is averaged "
        "(embedded reader)",
    )
    half_window: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        description="seconds before and after a frame over which its intensities are averaged; 0.01 is FAMGAN's two "
        "frames at 200 a second",
    )
