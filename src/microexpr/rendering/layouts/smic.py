"""Write SMIC-HS's layout: names and its published census. Its annotation is its folders."""

import numpy as np

from microexpr.rendering.layout import Census, ClipName, Native, no_code

PEOPLE = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 14, 15, 18, 19, 20)  # the subjects with a micro-expression
TOKENS = {"positive": "po", "negative": "ne", "surprise": "sur"}
CENSUS = Census(
    balanced=("positive", "surprise", "negative", "negative", "positive", "surprise", "negative", "positive"),
    people=16,
    shares={"negative": 70, "positive": 51, "surprise": 43},
)
DISPLAYS = {"positive": ("happiness",), "negative": ("disgust", "anger", "sadness", "contempt", "fear")}


def subject_number(person: int) -> int:
    """Return the number that the data set gives to a person, counted from 1."""
    return PEOPLE[person - 1] if person <= len(PEOPLE) else person + 4


def name_clip(person: int, number: int, emotion: str, rng: np.random.Generator) -> ClipName:
    """Name clip `number` of subject `person`, both counted from 1."""
    name = f"{TOKENS[emotion]}_{number:02d}"
    subject = f"s{subject_number(person):02d}"
    folder = f"HS/{subject}/micro/{emotion}/s{subject_number(person)}_{name}"
    return ClipName(subject, f"{subject}_{name}", folder, "image{}.jpg", int(rng.integers(10**5, 10**7)))


NATIVE = Native(
    dataset="smic",
    folders=("HS/{subject}",),
    census=CENSUS,
    name_clip=name_clip,
    seconds=(0.11, 0.58),  # this and the next as in its annotation, which has no apex
    log_seconds=(-1.132, 0.294),
    code=no_code,
    apex_annotated=False,
    displays=DISPLAYS,
)
