"""Read clips that a workbook names, one a row: CASME, CASME II, CAS(ME)^3, DFME, 4DME, MMEW, SAMM."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from microexpr.core.clip import Clip
from microexpr.core.errors import DataError, collect_errors
from microexpr.core.files import visible
from microexpr.core.subjects import Subjects
from microexpr.datasets import workbook
from microexpr.datasets.layout import (
    CLOSED,
    OBJECTIVE,
    check_events,
    describe_gaps,
    first_folder,
    list_content,
    numbered_frames,
    shorten,
)
from microexpr.datasets.layouts import Reader, plus_for_commas
from microexpr.datasets.workbook import Row

Key = tuple[str, str]  # subject and clip
Events = tuple[int, int | None, int]  # onset, apex, offset
Frames = dict[int, Path]

LONGEST = 2.0  # seconds of a micro-expression, a slow fade included, above which a row is noted


class Workbook(Reader):
    """Clips of the facts `folders` or `parts`, `file`, `columns` and `emotions`; frames lie in <subject>/<clip>.
    Methods are in the order in which they are called, so that a row's first fault is the one that is named."""

    def read(self) -> list[Clip]:
        """Return a clip for each row. Raises DataError for a clip of two rows."""
        self.prepare()
        clips, keys = list[Clip](), set[Key]()
        for row in self.rows():
            with collect_errors(self.problems):
                key = self.key(row)
                if key in keys:
                    name = "/".join((self.facts.name, *key))
                    raise DataError(f"clip {name} has two rows, this is the second ({row.where})")
                keys.add(key)
                clips.append(clip := self.row_clip(row, key))
                seconds = ((clip.offset or 0) - (clip.onset or 0)) / clip.fps
                if clip.onset is not None and clip.offset is not None and seconds > LONGEST:
                    text = f"lasts {seconds:.3g} s, which no micro-expression does: read all the same"
                    self.notes.append(f"{clip.onset}..{clip.offset} {text} ({row.where})")
        self.notes += self.unread(keys)
        return clips

    def prepare(self) -> None:
        """Find `homes`, the folders of subjects: one, or one for each camera. Note cropped and unread frames."""
        facts = self.facts
        self.column, self.used = facts.columns, set[Path]()  # and folders that rows name
        self.homes = sorted(path for pattern in facts.parts for path in visible(self.root, f"{pattern}/"))
        self.homes = self.homes or [first_folder(self.root, *facts.folders)]
        if facts.cropped and len(self.homes) == 1:  # of raw and cropped frames only one is read
            for folder in (self.root / name for name in facts.folders if (self.root / name).is_dir()):
                if not self.homes[0].is_relative_to(folder) and not folder.is_relative_to(self.homes[0]):
                    self.notes.append(f"{folder}: is not read, since {self.homes[0]} is")
        if facts.cropped and facts.cropped in self.homes[0].relative_to(self.root).parts:
            self.notes.append(f"{self.homes[0]}: cropped frames are read, which have lost what lies around the face")

    def key(self, row: Row) -> Key:
        """Return subject and name of a row's clip."""
        subject = row.name(self.column["subject"])
        if form := self.facts.subject:
            if not (match := re.fullmatch(form.pattern, subject, re.IGNORECASE)):
                raise DataError(f"Subject must be {form.example}, not {subject!r} ({row.where})")
            subject = form.form.format(int(match[1]))
        return subject, row.name(self.column["clip"])

    def row_clip(self, row: Row, key: Key) -> Clip:
        self.used.add(folder := self.folder(row, key))
        frames = self.frames(folder, key[0])
        return self.clip(key, folder, frames, self.events(row, frames, key), self.emotion(row), self.others(row, key))

    def folder(self, row: Row, key: Key) -> Path:
        candidates = [home / "/".join(key) for home in self.homes]
        existing = [candidate for candidate in candidates if candidate.is_dir()]
        if len(existing) > 1:
            raise DataError(f"the clip must lie in one folder, not in {' and '.join(map(str, existing))} ({row.where})")
        return (existing or candidates)[0]

    def events(self, row: Row, frames: Frames, key: Key) -> Events:
        """Return onset, apex and offset of a row, and mend known slips of the annotators, each with a note. An onset
        that is no frame becomes the first frame. An offset that is no frame, or not after the onset, becomes the last
        frame. The apex is the first of its columns that lies between, or None."""
        onset, offset = (row.integer_if_any(self.column[role]) for role in ("onset", "offset"))
        if onset is None or onset not in frames:
            onset = self.substitute("onset", row, "first", min(frames))
        if offset is None or offset not in frames or offset <= onset:
            offset = self.substitute("offset", row, "last", max(frames))
        return onset, self.apex(row, onset, offset), offset

    def substitute(self, role: str, row: Row, which: str, number: int) -> int:
        """Return the frame `number` in place of an impossible event, with a note."""
        column = self.column[role]
        text = f"{column} {row.text(column)!r} is not possible: taken as the {which} frame {number} ({row.where})"
        self.notes.append(text)
        return number

    def apex(self, row: Row, onset: int, offset: int) -> int | None:
        """Return the first of the columns of the apex that lies in onset+1..offset; None, with a note, if none does."""
        for column in (self.column[role] for role in ("apex", "second_apex") if role in self.column):
            number = row.integer_if_any(column)
            if number is not None and onset < number <= offset:
                return number
            where = f"{onset + 1}..{offset}: not taken ({row.where})"
            self.notes.append(f"{column} {row.text(column)!r} does not lie in {where}")
        self.notes.append(f"the apex is not annotated: it will be spotted ({row.where})")
        return None

    def emotion(self, row: Row) -> str:
        published = self.facts.published
        choices = self.facts.emotions or (published and published.emotions) or ()
        return row.choice_of(self.column["emotion"], choices)

    def others(self, row: Row, key: Key) -> Mapping[str, Any]:
        """Return further fields of a row's clip."""
        units = row.text(self.column["units"])
        return {"action_units": plus_for_commas(units) if self.facts.commas else units}

    def unread(self, keys: set[Key]) -> list[str]:
        """Return notes on folders <subject>/<clip> of frames that no row names."""
        folders = (folder for home in self.homes for folder in visible(home, "[!_]*/[!_]*/"))
        unnamed = [folder for folder in folders if folder not in self.used and folder.parts[-2:] not in keys]
        return [f"{folder}: has no row in the annotation; passed over" for folder in unnamed] + self.elsewhere("*/")

    def elsewhere(self, *patterns: str) -> list[str]:
        """Return notes on frames in the folders of these patterns, and directly in `homes`, that no row names."""
        frame = self.facts.frame
        assert frame is not None
        folders = [path for home in self.homes for path in (home, *(p for g in patterns for p in visible(home, g)))]
        holding = [path for path in folders if path not in self.used and any(map(frame.fullmatch, names(path)))]
        return [f"{folder}: holds frames, but no row names it; passed over" for folder in holding]


class Samm(Workbook):
    """SAMM (Davison et al. 2018): three events in order, and AU-based classes in the same workbook."""

    def events(self, row: Row, frames: Frames, key: Key) -> Events:
        columns = [self.column[role] for role in ("onset", "apex", "offset")]
        onset, apex, offset = events = tuple(row.integer(column) for column in columns)
        where = f"{row.where}, clip {key[1]}"
        if not onset <= apex <= offset:
            raise DataError(f"onset <= apex <= offset must hold, not {onset}, {apex}, {offset} ({where})")
        check_events(where, frames, **dict(zip(columns, events, strict=True)))
        return onset, apex, offset

    def others(self, row: Row, key: Key) -> Mapping[str, Any]:
        objective = row.integer_within(self.column["objective"], OBJECTIVE)
        return {"objective_class": objective, **super().others(row, key)}


class Casme2(Workbook):
    """CASME II (Yan et al. 2014): AU-based classes in a separate workbook, and clips outside of MEGC2019."""

    def prepare(self) -> None:
        super().prepare()
        self.classes: dict[Key, int] = {}
        file = workbook.find_optional(self.root, "CASME2-ObjectiveClasses*.xlsx")
        if file is None:
            self.notes.append(f"{self.root}: has no CASME2-ObjectiveClasses.xlsx: AU-based classes are not known")
            return
        rows = dict[Key, Row]()
        for row in workbook.rows(file, ("Subject", "Filename", "Objective Class"), self.notes):
            with collect_errors(self.problems):
                if (other := rows.setdefault(key := self.key(row), row)) is not row:
                    rows_of_clip = f"{other.where} and {row.number}"
                    raise DataError(f"clip {'/'.join(key)} must have one AU-based class, not two ({rows_of_clip})")
                self.classes[key] = row.integer_within("Objective Class", OBJECTIVE)

    def events(self, row: Row, frames: Frames, key: Key) -> Events:
        """Return the events; an offset before the apex becomes the last frame, as sub07's."""
        where = f"{row.where}, clip {key[1]}"
        onset, offset = row.integer("OnsetFrame"), row.integer("OffsetFrame")
        apex = row.integer_if_any("ApexFrame")
        if offset < max(onset, apex or onset):
            last = max(frames)
            self.notes.append(f"OffsetFrame {offset} lies before the apex; taken as the last frame {last} ({where})")
            offset = last
        if apex is not None and onset > apex:
            raise DataError(f"OnsetFrame must be <= ApexFrame, not {onset} > {apex} ({where})")
        check_events(where, frames, OnsetFrame=onset, ApexFrame=apex, OffsetFrame=offset)
        return onset, apex, offset

    def others(self, row: Row, key: Key) -> Mapping[str, Any]:
        """Return the AU-based class, and no label where the composite of MEGC2019 misses the apex after the onset."""
        where = f"{row.where}, clip {key[1]}"
        label, apex = self.facts.label(row.text("Estimated Emotion")), row.text("ApexFrame")
        if label is not None and (apex == "/" or row.integer_if_any("ApexFrame") == row.integer("OnsetFrame")):
            self.notes.append(f"no apex after the onset: not among MEGC2019's 145 clips ({where})")
            label = None
        elif apex == "":
            self.notes.append(f"the apex is not annotated: it will be spotted ({where})")
        return {"label": label, "objective_class": self.classes.get(key), **super().others(row, key)}

    def unread(self, keys: set[Key]) -> list[str]:
        names = ("/".join(key) for key in sorted(self.classes.keys() - keys))
        without = [f"clip casme2/{name} has an AU-based class, but no row in the annotation" for name in names]
        return super().unread(keys) + without


def names(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return [path.name for path in visible(folder)] if folder.is_dir() else []


def _in_any_case(parent: Path, name: str) -> Path:
    """Return a folder in another; if none has exactly this name, one that differs in case alone."""
    candidates = visible(parent, "*/") if not (parent / name).is_dir() else []
    return next((path for path in candidates if path.name.lower() == name.lower()), parent / name)


def casme3_subject(row: Row) -> str:
    """Return the subject of a row of CAS(ME)^3, spNO.1 for spNO.1, spNo1 and SPNO.1."""
    subject = row.name("Subject")
    if not (match := re.fullmatch(r"spno\.?([0-9]+)", subject, re.IGNORECASE)):
        raise DataError(f"Subject must be like spNO.1, not {subject!r} ({row.where})")
    return f"spNO.{match[1]}"


class Casme3(Workbook):
    """CAS(ME)^3, part A (Li et al. 2023): several clips in the frames of one video."""

    ONSETS = {("spNO.216", "d", 3647): 2647}  # slips of a digit: its apex is 2668
    LONGEST = 15  # frames: half a second
    CLASSES = {
        word: i for i, roman in enumerate(("I", "II", "III", "IV", "V", "VI", "VII"), 1) for word in (roman, str(i))
    }

    def key(self, row: Row) -> Key:
        return casme3_subject(row), f"{row.name('Filename')}_{row.integer('Onset')}"

    def row_clip(self, row: Row, key: Key) -> Clip:
        self.used.add(folder := self.folder(row, key))
        assert self.facts.frame is not None
        video = numbered_frames(folder, self.facts.frame)
        onset, apex, offset = self.events(row, video, key)
        frames = {n: path for n, path in video.items() if onset <= n <= offset}
        if text := describe_gaps(frames):
            self.notes.append(f"{folder}: {text}; {CLOSED} ({row.where})")
        return self.clip(key, folder, frames, (onset, apex, offset), self.emotion(row), self.others(row, key))

    def folder(self, row: Row, key: Key) -> Path:
        """Return the folder of the clip, or that of its video."""
        if self.homes[0].name == "frame":
            return _in_any_case(self.homes[0], "_".join(key))
        return _in_any_case(self.homes[0], key[0]) / row.name("Filename") / "color"

    def events(self, row: Row, frames: Frames, key: Key) -> Events:
        """Return onset, apex and offset; mend impossible ones and those whose frames are missing, with a note."""
        first, last = min(frames), max(frames)
        annotated, offset = row.integer("Onset"), row.integer("Offset")
        onset = self.ONSETS.get((key[0], row.name("Filename"), annotated), annotated)
        if onset < offset <= first:
            raise DataError(f"the frames {onset}..{offset} must be there, not {first}..{last} alone ({row.where})")
        onset = max(onset, first)
        if onset != annotated:
            self.notes.append(f"Onset {annotated} is not possible: taken as {onset} ({row.where})")
        if onset > last:
            raise DataError(f"Onset must lie in the frames {first}..{last}, not {onset} ({row.where})")
        if not onset < offset <= last + self.LONGEST:
            likely = min(onset + self.LONGEST, last)
            self.notes.append(f"Offset {offset} is not possible: taken as {likely} ({row.where})")
            offset = likely
        existing = sorted(number for number in frames if onset <= number <= offset)
        if len(existing) < 2:
            raise DataError(f"the frames {onset}..{offset} must be there, not {len(existing)} of them ({row.where})")
        apex = self.apex(row, onset, offset)
        if apex is not None:
            nearest = min((abs(number - apex), number) for number in existing[1:])[1]
            apex = self.existing("Apex", apex, nearest, "the nearest frame", row)
        return (
            self.existing("Onset", onset, existing[0], "the next frame", row), apex,
            self.existing("Offset", offset, existing[-1], "the last frame before it", row),
        )  # fmt: skip

    def existing(self, column: str, number: int, substitute: int, which: str, row: Row) -> int:
        """Return the frame that replaces a missing one, with a note unless it is the same."""
        if substitute != number:
            self.notes.append(f"{column} {number} is not there: {substitute}, {which}, is taken ({row.where})")
        return substitute

    def others(self, row: Row, key: Key) -> Mapping[str, Any]:
        objective = self.CLASSES.get(text := row.text("Objective class").upper())
        if text and objective is None:
            self.notes.append(f"Objective class must be I to VII, not {text!r}: it is not known ({row.where})")
        return {"objective_class": objective, **super().others(row, key)}

    def unread(self, keys: set[Key]) -> list[str]:
        pictures = self.homes[0]
        existing = visible(pictures, "*/" if pictures.name == "frame" else "*/*/color/")
        unused = [str(folder.relative_to(pictures)) for folder in existing if folder not in self.used]
        count = f"{len(unused)}, passed over: {shorten(unused)}"
        return [f"{pictures}: folders of frames without a row in the annotation: {count}"] * bool(unused)


class Dfme(Workbook):
    """DFME (Zhao et al. 2024): one list or several, workbooks or CSV files; a rate in each row."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows of all lists, in the order of their names."""
        files = sorted((*visible(self.root, "[!~]*"), *visible(self.root, "*/[!~]*")))
        lists = [path for path in files if "dfme" in path.name.lower() and path.suffix.lower() in (".xlsx", ".csv")]
        if not lists:
            content = list_content(self.root)
            raise DataError(f"{self.root}: must hold the annotation {self.facts.file}, found none; found {content}")
        for path in lists:
            yield from workbook.rows(path, tuple(self.column.values()), self.notes, also=self.facts.also)

    def folder(self, row: Row, key: Key) -> Path:
        """Return the folder of the clip, in its subject's folder or next to the subjects' folders."""
        pictures = self.homes[0]
        in_subject = _in_any_case(_in_any_case(pictures, key[0]), key[1])
        return in_subject if in_subject.is_dir() or not (pictures / key[1]).is_dir() else pictures / key[1]

    def others(self, row: Row, key: Key) -> Mapping[str, Any]:
        fps, rates = row.integer("Fps"), self.facts.rates
        if fps not in rates:
            raise DataError(f"Fps must be one of {', '.join(map(str, rates))}, not {fps} ({row.where})")
        return {"fps": fps, **super().others(row, key)}

    def unread(self, keys: set[Key]) -> list[str]:
        return super().unread(keys) if self.homes[0] != self.root else self.elsewhere("*/", "*/*/")


class Fourdme(Workbook):
    """4DME (Li et al. 2022): several emotions at once, and subjects by name or by number."""

    def prepare(self) -> None:
        super().prepare()
        self.subjects = Subjects(path.name for path in visible(self.homes[0], "[!_]*/"))

    def key(self, row: Row) -> Key:
        """Return the folder of the subject's name, or the one of the same number, and the clip's name."""
        name = row.name("sub_ID")
        has_folder = bool(self.subjects.find(name))  # a missing one is named with its path
        subject = self.subjects.name(self.subjects.find_one(name, row.where)) if has_folder else name
        return subject, row.name("fold_name")

    def emotion(self, row: Row) -> str:
        """Return the words in alphabetical order, "positive+surprise"."""
        words = sorted({word.strip() for word in re.split(r"[+,/&]", row.text("Emotion").lower())})
        if unknown := [word for word in words if word not in self.facts.emotions]:
            raise DataError(f"Emotion must be of {', '.join(self.facts.emotions)}, not {unknown[0]!r} ({row.where})")
        return "+".join(words)


class Mmew(Workbook):
    """MMEW (Ben et al. 2022): a clip in the folder of its emotion, within its subject's folder or not."""

    CLIP = re.compile(r"S[0-9]+-[0-9]+-[0-9]+", re.IGNORECASE)

    def prepare(self) -> None:
        """Find the folders of clips by name. Raises DataError for a clip in two folders."""
        super().prepare()
        self.folders: dict[str, Path] = {}
        for folder in (folder for pattern in ("*/*/", "*/*/*/") for folder in visible(self.homes[0], pattern)):
            if self.CLIP.fullmatch(folder.name):
                other = self.folders.setdefault(folder.name.upper(), folder)
                if other != folder:
                    raise DataError(f"clip {folder.name} must lie in one folder, not in {other} and {folder}")

    def key(self, row: Row) -> Key:
        """Return the subject, as S03 for 3, 03 and S03, and the clip's name, which begins with it."""
        subject, name = super().key(row)
        owner = re.fullmatch(r"S([0-9]+)-.*", name := name.upper())
        if owner is None or f"S{owner[1].lstrip('0'):0>2}" != subject:
            raise DataError(f"Filename must be like {subject}-01-002, not {name!r} ({row.where})")
        return subject, name

    def folder(self, row: Row, key: Key) -> Path:
        if key[1] not in self.folders:
            raise DataError(f"{self.root}: must hold a folder {key[1]}, found none ({row.where})")
        return self.folders[key[1]]

    def unread(self, keys: set[Key]) -> list[str]:
        unread = sorted({*self.folders} - {name for _, name in keys})
        self.used.update(self.folders.values())
        others = self.elsewhere("*/", "*/*/", "*/*/*/")
        return [f"{self.folders[name]}: has no row in the annotation; passed over" for name in unread] + others
