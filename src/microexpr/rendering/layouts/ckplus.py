"""CK+ as the generator writes it: names, emotion and FACS files of each sequence, its published census."""

import numpy as np

from microexpr.core.facs import notation
from microexpr.datasets.layouts.ckplus import EMOTION, INTENSITY
from microexpr.rendering import coder
from microexpr.rendering.layout import Census, Named, Native, Planned, Share

CODES = {emotion: code for code, emotion in EMOTION.items()}
CENSUS = Census(
    balanced=("happiness", "surprise", "anger", "disgust", "sadness", "fear", "contempt"),
    people=118,
    shares=(
        Share("anger", None, 45),
        Share("contempt", None, 18),
        Share("disgust", None, 59),
        Share("fear", None, 25),
        Share("happiness", None, 69),
        Share("sadness", None, 28),
        Share("surprise", None, 83),
    ),
)


def named(person: int, number: int, emotion: str, rng: np.random.Generator) -> Named:
    subject, sequence = f"S{person + 4:03d}", f"{number:03d}"
    name = f"{subject}_{sequence}"
    return Named(subject, name, f"cohn-kanade-images/{subject}/{sequence}", f"{name}_{{:08d}}.png", 1)


def beside(one: Planned) -> dict[str, str]:
    """One code a file for the emotion; a line for each action unit; all written as floating-point numbers."""
    clip = one.clip
    subject, sequence = clip.name.split("_")
    stem = f"{subject}/{sequence}/{clip.name}_{clip.last:08d}"
    units = [(unit.number, INTENSITY.index(unit.intensity)) for unit in notation.parse(clip.action_units)]
    return {
        f"Emotion/{stem}_emotion.txt": f"   {CODES[clip.emotion]:.7e}\n",
        f"FACS/{stem}_facs.txt": "".join(f"   {number:.7e}   {intensity:.7e}\n" for number, intensity in units),
    }


NATIVE = Native(
    dataset="ckplus",
    folders=("cohn-kanade-images/{subject}", "Emotion/{subject}", "FACS/{subject}"),
    census=CENSUS,
    named=named,
    seconds=(0.3, 1.0),
    usual=None,
    code=coder.ckplus,
    timing="to apex",
    codes_classes=False,
    grey=True,
    intensity=(0.6, 1.0),
    beside=beside,
)
