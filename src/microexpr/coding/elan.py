"""Read and write ELAN's .eaf files: a tier for each kind, and tiers below it for apex, action units and remarks.

| tier | annotation |
| --- | --- |
| `micro`, `macro` | the emotion, from a controlled vocabulary that coders may extend |
| `micro apex` | begins with the frame in which the face has moved most |
| `micro action units` | FACS, R12+L14 |
| `micro remarks` | what `predict` says of it: class, certainty, reasons; not read |
| `blink`, `glance`, `speech` | nothing |

A tier may end with the coder, micro@anna, and ELAN's participant and annotator count as subject and coder."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from microexpr.coding.events import Coded, Problems, split_label
from microexpr.core.clip import EVENTS, event_kind
from microexpr.core.errors import DataError, collect_errors
from microexpr.core.files import VIDEO_SUFFIXES, read_errors, regular
from microexpr.core.recordings import local
from microexpr.core.subjects import folded

SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
NO_DATE = "1970-01-01T00:00:00+00:00"  # the format requires one; the same video has the same bytes
LARGEST = 2**26  # bytes
IDS = ("TIER_ID", "ANNOTATION_ID", "TIME_SLOT_ID")
LATEST = 10**12  # milliseconds
APEX, UNITS, REMARKS = "apex", "action units", "remarks"
BELOW = {APEX: (APEX,), UNITS: (UNITS, " units", " aus", " au", " facs"), REMARKS: (REMARKS,)}  # ends of tiers' names
VOCABULARY, LANGUAGE = "emotion", "eng"
EMOTIONS = ("happiness", "disgust", "repression", "surprise", "sadness", "fear", "anger", "contempt", "others",
            "positive", "negative")  # fmt: skip


class Mark(NamedTuple):
    """An event to write; times in milliseconds, those of `stop` and `apex_stop` after the last frame."""

    kind: str
    start: int
    stop: int
    apex: int | None = None
    apex_stop: int = 0
    emotion: str = ""
    action_units: str = ""
    remarks: str = ""


def read(path: Path, problems: Problems = None) -> tuple[list[Coded], list[str]]:
    """Return the events of an .eaf file in order of time, and notes. Raises DataError for a file that is none."""
    document = _parse(path)
    shift = _origin(document, path)
    events, passed_over, notes = list[Coded](), list[str](), list[str]()
    for tier, (aligned, references, attributes, _) in document.tiers.items():
        kind = event_kind(tier.partition("@")[0])
        if kind is None:
            above = (attributes.get("PARENT_REF") or "").partition("@")[0]
            if (aligned or references) and not (event_kind(above) and _below(tier) and _is_read(document, tier)):
                passed_over.append(tier)
            continue
        coder = _coder(document, tier, path)
        apexes, units = _children(document, tier, coder, path)
        if references and not aligned:
            aligned, reason = _of_parents(document, tier), _constraint(document, tier)
            if len({key for key, *_ in references.values()}) < len(references) or not aligned:
                notes.append(f"{path}: tier {tier} is passed over: its annotations have no times ({reason})")
                continue
        spans = [tuple(document.timeslots.get(slot) for slot in times[:2]) for times in aligned.values()]
        outside = [
            time
            for time in (*apexes, *(at for at, _ in units))
            if isinstance(time, int) and not any(None not in span and span[0] <= time < span[1] for span in spans)
        ]
        if outside:
            times = ", ".join(f"{time / 1000:.3f} s" for time in outside[:4]) + ", ..." * (len(outside) > 4)
            notes.append(f"{path}: apexes and units below tier {tier} are in none of its events: {times}; passed over")
        for key, (begin, end, value, _) in aligned.items():
            start, stop = (document.timeslots.get(slot) for slot in (begin, end))
            where = f"{path}, tier {tier}, {'?' if start is None else f'{start / 1000:.3f} s'}"
            with collect_errors(problems):
                if start is None or stop is None:
                    raise DataError(f"an annotation must have a time at both ends; in ELAN, move its edge ({where})")
                inside = [time for time in apexes if start <= time < stop]
                if len(inside) > 1:
                    raise DataError(f"an event must have one apex, not {len(inside)} ({where})")
                codes = [code for at, code in units if at == key or (isinstance(at, int) and start <= at < stop)]
                emotion, of_label = split_label(value, kind, where)
                event = Coded(
                    kind, (start + shift) / 1000, (inside[0] + shift) / 1000 if inside else None, (stop + shift) / 1000,
                    span=True, emotion=emotion, action_units="+".join([of_label] * bool(of_label) + codes),
                    subject=attributes.get("PARTICIPANT") or "", coder=coder, where=where,
                )  # fmt: skip
                events.append(event)
    names = ", ".join(passed_over)
    notes += [f"{path}: tiers passed over: {names}; those read are called {', '.join(EVENTS)}"] if names else []
    return sorted(events, key=lambda event: (event.onset, event.offset, event.kind)), notes


def _constraint(document: Any, tier: str) -> str:
    """Return how annotations depend on those of the tier above, "Symbolic_Association"; "" if they do not."""
    name = document.tiers[tier][2].get("LINGUISTIC_TYPE_REF")
    return document.linguistic_types.get(name, {}).get("CONSTRAINTS") or ""


def _of_parents(document: Any, tier: str, below: tuple[str, ...] = ()) -> dict[str, tuple[str, str, str, Any]]:
    """Return the annotations of a tier with the times of those above them, one each; {} where these have none."""
    if tier in below or tier not in document.tiers:
        return {}
    aligned, references, attributes, _ = document.tiers[tier]
    if aligned or _constraint(document, tier) != "Symbolic_Association":
        return aligned
    above = _of_parents(document, attributes.get("PARENT_REF") or "", (*below, tier))
    return {key: (*above[of][:2], value, None) for key, (of, value, *_) in references.items() if of in above}


def _origin(document: Any, path: Path) -> int:
    """Return where in its video a document begins, in milliseconds; of several, in that which is called like it. Raises
    DataError for several videos in which it begins elsewhere, where none is called like it."""
    media = list[tuple[Path, int]]()
    for descriptor in document.media_descriptors:
        text = descriptor.get("TIME_ORIGIN") or "0"
        if not re.fullmatch(r"-?\d{1,12}(\.0*)?", text):
            raise DataError(f"{path}: TIME_ORIGIN must be a whole number of milliseconds, not {text[:40]!r}")
        media.append((Path(local(descriptor.get("MEDIA_URL", ""))), int(text.partition(".")[0])))
    media = [item for item in media if item[0].suffix.lower() in VIDEO_SUFFIXES] or media
    media = [item for item in media if item[0].stem.lower() == path.stem.lower()] or media
    if len(origins := {origin: url.name for url, origin in media}) > 1:
        listed = " and ".join(f"{origin} in {name}" for origin, name in origins.items())
        raise DataError(f"{path}: TIME_ORIGIN must be one, or of a video that is called like the file, not {listed}")
    return next(iter(origins), 0)


def _coder(document: Any, tier: str, path: Path) -> str:
    """Return who annotated a tier, "" where it does not say. Raises DataError where its name says someone else."""
    named, annotator = tier.partition("@")[2], (document.tiers[tier][2].get("ANNOTATOR") or "").strip()
    if named and annotator and folded(named) != folded(annotator):
        raise DataError(f"{path}: annotator of tier {tier} must be {named}, as it is called, not {annotator}")
    return named or annotator


def _below(tier: str) -> str:
    """Return what a tier below an expression's holds, one of `BELOW`, by its name; "" for none of them."""
    name = tier.partition("@")[0].strip().lower()
    return next((content for content, words in BELOW.items() if name.endswith(words)), "")


def _is_read(document: Any, tier: str) -> bool:
    """Return whether all annotations of a tier below an expression's can be read: an apex needs a time of its own."""
    aligned, references, attributes, _ = document.tiers[tier]
    above = document.tiers.get(attributes.get("PARENT_REF"), ({}, {}))
    has_times = all(any(document.timeslots.get(slot) is not None for slot in times[:2]) for times in aligned.values())
    is_known = all(of in above[0] or of in above[1] for of, *_ in references.values())
    return has_times and is_known and not (references and _below(tier) == APEX)


def _children(document: Any, tier: str, coder: str, path: Path) -> tuple[list[int], list[tuple[str | int, str]]]:
    """Return the apexes below a tier in milliseconds, and each code of units with its annotation's name or time. Raises
    DataError for two tiers of apexes or of units, and for one that is another coder's than the tier."""
    apexes, units, first = list[int](), list[tuple[str | int, str]](), dict[str, str]()
    for name, (aligned, references, attributes, _) in document.tiers.items():
        content = _below(name)
        if attributes.get("PARENT_REF") != tier or not (aligned or references) or content not in (APEX, UNITS):
            continue
        if (other := first.setdefault(content, name)) != name:
            raise DataError(f"{path}: tier {tier} must have one tier of {content}, not {other} and {name}")
        if (of_child := _coder(document, name, path)) and folded(of_child) != folded(coder):
            raise DataError(f"{path}: coder of tier {name} must be {coder or 'empty'}, as of {tier}, not {of_child}")
        slots = [(document.timeslots.get(b), document.timeslots.get(e), value) for b, e, value, _ in aligned.values()]
        # within a parent ELAN leaves out the times of inner edges
        times = [(stop - 1 if start is None and stop else start, value.strip()) for start, stop, value in slots]
        if content == APEX:
            apexes += [time for time, _ in times if time is not None]
        else:
            units += [(time, value) for time, value in times if value and time is not None]
            units += [(parent, value.strip()) for parent, value, *_ in references.values() if value.strip()]
    return apexes, units


def _parse(path: Path) -> Any:
    from pympi.Elan import Eaf

    with read_errors(path):
        if regular(path).stat().st_size > LARGEST or b"<!DOCTYPE" in path.read_bytes().replace(b"\0", b""):
            raise DataError(f"{path}: must be an .eaf file of at most {LARGEST >> 20} MB without a DOCTYPE")
    try:
        document = Eaf(str(path), suppress_version_warning=True)
        ids = Counter(item for element in ElementTree.parse(path).iter() for item in element.items() if item[0] in IDS)
        if late := [time for time in document.timeslots.values() if time is not None and abs(time) >= LATEST]:
            raise ValueError(f"a time of {str(late[0])[:20]} ms")
    except Exception as error:  # pympi raises these for any file that is not ELAN's
        detail = f" ({error})" * isinstance(error, (ValueError, SyntaxError))  # others name only pympi's own code
        raise DataError(f"{path}: is not a readable .eaf file{detail}; ELAN must open it") from None
    if (unit := document.header.get("TIME_UNITS", "milliseconds")) != "milliseconds":
        raise DataError(f"{path}: TIME_UNITS must be milliseconds, not {unit!r}")
    if twice := next((item for item, count in ids.items() if count > 1), None):
        raise DataError(f"{path}: {' '.join(twice)} must be there once")  # pympi keeps the last
    return document


def text(marks: Sequence[Mark], media: str, annotator: str = "") -> str:
    """Return an .eaf document (EAF 3.0) of events in order of time, of a video at this path from it."""
    from pympi.Elan import Eaf, to_string

    document = Eaf(author="microexpr")
    document.adocument |= {
        "DATE": NO_DATE, "VERSION": "3.0", "FORMAT": "3.0", "xsi:noNamespaceSchemaLocation": SCHEMA
    }  # fmt: skip
    document.properties.clear()
    document.header |= {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"}
    document.add_linked_file(media, media if media.startswith("../") else f"./{media}", "video/unknown")
    document.languages[LANGUAGE] = ("http://cdb.iso.org/lg/CDB-00138502-001", "English (eng)")
    document.add_controlled_vocabulary(VOCABULARY)
    for emotion in EMOTIONS:
        document.add_cv_entry(VOCABULARY, f"cve_{emotion}", [(emotion, LANGUAGE, None)])
    document.remove_tier("default")
    document.linguistic_types.clear()
    document.add_linguistic_type("event")
    document.add_linguistic_type("expression")
    document.linguistic_types["expression"]["CONTROLLED_VOCABULARY_REF"] = VOCABULARY
    document.add_linguistic_type("moment", "Included_In")
    document.add_linguistic_type("words", "Symbolic_Association", timealignable=False)
    for kind in EVENTS:
        of_kind = [mark for mark in marks if mark.kind == kind]
        is_expression = kind in ("micro", "macro")
        document.add_tier(kind, "expression" if is_expression else "event", ann=annotator or None)
        for mark in of_kind:
            document.add_annotation(kind, mark.start, mark.stop, mark.emotion)
        for name in (APEX, UNITS, REMARKS) if is_expression else ():
            document.add_tier(f"{kind} {name}", "moment" if name == APEX else "words", kind)
            for mark in of_kind:
                if name == APEX and mark.apex is not None:
                    document.add_annotation(f"{kind} {name}", mark.apex, min(mark.apex_stop, mark.stop))
                elif name != APEX and (value := getattr(mark, name.replace(" ", "_"))):
                    document.add_ref_annotation(f"{kind} {name}", kind, (mark.start + mark.stop) // 2, value)
    # time slots are numbered in order of time, as ELAN has them
    order = sorted(document.timeslots, key=lambda slot: (document.timeslots[slot], int(slot[2:])))
    names = {slot: f"ts{i}" for i, slot in enumerate(order, 1)}
    document.timeslots = {names[slot]: document.timeslots[slot] for slot in order}
    for aligned, *_ in document.tiers.values():
        for key, (begin, end, *rest) in aligned.items():
            aligned[key] = names[begin], names[end], *rest
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{to_string(document)}\n'


def media(path: Path) -> list[Path]:
    """Return the videos that a file is linked to, those called like it first, which may not be there. Raises DataError
    if it is no .eaf."""
    links = (of.get(name) for of in _parse(path).media_descriptors for name in ("RELATIVE_MEDIA_URL", "MEDIA_URL"))
    paths = dict.fromkeys(Path(os.path.normpath(path.parent.absolute() / local(link))) for link in links if link)
    videos = [other for other in paths if other.suffix.lower() in VIDEO_SUFFIXES]
    return sorted(videos, key=lambda other: other.stem.lower() != path.stem.lower())
