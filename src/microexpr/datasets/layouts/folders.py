"""Read clips annotated by their folders, or by files next to them: CK+, Oulu-CASIA, SMIC-HS."""

import re
from collections.abc import Iterator
from pathlib import Path

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.datasets.frames import check_contiguous, gaps, numbered_frames
from microexpr.datasets.layout import collect_errors, first_folder, list_content
from microexpr.datasets.layouts import Reader


class Folders(Reader):
    """Clips of the facts `folders`, `glob` and `clip`, which matches the folder's path from there on.

    Its groups `subject`, `name` and `emotion` are those of the clip, which is annotated from its first to its last
    frame."""

    def read(self) -> list[Clip]:
        self.pictures = first_folder(self.root, *self.facts.folders)
        clips: list[Clip] = []
        for folder, match in self.matching(self.pictures):
            with collect_errors(self.problems):
                clips.append(self.folder_clip(folder, match))
        if not clips and not self.problems:
            raise DataError(f"{self.pictures}: must hold {self.nothing}")
        return sorted(clips, key=lambda clip: clip.id)

    @property
    def nothing(self) -> str:
        return f"clips like {self.facts.example}, found none; found {list_content(self.pictures)}"

    def folder_clip(self, folder: Path, match: re.Match[str]) -> Clip:
        frames = self.frames(folder)
        key = match["subject"], match["name"]
        return self.clip(key, folder, frames, (min(frames), None, max(frames)), match["emotion"].lower(), {})

    def frames(self, folder: Path, owner: str | None = None) -> dict[int, Path]:
        assert self.facts.frame is not None
        return check_contiguous(numbered_frames(folder, self.facts.frame, owner), folder)


class OuluCasia(Folders):
    """Oulu-CASIA (Zhao et al. 2011): sequences that end at the apex."""

    @property
    def unknown(self) -> str:
        return f"is none of {', '.join(self.facts.emotions)}"

    @property
    def nothing(self) -> str:
        return f"sequences like {self.facts.example}, found none"

    def folder_clip(self, folder: Path, match: re.Match[str]) -> Clip:
        frames, emotion, subject = self.frames(folder), match["emotion"].lower(), match["subject"]
        events = min(frames), max(frames), max(frames)
        return self.clip((subject, f"{subject}_{emotion}"), folder, frames, events, emotion, {})


class Smic(Folders):
    """SMIC-HS (Li et al. 2013): subjects s1 or s01; subject and emotion in the folder and in the clip's name."""

    def read(self) -> list[Clip]:
        clips = super().read()
        with_clips = {Path(clip.folder).parts[-4] for clip in clips}
        for folder in sorted(self.pictures.glob("[!._]*/")):
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

    def frames(self, folder: Path, owner: str | None = None) -> dict[int, Path]:
        """Return the frames; of the camera's counter, one may never have been recorded, which is noted."""
        assert self.facts.frame is not None
        frames = numbered_frames(folder, self.facts.frame)
        if missing := gaps(frames):
            count = f"{len(missing)} of {max(frames) - min(frames) + 1} are"
            self.notes.append(f"{folder}: frame {missing[0]} is missing, {count}")
        return frames


class Ckplus(Folders):
    """CK+ (Lucey et al. 2010): a file with the emotion's code names the clip and its apex, another has its units."""

    ANNOTATED = re.compile(r"(S\d+)_(\d+)_(\d+)_emotion\.txt")
    INTENSITY = ("", *"ABCDE")  # 0: present, its intensity not coded
    EMOTIONS = ("Emotion", "Emotion_labels/Emotion", "Emotion_labels")
    UNITS = ("FACS", "FACS_labels/FACS", "FACS_labels")

    def read(self) -> list[Clip]:
        images, emotions = first_folder(self.root, *self.facts.folders), first_folder(self.root, *self.EMOTIONS)
        codes = first_folder(self.root, *self.UNITS)
        clips: list[Clip] = []
        annotated = [file for file in sorted(emotions.glob("S*/*/*")) if file.name.endswith("_emotion.txt")]
        for file in annotated:
            with collect_errors(self.problems):
                clips.append(self.annotated_clip(images, codes, file))
        if not annotated:
            raise DataError(f"{emotions}: must hold files like {self.facts.example}, found none")
        keys = {file.parts[-3:-1] for file in annotated}
        without = sum(folder.parts[-2:] not in keys for folder in images.glob("S*/[0-9]*/"))
        self.notes += [f"{images}: sequences without an emotion file: {without}, passed over"] * bool(without)
        return sorted(clips, key=lambda clip: clip.id)

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
