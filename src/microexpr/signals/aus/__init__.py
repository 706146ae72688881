"""Name action units, and hold the settings of their readers and filters. No files, no torch.

The metadata of `weights/action_units.onnx` say what the project's own model is fitted on and how accurate it is.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# Action units that readers return, the 17 that FAMGAN takes from OpenFace, in the order of every action-unit axis, with
# their names in FACS (Ekman et al. 2002).
NAMES = {
    "AU1": "inner brow raiser", "AU2": "outer brow raiser", "AU4": "brow lowerer", "AU5": "upper lid raiser",
    "AU6": "cheek raiser", "AU7": "lid tightener", "AU9": "nose wrinkler", "AU10": "upper lip raiser",
    "AU12": "lip corner puller", "AU14": "dimpler", "AU15": "lip corner depressor", "AU17": "chin raiser",
    "AU20": "lip stretcher", "AU23": "lip tightener", "AU25": "lips part", "AU26": "jaw drop", "AU45": "blink",
}  # fmt: skip
ACTION_UNITS = tuple(NAMES)
SIDES = ("left", "right", "both")  # the subject's own left and right; the order of every side axis
SIZES = (-10, -5, 0, 5, 10)  # FAMGAN's changes of image size, in pixels
LARGEST = 5.0  # FACS intensity E


class Params(BaseModel):
    """Section `aus` of params.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["embedded", "openface", "pyfeat"] = Field(
        default="embedded",
        description="reader: the shipped regressor, OpenFace 2's tables or py-feat's detectors",
    )
    sizes: tuple[Annotated[int, Field(ge=-100, le=100)], ...] = Field(
        default=(0,),
        min_length=1,
        description="pixels by which height and width of the crop are changed; intensities are averaged over sizes, "
        "FAMGAN's being -10, -5, 0, 5, 10 (embedded reader)",
    )
    half_window: float = Field(
        default=0.01,
        ge=0,
        le=0.5,
        description="seconds before and after a frame over which its intensities are averaged; 0.01 is FAMGAN's two "
        "frames at 200 a second",
    )
