"""What jobs ask of a cluster, and which of them the Slurm profile submits together. Runs no job and needs no Slurm."""

import re

import pytest
import scratch
import yaml
from conftest import Project

from microexpr import datasets

PROFILES = scratch.ROOT / "workflow/profiles"
EVERY = ["--config", f"datasets={[*datasets.MICRO]}", f"macro={[*datasets.MACRO]}"]


def profile(name: str) -> dict:
    return yaml.safe_load((PROFILES / name / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Project:
    """A checkout in which nothing has run."""
    root = tmp_path_factory.mktemp("cluster")
    scratch.copy(root)
    return Project(root)


@pytest.fixture(scope="module")
def rules(fresh) -> set[str]:
    return set(fresh.snakemake("--list-rules", *EVERY).stdout.split())


def requests(project: Project, *options: str) -> list[tuple[str, dict[str, int]]]:
    """Each job of the table: its output, and the resources that it asks for by name."""
    options = (*options, "--dry-run", "--quiet", "host", "reason", "--", "results/megc2019_table.csv", "all_aus")
    found = re.findall(
        r"^    output: (.*)$(?s:.*?)^    resources: (.*)$", project.snakemake(*options).stdout, re.MULTILINE
    )
    return [(output, {k: int(n) for k, n in re.findall(r"(\w+)=(\d+)(?:,|$)", line)}) for output, line in found]


@pytest.fixture(scope="module")
def usual(fresh) -> list[tuple[str, dict[str, int]]]:
    """The requests of all jobs where the command line says nothing of them."""
    return requests(fresh)


def test_every_job_asks_for_memory_and_time_and_only_networks_for_a_gpu(usual):
    assert len(usual) > 100 and all({"mem_mb", "runtime"} <= given.keys() for _, given in usual)
    gpus = {output.split("/")[2] for output, given in usual if given.get("gpu")}
    assert {"ststnet", "icegan", "mtmnet"} <= gpus and not gpus & {"majority", "flow_svm", "lbp_top"}


def test_the_command_line_counts_and_a_second_attempt_asks_for_twice_as_much(fresh, usual):
    said = ("--resources", "gpu=0", "--set-resources", "index:mem_mb=7000", "faces:runtime=7")
    first, second = dict(usual), dict(requests(fresh, *said, "--attempt", "2"))
    assert first.keys() == second.keys() and first
    assert not any(given.get("gpu") for given in second.values())
    assert {"index", "faces", "flow", "train"} <= {output.split("/")[1] for output in second}
    for output, given in second.items():
        memory = 7000 if output.startswith("results/index/") else 2 * first[output]["mem_mb"]
        runtime = 7 if output.startswith("results/faces/") else 2 * first[output]["runtime"]
        assert (given["mem_mb"], given["runtime"]) == (memory, runtime), output


def test_what_is_asked_for_is_of_rules_that_there_are(rules):
    text = (scratch.ROOT / "workflow/rules/common.smk").read_text(encoding="utf-8")
    starts = re.findall(r'^    "(\w*)": \(', text, re.MULTILINE)
    assert len(starts) > 5 and starts[-1] == ""
    assert not [start for start in starts if not any(rule.startswith(start) for rule in rules)]


def test_the_slurm_profile_groups_rules_that_there_are_and_forgets_no_data_set(rules):
    groups = profile("slurm")["groups"]
    assert not groups.keys() - rules
    assert not {rule for rule in rules if rule.startswith(("generate_", "annotation_"))} - groups.keys()
    assert {*groups.values()} == profile("slurm")["group-components"].keys()


def test_the_slurm_profile_has_all_that_the_one_it_takes_the_place_of_has():
    own, default = profile("slurm"), profile("default")
    assert {key: own[key] for key in default if key != "cores"} == {k: v for k, v in default.items() if k != "cores"}
