"""Write Oulu-CASIA's layout: each subject shows each of six emotions once. Its annotation is its folders."""

import numpy as np

from microexpr.core.errors import ParamsError
from microexpr.rendering.layout import Census, ClipName, Native, no_code

EMOTIONS = ("happiness", "surprise", "anger", "disgust", "sadness", "fear")


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    if number > len(EMOTIONS):
        raise ParamsError(f"render.oulu_casia.clips must be at most {len(EMOTIONS)}, one an emotion, not {number}")
    subject = f"P{person:03d}"
    folder = f"B_OriginalImg/VL/Strong/{subject}/{emotion.title()}"
    return ClipName(subject, f"{subject}_{emotion}", folder, "{:03d}.jpeg", 0)


NATIVE = Native(
    dataset="oulu_casia",
    folders=("B_OriginalImg/VL/Strong/{subject}",),
    census=Census(balanced=EMOTIONS, people=80),
    name_clip=name_clip,
    seconds=(0.36, 1.2),
    code=no_code,
    timing="to apex",
    acted=True,
)
