"""SMIC-HS as the generator writes it: names and its published census. Its annotation is its folders."""

import numpy as np

from microexpr.rendering.layout import Census, Named, Native, Share, uncoded

PEOPLE = (1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 14, 15, 18, 19, 20)  # those with a micro-expression
TOKENS = {"positive": "po", "negative": "ne", "surprise": "sur"}
CENSUS = Census(
    balanced=("positive", "surprise", "negative", "negative", "positive", "surprise", "negative", "positive"),
    people=16,
    shares=(Share("negative", None, 70), Share("positive", None, 51), Share("surprise", None, 43)),
)


def named(person: int, number: int, emotion: str, rng: np.random.Generator) -> Named:
    called = PEOPLE[person - 1] if person <= len(PEOPLE) else person + 4
    name = f"{TOKENS[emotion]}_{number:02d}"
    subject = f"s{called:02d}"
    folder = f"HS/{subject}/micro/{emotion}/s{called}_{name}"
    return Named(subject, f"{subject}_{name}", folder, "image{}.jpg", int(rng.integers(10**5, 10**7)))


NATIVE = Native(
    dataset="smic",
    folders=("HS/{subject}",),
    census=CENSUS,
    named=named,
    seconds=(0.11, 0.58),  # this and the next as in its annotation, which has no apex
    usual=(-1.132, 0.294),
    code=uncoded,
    apex_annotated=False,
    codes_classes=False,
    displays={"positive": ("happiness",), "negative": ("disgust", "anger", "sadness", "contempt", "fear")},
)
