"""Tasks added as docs/adding-a-task.md says: one of clips by a file and a section, one of another kind by three."""

import csv
import json
import re
import textwrap

import numpy as np
import pytest
import scratch
from conftest import Project

DATASETS = "[casme2, samm]\n  methods: {maj"
TABLE = "results/face_half_table.csv"
TRAINED = "results/face_half/train/ststnet/megc2019/1of1.h5", "results/train/hoof/face_half_loso/1of1.h5"
PAGE = scratch.ROOT / "docs/adding-a-task.md"
ROWS = "{majority: {}, hoof: {}, ststnet: {epochs: 2, batch: 16, lr: 0.001}}"


def block(start: str) -> str:
    """The indented block of the page whose first line begins so."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith(f"    {start}"))
    length = next((n for n, line in enumerate(lines[first:]) if line and not line.startswith("    ")), None)
    return textwrap.dedent("\n".join(lines[first : first + length] if length else lines[first:])).rstrip() + "\n"


def add(project: Project, rows: str = ROWS) -> None:
    """Adds the example: its file and its section."""
    path = project.root / "src/microexpr/tasks/face_half.py"
    path.write_text(block('"""Recognition of the half'), encoding="utf-8")
    with (project.root / "params.yaml").open("a", encoding="utf-8") as params:
        params.write(f"\nface_half:\n  datasets: [casme2, samm]\n  methods: {rows}\n")


def test_a_task_is_one_file_and_a_section_and_runs_no_job_of_others_again(project):
    add(project)
    assert project.planned() == {}  # the main table is as it was
    project.snakemake("--", "all_face_half")
    rows = {row["method"]: row for row in project.rows(TABLE)}
    assert [*rows] == ["majority", "hoof", "ststnet"]
    assert {(row["protocol"], row["origin"], row["clips"]) for row in rows.values()} == {
        ("face_half_loso", "generated", rows["hoof"]["clips"])
    }
    assert int(rows["hoof"]["clips"]) >= 8 and float(rows["hoof"]["full_uf1"]) > float(rows["majority"]["full_uf1"])
    markdown = project.run("microexpr", "table", TABLE, "--markdown").stdout
    assert "Half of the face that moves" in markdown
    assert (project.root / "results/face_half_paired.csv").read_text(encoding="utf-8").count("\n") > 3
    plan = project.run("python", "workflow/plan.py", "face_half", "ststnet").stdout.splitlines()
    assert len(plan) == 2 and "face_half_loso" in plan[1] and plan[1].split()[0] == "face_half"
    done = project.run("python", "workflow/stage.py", "record", check=False)  # it has no stage of DVC
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


SYNTHESISED = """
    icegan: {epochs: 1, image_size: 32, width: 8, reconstruction: [8, 16], perceptual: trunk}
    ststnet: {initialisation: population, population: {epochs: 2}}"""


def test_rows_of_a_task_may_synthesise_or_start_from_the_population(project):
    add(project, SYNTHESISED)
    expected = {"population": 2, "pretrain_on_population": 1, "train": 2, "evaluate": 2, "face_half_table": 1}
    assert project.planned("all_face_half") == expected | {"all_face_half": 1}


@pytest.mark.slow
def test_such_rows_run_and_other_classes_are_learnt_anew(project):
    add(project, SYNTHESISED)
    jobs = project.jobs("all_face_half")
    assert {"train": 2, "pretrain_on_population": 1, "evaluate": 2}.items() <= jobs.items()
    project.edit("src/microexpr/tasks/face_half.py", "moved <= UPPER else", "moved < UPPER else")
    assert project.planned("all_face_half").keys() >= {"train", "pretrain_on_population"}


SECTIONS = """
import json, sys
from pathlib import Path
sys.path.insert(0, "workflow")
from stage import planned_run
path = Path("params.yaml")
text = path.read_text(encoding="utf-8")
for old, new in json.loads(sys.argv[1]):
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        planned_run()
    except SystemExit as end:
        print(end)
"""


def test_a_wrong_section_is_refused_in_one_line(project):
    add(project)
    edits = (
        ("hoof: {}", "hoop: {}"),
        ("hoof: {}", "hoof: {bin: 3}"),
        (DATASETS, DATASETS.replace("casme2, samm", "casme4")),
    )
    lines = project.run("python", "-c", SECTIONS, json.dumps(edits)).stdout.splitlines()
    method, param, dataset = lines
    assert re.match("error: params.yaml: face_half.methods.hoop: method must be one of .*, not hoop", method)
    assert param.startswith("error: params.yaml: face_half.methods.hoof.bin is no known key")
    assert dataset.startswith("error: params.yaml: face_half.datasets.0: input should")


def test_what_a_run_of_a_task_cannot_have_is_refused_in_one_line(project):
    add(project)
    project.edit("params.yaml", DATASETS, DATASETS.replace("casme2, samm", "smic"))
    for target, message in {
        TRAINED[0]: "results/face_half/ has no training of ststnet under megc2019",
        TRAINED[1]: " results/ has no training of hoof under face_half_loso",
        TABLE: "params.yaml: face_half must have methods, and datasets with labelled clips",
    }.items():
        done = project.snakemake("--", target, check=False)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
        assert len(errors) == 1 and message in errors[0], done.stderr


def test_another_kind_of_target_is_a_module_rules_and_a_stage_of_dvc(project):
    root = project.root
    (root / "src/microexpr/tasks/apex_spotting.py").write_text(block('"""Apex spotting'), encoding="utf-8")
    (root / "workflow/rules/apex_spotting.smk").write_text(block("# Apex spotting"), encoding="utf-8")
    with (root / "workflow/dvc.yaml").open("a", encoding="utf-8") as stages:
        stages.write(textwrap.indent(block("  apex_spotting:"), "  "))
    assert project.planned() == {}  # no other job runs again
    project.snakemake("--", "all_apex_spotting")
    rows = {row["method"]: row for row in project.rows("results/apex_spotting_table.csv")}
    assert [*rows] == ["mean_position", "flow", "regions"] and {row["origin"] for row in rows.values()} == {"generated"}
    spotted = [
        row
        for path in root.glob("results/apex_spotting/*/*.csv")
        for row in csv.DictReader(path.open(encoding="utf-8"))
    ]
    assert len(spotted) == int(rows["flow"]["clips"]) > 8
    by_hand = sum(abs(int(row["flow"]) - int(row["apex"])) for row in spotted) / len(spotted)
    assert float(rows["flow"]["error"]) == pytest.approx(by_hand, abs=5e-4)
    first, last, true = (np.array([int(row[name]) for row in spotted]) for name in ("first", "last", "apex"))
    position, subjects = (true - first) / (last - first), np.array([row["clip"].rpartition("/")[0] for row in spotted])
    floor = first + [position[subjects != subject].mean() for subject in subjects] * (last - first)
    assert float(rows["mean_position"]["error"]) == pytest.approx(np.abs(floor - true).mean(), abs=5e-4)
    table = project.run("microexpr", "table", "results/apex_spotting_table.csv", "--markdown").stdout
    assert "Apex spotting: " in table and "rendered faces" in table and "| mean_position |" in table
    assert project.planned("all_apex_spotting") == {}
    assert project.run("python", "workflow/stage.py", "apex_spotting").returncode == 0  # as DVC runs it
