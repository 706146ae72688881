"""Write the layout of CAS(ME)^3's long videos, part A: names, both workbooks and its published counts."""

from pathlib import Path

from microexpr.core.expression import LongVideo
from microexpr.rendering import workbook
from microexpr.rendering.layouts.casme3 import HEADER, SHARES, VIDEOS
from microexpr.rendering.long_videos import LongNative, VideoName

FIRST = 8  # number of the first frame of most videos


def name_video(person: int, number: int) -> VideoName:
    """Name video `number` of subject `person`, both counted from 1."""
    return VideoName(f"spNO.{person}", VIDEOS[(number - 1) % len(VIDEOS)], "{}.jpg", FIRST)


def _codes(path: Path, videos: list[LongVideo]) -> None:
    header = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type", "Objective class")
    rows = (
        (v.clip.subject, v.clip.name, str(e.onset), str(e.apex), str(e.offset), e.action_units,
         f"{e.kind.title()}-expression", "")
        for v in videos for e in v.expressions
    )  # fmt: skip
    workbook.write(path, "AU+Emotion", (header, *rows))


def _emotions(path: Path, videos: list[LongVideo]) -> None:
    rows = (
        (v.clip.subject, v.clip.name, str(e.onset), str(e.apex), str(e.offset), e.action_units, "", e.emotion)
        for v in videos for e in v.expressions if e.kind == "micro"
    )  # fmt: skip
    workbook.write(path, "label", (HEADER, *rows))


NATIVE = LongNative(
    dataset="casme3_long",
    folder="part_A/{subject}/{video}/color",
    name_video=name_video,
    videos=(10,) * 74 + (9,) * 24,  # 956 videos with an expression, of 98 subjects; how they divide is our choice
    seconds=98.0,
    shares={
        "micro": SHARES,
        "macro": {"happy": 1400, "disgust": 700, "surprise": 500, "sad": 400, "anger": 346},  # emotions: our choice
    },
    balanced={"micro": ("happy", "surprise", "disgust"), "macro": ("happy", "disgust", "surprise")},
    displays={"happy": ("happiness",), "sad": ("sadness",)},
    emotions_annotated=("micro",),
    annotations={
        "CAS(ME)3_part_A_v2.xlsx": _codes,
        "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx": _emotions,
    },
)
