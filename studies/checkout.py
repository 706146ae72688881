"""Runs of the current pipeline in scratch copies of the project. Judges no figure."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from microexpr.cli import config

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow"), str(ROOT / "tests/fixtures")]  # pytest finds these by itself
import encoded  # noqa: E402, F401, which studies import from here
import preset  # noqa: E402
import scratch  # noqa: E402, F401, as above


@contextmanager
def folder(keep: Path | None, name: str = "") -> Iterator[Path]:
    """Yield the folder to run in: below `keep`, or in a temporary folder that is deleted afterwards."""
    if keep is not None:
        yield (keep / name).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        yield Path(temporary) / name


def params(name: str = "") -> dict[str, Any]:
    """Return the values of params.yaml, with those of a preset."""
    values = config.load(ROOT / "params.yaml")
    if name:
        preset.merge(values, config.load(preset.PRESETS / f"{name}.yaml"))
    return values


def compute(
    root: Path,
    values: Mapping[str, Any],
    cores: int,
    *targets: str,
    options: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> float:
    """Run the targets in a copy of the project, with these params; return the seconds. Progress goes to the
    standard error.

    Raises CalledProcessError where it fails, after Snakemake has said why."""
    (root / "params.yaml").write_text(yaml.safe_dump(dict(values), sort_keys=False), encoding="utf-8")
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", *options, "--", *targets]
    env, start = environment(root) | (variables or {}), time.monotonic()
    subprocess.run(command, cwd=root, env=env, check=True, stdout=sys.stderr)
    return time.monotonic() - start


def environment(root: Path) -> dict[str, str]:
    """For programs that are to run the copy's own code."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return os.environ | {"PYTHONPATH": str(root / "src"), "PATH": path}


def differences(root: Path, other: Path) -> tuple[int, list[str]]:
    """How many results two runs have, and which of them are not in both with the same bytes."""
    first_digests, second_digests = digests(root), digests(other)
    everything = sorted(first_digests.keys() | second_digests.keys())
    return len(everything), [path for path in everything if first_digests.get(path) != second_digests.get(path)]


def digests(root: Path) -> dict[str, str]:
    """SHA-256 of every result, by path."""
    paths = [path for path in (root / "results").rglob("*.*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
