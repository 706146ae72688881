"""Files of questions and answers: JSON lines as the challenge gives and takes them.

    {"video_id": "samm_test_SAMM-1_1", "video": "SAMM-1", "question": "...", "answer": "negative"}
    {"id": "samm_006_1_2_1", "subject": "6", "filename": "006_1_2", "question": "...", "answer": "negative", ...}

The first is to be answered and handed in, without an answer before; the second is to train on. Any other field stays.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from microexpr.core import csv_file, facs
from microexpr.core.clip import LABELS, Clip
from microexpr.core.errors import DataError
from microexpr.core.files import regular
from microexpr.evaluation.questions import Facts, Question, answer, ask, understand

LONGEST = 100_000_000  # bytes of a file


@dataclass(frozen=True, slots=True)
class Line:
    """A question on a clip."""

    id: str
    clip: str  # the name of its video
    subject: str  # "" where the file does not say it
    text: str
    question: Question
    answer: str | None  # None where there is none yet
    fields: dict[str, Any]  # as they are in the file


def read(path: Path, answered: bool = False) -> list[Line]:
    """Read a file of questions, all of them `answered` if so. Raises DataError with file and row for any other line."""
    if not regular(path).is_file():
        raise DataError(f"{path}: is not a file")
    if (size := path.stat().st_size) > LONGEST:
        raise DataError(f"{path}: must have at most {LONGEST} bytes, not {size}")
    lines, rows = list[Line](), dict[str, int]()
    for number, text in enumerate(path.read_text(encoding=csv_file.encoding(path), errors="replace").splitlines(), 1):
        if not text.strip():
            continue
        try:
            line = _line(text)
        except DataError as error:
            raise DataError(f"{path}, row {number}: {error}") from None
        if answered and line.answer is None:
            raise DataError(f"{path}, row {number}: answer must be a text, not missing")
        if line.id in rows:
            raise DataError(f"{path}, row {number}: must have an id of its own, not {line.id} of row {rows[line.id]}")
        rows[line.id] = number
        lines.append(line)
    if not lines:
        raise DataError(f"{path}: must hold questions, a JSON object in each row, not nothing")
    return lines


def _line(text: str) -> Line:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"must be a JSON object, not {text[:40]!r} ({error})") from None
    if not isinstance(fields, dict):
        raise DataError(f"must be a JSON object, not {text[:40]!r}")
    names = {"id": ("video_id", "id"), "clip": ("video", "filename", "image_id"), "text": ("question",)}
    values: dict[str, Any] = {
        name: next((fields[key] for key in keys if key in fields), None) for name, keys in names.items()
    }
    values |= {"subject": fields.get("subject", ""), "answer": fields.get("answer")}
    for name, value in values.items():
        if not isinstance(value, str) and (name != "answer" or value is not None):
            key = " or ".join(names.get(name, (name,)))
            raise DataError(f"{key} must be a text, not {'missing' if value is None else repr(value)[:40]}")
    return Line(question=understand(values["text"]), fields=fields, **values)


def of_clips(clips: Iterable[Clip]) -> list[Line]:
    """Return the questions on clips of a class, with the answers that their annotation gives.

    One question is on a unit that the clip does not show; from clip to clip it goes through the units of all."""
    coded = [(clip, facts) for clip in clips if (facts := _facts(clip))]
    numbers = sorted({unit for _, facts in coded for unit in facts.units})
    lines = []
    for i, (clip, facts) in enumerate(coded):
        others = [unit for unit in numbers if unit not in facts.units]
        forms = ask(facts, others[i % len(others)]) if others else ask(replace(facts, units={}), 0)
        image = clip.name if clip.name.startswith(clip.subject) else f"{clip.subject}_{clip.name}"
        for number, form in enumerate(forms, 1):
            question = understand(form)
            fields = {"id": f"{clip.dataset}_{image}_{number}", "dataset": clip.dataset, "image_id": image}
            fields |= {"subject": clip.subject, "filename": clip.name, "question": form}
            fields["answer"] = answer(question, facts)
            lines.append(Line(fields["id"], clip.name, clip.subject, form, question, fields["answer"], fields))
    return lines


def _facts(clip: Clip) -> Facts | None:
    """Return what the annotation of a clip says, None for one of no class; units that are unsure count as absent."""
    if clip.label is None:
        return None
    units = {unit.number: unit.side for unit in facs.parse(clip.action_units) if unit.certain and not unit.alternatives}
    return Facts(LABELS[clip.label], clip.emotion, {unit: side for unit, side in units.items() if unit in facs.NAMES})


def text(lines: Sequence[Line], answers: Sequence[str]) -> str:
    """Return the lines with these answers, as the challenge takes them."""
    rows = ({**line.fields, "answer": answer} for line, answer in zip(lines, answers, strict=True))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
