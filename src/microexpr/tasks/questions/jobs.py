"""Answers of an outside program to the questions on one data set."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from microexpr.core import store
from microexpr.core.errors import DataError
from microexpr.evaluation.questions import is_understood, lines
from microexpr.evaluation.questions.lines import Line
from microexpr.tasks.questions.params import FILES


def run_program(values: Mapping[str, Any], files: Mapping[str, Any], outputs: Mapping[str, str]) -> None:
    """Let an outside program answer a file of questions, and write its answers; its text goes to this job's log.

    It gets other ids and names of clips, since those of a data set may tell an emotion. Raises DataError if it fails,
    or leaves a question without an answer."""
    requests, about = lines.read(Path(files["to_answer"])), f"params.yaml: questions.programs.{values['program']}"
    with TemporaryDirectory() as folder:
        paths = [Path(folder, part.strip("{}")) for part in FILES]
        hidden = _hide(requests, Path(values["videos"]).absolute(), paths[1])
        paths[0].write_text(lines.text(hidden, [None] * len(hidden)), encoding="utf-8")
        words = shlex.split(values["command"])
        for part, path in zip(FILES, paths, strict=True):
            words = [word.replace(part, str(path)) for word in words]
        try:
            process = subprocess.run(
                words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
            )
        except OSError as error:
            raise DataError(f"{about}: {words[0]}: {error.strerror}") from None
        print(process.stdout, end="")
        if process.returncode:
            raise DataError(f"{about} ended with {process.returncode}: {shlex.join(words)}")
        try:
            replies = {line.id: line for line in lines.match(hidden, lines.read(paths[2], answered=True))}
        except DataError as error:
            raise DataError(f"{about}: {error}") from None
    pairs = [(line.id, replies.get(other.id)) for line, other in zip(requests, hidden, strict=True)]
    if missing := [name for name, reply in pairs if not reply]:
        raise DataError(f"{about} must answer question {missing[0]}; {len(missing)} have no answer")
    answered = [reply for _, reply in pairs if reply]
    if wrong := [reply for reply in answered if not is_understood(reply.question.topic, str(reply.answer))]:
        print(f"{about}: {len(wrong)} answers are not understood, and count as wrong: {wrong[0].answer!r:.60} for one")
    text = lines.text(requests, [reply.answer for reply in answered], [reply.confidence for reply in answered])
    store.write_text(outputs["answers"], text)


def _hide(requests: Sequence[Line], videos: Path, folder: Path) -> list[Line]:
    """Return the questions with numbers for ids and names of clips, of which `folder` gets links."""
    folder.mkdir()
    clips = enumerate(dict.fromkeys(line.clip for line in requests), 1)
    numbers = {name: f"{number:04d}{Path(name).suffix}" for number, name in clips}
    for name, number in numbers.items():
        (folder / number).symlink_to(videos / name)
    names = [(f"{i:05d}", numbers[line.clip]) for i, line in enumerate(requests, 1)]
    return [
        replace(line, id=id_, clip=clip, fields={**line.fields, "video_id": id_, "video": clip})
        for line, (id_, clip) in zip(requests, names, strict=True)
    ]
