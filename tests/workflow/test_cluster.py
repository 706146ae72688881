"""Resources of jobs on a cluster, and groups that the Slurm profile submits together. Runs no job, needs no Slurm."""

import re
import sys

import pytest
import scratch
import yaml
from conftest import Project
from stages import STAGES, stage_of

from microexpr import datasets

PROFILES = scratch.ROOT / "profiles"
ALL_SETS = ["--config", f"datasets={[*datasets.MICRO]}", f"macro={[*datasets.MACRO]}"]


def profile(name: str) -> dict:
    return yaml.safe_load((PROFILES / name / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Project:
    """A checkout in which nothing has run."""
    root = tmp_path_factory.mktemp("cluster")
    scratch.copy(root)
    project = Project(root)
    project.edit("params.yaml", "origin: auto", "origin: generated")  # as architecture.py asks for: one check for both
    return project


def requests(project: Project, *options: str) -> list[tuple[str, dict[str, int]]]:
    """Each job of the table: its output, and the resources that it asks for by name."""
    options = (*options, "--dry-run", "--quiet", "host", "reason", "--", "results/megc2019_table.csv", "all_aus")
    jobs = re.findall(
        r"^    output: (.*)$(?s:.*?)^    resources: (.*)$", project.snakemake(*options).stdout, re.MULTILINE
    )
    return [(output, {k: int(n) for k, n in re.findall(r"(\w+)=(\d+)(?:,|$)", line)}) for output, line in jobs]


@pytest.fixture(scope="module")
def usual(fresh) -> list[tuple[str, dict[str, int]]]:
    """The requests of all jobs where the command line says nothing of them."""
    return requests(fresh)


def test_every_job_asks_for_memory_and_time_and_only_networks_for_a_gpu(usual):
    assert len(usual) > 100 and all({"mem_mb", "runtime"} <= values.keys() for _, values in usual)
    gpus = {output.split("/")[2] for output, values in usual if values.get("gpu")}
    assert {"ststnet", "icegan", "mtmnet"} <= gpus and not gpus & {"majority", "flow_svm", "lbp_top"}


def test_the_command_line_counts_and_a_second_attempt_asks_for_twice_as_much(fresh, usual):
    options = ("--resources", "gpu=0", "--set-resources", "index:mem_mb=7000", "faces:runtime=7")
    first, second = dict(usual), dict(requests(fresh, *options, "--attempt", "2"))
    assert first.keys() == second.keys() and first
    assert not any(values.get("gpu") for values in second.values())
    assert {"index", "faces", "flow", "train"} <= {output.split("/")[1] for output in second}
    for output, values in second.items():
        memory = 7000 if output.startswith("results/index/") else 2 * first[output]["mem_mb"]
        runtime = 7 if output.startswith("results/faces/") else 2 * first[output]["runtime"]
        assert (values["mem_mb"], values["runtime"]) == (memory, runtime), output


def test_the_register_has_all_rules_and_no_other(fresh):
    rules = fresh.snakemake("--list-rules", *ALL_SETS).stdout.split()
    targets = {rule for rule in rules if rule.startswith(("all", "table_", "synthesise_", "train_"))}
    nouns = {stage_of(rule) for rule in {*rules} - targets | {"train_generator"}}
    assert nouns == {noun for noun, stage in STAGES.items() if stage.rules}  # a task has no rules but those of others
    names = {rule for stage in STAGES.values() for rule in stage.rules if "{" not in rule}
    assert names - {*rules} == {"aus_pyfeat"}  # in place of `aus` where py-feat is chosen
    assert {*profile("slurm")["groups"]} - {*rules} == {"aus_pyfeat"}


@pytest.mark.parametrize(
    ("program", "written"),
    [("stages.py", "profiles/slurm/config.yaml"), ("architecture.py", "docs/architecture.md")],
)
def test_the_profile_and_the_table_of_stages_are_those_of_the_register_and_the_rules(fresh, program, written):
    committed = (fresh.root / written).read_text(encoding="utf-8")
    fresh.run(sys.executable, f"workflow/{program}")
    assert (fresh.root / written).read_text(encoding="utf-8") == committed, f"python workflow/{program}"


def test_the_slurm_profile_has_all_that_the_default_one_has():
    slurm, default = profile("slurm"), profile("default")
    assert {key: slurm[key] for key in default if key != "cores"} == {k: v for k, v in default.items() if k != "cores"}
    assert {*slurm["groups"].values()} == slurm["group-components"].keys()
