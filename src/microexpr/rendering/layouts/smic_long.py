"""Write the layout of SMIC-E-HS: names, its workbook and its published counts."""

from pathlib import Path

from microexpr.core.expression import LongVideo
from microexpr.rendering import workbook
from microexpr.rendering.layouts.smic import DISPLAYS, TOKENS, subject_number
from microexpr.rendering.long_videos import LongNative, VideoName

FIRST = 300_000  # number of a first frame: those of the recording that a video is cut from
SPACING = 20_000
EMOTIONS = ("negative", "positive", "surprise")


def name_video(person: int, number: int) -> VideoName:
    """Name video `number` of subject `person`, both counted from 1."""
    subject = subject_number(person)
    name = f"s{subject}_{TOKENS[EMOTIONS[(number - 1) % 3]]}_{number:02d}"
    return VideoName(f"s{subject:02d}", name, "image{:06d}.jpg", FIRST + SPACING * (number - 1))


def _workbook(path: Path, videos: list[LongVideo]) -> None:
    header = (
        "Subject", "Filename", "FirstF", "LastF", "OnsetF", "OffsetF", "Onset2F", "Offset2F", "Onset3F", "Offset3F",
        "TotalVL", "Emotion",
    )  # fmt: skip

    def row(video: LongVideo) -> tuple[object, ...]:
        clip, events = video.clip, [n for e in video.expressions for n in (e.onset, e.offset)]
        spans = (events + [""] * 6)[:6]
        return (
            int(clip.subject[1:]), clip.name, clip.first, clip.last, *spans, clip.frames, video.expressions[0].emotion,
        )  # fmt: skip

    note = ("", "Generated faces in the layout of SMIC-E-HS: no person is shown.")
    workbook.write(path, "Sheet1", (header, *map(row, videos), note))


NATIVE = LongNative(
    dataset="smic_long",
    folder="HS_long/SMIC-HS-E/{subject}/{video}",
    name_video=name_video,
    videos=(10,) * 13 + (9,) * 3,  # 157 of 16 subjects; how they divide is our choice
    seconds=5.9,
    shares={"micro": {"negative": 66, "positive": 51, "surprise": 40}},  # emotions: near those of SMIC-HS
    balanced={"micro": ("negative", "positive", "surprise")},
    displays=DISPLAYS,
    one_emotion=True,
    apex_annotated=False,
    code=lambda weights: "",
    annotations={"HS_long/SMIC-HS-E_annotation.xlsx": _workbook},
)
