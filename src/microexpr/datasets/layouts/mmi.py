"""MMI: 205 frontal sequences with an emotion, colour video of 24 or 25 fps, neutral to neutral (Pantic et al. 2005).

Quirks it handles: pages of the search lie side by side, each with its `Sessions`; sessions in profile or without an
emotion; XML beside each video. No event is annotated: onset, apex and offset are spotted.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NoReturn

from microexpr.core.clip import Clip, Origin
from microexpr.core.errors import DataError
from microexpr.datasets import video
from microexpr.datasets.layout import Counts, Layout, gathered, holds, label_of

ANNOTATION = re.compile(r"(S\d+)-\d+\.xml")
EMOTION = {"1": "anger", "2": "disgust", "3": "fear", "4": "happiness", "5": "sadness", "6": "surprise"}
RATES = (24, 25)  # frames a second
FRONTAL, VIEWS = "0", ("0", "1", "2")  # frontal, profile, both in one picture


def read(root: Path, origin: Origin, problems: list[str] | None = None) -> tuple[list[Clip], list[str]]:
    sessions = sorted(folder for pages in ("Sessions", "*/Sessions") for folder in root.glob(f"{pages}/[0-9]*/"))
    if not sessions:
        raise DataError(f"{root}: must hold sessions like Sessions/1795 or page-1/Sessions/1795, found none")
    clips: list[Clip] = []
    passed: Counter[str] = Counter()
    for folder in sessions:
        with gathered(problems):
            clip = _clip(root, folder, origin, passed)
            if clip is None:
                continue
            if any(clip.id == other.id for other in clips):
                raise DataError(f"clip {clip.id} must lie in one session, not in a second one ({folder})")
            clips.append(clip)
    notes = [f"{root}: sessions {why}: {number}, passed over" for why, number in sorted(passed.items())]
    notes += [
        f"{root / clip.folder}: has {clip.fps} frames a second, where MMI has {' or '.join(map(str, RATES))}"
        for clip in clips
        if clip.fps not in RATES
    ]
    return sorted(clips, key=lambda clip: clip.id), notes


def _clip(root: Path, folder: Path, origin: Origin, passed: Counter[str]) -> Clip | None:
    """None, and the reason counted, for a session that is not a frontal video with an emotion."""
    if _view(folder / "session.xml") != FRONTAL:
        passed["that do not show the face from the front"] += 1
        return None
    annotations = [file for file in sorted(folder.iterdir()) if ANNOTATION.fullmatch(file.name)]
    if len(annotations) > 1:
        raise DataError(f"{folder}: must hold one annotation like S002-106.xml, not {len(annotations)}")
    emotion = _emotion(annotations[0]) if annotations else None
    if emotion is None:
        passed["without an emotion of 1..6"] += 1
        return None
    file = _video(annotations[0])
    frames, rate = video.measure(file)
    return Clip(
        dataset="mmi", subject=file.stem.split("-")[0], name=file.stem, origin=origin,
        folder=str(file.relative_to(root)), first=0, last=frames - 1, frames=frames,
        onset=None, apex=None, offset=None, fps=rate, emotion=emotion, label=label_of(emotion),
        objective_class=None, action_units=_action_units(file.with_name(f"{file.stem}-oao_aucs.xml")),
    )  # fmt: skip


def _video(annotation: Path) -> Path:
    """The file of the same name with .avi, in whatever case."""
    named = annotation.with_suffix(".avi")
    found = [path for path in annotation.parent.iterdir() if path.name.lower() == named.name.lower()]
    if not found:
        raise DataError(f"{named}: the video is missing; found {holds(annotation.parent)}")
    return found[0]


def _view(file: Path) -> str:
    views = sorted({track.get("view", "") for track in _parsed(file).iter("track")})
    if len(views) != 1 or views[0] not in VIEWS:
        raise DataError(f"the view must be one of 0, 1 and 2, not {' and '.join(views) or 'missing'} ({file})")
    return views[0]


def _emotion(file: Path) -> str | None:
    values = [tag.get("Value", "") for tag in _parsed(file).iter("Metatag") if tag.get("Name") == "Emotion"]
    if len(values) > 1:
        raise DataError(f"a session must have one emotion, not {' and '.join(values)} ({file})")
    return EMOTION.get(values[0]) if values else None


def _action_units(file: Path) -> str:
    """The coded units, "1+2+5"; "" where the session has no such file, since most have none."""
    if not file.exists():
        return ""
    numbers = [unit.get("Number", "") for unit in _parsed(file).iter("ActionUnit")]
    if strange := [number for number in numbers if not re.fullmatch("[0-9]{1,2}", number)]:
        raise DataError(f"an action unit must have a number of 1..99, not {strange[0]!r} ({file})")
    return "+".join(numbers)


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses a document type: its entities could name other files, or grow without end."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise DataError(f"an annotation must be plain XML, not one with a document type {name!r}")


def _parsed(file: Path) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        return ElementTree.parse(file, parser).getroot()
    except FileNotFoundError:
        raise DataError(f"{file}: the annotation is missing") from None
    except ElementTree.ParseError as error:
        raise DataError(f"{file}: is not readable XML ({error})") from error
    except DataError as error:
        raise DataError(f"{error} ({file})") from None


LAYOUT = Layout("mmi", "MMI", "macro", 25, None, Counts(205), read)
