"""Read long videos and the expressions that a workbook names in them: CAS(ME)^2, CAS(ME)^3, SAMM, SMIC."""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from microexpr.core.clip import Clip, Expression, Kind, LongVideo, long_video
from microexpr.core.errors import DataError
from microexpr.datasets import workbook
from microexpr.datasets.layout import collect_errors, first_folder
from microexpr.datasets.layouts import Reader, plus_for_commas
from microexpr.datasets.layouts.workbooks import casme3_subject
from microexpr.datasets.workbook import Row

Events = tuple[int, int | None, int]  # onset, apex, offset
SHOWN = 3  # rows in a note
STANDS_FOR = "the frame before stands for each"  # of missing frames


class Videos(Reader):
    """Videos of the facts `folders`, `glob`, `clip` and `example`, expressions of `file`, `columns` and `types`. A
    video is found by its `key`, and a row names it by `row_key`."""

    example = ""  # path of a video's folder, for messages on a row
    form = "{}"  # of a subject, of what `clip` calls so

    def read(self) -> list[LongVideo]:
        clips: list[Clip] = []
        for folder, match in self.matching(first_folder(self.root, *self.facts.folders)):
            with collect_errors(self.problems):
                clips.append(self.video(folder, match))
        by_key = {self.key(clip): clip for clip in clips}
        expressions: dict[str, list[Expression]] = {}
        for row in self.rows():
            with collect_errors(self.problems):
                if (key := self.row_key(row)) not in by_key:
                    name = key if isinstance(key, str) else "/".join(key)
                    expected = f"a folder of frames like {self.example} for {name}"
                    raise DataError(f"there must be {expected}, found none ({row.where})")
                clip = by_key[key]
                self.add(of_clip := expressions.setdefault(clip.id, []), row, clip)
                if of_clip[-1] in of_clip[:-1]:
                    e = of_clip.pop()
                    self.notes.append(f"{e.kind} {e.onset}..{e.offset} is there twice, and counts once ({row.where})")
        self.note_the_rest()
        return [long_video(clip, expressions.get(clip.id, ())) for clip in clips]

    def video(self, folder: Path, match: re.Match[str], name: str = "") -> Clip:
        """Return the video of a folder of frames, called like the folder, or by `name`; it has no events."""
        key = self.form.format(match["subject"]), name or folder.name
        return self.clip(key, folder, self.frames(folder), (None, None, None), "", {})

    def key(self, clip: Clip) -> Any:
        return clip.name

    def row_key(self, row: Row) -> Any:
        raise NotImplementedError

    def add(self, expressions: list[Expression], row: Row, clip: Clip) -> None:
        """Add the expressions of a row to those of its video."""
        raise NotImplementedError

    def check_subject(self, row: Row, clip: Clip) -> None:
        """Raise DataError for a row whose subject has another number than that of its video."""
        numbers = re.findall(r"\d+(?:\.0+)?", text := row.text(self.facts.columns["subject"]))
        if numbers and [*map(float, numbers)] != [float(clip.subject.lstrip("s"))]:
            raise DataError(f"Subject must be {clip.subject}, as of {clip.name}, not {text!r} ({row.where})")

    def kind(self, row: Row) -> Kind:
        return self.facts.types[row.choice_of(self.facts.columns["type"], self.facts.types)]

    def expression(self, row: Row, clip: Clip, kind: Kind, events: Events, emotion: str) -> Expression:
        """Return an expression of a video, with its events within the frames and in order. An onset before the first
        frame and an offset after the last are cut there, and an apex that is not between them is not known; each adds a
        note. Raises DataError for an offset that does not lie after the onset."""
        units = plus_for_commas(row.text(self.facts.columns["units"])) if "units" in self.facts.columns else ""
        onset, apex, offset = events
        first, last, where = max(onset, clip.first), min(offset, clip.last), f"{clip.folder} ({row.where})"
        if (first, last) != (onset, offset):
            self.notes.append(f"{onset}..{offset} is cut to the frames {first}..{last} of {where}")
        if first >= last:
            raise DataError(
                f"onset must lie before offset, both in the frames {clip.first}..{clip.last} of {clip.folder}, not "
                f"{onset} and {offset} ({row.where})"
            )
        if apex is not None and not first <= apex <= last:
            self.notes.append(f"apex {apex} does not lie in {first}..{last}: it is not known ({row.where})")
            apex = None
        return Expression(kind, first, apex, last, emotion, self.facts.label(emotion), units)

    def note_the_rest(self) -> None:
        """Note what no row has used."""


class VideosWithEmotions(Videos):
    """Videos whose micro-expressions have their emotions in another workbook, by a key."""

    def read_emotions(self, pattern: str, name: str, columns: tuple[str, ...], key: Callable[[Row], Any]) -> None:
        """Read the emotions, in the last of the columns, by key; none, and a note, if the workbook is not there."""
        self.emotions: dict[Any, tuple[str, Row]] = {}
        self.named: set[Any] = set()
        self.nameless: list[str] = []
        self.emotion_file = workbook.find_optional(self.root, pattern)
        if self.emotion_file is None:
            self.notes.append(f"{self.root}: has no {name}: emotions are not known")
            return
        for row in workbook.rows(self.emotion_file, columns, self.notes):
            with collect_errors(self.problems):
                emotion, (before, other) = row.text(columns[-1]).lower(), self.emotions.get(key(row), ("", None))
                if other and emotion != before:
                    rows = f"{before!r} in row {other.number}, {emotion!r} in row {row.number}"
                    raise DataError(f"{self.emotion_file}: {_text(key(row))} must have one emotion, not {rows}")
                self.emotions[key(row)] = emotion, row

    def emotion(self, row: Row, kind: Kind, key: Any) -> str:
        """Return the emotion of an expression; "" of a macro-expression, and of others that have no row."""
        if kind != "micro" or self.emotion_file is None:
            return ""
        self.named.add(key)
        emotion = self.emotions[key][0] if key in self.emotions else ""
        self.nameless += [f"{_text(key)} ({row.where})"] * (not emotion)
        return emotion

    def note_the_rest(self) -> None:
        """Note micro-expressions without an emotion, and emotions of none."""
        rest = {key: row for key, (_, row) in self.emotions.items() if key not in self.named}
        unused = [f"{_text(key)} in row {row.number}" for key, row in rest.items()]
        if self.nameless:
            text = f"has no emotion for {len(self.nameless)} micro-expressions: {_first(self.nameless)}"
            self.notes.append(f"{self.emotion_file}: {text}")
        if unused:
            text = f"has {len(unused)} emotions of no micro-expression: {_first(unused)}; passed over"
            self.notes.append(f"{self.emotion_file}: {text}")


def _text(key: Any) -> str:
    return key if isinstance(key, str) else " ".join(map(str, key))


def _first(texts: list[str]) -> str:
    return ", ".join(texts[:SHOWN]) + f" and {len(texts) - SHOWN} more" * (len(texts) > SHOWN)


class SammLong(VideosWithEmotions):
    """SAMM Long Videos (Yap et al. 2020): an expression is named by its video and a number."""

    example = "SAMM_longvideos/006_1"

    def rows(self) -> Iterator[Row]:
        file, columns = "SAMM_Micro_FACS_Codes_v2.xlsx", ("Subject", "Filename", "Estimated Emotion")
        self.read_emotions("*Micro_FACS_Codes*.xlsx", file, columns, lambda row: row.text("Filename"))
        return super().rows()

    def row_key(self, row: Row) -> str:
        name = row.name("Filename")
        if not (match := re.fullmatch(r"(\d{3}_\d+)_\d+", name)):
            raise DataError(f"Filename must be like 006_1_2, not {name!r} ({row.where})")
        return match[1]

    def add(self, expressions: list[Expression], row: Row, clip: Clip) -> None:
        """Add the expression of a row, with frames rounded half up; an apex below 0 is not known."""
        self.check_subject(row, clip)
        kind = self.kind(row)
        onset, apex, offset = (math.floor(row.decimal(column) + 0.5) for column in ("Onset", "Apex", "Offset"))
        emotion = self.emotion(row, kind, row.name("Filename"))
        events = onset, apex if apex >= 0 else None, offset
        expressions.append(self.expression(row, clip, kind, events, emotion))


class Casme3Long(VideosWithEmotions):
    """CAS(ME)^3, part A (Li et al. 2023): videos by a letter, emotions by subject, video and onset."""

    example, form = "part_A/spNO.1/a/color", "spNO.{}"
    GAP = STANDS_FOR
    LONGEST = 15  # frames: half a second

    def video(self, folder: Path, match: re.Match[str], name: str = "") -> Clip:
        return super().video(folder, match, folder.parts[-2].lower())

    def key(self, clip: Clip) -> tuple[str, str]:
        return clip.subject, clip.name

    def rows(self) -> Iterator[Row]:
        stem, columns = "cas(me)3_part_A_ME_label_JpgIndex", ("Subject", "Filename", "Onset", "emotion")
        self.read_emotions(
            f"{stem}*.xlsx", f"{stem}_v2.xlsx", columns, lambda row: (*self.row_key(row), row.integer("Onset"))
        )
        return super().rows()

    def row_key(self, row: Row) -> tuple[str, str]:
        return casme3_subject(row), row.name("Filename").lower()

    def add(self, expressions: list[Expression], row: Row, clip: Clip) -> None:
        """Add the expression of a row; an offset of 0 becomes half a second after the onset."""
        onset, apex, offset = row.integer("Onset"), row.integer_if_any("Apex"), row.integer("Offset")
        if offset <= onset:
            likely = onset + self.LONGEST
            self.notes.append(f"Offset {offset} is not possible: taken as {likely} ({row.where})")
            offset = likely
        kind = self.kind(row)
        emotion = self.emotion(row, kind, (clip.subject, clip.name, onset))
        expressions.append(self.expression(row, clip, kind, (onset, apex, offset), emotion))


class CasmeSq(Videos):
    """CAS(ME)^2 (Qu et al. 2018): three sheets without headers: expressions, their folders, numbers of stimuli."""

    example, form = "rawpic/s15/15_0101disgustingteeth", "s{}"

    def key(self, clip: Clip) -> tuple[str, str]:
        return clip.subject, clip.name[3:7]

    def rows(self) -> Iterator[Row]:
        """Return the rows of the first sheet, each with the folder that the second has for its subject."""
        file = workbook.find(self.root, self.facts.file, self.notes)
        folders = dict[int, str]()
        for row in workbook.headerless_rows(file, 1, ("number", "folder", "subject")):
            folder, subject = row.name("folder").lower(), row.integer("subject")
            if (other := folders.setdefault(subject, folder)) != folder:
                where = f"{row.where} of the second sheet"
                raise DataError(f"subject {subject} must have one folder, not {other} and {folder} ({where})")
        names = workbook.headerless_rows(file, 2, ("code", "name"))
        self.stimuli = {row.text("name"): row.text("code").zfill(4) for row in names}
        for row in workbook.headerless_rows(file, 0, tuple(self.facts.columns.values())):
            with collect_errors(self.problems):
                if (subject := row.integer("subject")) not in folders:
                    raise DataError(f"the second sheet must have a row for subject {subject}, found none ({row.where})")
                yield replace(row, values={**row.values, "folder": {"folder": folders[subject]}})

    def row_key(self, row: Row) -> tuple[str, str]:
        """Return the subject's folder, and the stimulus's number of a name such as anger1_2."""
        name = row.name("name").rpartition("_")[0]
        if name not in self.stimuli:
            choices = ", ".join(self.stimuli)
            raise DataError(f"name must begin with one of {choices}, not {row.text('name')!r} ({row.where})")
        return row.text("folder"), self.stimuli[name]

    def add(self, expressions: list[Expression], row: Row, clip: Clip) -> None:
        """Add the expression of a row; an offset before the apex becomes the apex."""
        onset, apex, offset = (row.integer(column) for column in ("onset", "apex", "offset"))
        if apex and offset < apex:
            self.notes.append(f"offset {offset} lies before the apex: the apex {apex} is taken ({row.where})")
            offset = apex
        emotion = row.choice_of("emotion", self.facts.emotions)
        expressions.append(self.expression(row, clip, self.kind(row), (onset, apex, offset), emotion))


class SmicLong(Videos):
    """SMIC-E-HS (Li et al. 2013): one to three micro-expressions in a row, all of one emotion."""

    example, form = "SMIC-HS-E/s03/s3_sur_01", "s{:0>2}"
    GAP = STANDS_FOR

    def key(self, clip: Clip) -> str:
        return clip.name.lower()

    def rows(self) -> Iterator[Row]:
        """Return the rows without the text below them."""
        columns = {*self.facts.columns.values()} - {"Subject", "Filename"}
        return (row for row in super().rows() if any(row.text(column) for column in columns))

    def row_key(self, row: Row) -> str:
        return row.name("Filename").lower()

    def add(self, expressions: list[Expression], row: Row, clip: Clip) -> None:
        """Put the expressions of a row in place of those of an earlier row of the video, with a note."""
        self.check_subject(row, clip)
        emotion = row.choice_of("Emotion", self.facts.emotions)
        if self.facts.codes[clip.name.lower().split("_")[1]] != emotion:
            raise DataError(f"Emotion must be that of {clip.name}, not {emotion!r} ({row.where})")
        events = [(row.integer("OnsetF"), row.integer("OffsetF"))]
        for number in (2, 3):
            onset, offset = row.integer_if_any(f"Onset{number}F"), row.integer_if_any(f"Offset{number}F")
            if bool(onset) != bool(offset):
                raise DataError(f"Onset{number}F and Offset{number}F must both have a frame, or neither ({row.where})")
            if onset and offset:
                events.append((onset, offset))
        if expressions:
            self.notes.append(f"{clip.name} has two rows: this one counts, not the one before it ({row.where})")
        expressions[:] = [self.expression(row, clip, "micro", (on, None, off), emotion) for on, off in events]
