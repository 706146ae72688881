"""An outside program that answers a file of questions."""

import sys

import pytest
from asked import question_file

from microexpr.core.errors import DataError
from microexpr.evaluation.questions import lines
from microexpr.tasks.questions import jobs, params

TOY = """
import json, pathlib, sys
questions, videos, answers = map(pathlib.Path, sys.argv[1:])
with open(answers, "w") as file:
    for line in open(questions):
        row = json.loads(line)
        if (text := (videos / row["video"]).read_text()) != "skipped":
            assert not {"a", "b"} & {*row["video_id"], *row["video"]}
            file.write(json.dumps({**row, "answer": text, "confidence": 0.25}) + "\\n")
"""


def program(tmp_path, *words):
    script = tmp_path / "toy.py"
    script.write_text(TOY, encoding="utf-8")
    return f"{sys.executable} {script} {' '.join(words)}"


def test_an_outside_program_answers_a_file(tmp_path, capsys):
    path, out = question_file(tmp_path, "a", "s/b"), tmp_path / "answers.jsonl"
    (clips := tmp_path / "clips" / "s").mkdir(parents=True)
    (clips.parent / "a").write_text("negative")
    (clips / "b").write_text("fear")

    def run(command):
        values = {"command": command, "videos": str(clips.parent), "program": "toy"}
        jobs.run_program(values, {"to_answer": str(path)}, {"answers": str(out)})

    command = program(tmp_path, "{questions}", "{videos}", "{answers}")
    run(command)
    replies = [(line.id, line.answer, line.confidence) for line in lines.read(out)]
    assert replies == [
        (f"{name}_{i}", text, 0.25) for name, text in (("a", "negative"), ("s/b", "fear")) for i in (0, 1)
    ]
    with pytest.raises(DataError, match=r"questions\.programs\.toy ended with 1"):
        run(program(tmp_path, "{questions}"))
    assert "not enough values" in capsys.readouterr().out
    with pytest.raises(DataError, match=r"questions\.programs\.toy: no_such_program: No such file"):
        run("no_such_program")
    with pytest.raises(DataError, match=r"questions\.programs\.toy: .*answers: is not a file"):
        run("true")
    (clips / "b").write_text("skipped")
    with pytest.raises(DataError, match=r"questions\.programs\.toy must answer question s/b_0; 2 have no answer"):
        run(command)


@pytest.mark.parametrize("command", ["vlm {questions} {answers}", "vlm {videos} '{questions} {answers}", ""])
def test_a_command_names_all_its_files(command):
    with pytest.raises(ValueError, match=r"must have \{videos\}|No closing quotation|must have \{questions\}"):
        params.Params(programs={"vlm": command})
    assert params.Params(programs={"vlm": "vlm {questions} {videos} {answers}"}).programs
