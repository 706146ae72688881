"""CK+: 327 labelled sequences of 118 subjects at 30 fps, grey or colour, neutral to apex (Lucey et al. 2010).

Quirks: three archives whose folders have other names in some copies; 266 sequences without an emotion;
codes written as floating-point numbers.
"""

import re
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.frames import check_contiguous, numbered_frames
from microexpr.datasets.layout import Counts, Layout, collect_errors, first_folder, label_of

FRAME = re.compile(r"(?P<owner>S\d+_\d+)_(?P<number>\d+)\.(?:png|tiff?)", re.IGNORECASE)
ANNOTATED = re.compile(r"(S\d+)_(\d+)_(\d+)_emotion\.txt")
IMAGES = ("cohn-kanade-images", "extended-cohn-kanade-images/cohn-kanade-images", "extended-cohn-kanade-images")
EMOTIONS = ("Emotion", "Emotion_labels/Emotion", "Emotion_labels")
ACTION_UNITS = ("FACS", "FACS_labels/FACS", "FACS_labels")
EMOTION = {1: "anger", 2: "contempt", 3: "disgust", 4: "fear", 5: "happiness", 6: "sadness", 7: "surprise"}
INTENSITY = ("", *"ABCDE")  # 0: present, its intensity not coded


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    images, emotions = first_folder(root, *IMAGES), first_folder(root, *EMOTIONS)
    codes = first_folder(root, *ACTION_UNITS)
    clips: list[Clip] = []
    annotated = [file for file in sorted(emotions.glob("S*/*/*")) if file.name.endswith("_emotion.txt")]
    for file in annotated:
        with collect_errors(problems):
            clips.append(_clip(root, images, codes, origin, file))
    if not annotated:
        raise DataError(f"{emotions}: must hold files like S005/001/S005_001_00000011_emotion.txt, found none")
    keys = {file.parts[-3:-1] for file in annotated}
    without = sum(folder.parts[-2:] not in keys for folder in images.glob("S*/[0-9]*/"))
    notes = [f"{images}: sequences without an emotion file: {without}, passed over"] if without else []
    return sorted(clips, key=lambda clip: clip.id), notes


def _clip(root: Path, images: Path, codes: Path, origin: Origin, file: Path) -> Clip:
    match = ANNOTATED.fullmatch(file.name)
    if match is None or file.parts[-3:-1] != match.groups()[:2]:
        raise DataError(f"an emotion file must be named like S005/001/S005_001_00000011_emotion.txt, not {file}")
    subject, number, apex = match[1], match[2], int(match[3])
    folder = images / subject / number
    frames = check_contiguous(numbered_frames(folder, FRAME, f"{subject}_{number}"), folder)
    if apex != max(frames):
        raise DataError(f"the apex, frame {apex}, must be the last frame, not {max(frames)} its end ({file}, {folder})")
    emotion = _emotion(file)
    return Clip(
        dataset="ckplus", subject=subject, name=f"{subject}_{number}", origin=origin,
        folder=str(folder.relative_to(root)), first=min(frames), last=apex, frames=len(frames),
        onset=min(frames), apex=apex, offset=apex, fps=LAYOUT.fps, emotion=emotion, label=label_of(emotion),
        objective_class=None,
        action_units=_action_units(codes / subject / number / file.name.replace("_emotion", "_facs")),
    )  # fmt: skip


def _emotion(file: Path) -> str:
    codes = _integers(file, regular(file).read_text(encoding="utf-8-sig", errors="replace").split())
    if len(codes) != 1 or codes[0] not in EMOTION:
        raise DataError(f"an emotion must be one code of 1..7, not {' '.join(map(str, codes)) or 'nothing'} ({file})")
    return EMOTION[codes[0]]


def _action_units(file: Path) -> str:
    """Return the coded units as FACS coders write them, "4B+12". A line holds a unit and its intensity, 0..5."""
    if not regular(file).is_file():
        raise DataError(f"{file}: the action units are missing; the emotion file names them")
    units = []
    for line_number, line in enumerate(file.read_text(encoding="utf-8-sig", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{file}, line {line_number}"
        values = _integers(where, line.split())
        if len(values) != 2 or not 1 <= values[0] <= 99 or not 0 <= values[1] <= 5:
            raise DataError(f"a line must be an action unit of 1..99 and an intensity of 0..5, not {line!r} ({where})")
        units.append(f"{values[0]}{INTENSITY[values[1]]}")
    return "+".join(units)


def _integers(where: Path | str, words: list[str]) -> list[int]:
    """Return integers, which the files write as 3.0000000e+00."""
    for word in words:
        if not re.fullmatch(r"\d+(\.\d+)?(e[+-]?\d+)?", word) or not float(word).is_integer():
            raise DataError(f"a code must be a whole number like 3.0000000e+00, not {word!r} ({where})")
    return [int(float(word)) for word in words]


LAYOUT = Layout("ckplus", "CK+", "macro", 30, FRAME, Counts(327, 118, (175, 69, 83)), read)
