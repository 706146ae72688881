"""Write MMI's layout: a page of sessions for each subject, videos with XML files next to them, its census."""

from pathlib import PurePosixPath

import numpy as np

from microexpr.datasets.layouts.mmi import EMOTION, FRONTAL
from microexpr.rendering import coder
from microexpr.rendering.layout import Census, ClipName, Native, PlannedClip
from microexpr.rendering.recording import MARK

CODES = {emotion: code for code, emotion in EMOTION.items()}
HEAD = f'<?xml version="1.0" encoding="utf-8"?>\n<!-- {MARK.decode()} -->\n'
CENSUS = Census(
    balanced=("happiness", "surprise", "disgust", "anger", "sadness", "fear"),
    people=31,
    shares={"anger": 31, "disgust": 32, "fear": 28, "happiness": 42, "sadness": 32, "surprise": 40},
)


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    subject = f"S{person:03d}"
    name = f"{subject}-{100 + number}"
    return ClipName(subject, name, f"page-{subject}/Sessions/{1000 * person + number}/{name}.avi", "", 0)


def clip_files(planned: PlannedClip) -> dict[str, str]:
    """Return the XML files of a session: its view, its emotion, its action units."""
    folder, sid = PurePosixPath(planned.clip.folder).parent, planned.clip.name
    units = "".join(f'<ActionUnit Number="{number}"/>' for number in planned.clip.action_units.split("+"))
    emotion = f'<Metatag Name="Emotion" Value="{CODES[planned.clip.emotion]}"/>'
    return {
        f"{folder}/session.xml": f'{HEAD}<session sessionId="{folder.name}"><track view="{FRONTAL}"/></session>\n',
        f"{folder}/{sid}.xml": f"{HEAD}<annotations>{emotion}</annotations>\n",
        f"{folder}/{sid}-oao_aucs.xml": f"{HEAD}<annotations>{units}</annotations>\n",
    }


NATIVE = Native(
    dataset="mmi",
    folders=("page-{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    seconds=(0.6, 1.8),
    rise=(0.475, 0.072),
    code=coder.mmi,
    acted=True,
    apex_annotated=False,
    ends_annotated=False,
    clip_files=clip_files,
)
