"""Read sessions, each a folder with a video and XML files: MMI."""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import NoReturn

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.layout import collect_errors, list_content
from microexpr.datasets.layouts import Reader
from microexpr.videos import container


class Mmi(Reader):
    """MMI (Pantic et al. 2005): frontal sessions with an emotion of `codes`."""

    ANNOTATION = re.compile(r"(S\d+)-\d+\.xml")
    FRONTAL, VIEWS = "0", ("0", "1", "2")  # frontal, profile, both in one picture

    def read(self) -> list[Clip]:
        root, rates = self.root, self.facts.rates
        sessions = sorted(folder for pages in ("Sessions", "*/Sessions") for folder in root.glob(f"{pages}/[0-9]*/"))
        if not sessions:
            raise DataError(f"{root}: must hold sessions like {self.facts.example}, found none")
        clips: list[Clip] = []
        self.passed_over: Counter[str] = Counter()
        for folder in sessions:
            with collect_errors(self.problems):
                if clip := self.session(folder):
                    clips.append(clip)
        self.notes += [
            f"{root}: sessions {why}: {count}, passed over" for why, count in sorted(self.passed_over.items())
        ]
        self.notes += [
            f"{root / clip.folder}: has {clip.fps} frames a second, where MMI has {' or '.join(map(str, rates))}"
            for clip in clips
            if clip.fps not in rates
        ]
        return sorted(clips, key=lambda clip: clip.id)

    def session(self, folder: Path) -> Clip | None:
        """Return the clip of a session; None, and count the reason, unless it is a frontal video with an emotion."""
        if self.view(folder / "session.xml") != self.FRONTAL:
            self.passed_over["that do not show the face from the front"] += 1
            return None
        annotations = [file for file in sorted(folder.iterdir()) if self.ANNOTATION.fullmatch(file.name)]
        if len(annotations) > 1:
            raise DataError(f"{folder}: must hold one annotation like S002-106.xml, not {len(annotations)}")
        emotion = self.emotion(annotations[0]) if annotations else None
        if emotion is None:
            self.passed_over["without an emotion of 1..6"] += 1
            return None
        file = _video(annotations[0])
        frames, rate = container.measure(file)
        units = _action_units(file.with_name(f"{file.stem}-oao_aucs.xml"))
        key, others = (file.stem.split("-")[0], file.stem), {"fps": rate, "action_units": units}
        return self.clip(key, file, range(frames), (None, None, None), emotion, others)

    def view(self, file: Path) -> str:
        views = sorted({track.get("view", "") for track in _parse(file).iter("track")})
        if len(views) != 1 or views[0] not in self.VIEWS:
            raise DataError(f"the view must be one of 0, 1 and 2, not {' and '.join(views) or 'missing'} ({file})")
        return views[0]

    def emotion(self, file: Path) -> str | None:
        values = [tag.get("Value", "") for tag in _parse(file).iter("Metatag") if tag.get("Name") == "Emotion"]
        if len(values) > 1:
            raise DataError(f"a session must have one emotion, not {' and '.join(values)} ({file})")
        return self.facts.codes.get(values[0]) if values else None


def _video(annotation: Path) -> Path:
    """Return the file of the same name with .avi, in any case. Raises DataError if it is missing."""
    video_path = annotation.with_suffix(".avi")
    matches = [path for path in annotation.parent.iterdir() if path.name.lower() == video_path.name.lower()]
    if not matches:
        raise DataError(f"{video_path}: the video is missing; found {list_content(annotation.parent)}")
    return matches[0]


def _action_units(file: Path) -> str:
    """Return the coded units, "1+2+5"; "" if the session has no such file, as most."""
    if not file.exists():
        return ""
    numbers = [unit.get("Number", "") for unit in _parse(file).iter("ActionUnit")]
    if invalid := [number for number in numbers if not re.fullmatch("[0-9]{1,2}", number)]:
        raise DataError(f"an action unit must have a number of 1..99, not {invalid[0]!r} ({file})")
    return "+".join(numbers)


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses a document type: its entities could name other files or grow without end."""

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
