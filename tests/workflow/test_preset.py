"""Presets: merged into params.yaml, and what they lead to."""

import subprocess
import sys

import preset
import pytest
from preset import load, merge
from scratch import ROOT
from stages import Outputs

from microexpr.cli import config
from microexpr.models import generators, module_names, recognisers
from microexpr.tasks.run import Run
from microexpr.training import synthesise
from reader_fits.population.planned import Population


@pytest.mark.parametrize("text", [b"seed: 1\nseed: 2\n", b"# \xe9\n", b"seed: 1\n"])
def test_nothing_is_merged_into_a_file_that_no_run_accepts(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["preset.py", "tiny", "--force"])
    path = tmp_path / "params.yaml"
    path.write_bytes(text)
    with pytest.raises(SystemExit, match=r"^error: params\.yaml[:,] .*$"):
        preset.main()
    assert path.read_bytes() == text


@pytest.mark.parametrize("name", ["paper", "subjects36", "tiny"])
def test_everything_that_a_preset_asks_for_can_be_planned(name, tmp_path, monkeypatch):
    """People, clips and files of all stages, those of the truth benchmark too."""
    values = config.load(ROOT / "params.yaml")
    merge(values, load(name))
    monkeypatch.chdir(tmp_path)  # where nothing is licensed
    run = Run(config.check_cached(values), Population)
    corpus = run.corpus
    assert corpus.micro_sets == values["datasets"] and set(corpus.params["macro"]) < set(corpus.clips)
    if name == "paper":
        published = {"smic": 164, "casme2": 255, "samm": 159, "ckplus": 327, "mmi": 205, "oulu_casia": 480}
        assert {name: len(corpus.clips[name]) for name in published} == published
    people = {(clip.dataset, clip.subject) for clips in corpus.clips.values() for clip in clips}
    assert len(Outputs(run).expected["faces"]) == len(people)
    assert len(corpus.benchmark_files) == len(corpus.benchmark_plans) * corpus.params["signal_benchmark"][
        "subjects"
    ] * len(corpus.params["signal_benchmark"]["difficulties"])


def test_more_subjects_change_nothing_else():
    committed, values = (config.load(ROOT / "params.yaml") for _ in range(2))
    merge(values, load("subjects36"))
    for name in values["datasets"]:
        assert values["render"].pop(name) == {"subjects": 12, "clips": committed["render"].pop(name)["clips"]}
    assert values == committed


UNPRINTED: dict[str, str] = {}  # params that `paper` has other than the code's defaults: <section>.<model>.<param>, why


def test_paper_has_the_values_of_the_papers():
    """They are the defaults of the code for every method and generator, whatever was set before."""
    values = config.load(ROOT / "params.yaml")
    values["flow_folders"]["methods"]["flow_svm"] = {"penalty": 2}
    rows = {f"{method}.{row}" for method, params in values["papers"]["variants"].items() for row in params}
    merge(values, load("paper"))
    assert rows == {f"{method}.{row}" for method, params in values["papers"]["variants"].items() for row in params}
    described = config.check_cached(values)
    assert all(described.rows["flow_folders"][name].params == row.params for name, row in described.methods.items())
    different = {
        f"{section}.{name}.{param}": value
        for section, task, package in (("methods", "emotion", recognisers), ("generators", "synthesise", generators))
        for name in values[section]
        for param, value in described.rows[task][name].params.items()
        if value != package.find(name).Params().model_dump(mode="json")[param]
    }
    assert different.keys() == UNPRINTED.keys()
    assert {*values["generators"]} == {*module_names(generators)}
    assert {*values["methods"], *values["units"]["methods"]} == {*recognisers.names()}
    assert (values["apex"]["spotter"], values["papers"]["super_resolution"]) == ("regions", "realsr")
    assert values["synthesise"]["stills"] == synthesise.Params.model_json_schema()["properties"]["stills"]["maximum"]


@pytest.mark.parametrize("state", ["edited", "untracked", "ignored", "outside of a repository"])
def test_params_that_git_does_not_hold_are_not_overwritten(state, tmp_path):
    (tmp_path / "params.yaml").write_text("mine: 0\n")
    if state != "outside of a repository":
        commit = "-c user.name=test -c user.email=test@example.org commit -q --allow-empty -m first"
        for words in ("init -q", "add params.yaml" if state == "edited" else "status", commit):
            subprocess.run(["git", *words.split()], cwd=tmp_path, check=True)
    (tmp_path / "params.yaml").write_text("mine: 1\n")
    if state == "ignored":
        (tmp_path / ".gitignore").write_text("params.yaml\n")
    command = [sys.executable, str(ROOT / "workflow/preset.py"), "paper"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    reason = "has edits that git does not hold; commit them, or add --force"
    if state == "outside of a repository":
        reason = "is in no git repository, which would hold its values; keep a copy, and add --force"
    assert done.stderr == f"error: params.yaml {reason}\n"
    assert (tmp_path / "params.yaml").read_text() == "mine: 1\n"


def test_a_preset_is_one_of_those_there_are():
    command = [sys.executable, "workflow/preset.py", "../../params", "--force"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "invalid choice: '../../params'" in done.stderr
