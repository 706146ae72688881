"""The table of questions: its jobs, and an outside program as one of its rows."""

import json

import pytest

TABLE = "results/megc2026_table.csv"
TOY = """
import json, os, sys
questions, videos, answers = sys.argv[1:]
with open(answers, "w") as file:
    for line in open(questions):
        row = json.loads(line)
        names = row["video"] + row["video_id"]
        assert "answer" not in row and not any(word in names for word in ("sub", "EP", "disgust", "casme"))
        assert os.listdir(os.path.join(videos, row["video"]))
        file.write(json.dumps(row | {"answer": "negative", "confidence": 0.5}) + "\\n")
"""


def with_a_program(project):
    (project.root / "toy.py").write_text(TOY, encoding="utf-8")
    command = "python toy.py {questions} {videos} {answers}"
    project.edit("params.yaml", "  programs: {}", f'  programs: {{toy: "{command}"}}')


def test_a_program_answers_the_questions_on_each_data_set_and_no_job_of_the_table_runs_again(project):
    with_a_program(project)
    jobs = project.planned(TABLE)
    assert {
        "questions": 3,
        "questions_program": 3,
        "questions_measure": 4,
        "questions_table": 1,
    }.items() <= jobs.items()
    assert jobs.keys().isdisjoint({"faces", "apex", "flow", "train_generator", "megc2019_table"})
    assert project.planned() == {}


def test_a_data_set_is_asked_about_by_a_command_too(project):
    done = project.run("microexpr", "questions", "data/rendered/casme2", "--out", "asked.jsonl")
    rows = [json.loads(line) for line in (project.root / "asked.jsonl").read_text(encoding="utf-8").splitlines()]
    assert f"{len(rows)} questions on 6 clips" in done.stdout + done.stderr
    assert {row["dataset"] for row in rows} == {"casme2"} and all(row["answer"] for row in rows)


@pytest.mark.slow
def test_a_program_is_a_row_of_the_table(project):
    with_a_program(project)
    project.snakemake("--", TABLE)
    rows = {row["method"]: row for row in project.rows(TABLE)}
    assert {"majority", "questions_alone", "predict", "ststnet", "units/ststnet", "toy"} <= {*rows}
    toy, ours = rows["toy"], rows["predict"]
    assert toy["learnt_from"] == "not known" and toy["clips"] == ours["clips"] and toy["videos"] == "2"
    assert float(toy["coarse_uf1"]) < float(ours["coarse_uf1"]) and float(toy["calibration_error"]) <= 0.5
    project.run("microexpr", "questions", "data/rendered/casme_sq", "--out", "asked.jsonl")
    by_rule = (project.root / "results/questions/casme_sq.jsonl").read_bytes()
    assert (project.root / "asked.jsonl").read_bytes() == by_rule
    answers = (project.root / "results/questions/answers/toy.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["answer"] for line in answers} == {"negative"}
    assert "toy" in project.run("microexpr", "table", TABLE).stdout
