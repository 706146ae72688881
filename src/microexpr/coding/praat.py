"""Read and write Praat's TextGrids: a tier for each kind, whose labels are emotions, perhaps with FACS: "fear: 1+2"."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

from microexpr.coding.elan import LARGEST, Mark
from microexpr.coding.events import Coded, Problems, split_label
from microexpr.core import csv_file
from microexpr.core.clip import EVENTS, event_kind
from microexpr.core.errors import DataError, collect_errors

TIME = r"^(\s*(?:\w+\s*=\s*)?)"  # what stands before one in its line


def read(path: Path, problems: Problems = None) -> tuple[list[Coded], list[str]]:
    """Return the events of a TextGrid, tier by tier, and notes. Raises DataError for a file that is none."""
    from pympi.Praat import TextGrid

    if path.stat().st_size > LARGEST:
        raise DataError(f"{path}: must be a TextGrid of at most {LARGEST >> 20} MB")
    content = path.read_bytes()
    if not content.startswith(b"ooBinaryFile"):
        try:
            lines = path.read_text(csv_file.encoding(path))
        except UnicodeError:
            lines = path.read_text("latin-1")  # as Praat wrote before it knew UTF-8
        exponent = re.compile(TIME + r"(-?\d+\.?\d*[eE][+-]?\d+)\s*$", re.MULTILINE)  # that pympi takes for the number
        lines = exponent.sub(lambda match: f"{match[1]}{float(match[2]):.9f}", lines)
        if match := re.search(TIME + r"(\d+,\d+|-[\d.,]*[1-9][\d.,]*)\s*$", lines, re.MULTILINE):
            raise DataError(f"{path}: times must be numbers from 0, with a point, not {match[0].strip()!r}")
        content = lines.encode()
    try:
        grid = TextGrid(xmax=0)
        grid.from_file(io.BytesIO(content), "utf-8")
        if any(None in interval for tier in grid.get_tiers() for interval in tier.get_intervals()):
            raise ValueError("it ends within a label")
    except Exception as error:  # pympi raises these for any file that is not Praat's
        detail = f" ({error})" * isinstance(error, ValueError)  # others name only pympi's own code
        raise DataError(f"{path}: is not a readable TextGrid{detail}; Praat must open it") from None
    events, notes = list[Coded](), list[str]()
    for tier in grid.get_tiers():
        name, _, coder = str(tier.name).partition("@")
        kind = event_kind(name)
        if kind is None or tier.tier_type != "IntervalTier":
            notes.append(f"{path}: tier {tier.name} is passed over; those read are called {', '.join(EVENTS)}")
            continue
        for start, stop, label in tier.get_intervals(sort=True):
            if not label.strip():
                continue
            with collect_errors(problems):
                where = f"{path}, tier {tier.name}, {start:.3f} s"
                word, units = split_label(label, kind, where)
                events.append(Coded(kind, start, None, stop, "seconds", True, word, units, coder=coder, where=where))
    return events, notes


def text(marks: Sequence[Mark], seconds: float) -> str:
    """Return a TextGrid of events in order of time, which covers a video of this length. A label is the emotion, or the
    kind where it has none, and after a colon the action units."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {seconds:.6f}"]
    lines += ["tiers? <exists>", f"size = {len(EVENTS)}", "item []:"]
    for number, kind in enumerate(EVENTS, 1):
        parts, position = [], 0.0  # start, end and text of intervals that do not overlap, and of the gaps between them
        for mark in (mark for mark in marks if mark.kind == kind):
            start, end = max(mark.start / 1000, position), min(mark.stop / 1000, seconds)
            if start > position:
                parts.append((position, start, ""))
            if end > start:
                label = ": ".join(filter(None, [mark.emotion or kind, mark.action_units]))
                parts.append((start, end, label))
                position = end
        if seconds > position:
            parts.append((position, seconds, ""))
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{kind}"']
        lines += ["        xmin = 0", f"        xmax = {seconds:.6f}", f"        intervals: size = {len(parts)}"]
        for i, (start, end, label) in enumerate(parts, 1):
            quoted = label.replace('"', '""')
            lines += [f"        intervals [{i}]:", f"            xmin = {start:.6f}", f"            xmax = {end:.6f}"]
            lines += [f'            text = "{quoted}"']
    return "\n".join(lines) + "\n"
