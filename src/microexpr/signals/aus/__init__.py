"""Name action units, and hold the settings of their readers and filters. No files, no torch.

The metadata of `weights/action_units.safetensors` say what the project's own model is fitted on and how accurate it is.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# Action units that readers return, in the order of every action-unit axis: the 17 that FAMGAN takes from OpenFace.
ACTION_UNITS = tuple(f"AU{code}" for code in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45))
SIDES = ("left", "right", "both")  # the subject's own left and right; the order of every side axis
SIZES = (-10, -5, 0, 5, 10)  # FAMGAN's changes of image size, in pixels
LARGEST = 5.0  # FACS intensity E


class Params(BaseModel):
    """Section `aus` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["embedded", "openface", "pyfeat", "pyfeat_geometry"] = Field(
        default="embedded",
        description="reader: the shipped regressor, OpenFace 2's tables, py-feat's detectors or its geometry proxy",
    )
    sizes: tuple[Annotated[int, Field(ge=-100, le=100)], ...] = Field(
        default=SIZES,
        min_length=1,
        description="pixels by which height and width of the crop are changed; intensities are averaged over sizes "
        "(embedded reader)",
    )
    half_window: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        description="seconds before and after a frame over which its intensities are averaged; 0.01 is FAMGAN's two "
        "frames at 200 a second",
    )
