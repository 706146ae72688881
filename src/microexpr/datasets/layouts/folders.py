"""Read clips annotated by folders, by files next to them or by lists: CK+, Oulu-CASIA, SMIC-HS, MMI, AffectNet."""

import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, collect_errors
from microexpr.core.files import regular, visible
from microexpr.datasets.layout import CLOSED, MEGC2019, first_folder, list_content, plain_name, shorten
from microexpr.datasets.layouts import Reader
from microexpr.datasets.workbook import listing
from microexpr.videos import container


class Folders(Reader):
    """Clips of the facts `folders`, `glob` and `clip`, which matches the folder's path from there on. Its groups
    `subject`, `name` and `emotion` are those of the clip, which is annotated from its first to its last frame."""

    NOTHING = "clips like {example}, found none; found {content}"

    def read(self) -> list[Clip]:
        self.pictures = first_folder(self.root, *self.facts.folders)
        clips: list[Clip] = []
        for folder, match in self.matching(self.pictures):
            with collect_errors(self.problems):
                clips.append(self.folder_clip(folder, match))
        if not clips and not self.problems:
            nothing = self.NOTHING.format(example=self.facts.example, content=list_content(self.pictures))
            raise DataError(f"{self.pictures}: must hold {nothing}")
        # emotions that neither the facts of the data set nor MEGC2019 has
        expected = {word.lower() for word in self.facts.emotions} | MEGC2019.keys()
        clip_of_word = {clip.emotion: clip for clip in reversed(clips) if clip.emotion not in expected}
        for word, clip in sorted(clip_of_word.items()):
            text = f"{word!r} is no emotion that is known: clips of it have no class, {clip.folder} for one"
            self.notes.append(f"{self.pictures}: {text}")
        return clips

    def folder_clip(self, folder: Path, match: re.Match[str]) -> Clip:
        frames = self.frames(folder)
        key = match["subject"], match["name"]
        return self.clip(key, folder, frames, (min(frames), None, max(frames)), match["emotion"].lower(), {})


class OuluCasia(Folders):
    """Oulu-CASIA (Zhao et al. 2011): sequences that end at the apex."""

    UNKNOWN, NOTHING = "is none of {emotions}", "sequences like {example}, found none"

    def folder_clip(self, folder: Path, match: re.Match[str]) -> Clip:
        frames, emotion, subject = self.frames(folder), match["emotion"].lower(), match["subject"]
        events = min(frames), max(frames), max(frames)
        return self.clip((subject, f"{subject}_{emotion}"), folder, frames, events, emotion, {})


class Smic(Folders):
    """SMIC-HS (Li et al. 2013): subjects s1 or s01; subject and emotion in the folder and in the clip's name."""

    GAP = CLOSED  # the camera may never have recorded a frame that it counted

    def read(self) -> list[Clip]:
        clips = super().read()
        with_clips = {Path(clip.folder).parts[-4] for clip in clips}
        for folder in visible(self.pictures, "[!_]*/"):
            if folder.name not in with_clips:
                self.notes.append(f"{folder}: holds no clips like micro/negative/s1_ne_01; passed over")
        return clips

    def folder_clip(self, folder: Path, match: re.Match[str]) -> Clip:
        subject, token = f"s{int(match['subject']):02d}", match["token"].lower()
        emotion = self.facts.codes[token]
        if folder.parts[-4].lower() not in (subject, f"s{int(match['subject'])}"):
            raise DataError(f"{folder}: lies in the folder of {folder.parts[-4]}, but its name says {subject}")
        if folder.parent.name.lower() != emotion:
            raise DataError(f"{folder}: lies under {folder.parent.name!r}, but its name says {emotion!r}")
        frames = self.frames(folder)
        key = subject, f"{subject}_{token}_{match['number']}"
        return self.clip(key, folder, frames, (min(frames), None, max(frames)), emotion, {})


class Ckplus(Folders):
    """CK+ (Lucey et al. 2010): a file with the emotion's code names the clip and its apex, another has its units."""

    ANNOTATED = re.compile(r"(S\d+)_(\d+)_(\d+)_emotion\.txt")
    INTENSITY = ("", *"ABCDE")  # 0: present, its intensity not coded
    EMOTIONS = ("Emotion", "Emotion_labels/Emotion", "Emotion_labels")
    UNITS = ("FACS", "FACS_labels/FACS", "FACS_labels")

    def read(self) -> list[Clip]:
        images, emotions = first_folder(self.root, *self.facts.folders), first_folder(self.root, *self.EMOTIONS)
        codes, files = first_folder(self.root, *self.UNITS), visible(emotions, "S*/*/*")
        clips: list[Clip] = []
        annotated = [file for file in files if file.name.endswith("_emotion.txt")]
        for file in annotated:
            with collect_errors(self.problems):
                clips.append(self.annotated_clip(images, codes, file))
        if not annotated:
            raise DataError(f"{emotions}: must hold files like {self.facts.example}, found none")
        keys = {file.parts[-3:-1] for file in annotated}
        folders = {"/".join(folder.parts[-2:]): folder for folder in visible(images, "*/*/")}
        without = [name for name, folder in folders.items() if folder.parts[-2:] not in keys]
        for folder, names, fault in (
            (images, without, "sequences without an emotion file"),
            (emotions, [file.name for file in files if file not in annotated], "files not named like emotions"),
        ):
            self.notes += [f"{folder}: {fault}: {len(names)}, passed over: {shorten(names)}"] * bool(names)
        return clips

    def annotated_clip(self, images: Path, codes: Path, file: Path) -> Clip:
        match = self.ANNOTATED.fullmatch(file.name)
        if match is None or file.parts[-3:-1] != match.groups()[:2]:
            raise DataError(f"an emotion file must be named like {self.facts.example}, not {file}")
        subject, number, apex = match[1], match[2], int(match[3])
        folder, name = images / subject / number, f"{subject}_{number}"
        frames = self.frames(folder, name)
        if apex != (last := max(frames)):
            raise DataError(f"the apex, frame {apex}, must be the last frame, not {last} its end ({file}, {folder})")
        emotion = self.emotion(file)
        units = self.units(codes / subject / number / file.name.replace("_emotion", "_facs"))
        return self.clip((subject, name), folder, frames, (min(frames), apex, apex), emotion, {"action_units": units})

    def emotion(self, file: Path) -> str:
        codes = list(_integers(file, regular(file).read_text(encoding="utf-8-sig", errors="replace").split()))
        if len(codes) != 1 or str(codes[0]) not in self.facts.codes:
            actual = " ".join(map(str, codes)) or "nothing"
            raise DataError(f"an emotion must be one code of 1..7, not {actual} ({file})")
        return self.facts.codes[str(codes[0])]

    def units(self, file: Path) -> str:
        """Return the coded units as FACS coders write them, "4B+12". A line holds a unit and its intensity, 0..5."""
        if not regular(file).is_file():
            raise DataError(f"{file}: the action units are missing; the emotion file names them")
        units = []
        for line_number, line in enumerate(file.read_text(encoding="utf-8-sig", errors="replace").splitlines(), 1):
            if not line.strip():
                continue
            where = f"{file}, line {line_number}"
            values = list(_integers(where, line.split()))
            if len(values) != 2 or not 1 <= values[0] <= 99 or not 0 <= values[1] <= 5:
                expected = "an action unit of 1..99 and an intensity of 0..5"
                raise DataError(f"a line must be {expected}, not {line!r} ({where})")
            units.append(f"{values[0]}{self.INTENSITY[values[1]]}")
        return "+".join(units)


def _integers(where: Path | str, words: list[str]) -> Iterator[int]:
    """Yield integers, which the files of CK+ write as 3.0000000e+00."""
    for word in words:
        if not re.fullmatch(r"\d+(\.\d+)?(e[+-]?\d+)?", word) or not float(word).is_integer():
            raise DataError(f"a code must be a whole number like 3.0000000e+00, not {word!r} ({where})")
        yield int(float(word))


class Mmi(Reader):
    """MMI (Pantic et al. 2005): frontal sessions with an emotion of `codes`."""

    ANNOTATION = re.compile(r"(S\d+)-\d+\.xml")
    FRONTAL, VIEWS = "0", ("0", "1", "2")  # frontal, profile, both in one picture

    def read(self) -> list[Clip]:
        root, rates = self.root, self.facts.rates
        folders = sorted(folder for pages in ("Sessions", "*/Sessions") for folder in visible(root, f"{pages}/*/"))
        sessions = [folder for folder in folders if folder.name[:1].isdigit()]
        self.notes += [f"{path}: has no session's number; passed over" for path in folders if path not in sessions]
        if not sessions:
            raise DataError(f"{root}: must hold sessions like {self.facts.example}, found none")
        clips: list[Clip] = []
        self.passed_over: defaultdict[str, list[str]] = defaultdict(list)
        for folder in sessions:
            with collect_errors(self.problems):
                if clip := self.session(folder):
                    clips.append(clip)
        for why, names in sorted(self.passed_over.items()):
            self.notes.append(f"{root}: sessions {why}: {len(names)}, passed over: {shorten(names)}")
        for clip in (clip for clip in clips if clip.fps not in rates):
            expected = f"where MMI has {' or '.join(map(str, rates))}"
            self.notes.append(f"{root / clip.folder}: has {clip.fps} frames a second, {expected}")
        return clips

    def session(self, folder: Path) -> Clip | None:
        """Return the clip of a session; None, and count the reason, unless it is a frontal video with an emotion."""
        page = folder / "session.xml"
        views = sorted({track.get("view", "") for track in _parse(page).iter("track")})
        if len(views) != 1 or views[0] not in self.VIEWS:
            raise DataError(f"the view must be one of 0, 1 and 2, not {' and '.join(views) or 'missing'} ({page})")
        if views[0] != self.FRONTAL:
            self.passed_over["that do not show the face from the front"].append(folder.name)
            return None
        annotations = [file for file in visible(folder) if self.ANNOTATION.fullmatch(file.name)]
        if len(annotations) > 1:
            raise DataError(f"{folder}: must hold one annotation like S002-106.xml, not {len(annotations)}")
        tags = [tag for path in annotations for tag in _parse(path).iter("Metatag") if tag.get("Name") == "Emotion"]
        if len(tags) > 1:
            values = " and ".join(tag.get("Value", "") for tag in tags)
            raise DataError(f"a session must have one emotion, not {values} ({annotations[0]})")
        emotion = self.facts.codes.get(tags[0].get("Value", "")) if tags else None
        if emotion is None:
            self.passed_over["without an emotion of 1..6"].append(folder.name)
            return None
        video = annotations[0].with_suffix(".avi")
        files = [path for path in visible(folder) if path.name.lower() == video.name.lower()]
        if not files:
            raise DataError(f"{video}: the video is missing; found {list_content(folder)}")
        file = files[0]
        frames, rate = container.measure(file)
        codes = file.with_name(f"{file.stem}-oao_aucs.xml")  # most sessions have no such file
        units = [unit.get("Number", "") for unit in _parse(codes).iter("ActionUnit")] if codes.exists() else []
        if invalid := [number for number in units if not re.fullmatch("[0-9]{1,2}", number)]:
            raise DataError(f"an action unit must have a number of 1..99, not {invalid[0]!r} ({codes})")
        key, others = (file.stem.split("-")[0], file.stem), {"fps": rate, "action_units": "+".join(units)}
        return self.clip(key, file, range(frames), (None, None, None), emotion, others)


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


class Affectnet(Reader):
    """AffectNet (Mollahosseini et al. 2019): an emotion is its position among `emotions`."""

    LISTS = ("training.csv", "validation.csv")
    LISTS_FOLDER = "Manually_Annotated_file_lists"
    PASSED_OVER = ("no emotion", "an uncertain emotion", "no face")  # codes 8, 9, 10

    def read(self) -> list[Clip]:
        pictures = first_folder(self.root, *self.facts.folders)
        clips: dict[str, Clip] = {}
        passed_over: defaultdict[str, list[str]] = defaultdict(list)
        emotions = self.facts.emotions
        codes = [str(code) for code in range(len(emotions) + len(self.PASSED_OVER))]
        for where, path, expression in self.entries():
            with collect_errors(self.problems):
                if expression.strip() not in codes:
                    column = self.facts.columns["emotion"]
                    raise DataError(f"{column} must be a code of 0..{codes[-1]}, not {expression!r} ({where})")
                if (code := int(expression)) >= len(emotions):
                    passed_over[self.PASSED_OVER[code - len(emotions)]].append(where)
                    continue
                clip = self.row_clip(pictures, path, emotions[code], where)
                if clip.id in clips:
                    raise DataError(f"clip {clip.id} must have one row, not a second one ({where})")
                clips[clip.id] = clip
        for why, rows in sorted(passed_over.items()):
            self.notes.append(f"{self.root}: rows with {why}: {len(rows)}, passed over, {rows[0]} for one")
        return list(clips.values())

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Yield file and row for messages, path of the picture, code of the expression."""
        root, columns = self.root, self.facts.columns
        folder = root if (root / self.LISTS[0]).is_file() else root / self.LISTS_FOLDER
        for name in self.LISTS:
            if not (folder / name).is_file():
                raise DataError(f"{root}: must hold {name} or {self.LISTS_FOLDER}/{name}, found neither")
            for number, row in listing(folder / name, columns.values()):
                yield f"{name}, row {number}", row[columns["picture"]], row[columns["emotion"]]

    def row_clip(self, pictures: Path, path: str, emotion: str, where: str) -> Clip:
        parts = [plain_name(part, where) for part in path.split("/")]
        if len(parts) != 2 or not re.fullmatch(r"[\w-]+", parts[0]):
            column = self.facts.columns["picture"]
            raise DataError(f"{column} must be a directory and a file like 689/ab12.jpg, not {path!r} ({where})")
        file = pictures / parts[0] / parts[1]
        if not regular(file).is_file():
            raise DataError(f"{file}: the picture is missing ({where})")
        return self.clip((parts[0], file.stem), file, (0,), (0, 0, 0), emotion, {})
