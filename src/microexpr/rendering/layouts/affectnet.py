"""Write single pictures in AffectNet's layout: one directory a subject, who shows each of eight emotions; two lists.

Unlike in the data set, faces have no boxes, valence or arousal.
"""

from pathlib import Path

import numpy as np

from microexpr.core import store
from microexpr.core.clip import Clip
from microexpr.datasets.layouts.affectnet import EMOTIONS, EXPRESSION, LISTS, PATH, PICTURES
from microexpr.rendering.layout import Census, ClipName, Native, no_code

COLUMNS = (
    PATH, "face_x", "face_y", "face_width", "face_height", "facial_landmarks", EXPRESSION, "valence", "arousal",
)  # fmt: skip
PEOPLE = 200  # our choice: subjects are not published
VALIDATION_STEP = 8  # every eighth subject is in the validation list


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject, name = f"{person:03d}", rng.bytes(28).hex()
    return ClipName(subject, name, f"{PICTURES}/{subject}/{name}.jpg", "", 0)


def _training(path: Path, clips: list[Clip]) -> None:
    _write(path, [clip for clip in clips if int(clip.subject) % VALIDATION_STEP])


def _validation(path: Path, clips: list[Clip]) -> None:
    _write(path, [clip for clip in clips if not int(clip.subject) % VALIDATION_STEP])


def _write(path: Path, clips: list[Clip]) -> None:
    emotions = {clip.folder.removeprefix(f"{PICTURES}/"): clip.emotion for clip in clips}
    store.write_csv(
        path, COLUMNS, ({PATH: name, EXPRESSION: EMOTIONS.index(emotion)} for name, emotion in emotions.items())
    )


NATIVE = Native(
    dataset="affectnet",
    folders=(f"{PICTURES}/{{subject}}",),
    census=Census(
        balanced=("happiness", "surprise", "anger", "neutral", "sadness", "fear", "disgust", "contempt"), people=PEOPLE
    ),
    name_clip=name_clip,
    seconds=(0.0, 0.0),
    code=no_code,
    timing="picture",
    acted=True,
    annotations=dict(zip(LISTS, (_training, _validation), strict=True)),
)
