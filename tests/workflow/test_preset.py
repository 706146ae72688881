"""Presets: each leads to the same params.yaml whatever was there before, comments kept."""

import pytest
import yaml


@pytest.mark.parametrize("other", ["tiny", "paper"])
def test_embedded_is_what_is_committed(finished, tmp_path, other):
    project = finished.copy(tmp_path / "project")
    project.run("git", "checkout", "-q", "HEAD~1", "--", "params.yaml")
    committed = (project.root / "params.yaml").read_text(encoding="utf-8")
    for preset in (other, "embedded"):
        project.run("python", "workflow/preset.py", preset, "--force")
    made = (project.root / "params.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(made) == yaml.safe_load(committed)
    assert made.startswith("# Every value of the pipeline.")


def test_edits_are_not_overwritten(project):
    project.edit("params.yaml", "resamples: 50", "resamples: 51")
    done = project.run("python", "workflow/preset.py", "paper", check=False)
    assert done.returncode != 0
    assert "commit them, or add --force" in done.stderr
    assert "resamples: 51" in (project.root / "params.yaml").read_text(encoding="utf-8")
