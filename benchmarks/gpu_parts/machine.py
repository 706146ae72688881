"""Facts of the machine: device, driver, versions, CPU, date, commit."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gpu_parts import precision

ROOT = Path(__file__).parents[2]


def facts(device: torch.device, commit: str | None, stand_in: bool) -> dict[str, Any]:
    """All of them by name; `commit` is taken from git where it is None, `stand_in` says whether pydantic is missing."""
    cuda = _cuda(device) if device.type == "cuda" else {"name": processor(), "kind": "cpu"}
    return {
        **cuda,
        "cpu": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pydantic": "stand-in" if stand_in else "installed",
        "precision": precision.state(),
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit or _commit(),
        "command": " ".join(["python", "benchmarks/gpu.py", *sys.argv[1:]]),
    }


def _cuda(device: torch.device) -> dict[str, Any]:
    properties = torch.cuda.get_device_properties(device)
    return {
        "name": properties.name,
        "kind": "cuda",
        "memory_gib": round(properties.total_memory / 2**30, 1),
        "processors": properties.multi_processor_count,
        "capability": f"{properties.major}.{properties.minor}",
        "driver": _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }


def processor() -> str:
    """The CPU's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    """The checkout's commit, "+" behind it where a tracked file differs; "unknown" without git."""
    commit = _output("git", "-C", str(ROOT), "rev-parse", "HEAD")
    changed = _output("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return commit[:12] + "+" * bool(changed.strip()) if commit else "unknown"


def _output(*command: str) -> str:
    """The first line that a command prints, "" where it cannot be run."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip().partition("\n")[0]
