"""Single pictures in AffectNet's layout: one directory a person, who shows each of eight emotions; two lists.

What real pictures have and these have not: faces are not boxed, valence and arousal not told.
"""

from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.datasets.layouts.affectnet import EMOTIONS, EXPRESSION, LISTS, PATH, PICTURES
from microexpr.rendering.layout import Census, Named, Native, uncoded

COLUMNS = (
    PATH, "face_x", "face_y", "face_width", "face_height", "facial_landmarks", EXPRESSION, "valence", "arousal",
)  # fmt: skip
PEOPLE = 200  # no census is published of them: every person shows everything once
VALIDATED = 8  # every eighth person is in the list for validation


def named(person: int, number: int, emotion: str, rng: np.random.Generator) -> Named:
    subject, name = f"{person:03d}", rng.bytes(28).hex()
    return Named(subject, name, f"{PICTURES}/{subject}/{name}.jpg", "", 0)


def _training(path: Path, clips: list[Clip]) -> None:
    _write(path, [clip for clip in clips if int(clip.subject) % VALIDATED])


def _validation(path: Path, clips: list[Clip]) -> None:
    _write(path, [clip for clip in clips if not int(clip.subject) % VALIDATED])


def _write(path: Path, clips: list[Clip]) -> None:
    names = {clip.folder.removeprefix(f"{PICTURES}/"): clip.emotion for clip in clips}
    store.write_csv(path, COLUMNS, ({PATH: name, EXPRESSION: EMOTIONS.index(said)} for name, said in names.items()))


NATIVE = Native(
    dataset="affectnet",
    folders=(f"{PICTURES}/{{subject}}",),
    census=Census(
        balanced=("happiness", "surprise", "anger", "neutral", "sadness", "fear", "disgust", "contempt"), people=PEOPLE
    ),
    named=named,
    seconds=(0.0, 0.0),
    usual=None,
    code=uncoded,
    timing="picture",
    codes_classes=False,
    intensity=(0.6, 1.0),
    annotations=dict(zip(LISTS, (_training, _validation), strict=True)),
)
