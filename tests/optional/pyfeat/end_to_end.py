"""py-feat as a reader through the pipeline, in scratch: `make test-pyfeat`. Needs `make pyfeat`; not in `make test`."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from scratch import ROOT
from workflow.conftest import Project, checkout

from microexpr.core import store
from microexpr.core.schemas import AUS
from microexpr.signals.aus import ACTION_UNITS, pyfeat

MICRO = "results/aus/smic/s01.h5"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """A checkout on the tiny preset, and the environment with its own `feat`."""
    project = checkout(tmp_path_factory.mktemp("pyfeat") / "project")
    linked(project.root / pyfeat.ENVIRONMENT)
    return project


def linked(environment: Path) -> None:
    """The project's environment in links, but for py-feat itself, so that weights can be put there."""
    source = ROOT / pyfeat.ENVIRONMENT
    packages = environment / pyfeat.PACKAGE.parent.relative_to(pyfeat.ENVIRONMENT)
    packages.mkdir(parents=True)
    for entry in ("bin", "pyvenv.cfg"):
        (environment / entry).symlink_to(source / entry)
    for entry in (source / packages.relative_to(environment)).iterdir():
        if entry.name != "feat":
            (packages / entry.name).symlink_to(entry)
    weights = shutil.ignore_patterns("models--*")
    shutil.copytree(ROOT / pyfeat.PACKAGE, packages / "feat", ignore=weights)


def read_by(project: Project, backend: str, *targets: str, check: bool = True) -> str:
    """Return the output of a run of targets with this `aus.backend`."""
    params = project.root / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(re.sub(r"^aus:.*$", f"aus: {{backend: {backend}}}", text, flags=re.M), encoding="utf-8")
    done = project.snakemake("--", *targets, check=check)
    return done.stdout + done.stderr


def contents(project: Project, path: str, backend: str) -> dict[str, np.ndarray]:
    """`relative` of each clip, after a look at whether the file is of the schema and of this reader."""
    changes = {}
    with store.open_file(project.root / path, "aus") as file:
        assert json.loads(file.attrs["params"])["aus"]["backend"] == backend
        assert set(pyfeat.FITTED_ON) < set(store.fitted_on(file))
        for name in store.clip_groups(file):
            clip = file[name]
            for curve in ("raw", "smoothed", "relative"):
                assert clip[curve].shape == (len(clip["frame"]), len(ACTION_UNITS), 3)
                assert clip[curve].dtype == AUS[curve].dtype
                assert np.isfinite(clip[curve][()]).all()
            assert 0 <= clip["raw"][()].min() <= clip["raw"][()].max() <= 5
            changes[name] = clip["relative"][()]
    return changes


def test_its_detectors_name_missing_weights_in_one_line_and_run_once_they_are_there(project: Project) -> None:
    output = read_by(project, "pyfeat", MICRO, check=False)
    (line,) = [line for line in output.splitlines() if "error:" in line]
    assert re.search(
        r"error: aus.backend pyfeat needs weight files that are not here: resources/models--py-feat--ret", line
    )
    assert all(file in line for file in pyfeat.WEIGHTS.values())
    assert "Traceback" not in output

    python = str(pyfeat.ENVIRONMENT / "bin/python")
    project.run(python, "tests/optional/pyfeat/stand_in_weights.py", str(pyfeat.PACKAGE))
    read_by(project, "pyfeat", MICRO)
    assert contents(project, MICRO, "pyfeat")


def test_a_missing_environment_is_one_line(project: Project) -> None:
    (project.root / pyfeat.ENVIRONMENT).rename(project.root / "elsewhere")
    output = read_by(project, "pyfeat", MICRO, check=False)
    (project.root / "elsewhere").rename(project.root / pyfeat.ENVIRONMENT)
    assert "error: aus.backend pyfeat needs envs/pyfeat/.venv: run `make pyfeat`" in output
    assert "Traceback" not in output
