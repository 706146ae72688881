"""Write the layout of SAMM Long Videos: names, its workbook, that of SAMM with the emotions, and its counts."""

from pathlib import Path

from microexpr.core.expression import Expression, LongVideo
from microexpr.rendering import workbook
from microexpr.rendering.long_videos import LongNative, VideoName

SUBJECTS = (*range(6, 27), 28, *range(30, 38))


def name_video(person: int, number: int) -> VideoName:
    """Name video `number` of subject `person`, both counted from 1."""
    subject = f"{SUBJECTS[person - 1] if person <= len(SUBJECTS) else person + 7:03d}"
    name = f"{subject}_{number}"
    return VideoName(subject, name, f"{name}_{{:04d}}.jpg", 1)


def _named(videos: list[LongVideo]) -> list[tuple[str, LongVideo, Expression]]:
    """Return the name of each expression, its video and itself."""
    return [(f"{v.clip.name}_{number}", v, e) for v in videos for number, e in enumerate(v.expressions, 1)]


def _codes(path: Path, videos: list[LongVideo]) -> None:
    header = (
        "Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type", "Action Units",
        "Notes",
    )  # fmt: skip
    rows = (
        (
            v.clip.subject, name, int(v.clip.name.split("_")[1]), e.onset, -1 if e.apex is None else e.apex, e.offset,
            1 + e.offset - e.onset, "Micro - 1/2" if e.kind == "micro" else "Macro", e.action_units, "generated",
        )
        for name, v, e in _named(videos)
    )  # fmt: skip
    preamble = (("Generated faces in the layout of SAMM Long Videos: no person is shown.",), *[()] * 8)
    workbook.write(path, "FACS_Movement_Only", (*preamble, header, *rows))


def _emotions(path: Path, videos: list[LongVideo]) -> None:
    header = ("Subject", "Filename", "Estimated Emotion", "Notes")
    rows = (
        (v.clip.subject, name, e.emotion.title(), "generated") for name, v, e in _named(videos) if e.kind == "micro"
    )
    workbook.write(path, "MICRO_ONLY", (*[()] * 13, header, *rows))


NATIVE = LongNative(
    dataset="samm_long",
    folder="SAMM_longvideos/{video}",
    name_video=name_video,
    videos=(7, 5, 4, 5, 7, 7, 5, 5, 7, 5, 6, 6, 7, 6, 7, 2, 5, 2, 3, 4, 6, 1, 3, 1, 5, 7, 3, 7, 4, 5),
    seconds=16.4,
    shares={
        "micro": {
            "anger": 57, "contempt": 12, "disgust": 9, "fear": 8, "happiness": 26, "other": 26, "sadness": 6,
            "surprise": 15,
        },  # of SAMM's own micro-expressions, which are as many
        "macro": {"happiness": 120, "disgust": 60, "surprise": 60, "sadness": 50, "anger": 53},  # our choice
    },
    balanced={
        "micro": ("anger", "happiness", "surprise", "contempt", "happiness", "surprise"),
        "macro": ("happiness", "surprise", "disgust"),
    },
    displays={"other": ("others",)},
    emotions_annotated=("micro",),
    grey=True,
    annotations={"SAMM_LongVideos_V2_Release.xlsx": _codes, "SAMM_Micro_FACS_Codes_v2.xlsx": _emotions},
)  # fmt: skip
