"""`benchmarks/gpu.py` at its small size, with torch, NumPy and pydantic alone. No time is asserted."""

import json
import os
import subprocess
import sys

import pytest
from scratch import ROOT

SCRIPT = ROOT / "benchmarks/gpu.py"
MISSING = (
    *("h5py", "safetensors", "cv2", "numba", "yaml", "scipy", "sklearn", "pandas", "PIL", "matplotlib"),
    *("rich", "snakemake", "tqdm"),
)


def run(*arguments: str, missing: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """The command in a process of one thread that cannot import what is named, nor see a GPU."""
    program = (
        f"import sys, runpy\nfor name in {(*MISSING, *missing)!r}: sys.modules[name] = None\n"
        f"sys.argv = {[str(SCRIPT), *arguments]!r}\nsys.path[0] = {str(SCRIPT.parent)!r}\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd="/", env=environment, text=True, capture_output=True, timeout=600)


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    monkeypatch.setattr(sys, "path", sys.path[:])  # it adds folders of its own
    import gpu

    return gpu


@pytest.mark.slow
def test_measures_everything_and_says_that_it_ran_on_a_cpu(tmp_path, gpu):
    done = run("--out", str(tmp_path / "gpu.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("no CUDA device: ")
    results = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert results["skipped"] == results["failed"] == [] and results["size"] == "small"
    plans, icegan, precision = (results["parts"][name] for name in ("plans", "icegan", "precision"))
    assert tuple(plans) == gpu.METHODS
    for row in plans.values():
        assert row["scores_differ_float64"] < 1e-6 and 0 < row["scores_differ_float32"] < 1e-4
        assert row["ratio"] == row["sequential_seconds"] / row["stacked_seconds"]
    steps = 2 * 100 * 12  # two stacks for three folds, 100 epochs of 24 clips in steps of two
    assert icegan["2"]["all_folds_hours"] == pytest.approx(steps * icegan["2"]["step_seconds"] / 3600)
    for name in ("icegan", "off_apexnet"):
        assert precision[f"{name} float32"]["losses_differ"] == 0
        assert 0 < precision[f"{name} bfloat16"]["losses_differ"] < 0.2
    text = gpu.block(results)
    assert all(f"| `{name}` |" in text for name in (*gpu.METHODS, "2", "icegan bfloat16"))


def test_stops_when_its_time_is_used_up_and_goes_on_after_a_failure(tmp_path, gpu):
    """A network that cannot be imported is named, and the next one is measured all the same."""
    path = tmp_path / "gpu.json"
    done = run("--minutes", "0", "--out", str(path))
    results = json.loads(path.read_text(encoding="utf-8"))
    assert done.returncode == 0 and len(results["skipped"]) == 9 and results["failed"] == []
    lacking = "microexpr.models.recognisers.ststnet"
    done = run("--only", "plans", "--methods", "ststnet", "off_apexnet", "--out", str(path), missing=(lacking,))
    results = json.loads(path.read_text(encoding="utf-8"))
    assert done.returncode == 0 and list(results["parts"]["plans"]) == ["off_apexnet"]
    (failed,) = results["failed"]
    assert failed.startswith("plans, ststnet: ") and f"- failed: {failed}" in gpu.block(results)


def test_the_table_says_whether_a_gpu_was_measured(gpu):
    facts = {"kind": "cuda", "name": "a GPU", "torch": "2", "python": "3", "date": "today", "commit": "abc"}
    parts = {"plans": {}, "icegan": {"17": {"step_seconds": 0.51234, "peak_memory_GiB": None}}, "precision": {}}
    results = {"machine": facts, "size": "paper", "skipped": ["precision, icegan tf32"], "failed": [], "parts": parts}
    assert gpu.block(results).split("\n\n") == [
        "a GPU; torch 2, Python 3. Run of today, commit abc, size `paper`.",
        "| icegan | step seconds | peak memory GiB |\n| --- | --- | --- |\n| `17` | 0.512 | - |",
        "- skipped: precision, icegan tf32",
    ]
    assert gpu.block(results | {"machine": facts | {"kind": "cpu"}}).startswith(gpu.NOT_MEASURED)
    assert gpu.pages.read("benchmarks/README.md", "gpu")  # where it is written


@pytest.mark.parametrize("name", ["torch", "numpy", "pydantic"])
def test_says_in_one_line_what_is_missing(name):
    done = run(missing=(name,))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: benchmarks/gpu.py must be run where torch, NumPy and pydantic are installed")
    assert done.stderr.count("\n") == 1
