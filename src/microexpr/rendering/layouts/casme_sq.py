"""Write the layout of CAS(ME)^2's long videos: names, its workbook of three sheets and its published counts."""

from pathlib import Path

from microexpr.core.expression import Expression, LongVideo
from microexpr.rendering import workbook
from microexpr.rendering.long_videos import LongNative, VideoName

SUBJECTS = (15, 16, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 40)
STIMULI = {  # number -> name in the workbook, title
    "0101": ("disgust1", "disgustingteeth"), "0102": ("disgust2", "eatingworms"), "0401": ("anger1", "girlcrashing"),
    "0402": ("anger2", "beatingpregnantwoman"), "0502": ("happy1", "funnyerrors"), "0503": ("happy2", "unnyfarting"),
    "0505": ("happy3", "funnyinnovations"), "0507": ("happy4", "climbingthewall"), "0508": ("happy5", "funnydunkey"),
}  # fmt: skip


def name_video(person: int, number: int) -> VideoName:
    """Name video `number` of subject `person`, both counted from 1."""
    subject = SUBJECTS[person - 1] if person <= len(SUBJECTS) else person + 18
    stimulus, (_, title) = list(STIMULI.items())[(number - 1) % len(STIMULI)]
    name = f"{subject}_{stimulus}{title}"
    return VideoName(f"s{subject}", name, "img{:03d}.jpg", 1)


def _rows(videos: list[LongVideo]) -> list[tuple[LongVideo, int, Expression]]:
    """Return video, running number and expression of each row."""
    return [(video, number, e) for video in videos for number, e in enumerate(video.expressions, 1)]


def _workbook(path: Path, videos: list[LongVideo]) -> None:
    rows = _rows(videos)
    index = {subject: i for i, subject in enumerate(dict.fromkeys(video.clip.subject for video in videos), 1)}
    codes = (
        (
            index[video.clip.subject], f"{STIMULI[video.clip.name[3:7]][0]}_{number}", e.onset, e.apex,
            0 if e.offset == e.apex else e.offset, e.action_units, e.emotion, f"{e.kind}-expression", "generated",
        )
        for video, number, e in rows
    )  # fmt: skip
    folders = ((int(v.clip.subject[1:]), v.clip.subject, index[v.clip.subject]) for v, _, _ in rows)
    stimuli = ((number, name) for number, (name, _) in STIMULI.items())
    workbook.write_sheets(path, {"CASFEcode_final": codes, "naming rule1": folders, "naming rule2": stimuli})


NATIVE = LongNative(
    dataset="casme_sq",
    folder="rawpic/{subject}/{video}",
    name_video=name_video,
    videos=(8, 7, 4, 1, 2, 5, 5, 5, 4, 4, 9, 1, 7, 7, 9, 2, 3, 1, 2, 6, 2, 3),
    seconds=86.4,
    shares={
        "micro": {"negative": 21, "others": 19, "positive": 8, "surprise": 9},
        "macro": {"negative": 105, "others": 63, "positive": 116, "surprise": 16},
    },
    balanced={"micro": ("negative", "positive", "surprise"), "macro": ("positive", "negative", "surprise")},
    displays={"negative": ("disgust", "anger", "sadness"), "positive": ("happiness",)},
    annotations={"CAS(ME)^2code_final.xlsx": _workbook},
)
