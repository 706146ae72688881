"""Results that came from a DVC remote, for Snakemake to take over."""

import re

import pytest


@pytest.fixture(scope="module")
def cloned(reproduced, tmp_path_factory):
    """A fresh clone of a repository that commits dvc.lock, with the outputs from its remote."""
    folder = tmp_path_factory.mktemp("cloned")
    origin = reproduced.copy(folder / "origin")
    origin.run("dvc", "remote", "add", "-d", "lab", str(folder / "remote"))
    origin.run("dvc", "push", "-q")
    origin.run("git", "add", "-A")
    origin.run("git", "commit", "-qm", "results")
    origin.run("git", "clone", "-q", str(origin.root), str(folder / "clone"))
    clone = type(origin)(folder / "clone")
    clone.run("dvc", "pull", "-q", check=False)  # what is not cached is not pulled, and said so
    return clone


@pytest.fixture
def pulled(cloned, tmp_path):
    return cloned.copy(tmp_path / "clone")


def test_adopt_after_pull(pulled, finished):
    """It refuses what is stale. Else Snakemake runs nothing then, and an edit reruns what it must."""
    pulled.edit("params.yaml", "lr: 0.0005", "lr: 0.0007")
    done = pulled.run("python", "workflow/stage.py", "--adopt", check=False)
    assert done.returncode != 0
    assert "not what params and code say" in done.stderr
    pulled.edit("params.yaml", "lr: 0.0007", "lr: 0.0005")
    pulled.run("python", "workflow/stage.py", "--adopt")  # with the params that it was made with it is fine
    assert pulled.planned() == {}
    for path in (finished.root / "data/generated").rglob("*.*"):
        if path.is_file() and not path.name.startswith("."):
            assert (pulled.root / path.relative_to(finished.root)).read_bytes() == path.read_bytes()
    pulled.edit("params.yaml", "lr: 0.0005", "lr: 0.0007")
    assert pulled.planned() == {"train": 2, "evaluate": 2, "table": 1}
    before = (pulled.root / "results/train/ststnet/megc2019/1of1.h5").read_bytes()
    said = pulled.run("dvc", "repro", "evaluate").stdout
    # which methods share a network of strong expressions, all methods decide; nothing is trained there
    assert re.findall(r"Running stage '([^']+)'", said) == ["pretrain", "train@ststnet", "evaluate"]
    assert (pulled.root / "results/train/ststnet/megc2019/1of1.h5").read_bytes() != before


def test_pulled_results_never_pass_for_new_ones(pulled):
    """Without adopting: an edit after the pull makes anew what depends on it, though Snakemake has no record."""
    before = (pulled.root / "results/train/ststnet/megc2019/1of1.h5").read_bytes()
    pulled.edit("params.yaml", "lr: 0.0005", "lr: 0.0007")
    pulled.run("dvc", "repro", "evaluate")
    assert (pulled.root / "results/train/ststnet/megc2019/1of1.h5").read_bytes() != before
