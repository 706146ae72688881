"""What other sites read about the project: its version is the package's, and the forge runs the README's commands."""

import json

import yaml
from scratch import ROOT

import microexpr


def test_versions_are_the_packages_and_the_forge_runs_the_commands_of_the_readme():
    codemeta = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert codemeta["version"] == citation["version"] == microexpr.__version__
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))["jobs"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"    make {command} " in readme for command in jobs["test"]["strategy"]["matrix"]["command"])
