"""DVC next to Snakemake: every step from a finished run to a colleague's clone, and an edit of params under both.

A guard before DVC's experiments says which commands it leaves to DVC."""

import base64
import json
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

import dvc_command
import psutil
import pytest
import yaml
from conftest import Project
from scratch import ROOT

from microexpr.cli import config

PIPELINES = [ROOT / "dvc.yaml", ROOT / "workflow/dvc.yaml"]


def stages() -> dict[str, dict]:
    """All stages of all pipelines, by name."""
    return {name: stage for path in PIPELINES for name, stage in yaml.safe_load(path.read_text())["stages"].items()}


def test_dvc_yaml_is_short_and_names_what_is_there():
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in PIPELINES[:1]) <= 150
    outs = {name for stage in stages().values() for out in stage["outs"] for name in out}
    for name, stage in stages().items():
        assert stage["cmd"] == f"python workflow/stage.py {name}"
        assert [dep for dep in stage["deps"] if dep not in outs and not (ROOT / dep).exists()] == []
        persists = [settings["persist"] for out in stage["outs"] for settings in out.values()]
        assert all(persists)  # DVC deletes others first
    listed = {section for stage in stages().values() for param in stage["params"] for section in names(param)}
    assert listed == {*yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))} - {"report"}


def test_a_stage_depends_on_all_that_its_jobs_read(finished):
    """A job may read a folder that changes while the folder of the stage before it does not."""
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    outs = {
        name: [path for kind in ("outs", "metrics") for out in stage.get(kind, []) for path in out]
        for name, stage in pipeline.items()
    }
    checked = set()
    for path in (finished.root / ".snakemake/metadata").iterdir():
        output = base64.urlsafe_b64decode(path.name).decode()
        inputs = json.loads(path.read_text(encoding="utf-8"))["input"]
        for name in [name for name, folders in outs.items() if output.startswith(tuple(folders))]:
            checked.add(name)
            inside = (*pipeline[name]["deps"], *outs[name])
            assert [file for file in inputs if not file.startswith(inside)] == [], output
    assert checked == pipeline.keys() - {"pretrain", "synthesise"}  # no row of this run needs them
    generators = config.check_cached(config.load(ROOT / "params.yaml")).rows["synthesise"]
    reads = {"index"}.union(*(about.reads for about in generators.values()))
    assert {f"results/{stage}" for stage in reads} <= {*pipeline["synthesise"]["deps"]}


@pytest.mark.slow  # the test above holds what it depends on
def test_a_subject_fewer_is_gone_from_every_stage_under_dvc(project):
    """No job of `faces` has to run for that, but `index` must notice."""
    project.run(*RECORD)
    project.edit("params.yaml", "samm: {subjects: 2,", "samm: {subjects: 1,")
    project.run("dvc", "repro", "index")
    assert not list((project.root / "results").glob("faces/samm/007*"))
    assert "/007/" not in (project.root / "results/index/samm.csv").read_text(encoding="utf-8")


def names(param: str | dict) -> list[str]:
    """The sections of params.yaml that an entry of a stage's params names; none where it is the whole file."""
    return [param] if isinstance(param, str) else param["params.yaml"] or []


RATE = "methods.ststnet.lr"
ALL, ADOPT = ("snakemake", "--cores", "2", "--", "all"), ("python", "workflow/stage.py", "adopt")
RECORD = ("python", "workflow/stage.py", "record")


@pytest.fixture(scope="module")
def recorded(finished, tmp_path_factory) -> Project:
    """A copy of the finished run, recorded in DVC. Two tests share it: what they make is recorded at their end, too."""
    project = finished.copy(tmp_path_factory.mktemp("recorded") / "project")
    (project.root / "results/units").mkdir()  # as a table of questions leaves it: without the stage's own tables
    project.run(*RECORD)
    return project


def ran(project: Project, *command: str) -> int:
    """The number of jobs that a command runs, which loses no result."""
    before = project.digests().keys()
    jobs = project.jobs_of(*command)
    assert before <= project.digests().keys(), command
    return sum(count for rule, count in jobs.items() if not rule.startswith(("table_", "all")))


def refusal(project: Project, *command: str) -> str:
    """The last line of a command that fails and changes nothing."""
    before = project.digests()
    done = project.run(*command, check=False)
    assert done.returncode == 1 and project.digests() == before, command
    return (done.stdout + done.stderr).strip().splitlines()[-1]


@pytest.mark.slow
def test_no_step_from_a_finished_run_to_a_colleagues_clone_loses_a_result(project, tmp_path):
    """Record, repro, edits, an experiment refused, run and killed, push, clone, pull, repro, adopt."""
    first = project.digests()
    assert ran(project, *RECORD) == ran(project, "dvc", "repro") == 0
    project.edit("params.yaml", "lr: 0.0005, cosine", "lr: 0.0007, cosine")
    edited = sum(project.planned().values())
    assert ran(project, "dvc", "repro") == edited > 0 and project.planned() == {}
    project.edit("params.yaml", "lr: 0.0007, cosine", "lr: 0.0006, cosine")
    assert ran(project, *ALL) == edited  # DVC does not know these results
    assert "are not in DVC's cache" in refusal(project, "dvc", "exp", "run", "-S", f"{RATE}=0.001")
    project.run("git", "checkout", "params.yaml")
    assert ran(project, *ALL) == edited and project.digests() == first
    assert ran(project, *RECORD) == 0
    assert ran(project, "dvc", "exp", "run", "-S", f"{RATE}=0.001") == edited and project.planned() == {}
    project.run("git", "checkout", "params.yaml")
    project.run("dvc", "repro")
    assert project.digests() == first

    for folder in ("work/checkpoints", ".snakemake/incomplete"):
        shutil.rmtree(project.root / folder, ignore_errors=True)
    running = project.start("dvc", "exp", "run", "-S", f"{RATE}=0.002")
    while not list(project.root.glob(".snakemake/incomplete/*")):
        assert running.poll() is None, "ended before it could be killed"
        time.sleep(0.02)
    for process in [*psutil.Process(running.pid).children(recursive=True), running]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    running.wait()
    project.run("git", "checkout", "--force", "main")  # DVC had changed params.yaml and left the branch
    project.snakemake("--unlock")
    (project.root / ".dvc/tmp/rwlock").unlink(missing_ok=True)  # half written, if DVC was at that: docs/faults.md
    project.run("dvc", "repro")
    assert project.digests() == first

    clone = pushed_and_pulled(project, tmp_path)
    assert "adopt" in refusal(clone, *ALL)
    assert ran(clone, "dvc", "repro") > 0  # renders the corpora, which are not kept
    clone.edit("params.yaml", "lr: 0.0005, cosine", "lr: 0.0007, cosine")
    assert "not of these params" in refusal(clone, *ADOPT)
    clone.run("git", "checkout", "params.yaml")
    assert ran(clone, *ADOPT) == 0 and clone.planned() == {} and clone.digests() == first
    clone.edit("params.yaml", "lr: 0.0005, cosine", "lr: 0.0007, cosine")
    assert sum(clone.planned().values()) == edited


def pushed_and_pulled(project: Project, folder: Path) -> Project:
    """A clone that has pulled a project's results from a remote: those that are no rendered corpora."""
    clone = Project(folder / "clone")
    project.run("dvc", "remote", "add", "--default", "lab", str(folder / "remote"))
    project.run("dvc", "push")
    project.run("git", "add", "-A")
    project.run("git", "commit", "-qm", "results")
    project.run("git", "clone", "-q", str(project.root), str(clone.root))
    clone.run("dvc", "pull", "--allow-missing")
    rendered = "data/rendered/"
    expected = {path: digest for path, digest in project.digests().items() if not path.startswith(rendered)}
    assert expected and clone.digests() == expected
    return clone


def test_an_edit_runs_the_same_jobs_under_dvc(recorded):
    """DVC starts every stage that may be concerned, and Snakemake in them only the jobs that it would run by itself.

    test_rerun.py makes more edits under both."""
    recorded.edit("params.yaml", "lr: 0.0005, cosine", "lr: 0.0007, cosine")
    planned = recorded.planned()
    ran = recorded.jobs_of("dvc", "repro")
    jobs = {rule: count for rule, count in ran.items() if not rule.startswith("table_")}
    assert jobs == planned == {"train": 2, "evaluate": 2, "megc2019_table": 1}
    assert recorded.planned() == {}
    assert recorded.run("dvc", "repro").stdout.count("Running stage") == 0


@pytest.mark.slow
def test_a_version_that_dvc_puts_back_stays_where_a_later_stage_runs(project):
    """Snakemake's records are of the version that was made last, so to it the older one upstream was not made here."""
    project.run(*RECORD)
    lock = (project.root / "dvc.lock").read_bytes()
    before = {path: digest for path, digest in project.digests().items() if path.startswith("results/apex")}
    project.edit("params.yaml", "  region: 36 ", "  region: 40 ")
    assert project.jobs_of("dvc", "repro")["apex"] == len(before) == 6
    project.edit("params.yaml", "  region: 40 ", "  region: 36 ")
    (project.root / "dvc.lock").write_bytes(lock)
    project.run("dvc", "checkout", "--force", "dvc.yaml")
    project.edit("params.yaml", "resamples: 50", "resamples: 60")
    assert project.jobs_of("dvc", "repro") == {"evaluate": 3, "megc2019_table": 1, "table_evaluate": 1}
    assert before.items() <= project.digests().items()


def test_a_clone_has_the_results_after_a_pull_and_is_told_to_adopt_them(recorded, tmp_path):
    """Take the steps of docs/dvc.md from push to adopt, without those that render the corpora."""
    clone = pushed_and_pulled(recorded, tmp_path)
    refused = clone.snakemake("--", "all", check=False)
    assert refused.returncode == 1
    assert "outputs were not made here" in refused.stderr and "`python workflow/stage.py adopt`" in refused.stderr
    clone.snakemake("--unlock")


def test_metrics_have_a_row_for_each_method(finished):
    lines = finished.run("dvc", "metrics", "show").stdout.splitlines()
    assert lines[0].split() == ["Path", "uar", "uf1", "uf1_high", "uf1_low"]
    assert [Path(line.split()[0]).stem for line in lines[1:]] == ["majority", "ststnet", "ststnet.plain"]


def test_plots_show_what_dvc_yaml_lists(finished, tmp_path):
    finished.run("dvc", "plots", "show", "--quiet", "--out", str(tmp_path / "plots"))
    page = (tmp_path / "plots/index.html").read_text(encoding="utf-8")
    assert page.count("vegaEmbed") >= 4


@pytest.mark.parametrize(
    ("arguments", "guarded"),
    [
        (["exp", "run"], True),
        (["exp", "run", "-S", "seed=2"], True),
        (["experiments", "apply", "abc"], True),
        (["exp", "run", "--temp"], False),
        (["exp", "run", "--help"], False),
        (["exp", "show"], False),
        (["repro"], False),
    ],
)
def test_only_what_checks_out_by_force_is_guarded(tmp_path, monkeypatch, arguments, guarded):
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    calls = []
    monkeypatch.setattr(sys, "argv", ["dvc", *arguments])
    monkeypatch.setattr(dvc_command, "refusal", lambda: "no reason")
    monkeypatch.setattr(dvc_command.os, "execv", lambda _, command: calls.append(command[3:]))
    assert dvc_command.main() == (1 if guarded else None)
    assert calls == ([] if guarded else [arguments])


def test_the_environments_dvc_goes_by_way_of_the_guard():
    installed = Path(sys.executable).with_name("dvc").read_text(encoding="utf-8")  # begins as pip's programs do
    assert installed.endswith((ROOT / "envs/dvc").read_text(encoding="utf-8").partition("\n")[2])
