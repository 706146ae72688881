"""AffectNet, annotated by hand: single pictures from the web with one of eight emotions (Mollahosseini et al. 2019).

Quirks: the lists lie at the root or in a folder of their own; some rows have no emotion. Subjects are not known: a
clip's `subject` is the directory of its picture, not a person. Action units and events are not annotated.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.layout import Layout, collect_errors, first_folder, label_of, plain_name
from microexpr.datasets.listing import listing

LISTS = ("training.csv", "validation.csv")
LISTS_FOLDER = "Manually_Annotated_file_lists"
PICTURES = "Manually_Annotated_Images"
PATH, EXPRESSION = "subDirectory_filePath", "expression"
EMOTIONS = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
PASSED_OVER = ("no emotion", "an uncertain emotion", "no face")  # codes 8, 9, 10


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    pictures = first_folder(root, PICTURES)
    clips: dict[str, Clip] = {}
    passed_over: Counter[str] = Counter()
    for where, path, expression in _rows(root):
        with collect_errors(problems):
            code = _code(expression, where)
            if code >= len(EMOTIONS):
                passed_over[PASSED_OVER[code - len(EMOTIONS)]] += 1
                continue
            clip = _clip(root, pictures, origin, path, EMOTIONS[code], where)
            if clip.id in clips:
                raise DataError(f"clip {clip.id} must have one row, not a second one ({where})")
            clips[clip.id] = clip
    notes = [f"{root}: rows with {reason}: {count}, passed over" for reason, count in sorted(passed_over.items())]
    return [clips[name] for name in sorted(clips)], notes


def _rows(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield file and row for messages, path of the picture, code of the expression."""
    folder = root if (root / LISTS[0]).is_file() else root / LISTS_FOLDER
    for name in LISTS:
        if not (folder / name).is_file():
            raise DataError(f"{root}: must hold {name} or {LISTS_FOLDER}/{name}, found neither")
        for number, row in listing(folder / name, (PATH, EXPRESSION)):
            yield f"{name}, row {number}", row[PATH], row[EXPRESSION]


def _code(expression: str, where: str) -> int:
    codes = [str(code) for code in range(len(EMOTIONS) + len(PASSED_OVER))]
    if expression.strip() not in codes:
        raise DataError(f"{EXPRESSION} must be a code of 0..{codes[-1]}, not {expression!r} ({where})")
    return int(expression)


def _clip(root: Path, pictures: Path, origin: Origin, path: str, emotion: str, where: str) -> Clip:
    parts = [plain_name(part, where) for part in path.split("/")]
    if len(parts) != 2 or not re.fullmatch(r"[\w-]+", parts[0]):
        raise DataError(f"{PATH} must be a directory and a file like 689/ab12.jpg, not {path!r} ({where})")
    file = pictures / parts[0] / parts[1]
    if not regular(file).is_file():
        raise DataError(f"{file}: the picture is missing ({where})")
    return Clip(
        dataset="affectnet", subject=parts[0], name=file.stem, origin=origin, folder=str(file.relative_to(root)),
        first=0, last=0, frames=1, onset=0, apex=0, offset=0, fps=LAYOUT.fps, emotion=emotion, label=label_of(emotion),
        objective_class=None, action_units="",
    )  # fmt: skip


LAYOUT = Layout("affectnet", "AffectNet", "picture", 0, None, None, read)
