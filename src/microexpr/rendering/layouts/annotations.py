"""Write the data sets' annotation of clips and long videos: workbooks, lists, files of a clip; annotators' slips."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from microexpr.core import facs, store
from microexpr.core.clip import LABELS, Clip, Expression, LongVideo
from microexpr.datasets.layouts import facts
from microexpr.datasets.layouts.folders import Ckplus
from microexpr.datasets.layouts.lists import Affectnet
from microexpr.datasets.layouts.sessions import Mmi
from microexpr.rendering import workbook
from microexpr.rendering.layout import PlannedClip
from microexpr.rendering.layouts.names import STIMULI
from microexpr.rendering.recording import MARK

Videos = list[LongVideo]
GENERATED = "Generated faces in the layout of {}: no person is shown."


def _write_notice(path: Path, clips: Sized) -> None:
    """Write a text file that marks all files as rendered: plain text files cannot hold comments."""
    store.write_text(path, f"All {len(clips)} clips here and all files about them: {MARK.decode()}.\n")


NOTICE: dict[str, Callable[[Path, Any], None]] = {"GENERATED.txt": _write_notice}

CELLS: dict[str, Callable[[Clip], object]] = {  # a word in a `row` of a workbook's facts -> value
    "digits": lambda c: c.subject.lstrip("subS"),
    "number": lambda c: int(c.subject.lstrip("subS")),
    "video": lambda c: c.name[0],
    "inducement": lambda c: int(c.name.split("_")[1]),
    "apex_or_slash": lambda c: "/" if c.apex is None else c.apex,
    "second_apex": lambda c: min((c.apex or 0) + 1, c.offset or 0),
    "duration": lambda c: 1 + (c.offset or 0) - (c.onset or 0),
    "title": lambda c: c.emotion.title(),
    "emotion_id": lambda c: facts(c.dataset).emotions.index(c.emotion),
}


def workbook_of_clips(
    sheet: str, header: Sequence[str], row: Sequence[str], title: str = "", header_row: int = 1
) -> Callable[[Path, list[Clip]], None]:
    """Return a function that writes a workbook with a row for each clip.

    A word of `row` is a name of `CELLS`, a field of the clip, or else written as it is."""
    above = ((title,), *[()] * (header_row - 2)) if title else ()

    def cell(clip: Clip, word: str) -> object:
        return CELLS[word](clip) if word in CELLS else getattr(clip, word, word)

    def write(path: Path, clips: list[Clip]) -> None:
        rows = ([cell(clip, word) for word in row] for clip in clips)
        workbook.write(path, sheet, (*above, header, *rows))

    return write


# AffectNet's lists


def _write_list(path: Path, clips: list[Clip], is_validation: bool) -> None:
    """Write a list of pictures, without boxes, valence and arousal; that for validation has every eighth subject."""
    about = facts("affectnet")
    picture, emotion = about.columns["picture"], about.columns["emotion"]
    places = "face_x", "face_y", "face_width", "face_height", "facial_landmarks"
    rows = (
        {picture: clip.folder.removeprefix(f"{about.folders[0]}/"), emotion: about.emotions.index(clip.emotion)}
        for clip in clips
        if is_validation == (int(clip.subject) % 8 == 0)
    )
    store.write_csv(path, (picture, *places, emotion, "valence", "arousal"), rows)


LISTS: dict[str, dict[str, Callable[[Path, list[Clip]], None]]] = {
    "affectnet": {name: partial(_write_list, is_validation=bool(i)) for i, name in enumerate(Affectnet.LISTS)}
}

# Files of a clip, and slips


def _ckplus_files(planned: PlannedClip) -> dict[str, str]:
    """Return a file with the emotion's code and a file with a line for each action unit, in floating-point numbers."""
    clip, codes = planned.clip, {emotion: code for code, emotion in facts("ckplus").codes.items()}
    subject, sequence = clip.name.split("_")
    stem = f"{subject}/{sequence}/{clip.name}_{clip.last:08d}"
    units = [(unit.number, Ckplus.INTENSITY.index(unit.intensity)) for unit in facs.parse(clip.action_units)]
    return {
        f"Emotion/{stem}_emotion.txt": f"   {int(codes[clip.emotion]):.7e}\n",
        f"FACS/{stem}_facs.txt": "".join(f"   {number:.7e}   {intensity:.7e}\n" for number, intensity in units),
    }


def _mmi_files(planned: PlannedClip) -> dict[str, str]:
    """Return the XML files of a session: its view, its emotion, its action units."""
    codes = {emotion: code for code, emotion in facts("mmi").codes.items()}
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<!-- {MARK.decode()} -->\n'
    folder, sid = PurePosixPath(planned.clip.folder).parent, planned.clip.name
    units = "".join(f'<ActionUnit Number="{number}"/>' for number in planned.clip.action_units.split("+"))
    emotion = f'<Metatag Name="Emotion" Value="{codes[planned.clip.emotion]}"/>'
    return {
        f"{folder}/session.xml": f'{head}<session sessionId="{folder.name}"><track view="{Mmi.FRONTAL}"/></session>\n',
        f"{folder}/{sid}.xml": f"{head}<annotations>{emotion}</annotations>\n",
        f"{folder}/{sid}-oao_aucs.xml": f"{head}<annotations>{units}</annotations>\n",
    }


LATE = 4  # clips of CASME II with the apex at the offset


def _casme2_slips(clips: list[PlannedClip]) -> list[PlannedClip]:
    """Return the clips with an apex of "/", one at the onset (MEGC2019 leaves out both) and four at the offset."""
    labelled = [planned for planned in clips if planned.clip.label is not None]
    counts = Counter(planned.clip.subject for planned in labelled)
    negative = [planned for planned in labelled if planned.clip.label == LABELS.index("negative")]
    # of the subjects with most clips: no subject may lose its only one
    no_apex, early, *_ = sorted(negative, key=lambda planned: (-counts[planned.clip.subject], planned.clip.id))
    others = [planned for planned in labelled if planned not in (no_apex, early)]
    late = [others[len(others) * i // LATE] for i in range(LATE)]
    slips = {
        no_apex.clip.id: replace(no_apex.clip, apex=None, label=None),
        early.clip.id: replace(early.clip, apex=early.clip.onset, label=None),
    } | {planned.clip.id: replace(planned.clip, apex=planned.clip.offset) for planned in late}
    return [replace(planned, clip=slips.get(planned.clip.id, planned.clip)) for planned in clips]


OTHERS: Mapping[str, Mapping[str, Callable[..., Any]]] = {  # further fields of `Native`
    "casme2": {"add_slips": _casme2_slips},
    "ckplus": {"clip_files": _ckplus_files},
    "mmi": {"clip_files": _mmi_files},
}

# Workbooks of long videos


def _numbered(videos: Videos) -> list[tuple[LongVideo, int, Expression]]:
    """Return each expression after its video and its number there, from 1."""
    return [(video, number, e) for video in videos for number, e in enumerate(video.expressions, 1)]


def _casme3_codes(path: Path, videos: Videos) -> None:
    header = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Expression type", "Objective class")
    rows = (
        (v.clip.subject, v.clip.name, str(e.onset), str(e.apex), str(e.offset), e.action_units,
         f"{e.kind.title()}-expression", "")
        for v, _, e in _numbered(videos)
    )  # fmt: skip
    workbook.write(path, "AU+Emotion", (header, *rows))


CASME3_EMOTIONS = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"


def _casme3_emotions(path: Path, videos: Videos) -> None:
    header = facts("casme3").rendered["workbooks"][CASME3_EMOTIONS]["header"]
    rows = (
        (v.clip.subject, v.clip.name, str(e.onset), str(e.apex), str(e.offset), e.action_units, "", e.emotion)
        for v, _, e in _numbered(videos) if e.kind == "micro"
    )  # fmt: skip
    workbook.write(path, "label", (header, *rows))


def _casme_sq(path: Path, videos: Videos) -> None:
    rows = _numbered(videos)
    index = {subject: i for i, subject in enumerate(dict.fromkeys(video.clip.subject for video in videos), 1)}
    codes = (
        (
            index[v.clip.subject], f"{STIMULI[v.clip.name[3:7]][0]}_{number}", e.onset, e.apex,
            0 if e.offset == e.apex else e.offset, e.action_units, e.emotion, f"{e.kind}-expression", "generated",
        )
        for v, number, e in rows
    )  # fmt: skip
    folders = ((int(v.clip.subject[1:]), v.clip.subject, index[v.clip.subject]) for v, _, _ in rows)
    stimuli = ((number, name) for number, (name, _) in STIMULI.items())
    workbook.write_sheets(path, {"CASFEcode_final": codes, "naming rule1": folders, "naming rule2": stimuli})


def _samm_codes(path: Path, videos: Videos) -> None:
    header = (
        "Subject", "Filename", "Inducement Code", "Onset", "Apex", "Offset", "Duration", "Type", "Action Units",
        "Notes",
    )  # fmt: skip
    rows = (
        (
            v.clip.subject, f"{v.clip.name}_{number}", int(v.clip.name.split("_")[1]), e.onset,
            -1 if e.apex is None else e.apex, e.offset, 1 + e.offset - e.onset,
            "Micro - 1/2" if e.kind == "micro" else "Macro", e.action_units, "generated",
        )
        for v, number, e in _numbered(videos)
    )  # fmt: skip
    above = ((GENERATED.format("SAMM Long Videos"),), *[()] * 8)
    workbook.write(path, "FACS_Movement_Only", (*above, header, *rows))


def _samm_emotions(path: Path, videos: Videos) -> None:
    header = ("Subject", "Filename", "Estimated Emotion", "Notes")
    rows = (
        (v.clip.subject, f"{v.clip.name}_{number}", e.emotion.title(), "generated")
        for v, number, e in _numbered(videos)
        if e.kind == "micro"
    )
    workbook.write(path, "MICRO_ONLY", (*[()] * 13, header, *rows))


def _smic(path: Path, videos: Videos) -> None:
    header = (
        "Subject", "Filename", "FirstF", "LastF", "OnsetF", "OffsetF", "Onset2F", "Offset2F", "Onset3F", "Offset3F",
        "TotalVL", "Emotion",
    )  # fmt: skip

    def row(video: LongVideo) -> Iterable[object]:
        clip, events = video.clip, [n for e in video.expressions for n in (e.onset, e.offset)]
        spans = (events + [""] * 6)[:6]
        emotion = video.expressions[0].emotion
        return int(clip.subject[1:]), clip.name, clip.first, clip.last, *spans, clip.frames, emotion

    workbook.write(path, "Sheet1", (header, *map(row, videos), ("", GENERATED.format("SMIC-E-HS"))))


WORKBOOKS_OF_VIDEOS: dict[str, dict[str, Callable[[Path, Videos], None]]] = {
    "casme3_long": {"CAS(ME)3_part_A_v2.xlsx": _casme3_codes, CASME3_EMOTIONS: _casme3_emotions},
    "casme_sq": {"CAS(ME)^2code_final.xlsx": _casme_sq},
    "samm_long": {"SAMM_LongVideos_V2_Release.xlsx": _samm_codes, "SAMM_Micro_FACS_Codes_v2.xlsx": _samm_emotions},
    "smic_long": {"HS_long/SMIC-HS-E_annotation.xlsx": _smic},
}
