"""Read events from tables as CSV: a template of ours, what `predict` and `film` write, exports of BORIS and Datavyu.

BORIS: Export aggregated events (of a project with behaviours named like `EVENTS`; the first
modifier is the emotion, the second the action units). Datavyu: the script
datavyu2csv.rb of datavyur (columns named like `EVENTS`, with codes emotion, units and apex).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Literal, NamedTuple

from microexpr.coding.events import Coded, Problems
from microexpr.core import csv_file
from microexpr.core.clip import EVENTS, event_kind
from microexpr.core.errors import DataError, collect_errors, nearest
from microexpr.core.subjects import composed

Unit = Literal["frames", "seconds"]
TIMES = ("onset", "apex", "offset")
SECONDS = tuple(f"{name}_seconds" for name in TIMES)
COLUMNS = ("recording", "subject", "kind", *TIMES, "emotion", "action_units", "coder")  # of the template
OURS: dict[str, Sequence[str]] = {  # by meaning, names of columns
    **{name: (name,) for name in (*COLUMNS, *SECONDS, "fps")},
    "recording": ("recording", "video", "vid", "file", "filename", "file_name", "video_name"),
    "subject": ("subject", "sub", "subject_id", "participant", "participant_id"),
    "kind": ("kind", "type", "expression_type"),
    "emotion": ("emotion", "class", "label"), "action_units": ("action_units", "aus", "units"),
}  # fmt: skip
OF_PREDICT = ("score", "certainty", "negative", "positive", "surprise", "reasons", "origin")  # no coder marks these
OF_TIME: dict[str, tuple[Unit, float]] = {  # words in a column `units` that is of times -> unit, and seconds in one
    **dict.fromkeys(("frame", "frames"), ("frames", 1.0)), **dict.fromkeys(("s", "sec", "seconds"), ("seconds", 1.0)),
    **dict.fromkeys(("ms", "milliseconds"), ("seconds", 1e-3)),
}  # fmt: skip
MEASURED = re.compile(r"AU(\d+)([LR]):")  # of `predict`, as in AU12L:0.52
NOTHING = ("none", "nan", "no focal subject")  # cells by which BORIS and pandas say that there is none
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
        lines = [*rows]
        if meanings is OURS and (of_time := _unit_of_times(path, header, lines)):
            meanings = {**OURS, "action_units": ("action_units", "aus"), "unit of times": ("units",)}
            form = Form(*of_time, number=number)
        columns = csv_file.Columns([head for head in header if head not in OF_PREDICT], meanings, str(path))
        heads = columns.heads
        if meanings is OURS and "onset" not in heads and "onset_seconds" in heads:  # all times must be seconds, then
            columns.passed_over += [head for name in TIMES for head in heads.pop(name, ())]
            heads |= {name: heads.pop(f"{name}_seconds") for name in TIMES if f"{name}_seconds" in heads}
            form = form._replace(unit="seconds")
        for column in ("kind", "onset", "offset"):
            if column not in heads:
                column += "_seconds" * (form.unit == "seconds" and meanings is OURS and column != "kind")
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
                notes.append(
                    f"{path}: {recording} has events of the observations {', '.join(sorted(several))}: all count"
                )
        return events, [*columns.notes(), *notes]


def _unit_of_times(
    path: Path, header: Sequence[str], rows: Sequence[tuple[int, csv_file.Row]]
) -> tuple[Unit, float] | None:
    """Return the unit of times that a column `units` gives, and its seconds; None where it has other words."""
    name = next((head for head in header if csv_file.plain_name(head) == "units"), "")
    words = {row[name].strip().lower() for _, row in rows} - {""} if name else set()
    if not words & {*OF_TIME}:
        return None
    if len(words) > 1:
        raise DataError(
            f"{path}: column {name} must have one unit of time in all rows, not {' and '.join(sorted(words))}"
        )
    return OF_TIME[words.pop()]


def _in_its_file(cells: Mapping[str, str], form: Form, where: str) -> dict[str, str]:
    """Return an event of BORIS with times in its own file, where an observation plays several, one after the other.

    Raises DataError where they cannot be told: without the files' lengths, or if the number of a frame differs."""
    files, lengths = (re.split(r"\s*;\s*", cells.get(name, "")) for name in ("source", "lengths"))
    queues, player, file = dict[str, list[tuple[str, float]]](), "", cells.get("recording", "")
    if len(files) > 1:
        if len(files) != len(lengths):
            raise DataError(f"Media duration (s) must have {len(files)} lengths, as Source has files ({where})")
        for entry, length in zip(files, lengths, strict=True):
            match = re.fullmatch(r"(?:player #(\d+):)?(.*)", entry)
            player, name = (match and match[1]) or player, match[2] if match else entry
            queues.setdefault(player, []).append((name, _time("Media duration (s)", length, form, where)))
    shifts = [
        sum(length for _, length in queue[:i]) for queue in queues.values() for i, (name, _) in enumerate(queue)
        if name == file
    ]  # fmt: skip
    if queues and len(shifts) != 1:
        raise DataError(f"Source must name the file {file!r} once, not {len(shifts)} times ({where})")
    if cells.get("shift") and _time("Time offset (s)", cells["shift"], form, where):
        raise DataError(f"Time offset (s) of the observation must be 0, not {cells['shift']} ({where})")
    shift = shifts[0] if shifts else 0.0
    times = {
        name: f"{_time(name, cells[name], form, where) - shift:.6f}" if cells[name] else ""
        for name in ("onset", "offset")
    }
    rate, frame = cells.get("rate", "").split(";")[0], cells.get("frame", "")
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
    others = {name: cells.get(name, "") for name in ("emotion", "action_units", "subject", "coder")}
    others["emotion"] = composed(others["emotion"]).lower()
    others = {name: "" if text.lower() in NOTHING else text for name, text in others.items()}
    sided = MEASURED.findall(others["action_units"])
    others["action_units"] = "+".join(f"{side}{number}" for number, side in sided) or others["action_units"]
    recording = PureWindowsPath(cells.get("recording", "")).as_posix()
    return Coded(
        kind, onset, times["apex"], offset, form.unit, form.span, where=where,
        recording="" if recording == "." else recording,
        fps=_time("fps", cells["fps"], in_seconds, where) if cells.get("fps") else 0,
        seconds=tuple((name, _time(name, cells[name], in_seconds, where)) for name in SECONDS if cells.get(name)),
        **others,
    )  # fmt: skip


def _time(name: str, text: str, form: Form, where: str) -> float:
    try:
        return float(csv_file.whole(text)) if form.unit == "frames" else form.factor * form.number(text)
    except ValueError as problem:
        is_time = form.unit == "frames" and re.fullmatch(r"\d+[.,]\d+", text)
        advice = f"; times in seconds belong in a column {name}_seconds, of all rows" if is_time else ""
        if re.search(r"\d[-/:]\w|\d\.\d+\.", text):
            advice = "; a spreadsheet program has made a date or a clock time of it: format the column as text"
        raise DataError(
            f"{name} must be {problem}{' of a frame' * (form.unit == 'frames')}, not {text!r}{advice} ({where})"
        ) from None
