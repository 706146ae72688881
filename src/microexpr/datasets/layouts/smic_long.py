"""SMIC-E-HS: 157 videos of about 6 s of 16 subjects at 100 fps, in colour, with a micro-expression each, or more.

Quirks: frame numbers are those of the recording that a video is cut from; one to three micro-expressions in a row;
text below the rows; no apex, no action units and no macro-expressions. The emotion is that of all of a video. The
longer videos of Tran et al. 2021 (SMIC-E-Long) have no documented layout. Li et al. 2013; facts are from the data
set's page and from the loader of MEAN (Liong et al. 2023).
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.expression import Expression
from microexpr.datasets import long_videos, workbook
from microexpr.datasets.layout import Counts, LongLayout, Videos, collect_errors, first_folder, label_of

FRAME = re.compile(r"image(?P<number>\d+)\.(?:bmp|jpg|jpeg|png)", re.IGNORECASE)
VIDEO = re.compile(r"s(?P<subject>\d{1,2})_(?:ne|po|sur)_\d+", re.IGNORECASE)
COLUMNS = ("Subject", "Filename", "OnsetF", "OffsetF", "Emotion")
MORE = (("Onset2F", "Offset2F"), ("Onset3F", "Offset3F"))
FOLDERS = ("HS_long/SMIC-HS-E/HS", "HS_long/SMIC-HS-E", "SMIC-HS-E/HS", "SMIC-HS-E")
EMOTIONS = ("negative", "positive", "surprise")


def read_videos(root: Path, origin: Origin, problems: list[str] | None = None) -> Videos:
    """Return all videos, sorted by id, and notes, as `LongLayout` describes."""
    pictures = first_folder(root, *FOLDERS)
    notes: list[str] = []
    clips = []
    for folder in sorted(pictures.glob("[!._]*/[!._]*/")):
        if match := VIDEO.fullmatch(folder.name):
            with collect_errors(problems):
                subject = f"s{int(match['subject']):02d}"
                clips.append(
                    long_videos.clip("smic_long", root, folder, FRAME, origin, subject, LAYOUT.fps, notes=notes)
                )
        else:
            notes.append(f"{folder}: is not named like s03/s3_sur_01; passed over")
    expressions, by_name = dict[str, list[Expression]](), {clip.name.lower(): clip for clip in clips}
    columns = (*COLUMNS, *(column for pair in MORE for column in pair))
    for row in workbook.rows(workbook.find(root, "SMIC-HS-E_annotation*.xlsx"), columns):
        if not VIDEO.fullmatch(row.text("Filename")):
            continue  # text below the rows
        with collect_errors(problems):
            clip = long_videos.video_of(by_name, row.name("Filename").lower(), row, "SMIC-HS-E/s03/s3_sur_01")
            expressions[clip.id] = _expressions(row, clip, notes)
    return long_videos.joined(clips, expressions), notes


def _expressions(row: workbook.Row, clip: Clip, notes: list[str]) -> list[Expression]:
    """Return the one to three micro-expressions of a video."""
    emotion = row.choice_of("Emotion", EMOTIONS)
    events = [(row.integer("OnsetF"), row.integer("OffsetF"))]
    for onset_column, offset_column in MORE:
        onset, offset = row.integer_if_any(onset_column), row.integer_if_any(offset_column)
        if onset and offset:
            events.append((onset, offset))
    return [
        long_videos.expression("micro", clip, onset, None, offset, emotion, label_of(emotion), "", row, notes)
        for onset, offset in events
    ]


LAYOUT = LongLayout.of("smic_long", "SMIC-E-HS", 100, FRAME, Counts(157, 16, macro=0), read_videos)
