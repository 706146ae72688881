"""Read events from tables as CSV: a template of ours, what `predict` and `film` write, exports of BORIS and Datavyu.

BORIS: Export aggregated events (of a project with behaviours named like `KINDS`; the first
modifier is the emotion, the second the action units). Datavyu: the script
datavyu2csv.rb of datavyur (columns named like `KINDS`, with codes emotion, units and apex).
"""

import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Literal

from microexpr.coding.events import KINDS, Coded, Problems, collected, kind_of
from microexpr.core import csv_file
from microexpr.core.errors import DataError, nearest

Unit = Literal["frames", "seconds"]
TIMES = ("onset", "apex", "offset")
COLUMNS = ("recording", "subject", "kind", *TIMES, "emotion", "action_units", "coder")  # of the template
SECONDS = {f"{name}_seconds": name for name in TIMES}
OURS = {name: name for name in (*COLUMNS, *SECONDS, "fps")} | {  # plain name of a column -> ours
    "aus": "action_units", "units": "action_units", "class": "emotion", "video": "recording",
}  # fmt: skip
MEASURED = re.compile(r"AU(\d+)([LR]):")  # of `predict`, as in AU12L:0.52
NOTHING = ("none", "no focal subject")  # cells by which BORIS says that there is none
BORIS = {  # column -> ours; times are in seconds
    "Media file name": "recording", "Subject": "subject", "Behavior": "kind", "Start (s)": "onset",
    "Stop (s)": "offset", "Modifier #1": "emotion", "Modifier #2": "action_units",
}  # fmt: skip
DATAVYU = {  # the same; times are in milliseconds
    "file": "recording", "column": "kind", "onset": "onset", "offset": "offset", "apex": "apex", "emotion": "emotion",
    "units": "action_units",
}  # fmt: skip
TEMPLATE = (
    "s01/interview.mp4,s01,micro,131,136,142,happiness,R12,anna\n",
    "s01/interview.mp4,s01,macro,402,,466,surprise,1+2+25,anna\n",
)


def read(path: Path, problems: Problems = None) -> tuple[list[Coded], list[str]]:
    """Return the events of a table, and notes. Raises DataError naming file and row."""
    with csv_file.opened(path) as (header, rows):
        unit: Unit = "seconds"
        if {"Behavior", "Start (s)"} <= {*header}:
            names, factor = BORIS, 1.0
        elif {"file", "column", "ordinal"} <= {*header}:
            names, factor = DATAVYU, 1e-3
        else:
            header_names = {_plain(name): name for name in header if name}
            if "recording" in header_names:
                header_names.pop("video", None)
            names = {header_names[key]: ours for key, ours in OURS.items() if key in header_names}
            unit, factor = "frames", 1.0
            if "onset" not in names.values():
                names = {name: SECONDS.get(ours, ours) for name, ours in names.items()}
                unit = "seconds"
        columns = {*names.values()}
        for column in ("kind", "onset", "offset"):
            if column not in columns:
                likely = nearest(column, header)
                raise DataError(f"{path}: column {column!r} is missing in row 1{likely}; {advice()}")
        notes = []
        if passed := [name for name in header if name and name not in names]:
            notes.append(f"{path}: columns passed over: {', '.join(passed)}")
        events = []
        for line, row in rows:
            cells = {ours: row[name].strip() for name, ours in names.items() if name in row}
            with collected(problems):
                events.append(_event(path, line, cells, unit, factor, span=names is BORIS or names is DATAVYU))
        return events, notes


def advice() -> str:
    """Return a sentence on the columns of the template."""
    return f"`microexpr check --template FILE.csv` writes one with {', '.join(COLUMNS)}"


def template() -> str:
    """Return a table with two events, to be filled in."""
    return ",".join(COLUMNS) + "\n" + "".join(TEMPLATE)


def _plain(column: str) -> str:
    return re.sub(r"\W+", "_", column.strip().lower()).strip("_")


def _event(path: Path, line: int, cells: Mapping[str, str], unit: Unit, factor: float, span: bool) -> Coded:
    where = f"{path}, row {line}"
    kind = kind_of(cells["kind"])
    if kind is None:
        word = cells["kind"]
        raise DataError(f"kind must be one of {', '.join(KINDS)}, not {word!r}{nearest(word, KINDS)} ({where})")
    times = dict[str, float | None]()
    for name in TIMES:
        text = cells.get(name, "")
        times[name] = _time(name, text, unit, factor, where) if text and text != "/" else None
    onset, offset = times["onset"], times["offset"]
    if onset is None or offset is None:
        missing = "onset" if onset is None else "offset"
        raise DataError(f"{missing} must not be empty ({where})")
    others = {name: cells.get(name, "") for name in ("emotion", "action_units", "subject", "coder")}
    others["emotion"] = others["emotion"].lower()
    others = {name: "" if text.lower() in NOTHING else text for name, text in others.items()}
    sided = MEASURED.findall(others["action_units"])
    others["action_units"] = "+".join(f"{side}{number}" for number, side in sided) or others["action_units"]
    recording = PureWindowsPath(cells.get("recording", "")).as_posix()
    return Coded(
        kind, onset, times["apex"], offset, unit, span, where=where, recording="" if recording == "." else recording,
        fps=_time("fps", cells["fps"], "seconds", 1, where) if cells.get("fps") else 0, **others,
    )  # fmt: skip


def _time(name: str, text: str, unit: Unit, factor: float, where: str) -> float:
    try:
        return float(csv_file.whole(text)) if unit == "frames" else factor * csv_file.number(text)
    except ValueError as problem:
        is_time = unit == "frames" and re.fullmatch(r"\d+[.,]\d+", text)
        advice = f"; times in seconds belong in a column {name}_seconds, of all rows" if is_time else ""
        if re.search(r"\d[-/:]\w|\d\.\d+\.", text):
            advice = "; a spreadsheet program has made a date or a clock time of it: format the column as text"
        raise DataError(
            f"{name} must be {problem}{' of a frame' * (unit == 'frames')}, not {text!r}{advice} ({where})"
        ) from None
