"""Oulu-CASIA as the generator writes it: each person shows each of six emotions once. Its annotation is its folders."""

import numpy as np

from microexpr.core.errors import ParamsError
from microexpr.rendering.layout import Census, Named, Native, uncoded

EMOTIONS = ("happiness", "surprise", "anger", "disgust", "sadness", "fear")


def named(person: int, number: int, emotion: str, rng: np.random.Generator) -> Named:
    if number > len(EMOTIONS):
        raise ParamsError(f"generate.oulu_casia.clips must be at most {len(EMOTIONS)}, one an emotion, not {number}")
    subject = f"P{person:03d}"
    folder = f"B_OriginalImg/VL/Strong/{subject}/{emotion.title()}"
    return Named(subject, f"{subject}_{emotion}", folder, "{:03d}.jpeg", 0)


NATIVE = Native(
    dataset="oulu_casia",
    folders=("B_OriginalImg/VL/Strong/{subject}",),
    census=Census(balanced=EMOTIONS, people=80),
    named=named,
    seconds=(0.36, 1.2),
    usual=None,
    code=uncoded,
    timing="to apex",
    codes_classes=False,
    intensity=(0.6, 1.0),
)
