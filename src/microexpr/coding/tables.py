"""Read events from tables as CSV: a template of ours, what `predict` and `film` write, exports of BORIS and Datavyu.

BORIS: Export aggregated events (of a project with behaviours named like `EVENTS`; the first modifier is the emotion,
the second the action units). Datavyu: the script datavyu2csv.rb of datavyur (columns named like `EVENTS`, with codes
emotion, units and apex)."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Literal, NamedTuple

from microexpr.coding.events import DOUBTFUL, NOTHING, Coded, Problems, word_of
from microexpr.core import csv_file, facs
from microexpr.core.clip import EVENTS, event_kind
from microexpr.core.errors import DataError, collect_errors, nearest

Unit = Literal["frames", "seconds"]
TIMES = ("onset", "apex", "offset")
SECONDS = tuple(f"{name}_seconds" for name in TIMES)
COLUMNS = ("recording", "subject", "kind", *TIMES, "emotion", "action_units", "coder")  # of the template
OURS: dict[str, Sequence[str]] = {  # by meaning, names of columns
    **{name: (name,) for name in (*COLUMNS, *SECONDS, "fps")},
    "recording": ("recording", "video", "vid", "file", "filename", "file_name", "video_name"),
    "subject": csv_file.SUBJECT,
    "kind": ("kind", "type", "expression_type"),
    "emotion": ("emotion", "class", "label"), "action_units": ("action_units", "aus", "units"),
}  # fmt: skip
WRITTEN = {  # columns by which a table is one of `predict`, or of `film` -> those of it that no coder marks
    ("class", "certainty", "reasons"): ("score", "certainty", "negative", "positive", "surprise", "reasons"),
    ("emotion", "fps", "origin"): ("origin",),
}
OF_TIME: dict[str, tuple[Unit, float]] = {  # words in a column `units` that is of times -> unit, and seconds in one
    **dict.fromkeys(("frame", "frames"), ("frames", 1.0)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), ("seconds", 1.0)),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecs", "millisecond", "milliseconds"), ("seconds", 1e-3)),
}  # fmt: skip
MEASURED = re.compile(r"AU(\d+)([LR]):-?[\d.]+")  # of `predict`, as in AU12L:0.52
BORIS: dict[str, Sequence[str]] = {  # times are in seconds
    "recording": ("Media file name",), "subject": ("Subject",), "kind": ("Behavior",), "onset": ("Start (s)",),
    "offset": ("Stop (s)",), "emotion": ("Modifier #1",), "action_units": ("Modifier #2",), "source": ("Source",),
    "lengths": ("Media duration (s)",), "shift": ("Time offset (s)",), "rate": ("FPS (frame/s)",),
    "frame": ("Image index start",), "observation": ("Observation id",),
}  # fmt: skip
DATAVYU: dict[str, Sequence[str]] = {  # the same; times are in milliseconds
    "recording": ("file",), "kind": ("column",), "onset": ("onset",), "offset": ("offset",), "apex": ("apex",),
    "emotion": ("emotion",), "action_units": ("units",),
}  # fmt: skip
TEMPLATE = (
    "s01/interview.mp4,s01,micro,131,136,142,happiness,R12,anna\n",
    "s01/interview.mp4,s01,macro,402,,466,surprise,1+2+25,anna\n",
)
FRAMES_OFF = 1.5  # by which BORIS's number of a frame may differ from its time


class Form(NamedTuple):
    """How a table gives times."""

    unit: Unit = "frames"
    factor: float = 1.0  # seconds in one
    span: bool = False  # whether an event ends where the frame after its last begins
    number: csv_file.Kind = csv_file.number


def read(path: Path, problems: Problems = None) -> tuple[list[Coded], list[str]]:
    """Return the events of a table, and notes. Raises DataError naming file and row."""
    with csv_file.opened(path) as (header, rows):
        number = csv_file.decimal(header.separator)
        if {"Behavior", "Start (s)"} <= {*header}:
            meanings, form = BORIS, Form("seconds", 1.0, True, number)
        elif {"file", "column", "ordinal"} <= {*header}:
            meanings, form = DATAVYU, Form("seconds", 1e-3, True, number)
        else:
            meanings, form = OURS, Form(number=number)
        lines, is_ours, unit = [*rows], meanings is OURS, ""
        if is_ours and (unit := _unit_of_times(path, header, lines)):
            meanings = {**OURS, "action_units": ("action_units", "aus"), "unit of times": ("units",)}
            form = Form(*OF_TIME[unit], number=number)
        silent = {name for marks, names in WRITTEN.items() if is_ours and {*marks} <= {*header} for name in names}
        columns = csv_file.Columns([head for head in header if head not in silent], meanings, str(path))
        heads = columns.heads
        has_seconds = is_ours and "onset" not in heads and "onset_seconds" in heads
        if has_seconds:  # all times must be seconds, then
            if unit and OF_TIME[unit] != OF_TIME["s"]:
                raise DataError(f"{path}: units must be s, as onset_seconds says, not {unit}")
            columns.passed_over += [head for name in TIMES for head in heads.pop(name, ())]
            heads |= {name: heads.pop(f"{name}_seconds") for name in TIMES if f"{name}_seconds" in heads}
            form = Form("seconds", number=number)
        for column in ("kind", "onset", "offset"):
            if column not in heads:
                column += "_seconds" * (has_seconds and column != "kind")
                likely = nearest(column, header)
                raise DataError(f"{path}: column {column!r} is missing in row 1{likely}; {advice()}")
        events, behaviours, observations = list[Coded](), Counter[str](), dict[str, set[str]]()
        for line, row in lines:
            with collect_errors(problems):
                cells = columns.cells(line, row)
                if meanings is BORIS and event_kind(cells["kind"]) is None:
                    behaviours[cells["kind"]] += 1
                    continue
                if meanings is BORIS:
                    cells = _in_its_file(cells, form, f"{path}, row {line}")
                    observations.setdefault(cells.get("recording", ""), set()).add(cells.get("observation", ""))
                events.append(_event(path, line, cells, form))
        listed = ", ".join(f"{count} of {name}" for name, count in sorted(behaviours.items()))
        notes = [f"{path}: behaviours passed over: {listed}; those read are {', '.join(EVENTS)}"] * bool(behaviours)
        for recording, several in observations.items():
            if len(several) > 1:
                listed = ", ".join(sorted(several))
                notes.append(f"{path}: {recording} has events of the observations {listed}: all count")
        return events, [*columns.notes(), *notes]


def _unit_of_times(path: Path, header: Sequence[str], rows: Sequence[tuple[int, csv_file.Row]]) -> str:
    """Return the word of a column `units` for a unit of times; "" where it has action units."""
    name = next((head for head in header if csv_file.plain_name(head) == "units"), "")
    words = {row[name].strip().lower() for _, row in rows} - {"", *NOTHING, *DOUBTFUL} if name else set()
    if not words & {*OF_TIME} and (not words or re.search(r"\d", "".join(words))):
        return ""
    if len(words) > 1 or not words <= {*OF_TIME}:
        expected = "one unit of time in all rows" if words & {*OF_TIME} else "frames, s, ms or action units"
        raise DataError(f"{path}: column {name} must have {expected}, not {' and '.join(sorted(words))}")
    return words.pop()


def _in_its_file(cells: Mapping[str, str], form: Form, where: str) -> dict[str, str]:
    """Return an event of BORIS with times in its own file, where an observation plays several, one after the other.
    Raises DataError where they cannot be told: without the files' lengths, or if the number of a frame differs."""
    files, lengths = (re.split(r"\s*;\s*", cells.get(name, "")) for name in ("source", "lengths"))
    rates = (re.split(r"\s*;\s*", cells.get("rate", "")) * len(files))[: len(files)]  # one may be of all
    queues, player, file = dict[str, list[tuple[str, float, str]]](), "", cells.get("recording", "")
    if len(files) > 1:
        if len(files) != len(lengths):
            raise DataError(f"Media duration (s) must have {len(files)} lengths, as Source has files ({where})")
        for entry, length, rate in zip(files, lengths, rates, strict=True):
            match = re.fullmatch(r"(?:player #(\d+):)?(.*)", entry)
            player, name = (match and match[1]) or player, match[2] if match else entry
            queues.setdefault(player, []).append((name, _time("Media duration (s)", length, form, where), rate))
    shifts = [
        (sum(length for _, length, _ in queue[:i]), rate)
        for queue in queues.values() for i, (name, _, rate) in enumerate(queue) if name == file
    ]  # fmt: skip
    if queues and len(shifts) != 1:
        raise DataError(f"Source must name the file {file!r} once, not {len(shifts)} times ({where})")
    if cells.get("shift") and _time("Time offset (s)", cells["shift"], form, where):
        raise DataError(f"Time offset (s) of the observation must be 0, not {cells['shift']} ({where})")
    shift, rate = shifts[0] if shifts else (0.0, rates[0])
    times = {name: cells[name] for name in ("onset", "offset")}
    times = {name: f"{_time(name, text, form, where) - shift:.6f}" if text else "" for name, text in times.items()}
    frame = cells.get("frame", "")
    if times["onset"] and re.fullmatch(r"\d+\.?\d*", rate) and frame.isdecimal():
        expected = float(times["onset"]) * float(rate)
        if abs(expected - float(frame)) > FRAMES_OFF:
            raise DataError(f"Image index start must be {expected:.0f}, as Start (s) says, not {frame} ({where})")
    return {**cells, **times}


def advice() -> str:
    """Return a sentence on the columns of the template."""
    return f"`microexpr check --template FILE.csv` writes one with {', '.join(COLUMNS)}"


def template() -> str:
    """Return a table with two events, to be filled in."""
    return ",".join(COLUMNS) + "\n" + "".join(TEMPLATE)


def _event(path: Path, line: int, cells: Mapping[str, str], form: Form) -> Coded:
    where = f"{path}, row {line}"
    kind = event_kind(cells["kind"])
    if kind is None:
        word = cells["kind"]
        raise DataError(f"kind must be one of {', '.join(EVENTS)}, not {word!r}{nearest(word, EVENTS)} ({where})")
    times = dict[str, float | None]()
    for name in TIMES:
        text = cells.get(name, "")
        times[name] = _time(name, text, form, where) if text and text != "/" else None
    onset, offset = times["onset"], times["offset"]
    if onset is None or offset is None:
        missing = "onset" if onset is None else "offset"
        raise DataError(f"{missing} must not be empty ({where})")
    in_seconds = form._replace(unit="seconds", factor=1.0)
    units, count = MEASURED.subn(r"\2\1", cells.get("action_units", ""))
    fps = _time("fps", cells["fps"], in_seconds, where) if cells.get("fps") else None
    if fps is not None and fps <= 0:
        raise DataError(f"fps must be more than 0, or empty, not {cells['fps']} ({where})")
    recording = PureWindowsPath(cells.get("recording", "")).as_posix()
    return Coded(
        kind, onset, times["apex"], offset, form.unit, form.span, where=where,
        recording="" if recording == "." else recording, subject=cells.get("subject", ""),
        coder=cells.get("coder", ""), fps=fps or 0, emotion=word_of(cells.get("emotion", ""), where),
        action_units=facs.joined(units) if count else units,
        seconds=tuple((name, _time(name, cells[name], in_seconds, where)) for name in SECONDS if cells.get(name)),
    )  # fmt: skip


def _time(name: str, text: str, form: Form, where: str) -> float:
    try:
        number = form.number if form.factor == 1 else csv_file.milliseconds
        return float(csv_file.whole(text)) if form.unit == "frames" else form.factor * number(text)
    except ValueError as problem:
        is_time = form.unit == "frames" and re.fullmatch(r"\d+[.,]\d+", text)
        advice = f"; times in seconds belong in a column {name}_seconds, of all rows" if is_time else ""
        if name != "fps" and re.search(r"\d[-/:]\w|\d\.\d+\.", text):
            advice = "; a spreadsheet program has made a date or a clock time of it: format the column as text"
        what = f"{problem}{' of a frame' * (form.unit == 'frames')}, not {text!r}{advice}"
        raise DataError(f"{name} must be {what} ({where})") from None
