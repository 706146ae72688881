"""What jobs ask of a cluster, and which of them the Slurm profile submits together. Runs no job and needs no Slurm."""

import re
import subprocess
import sys

import pytest
import scratch
import yaml
from conftest import Project

from microexpr import datasets

PROFILES = scratch.ROOT / "workflow/profiles"
ALL_SETS = ["--config", f"datasets={[*datasets.MICRO]}", f"macro={[*datasets.MACRO]}"]


def profile(name: str) -> dict:
    return yaml.safe_load((PROFILES / name / "config.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Project:
    """A checkout in which nothing has run."""
    root = tmp_path_factory.mktemp("cluster")
    scratch.copy(root)
    return Project(root)


def resources(project: Project, *options: str) -> list[tuple[str, dict[str, int]]]:
    """Output of each job of the table, and what it asks for by name."""
    options = (*options, "--dry-run", "--quiet", "host", "reason", "--", "results/megc2019_table.csv", "all_aus")
    jobs = re.findall(
        r"^    output: (.*)$(?s:.*?)^    resources: (.*)$", project.snakemake(*options).stdout, re.MULTILINE
    )
    return [(output, {k: int(n) for k, n in re.findall(r"(\w+)=(\d+)(?:,|$)", line)}) for output, line in jobs]


def test_every_job_asks_for_memory_and_time_and_only_networks_for_a_gpu(fresh):
    jobs = resources(fresh)
    assert len(jobs) > 100 and all({"mem_mb", "runtime"} <= values.keys() for _, values in jobs)
    gpus = {output.split("/")[2] for output, values in jobs if values.get("gpu")}
    assert {"ststnet", "icegan", "mtmnet"} <= gpus and not gpus & {"majority", "flow_svm", "lbp_top"}


def test_the_command_line_wins(fresh):
    jobs = resources(fresh, "--resources", "gpu=0", "--set-resources", "index:mem_mb=7000", "faces:runtime=7")
    assert not any(values.get("gpu") for _, values in jobs)
    assert {values["mem_mb"] == 7000 for output, values in jobs if output.startswith("results/index/")} == {True}
    assert {values["runtime"] == 7 for output, values in jobs if output.startswith("results/faces/")} == {True}


def test_a_second_attempt_asks_for_twice_as_much(fresh):
    first, second = dict(resources(fresh)), dict(resources(fresh, "--attempt", "2"))
    assert first.keys() == second.keys() and first
    for output, values in second.items():
        assert (values["mem_mb"], values["runtime"]) == (2 * first[output]["mem_mb"], 2 * first[output]["runtime"])


def test_the_register_has_all_rules_and_no_other(fresh, monkeypatch):
    monkeypatch.syspath_prepend(str(scratch.ROOT / "workflow"))
    from stages import STAGES, stage_of

    rules = fresh.snakemake("--list-rules", *ALL_SETS).stdout.split()
    targets = {rule for rule in rules if rule.startswith(("all", "table_"))}
    nouns = {stage_of(rule) for rule in rules if rule not in targets and not rule.startswith("synthesise_")}
    assert nouns == {*STAGES}
    names = {rule for stage in STAGES.values() for rule in stage.rules if "{" not in rule}
    assert names - {*rules} == {"aus_pyfeat"}  # in place of `aus` where py-feat is chosen
    assert {*profile("slurm")["groups"]} - {*rules} == {"aus_pyfeat"}


def test_profile_and_docs_have_what_the_register_has(tmp_path):
    scratch.copy(tmp_path)
    files = [tmp_path / name for name in ("workflow/profiles/slurm/config.yaml", "docs/cluster.md")]
    committed = [path.read_text(encoding="utf-8") for path in files]
    subprocess.run([sys.executable, "workflow/stages.py"], cwd=tmp_path, check=True)
    assert [path.read_text(encoding="utf-8") for path in files] == committed, "python workflow/stages.py"
    assert {*profile("slurm")["groups"].values()} == profile("slurm")["group-components"].keys()


def test_the_slurm_profile_has_all_that_the_default_one_has():
    slurm, default = profile("slurm"), profile("default")
    assert {key: slurm[key] for key in default if key != "cores"} == {k: v for k, v in default.items() if k != "cores"}
