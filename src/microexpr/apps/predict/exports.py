"""Intervals of a prediction for other programs: subtitles of players, ELAN's annotations, Praat's TextGrid."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args
from xml.etree import ElementTree

from microexpr.apps.predict import Prediction
from microexpr.apps.predict.written import in_words, stronger_sides
from microexpr.core import store
from microexpr.core.errors import printable
from microexpr.signals.aus import NAMES
from microexpr.signals.spotting import Interval, Kind

READABLE = 1.5  # seconds that a subtitle stays at least
KINDS: tuple[str, ...] = get_args(Kind)
ELAN_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
NO_DATE = "1970-01-01T00:00:00+00:00"  # ELAN's format asks for one; the same video has the same bytes


class Label(NamedTuple):
    """An interval in words."""

    start: float  # seconds
    end: float
    kind: str
    name: str  # class of a micro-expression, or the kind
    units: str

    @property
    def text(self) -> str:
        """Both in a line."""
        return ": ".join(filter(None, [self.name, self.units]))


def write(folder: Path, prediction: Prediction) -> None:
    """Write subtitles.srt, subtitles.vtt, intervals.eaf and intervals.TextGrid. Raises StoreError when the disk is
    full."""
    files = {
        "subtitles.srt": subtitles(prediction),
        "subtitles.vtt": web_subtitles(prediction),
        "intervals.eaf": elan(prediction),
        "intervals.TextGrid": text_grid(prediction),
    }
    for name, text in files.items():
        store.write_text(folder / name, text)


def labels(prediction: Prediction) -> list[Label]:
    """Return what is written of all intervals, in the order of time."""
    times, rows = prediction.video.seconds, []
    for expression in prediction.expressions:
        interval: Interval = expression.interval
        units = ", ".join(f"{unit} {NAMES[unit]}" for unit in stronger_sides(interval.action_units))
        name = f"micro-expression: {in_words(expression)}" if interval.kind == "micro" else interval.kind
        end = float(times[interval.offset]) + 1 / prediction.video.fps
        rows.append(Label(float(times[interval.onset]), end, interval.kind, name, units))
    return rows


def _seconds(prediction: Prediction) -> float:
    return prediction.video.end


def _cues(prediction: Prediction) -> Iterator[tuple[float, float, str]]:
    """Yield start, end and text of subtitles, which stay for `READABLE` seconds or until the next begins."""
    rows = labels(prediction)
    for i, row in enumerate(rows):
        after = min((later.start for later in rows[i + 1 :] if later.start > row.start), default=_seconds(prediction))
        yield row.start, max(row.end, min(row.start + READABLE, after)), f"{row.name}\n{row.units}\n"


def subtitles(prediction: Prediction) -> str:
    """Return SubRip subtitles of the video, one for each interval."""
    cues = enumerate(_cues(prediction), 1)
    return "\n".join(f"{i}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text}" for i, (start, end, text) in cues)


def web_subtitles(prediction: Prediction) -> str:
    """Return the same as WebVTT, for players in browsers."""
    cues = [f"{_clock(start, '.')} --> {_clock(end, '.')}\n{text}" for start, end, text in _cues(prediction)]
    return "\n".join(["WEBVTT\n", *cues])


def _clock(seconds: float, point: str) -> str:
    """Return a time as subtitles have it, 00:00:04,690 or 00:00:04.690."""
    minutes, milliseconds = divmod(round(1000 * seconds), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def elan(prediction: Prediction) -> str:
    """Return a document of ELAN (EAF 3.0) with a tier for each kind that was spotted. ELAN asks for the video."""
    rows = labels(prediction)
    namespace = {"xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    about = {"AUTHOR": "microexpr", "DATE": NO_DATE, "FORMAT": "3.0", "VERSION": "3.0"}
    document = ElementTree.Element(
        "ANNOTATION_DOCUMENT", about | namespace | {"xsi:noNamespaceSchemaLocation": ELAN_SCHEMA}
    )
    header = ElementTree.SubElement(document, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    name = printable(prediction.video.path.name)
    media = {"MEDIA_URL": name, "MIME_TYPE": "video/unknown", "RELATIVE_MEDIA_URL": f"./{name}"}
    ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", media)
    order = ElementTree.SubElement(document, "TIME_ORDER")
    times = sorted({time for row in rows for time in _milliseconds(row)})
    for time in times:
        ElementTree.SubElement(order, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{time}", "TIME_VALUE": str(time)})
    number = 0
    for kind in (kind for kind in KINDS if any(row.kind == kind for row in rows)):
        tier = ElementTree.SubElement(document, "TIER", {"LINGUISTIC_TYPE_REF": "expression", "TIER_ID": kind})
        for row in (row for row in rows if row.kind == kind):
            number += 1
            start, end = _milliseconds(row)
            annotation = ElementTree.SubElement(ElementTree.SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION", {
                "ANNOTATION_ID": f"a{number}", "TIME_SLOT_REF1": f"ts{start}", "TIME_SLOT_REF2": f"ts{end}",
            })  # fmt: skip
            ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = row.text
    kinds = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": "expression", "TIME_ALIGNABLE": "true"}
    ElementTree.SubElement(document, "LINGUISTIC_TYPE", kinds)
    ElementTree.indent(document)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(document, encoding="unicode")}\n'


def _milliseconds(row: Label) -> tuple[int, int]:
    return round(1000 * row.start), round(1000 * row.end)


def text_grid(prediction: Prediction) -> str:
    """Return a TextGrid of Praat with a tier for each kind that was spotted, which covers the whole video."""
    rows, last = labels(prediction), _seconds(prediction)
    kinds = [kind for kind in KINDS if any(row.kind == kind for row in rows)] or ["micro"]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {last:.6f}"]
    lines += ["tiers? <exists>", f"size = {len(kinds)}", "item []:"]
    for number, kind in enumerate(kinds, 1):
        parts = [*_tiled([row for row in rows if row.kind == kind], last)]
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{kind}"']
        lines += ["        xmin = 0", f"        xmax = {last:.6f}", f"        intervals: size = {len(parts)}"]
        for i, (start, end, text) in enumerate(parts, 1):
            quoted = text.replace('"', '""')
            lines += [f"        intervals [{i}]:", f"            xmin = {start:.6f}", f"            xmax = {end:.6f}"]
            lines += [f'            text = "{quoted}"']
    return "\n".join(lines) + "\n"


def _tiled(rows: list[Label], last: float) -> Iterator[tuple[float, float, str]]:
    """Yield start, end and text of intervals that do not overlap, and of what lies between them."""
    position = 0.0
    for row in rows:
        start, end = max(row.start, position), min(row.end, last)
        if start > position:
            yield position, start, ""
        if end > start:
            yield start, end, row.text
            position = end
    if last > position:
        yield position, last, ""
