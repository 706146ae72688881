"""MMI: 205 frontal sequences with an emotion, colour video of 24 or 25 fps, neutral to neutral (Pantic et al. 2005).

Quirks: pages of the search lie side by side, each with its `Sessions`; some sessions are in profile or have no emotion;
XML files lie next to each video. No event is annotated: onset, apex and offset are spotted.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NoReturn

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.layout import Counts, Layout, collect_errors, label_of, list_content
from microexpr.videos import container

ANNOTATION = re.compile(r"(S\d+)-\d+\.xml")
EMOTION = {"1": "anger", "2": "disgust", "3": "fear", "4": "happiness", "5": "sadness", "6": "surprise"}
RATES = (24, 25)  # frames a second
FRONTAL, VIEWS = "0", ("0", "1", "2")  # frontal, profile, both in one picture


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    """Return all clips, sorted by id, and notes, as `Layout` describes."""
    sessions = sorted(folder for pages in ("Sessions", "*/Sessions") for folder in root.glob(f"{pages}/[0-9]*/"))
    if not sessions:
        raise DataError(f"{root}: must hold sessions like Sessions/1795 or page-1/Sessions/1795, found none")
    clips: list[Clip] = []
    passed_over: Counter[str] = Counter()
    for folder in sessions:
        with collect_errors(problems):
            if clip := _clip(root, folder, origin, passed_over):
                clips.append(clip)
    notes = [f"{root}: sessions {reason}: {count}, passed over" for reason, count in sorted(passed_over.items())]
    notes += [
        f"{root / clip.folder}: has {clip.fps} frames a second, where MMI has {' or '.join(map(str, RATES))}"
        for clip in clips
        if clip.fps not in RATES
    ]
    return sorted(clips, key=lambda clip: clip.id), notes


def _clip(root: Path, folder: Path, origin: Origin, passed_over: Counter[str]) -> Clip | None:
    """Return the clip of a session; None, and count the reason, unless it is a frontal video with an emotion."""
    if _view(folder / "session.xml") != FRONTAL:
        passed_over["that do not show the face from the front"] += 1
        return None
    annotations = [file for file in sorted(folder.iterdir()) if ANNOTATION.fullmatch(file.name)]
    if len(annotations) > 1:
        raise DataError(f"{folder}: must hold one annotation like S002-106.xml, not {len(annotations)}")
    emotion = _emotion(annotations[0]) if annotations else None
    if emotion is None:
        passed_over["without an emotion of 1..6"] += 1
        return None
    file = _video(annotations[0])
    frames, rate = container.measure(file)
    return Clip(
        dataset="mmi", subject=file.stem.split("-")[0], name=file.stem, origin=origin,
        folder=str(file.relative_to(root)), first=0, last=frames - 1, frames=frames,
        onset=None, apex=None, offset=None, fps=rate, emotion=emotion, label=label_of(emotion),
        objective_class=None, action_units=_action_units(file.with_name(f"{file.stem}-oao_aucs.xml")),
    )  # fmt: skip


def _video(annotation: Path) -> Path:
    """Return the file of the same name with .avi, in any case. Raises DataError if it is missing."""
    video_path = annotation.with_suffix(".avi")
    matches = [path for path in annotation.parent.iterdir() if path.name.lower() == video_path.name.lower()]
    if not matches:
        raise DataError(f"{video_path}: the video is missing; found {list_content(annotation.parent)}")
    return matches[0]


def _view(file: Path) -> str:
    views = sorted({track.get("view", "") for track in _parse(file).iter("track")})
    if len(views) != 1 or views[0] not in VIEWS:
        raise DataError(f"the view must be one of 0, 1 and 2, not {' and '.join(views) or 'missing'} ({file})")
    return views[0]


def _emotion(file: Path) -> str | None:
    values = [tag.get("Value", "") for tag in _parse(file).iter("Metatag") if tag.get("Name") == "Emotion"]
    if len(values) > 1:
        raise DataError(f"a session must have one emotion, not {' and '.join(values)} ({file})")
    return EMOTION.get(values[0]) if values else None


def _action_units(file: Path) -> str:
    """Return the coded units, "1+2+5"; "" if the session has no such file, as most."""
    if not file.exists():
        return ""
    numbers = [unit.get("Number", "") for unit in _parse(file).iter("ActionUnit")]
    if invalid := [number for number in numbers if not re.fullmatch("[0-9]{1,2}", number)]:
        raise DataError(f"an action unit must have a number of 1..99, not {invalid[0]!r} ({file})")
    return "+".join(numbers)


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses a document type, whose entities could name other files or grow without end."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise DataError(f"an annotation must be plain XML, not one with a document type {name!r}")


def _parse(file: Path) -> ElementTree.Element:
    """Return the root of an XML file. Raises DataError if it cannot be parsed or has a document type."""
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        return ElementTree.parse(regular(file), parser).getroot()
    except FileNotFoundError:
        raise DataError(f"{file}: the annotation is missing") from None
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # also of an encoding that is none
        raise DataError(f"{file}: is not readable XML ({error})") from error
    except DataError as error:
        raise DataError(f"{error} ({file})") from None


LAYOUT = Layout("mmi", "MMI", "macro", 25, None, Counts(205), read)
