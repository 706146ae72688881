"""Files of questions and answers: JSON lines as the challenge gives and takes them.

    {"video_id": "samm_test_SAMM-1_1", "video": "SAMM-1", "question": "...", "answer": "negative"}
    {"id": "samm_006_1_2_1", "subject": "6", "filename": "006_1_2", "question": "...", "answer": "negative", ...}

The first is to be answered and handed in, without an answer before; the second is to train on. Any other field stays.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from microexpr.core import csv_file, facs
from microexpr.core.clip import LABELS, Clip, LongVideo
from microexpr.core.errors import DataError
from microexpr.core.facs import Side
from microexpr.core.files import regular
from microexpr.core.recordings import Name, group
from microexpr.core.subjects import Subjects, data_set_key, folded, key_of, stated
from microexpr.evaluation.questions import Facts, Question, answer, ask, long_videos, parts, understand
from microexpr.evaluation.questions.long_videos import plain

LONGEST = 100_000_000  # bytes of a file
KEYS = {  # names of fields, in any case; they may not differ, but the first counts of a clip's
    "id": ("video_id", "id"), "clip": ("video", "filename", "image_id"), "text": ("question",),
    "dataset": ("dataset", "data_set", "database"), "subject": csv_file.SUBJECT,
}  # fmt: skip
OPTIONAL = ("dataset", "subject")


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
    dataset: str = ""  # "" where the file does not say it

    @property
    def subject_id(self) -> str:
        """dataset/subject."""
        return f"{self.dataset}/{self.subject}"

    @property
    def clip_id(self) -> str:
        """dataset/subject/name, as `Clip.id` where the file says them."""
        return f"{self.subject_id}/{self.clip}"

    @property
    def confidence(self) -> float | None:
        """Probability of the answer, in 0..1, None where the file does not say it."""
        value = self.fields.get("confidence")
        return None if value is None else float(value)


def read(path: Path, answered: bool = False) -> list[Line]:
    """Read a file of questions, all of them `answered` if so. Raises DataError with file and row for any other line.

    Also for subjects of a data set that could be one person, and a data set that is spelt in two ways or left out."""
    if not regular(path).is_file():
        raise DataError(f"{path}: is not a file")
    if (size := path.stat().st_size) > LONGEST:
        raise DataError(f"{path}: must have at most {LONGEST} bytes, not {size}")
    lines, rows = list[Line](), dict[str, int]()
    people, spellings = dict[str, dict[str, str]](), dict[str, str]()  # subjects by data set, and how that is spelt
    try:
        texts = path.read_text(encoding=csv_file.encoding(path)).split("\n")
    except UnicodeDecodeError as error:
        row, byte = error.object.count(b"\n", 0, error.start) + 1, error.object[error.start]
        raise DataError(f"{path}, row {row}: must be in UTF-8, not byte 0x{byte:02x}") from None
    for number, text in enumerate(texts, 1):
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
        if (other := spellings.setdefault(data_set_key(line.dataset), line.dataset)) != line.dataset:
            raise DataError(f"{path}, row {number}: dataset must be spelt as before, {other}, not {line.dataset}")
        lines.append(line)
        if line.subject:
            people.setdefault(line.dataset, {}).setdefault(line.subject, f"{path}, row {number}")
    if not lines:
        raise DataError(f"{path}: must hold questions, a JSON object in each row, not nothing")
    subjects = {dataset: Subjects(names) for dataset, names in people.items()}
    for name, where in people.get("", {}).items():
        if any(of_dataset.find(name) for dataset, of_dataset in subjects.items() if dataset):
            raise DataError(f"dataset must not be missing: {name} could be a subject of another row's ({where})")
    pairs = [(line, subjects[line.dataset] if line.subject else None) for line in lines]  # one spelling of each subject
    return [replace(line, subject=of.name(of.key(line.subject))) if of else line for line, of in pairs]


def _line(text: str) -> Line:
    try:
        fields = json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=_finite)
        if not isinstance(fields, dict):
            raise ValueError(f"it is of type {type(fields).__name__}")
    except (ValueError, RecursionError) as error:
        raise DataError(f"must be a JSON object, not {text[:40]!r} ({error})") from None
    values = dict[str, Any]()
    plain_names = {key: csv_file.plain_name(key) for key, value in fields.items() if value is not None}  # an empty cell
    for meaning, names in KEYS.items():
        same = [(key, fields[key]) for name in names for key, plain_name in plain_names.items() if plain_name == name]
        key, value = same[0] if same else (" or ".join(names), "" if meaning in OPTIONAL else None)
        for other, of_other in same[1:]:
            if of_other != value and other != "image_id":  # which may have the subject before it
                raise DataError(f"{key} and {other} must not differ, as {value!r:.40} and {of_other!r:.40} do")
        if meaning == "subject" and isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str):
            raise DataError(f"{key} must be a text, not {'missing' if value is None else repr(value)[:40]}")
        values[meaning] = stated(value) if meaning in OPTIONAL else value
    if not isinstance(reply := fields.get("answer"), str | None):
        raise DataError(f"answer must be a text, not {reply!r:.40}")
    confidence = fields.get("confidence")
    is_share = isinstance(confidence, int | float) and not isinstance(confidence, bool) and 0 <= confidence <= 1
    if confidence is not None and not is_share:
        raise DataError(f"confidence must be a number in 0..1, not {confidence!r:.40}")
    return Line(question=understand(values["text"]), answer=reply, fields=fields, **values)


def _finite(text: str) -> float:
    """Return a number of JSON. Raises ValueError for one that JSON cannot hold."""
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number")
    return number


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raises ValueError for a name that is there twice."""
    if len(fields := dict(pairs)) < len(pairs):
        raise ValueError(f"each name must be there once, not {', '.join(name for name, _ in pairs)}")
    return fields


def of_clips(clips: Iterable[Clip]) -> list[Line]:
    """Return the questions on clips of a class, with the answers that their annotation gives.

    One question is on a unit that the clip does not show; from clip to clip it goes through the units of all, or those
    of FACS where a clip shows the units of all."""
    coded = []
    for clip in clips:
        if clip.label is not None:
            units: dict[int, Side] = {}  # those that are unsure count as absent
            for unit in facs.parse(clip.action_units):
                if unit.certain and not unit.alternatives and unit.number in facs.NAMES:
                    units[unit.number] = unit.side if units.get(unit.number, unit.side) == unit.side else "both"
            coded.append((clip, Facts(LABELS[clip.label], clip.emotion, units)))
    numbers = sorted({unit for _, truth in coded for unit in truth.units})
    lines = list[Line]()
    for i, (clip, truth) in enumerate(coded):
        others, more = ([unit for unit in of if unit not in truth.units] for of in (numbers, facs.NAMES))
        others = others or more  # where each clip shows the same
        forms = ask(truth, others[i % len(others)])
        image = clip.name if clip.name.startswith(clip.subject) else f"{clip.subject}_{clip.name}"
        lines += _asked(clip, image, {"image_id": image}, forms, truth)
    return lines


def of_videos(videos: Iterable[LongVideo]) -> list[Line]:
    """Return the questions on long videos, with the answers that their annotation gives."""
    lines, forms = list[Line](), long_videos.FORMS.values()
    for video in videos:
        name, events = f"{video.clip.subject}_{video.clip.name}", long_videos.events(video)
        lines += _asked(video.clip, name, {}, forms, Facts("", "", events=events))
    return lines


def _asked(clip: Clip, name: str, more: Mapping[str, str], forms: Iterable[str], truth: Facts) -> Iterator[Line]:
    """Yield questions of these forms on a clip; their ids have its `name`, their fields `more`."""
    for number, form in enumerate(forms, 1):
        question = understand(form)
        fields = {"id": f"{clip.dataset}_{name}_{number}", "dataset": clip.dataset, **more, "subject": clip.subject}
        fields |= {"filename": clip.name, "question": form, "answer": answer(question, truth)}
        yield Line(fields["id"], clip.name, clip.subject, form, question, fields["answer"], fields, clip.dataset)


def by_clip(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Return the lines by clip id, both in their order."""
    clips: dict[str, list[Line]] = {}
    for line in lines:
        clips.setdefault(line.clip_id, []).append(line)
    return clips


def match(requests: Iterable[Line], answers: Iterable[Line]) -> list[Line]:
    """Return the answers that are to these requests.

    Raises DataError for an answer to another question of that id, or to one on another clip, subject or data set."""
    by_id = {line.id: line for line in requests}
    replies = [line for line in answers if line.id in by_id]
    for line in replies:
        if line.question != by_id[line.id].question:
            raise DataError(f"question {line.id}: must be {by_id[line.id].text!r}, not {line.text!r}")
        pair = (by_id[line.id], line)
        datasets = {data_set_key(side.dataset) for side in pair if side.dataset}
        subjects = {key_of(side.subject): side.subject for side in pair if side.subject}
        names = [Name(folded(side.clip), side.subject, str(i), f"question {side.id}") for i, side in enumerate(pair)]
        if max(len(datasets), len(subjects)) > 1 or len(group(names, Subjects(subjects.values()))) > 1:
            raise DataError(f"question {line.id}: must be on {by_id[line.id].clip_id}, not on {line.clip_id}")
    return replies


def facts(lines: Iterable[Line]) -> dict[str, Facts]:
    """Return by clip id what the true answers say of clips with both classes; of a unit without a side, both."""
    result = {}
    for clip, of_clip in by_clip(lines).items():
        answers = {line.question.topic: plain(str(line.answer)) for line in of_clip}
        if not {"coarse", "fine"} <= {*answers}:
            continue
        numbers = [unit for unit in parts("units", answers.get("units", ""))[0] if isinstance(unit, int)]
        units: dict[int, Side] = dict.fromkeys(sorted(numbers), "both")
        for line in of_clip:
            if line.question.topic == "side" and (side := plain(str(line.answer))) in ("left", "right"):
                units[line.question.unit] = "left" if side == "left" else "right"
        result[clip] = Facts(answers["coarse"], answers["fine"], units)
    return result


def to_answer(lines: Iterable[Line], places: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the lines as the challenge gives them to be answered, without an answer.

    `places` are further fields by clip id: `video`, its path in the folder of its data set, and what else tells where
    it is."""
    rows = ({"video_id": line.id, **places[line.clip_id], "question": line.text} for line in lines)
    return "".join(json.dumps(row) + "\n" for row in rows)


def place(clip: Clip) -> dict[str, Any]:
    """Return the fields that tell where a clip is: `video`, its folder or file, its rate, its first and last frame."""
    return {"video": clip.folder, "fps": clip.fps, "first": clip.first, "last": clip.last}


def single(lines: Iterable[Line]) -> dict[str, bool]:
    """Return by id of a clip that is asked for its units whether it is for a single one."""
    return {line.clip_id: line.question.single for line in lines if line.question.topic in ("units", "all")}


def replies(lines: Sequence[Line], by_line: Sequence[Facts]) -> tuple[list[str], list[float | None]]:
    """Return the answer to each question by what is known of its clip, and its probability, that of coarse classes.

    A question for the action unit of a clip, or for its units, says how many to count in all questions on it."""
    counts = single(lines)
    pairs = [
        (line, of_clip.counted(counts[line.clip_id]) if line.clip_id in counts else of_clip)
        for line, of_clip in zip(lines, by_line, strict=True)
    ]
    confidences = [of_clip.confidence if line.question.topic == "coarse" else None for line, of_clip in pairs]
    return [answer(line.question, of_clip) for line, of_clip in pairs], confidences


def text(lines: Sequence[Line], answers: Sequence[str | None], confidences: Sequence[float | None] = ()) -> str:
    """Return the lines with these answers, or none, as the challenge takes them.

    `confidences`: probabilities of the answers, which `score` reads as well."""
    rows = []
    for i, (line, reply) in enumerate(zip(lines, answers, strict=True)):
        row = {name: value for name, value in line.fields.items() if name not in ("answer", "confidence")}
        row |= {} if reply is None else {"answer": reply}
        if confidences and (confidence := confidences[i]) is not None:
            row["confidence"] = round(confidence, 4)
        rows.append(json.dumps(row) + "\n")
    return "".join(rows)
