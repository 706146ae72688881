"""`benchmarks/gpu.py` at its small size, in a Python that lacks all but torch and NumPy. No time is asserted."""

import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml

from microexpr.models.recognisers import find
from microexpr.models.recognisers.icegan import Icegan

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks/gpu.py"
MISSING = (
    *("pydantic", "h5py", "safetensors", "cv2", "numba", "yaml", "scipy", "sklearn", "pandas", "PIL", "matplotlib"),
    *("rich", "snakemake"),
)
NETWORKS = ("ststnet", "off_apexnet", "dual_inception", "icegan")


def run(*arguments: str, missing: tuple[str, ...] = MISSING) -> subprocess.CompletedProcess[str]:
    """The command in a process of one thread that cannot import what is named, nor see a GPU."""
    program = (
        f"import sys, runpy\nfor name in {missing!r}: sys.modules[name] = None\n"
        f"sys.argv = {[str(SCRIPT), *arguments]!r}\nsys.path[0] = {str(SCRIPT.parent)!r}\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-c", program], cwd="/", env=environment, text=True, capture_output=True, timeout=600
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The output of all parts, and the results."""
    path = tmp_path_factory.mktemp("gpu") / "gpu.json"
    done = run("--out", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def parts(monkeypatch):
    """Imports a module of the benchmark by name."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    return lambda name: importlib.import_module(f"gpu_parts.{name}")


@pytest.mark.slow
def test_measures_everything_and_says_that_it_ran_on_a_cpu(measured):
    output, results = measured
    assert output.startswith("no CUDA device: ") and output.count("no CUDA") == 1
    assert results["skipped"] == [] and "errors" not in results
    assert results["size"] == "small" and results["machine"]["pydantic"] == "stand-in"
    assert set(results["parts"]) == {"plans", "textbook", "icegan", "precision", "profile"}
    assert output.count("ratio=") == 2 * len(NETWORKS) + 4


@pytest.mark.slow
def test_plans_agree(measured):
    plans = measured[1]["parts"]["plans"]
    for name in NETWORKS:
        differences = plans[f"{name}_agreement"]["differences"]
        assert 0 < differences["float64"] < 1e-9 and differences["float32"] < 1e-4
        assert plans[name]["ratio"] == plans[name]["sequential_seconds"] / plans[name]["stacked_seconds"]


@pytest.mark.slow
def test_icegan_learns_and_its_capsules_grow(measured):
    icegan = measured[1]["parts"]["icegan"]
    first, *_, last = icegan["curve"]["rows"]
    assert last["margin"] < first["margin"] and last["pixel"] < first["pixel"]
    assert 0 < first["primary_mean"] < last["primary_mean"] <= last["primary_max"] < 1
    speed = icegan["speed"]
    assert speed["loso_steps"] == 2 * 100 * 12  # two stacks for three folds, 100 epochs of 24 clips in steps of two
    for modes in measured[1]["parts"]["precision"].values():
        assert modes["float32"]["loss_difference"] == 0 and 0 < modes["bfloat16"]["loss_difference"] < 0.2


@pytest.mark.slow
def test_table_has_every_part_and_says_what_was_not_measured(measured, parts):
    table = parts("table")
    text = table.block([measured[1]])
    assert text.startswith("**No GPU has been measured yet.**")
    assert all(f"| `{name}` |" in text for name in NETWORKS) and "fold, perceptual loss by VGG-16" in text
    card = measured[1] | {"skipped": ["icegan: curve"]}
    facts = {"kind": "cuda", "memory_gib": 80, "driver": "1", "cuda": "13.0", "cudnn": 9}
    card["machine"] = measured[1]["machine"] | facts
    both = table.block([measured[1], card])
    assert "No GPU" not in both and "(80 GiB, driver 1" in both and "- skipped for lack of time: icegan: curve" in both


def test_documentation_has_the_table_of_the_committed_results(parts):
    files = sorted((ROOT / "benchmarks").glob("gpu*.json"))
    assert files
    block = parts("table").block([json.loads(path.read_text(encoding="utf-8")) for path in files])
    assert block in (ROOT / "docs/engine.md").read_text(encoding="utf-8")


def test_stops_when_its_time_is_used_up(tmp_path):
    done = run("--minutes", "0", "--out", str(tmp_path / "gpu.json"))
    results = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert done.returncode == 0 and results["parts"] == {} and len(results["skipped"]) >= 9
    assert "errors" not in results


def test_goes_on_after_a_measurement_that_fails(tmp_path, parts):
    """A network that cannot be imported is named, and the one behind it is measured all the same."""
    missing = (*MISSING, "microexpr.models.recognisers.ststnet", "microexpr.models.recognisers.dual_inception")
    done = run("--only", "textbook", "--out", str(tmp_path / "gpu.json"), missing=missing)
    results = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert done.returncode == 0 and done.stdout.startswith("no CUDA device: ")
    assert results["size"] == "small" and results["machine"]["pydantic"] == "stand-in"
    assert list(results["parts"]["textbook"]) == ["off_apexnet", "icegan"]
    assert [error["name"] for error in results["errors"]] == ["ststnet: speed", "dual_inception: speed"]
    assert "- failed: textbook, ststnet: speed: " in parts("table").block([results])


def test_takes_fewer_folds_where_the_estimate_does_not_fit(tmp_path, parts, monkeypatch):
    """A stack takes 2 GiB and 3 for each fold, and 100 GiB are free: 30 folds fit by the estimate, and 23 share 68 out
    evenly. A stack of 23 runs out of memory; the next has 17."""
    icegan, gib = parts("icegan"), 2**30
    session = parts("session").Session(
        parts("sizes").PAPER, torch.device("cpu"), time.perf_counter(), 10, tmp_path / "gpu.json"
    )
    session.on_cuda = True

    def trial(session, stack):
        if stack == 23:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return icegan.Trial(stack, 0.1, 2.0 + 3 * stack), f"group of {stack}"

    monkeypatch.setattr(icegan, "trial", trial)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (100 * gib, 140 * gib))
    tried, group = icegan.largest_group(session)
    assert group == "group of 17" and [attempt["stack"] for attempt in tried] == [23, 17]
    assert tried[0]["error"] == "OutOfMemoryError: CUDA out of memory" and tried[1]["peak_gib"] == 53


@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_says_in_one_line_that_torch_or_numpy_is_missing(name):
    done = run(missing=(name,))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: benchmarks/gpu.py must be run where torch and NumPy are installed")
    assert done.stderr.count("\n") == 1


def test_icegan_is_that_of_the_preset():
    """The benchmark trains it by its defaults, for it reads no YAML."""
    preset = yaml.safe_load((ROOT / "workflow/presets/paper.yaml").read_text(encoding="utf-8"))["methods"]["icegan"]
    assert Icegan.Params(**preset) == Icegan.Params()


def test_flow_networks_are_those_of_the_preset():
    preset = yaml.safe_load((ROOT / "workflow/presets/paper.yaml").read_text(encoding="utf-8"))["methods"]
    for name in NETWORKS[:3]:
        assert find(name).Params(**preset[name]) == find(name).Params()
