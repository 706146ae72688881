"""Runs of the current pipeline in scratch copies of the project. Judges no figure."""

import hashlib
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/fixtures"))  # pytest finds these by itself
import scratch  # noqa: F401, which studies import from here


def parser(purpose: str, first: int, seeds: int) -> ArgumentParser:
    """The command line that studies of several corpora share; `first` and `seeds` are defaults."""
    options = ArgumentParser(description=purpose)
    options.add_argument("--first", type=int, default=first, help=f"the least generator seed, default {first}")
    options.add_argument("--seeds", type=int, default=seeds, help=f"how many seeds from there on, default {seeds}")
    options.add_argument("--cores", type=int, default=2, help="jobs at once, default 2")
    options.add_argument("--keep", type=Path, help="a folder to run in, to resume or to look at; else a temporary one")
    return options


@contextmanager
def folder(keep: Path | None, name: str) -> Iterator[Path]:
    """Yield the folder to run in: below `keep`, or in a temporary folder that is deleted afterwards."""
    if keep is not None:
        yield (keep / name).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="microexpr-study-") as temporary:
        yield Path(temporary) / name


def compute(
    root: Path, values: Mapping[str, Any], cores: int, *targets: str, variables: Mapping[str, str] | None = None
) -> None:
    """Runs the targets in a copy of the project, with these params; progress goes to the standard error.

    Raises CalledProcessError where it fails, after Snakemake has said why."""
    (root / "params.yaml").write_text(yaml.safe_dump(dict(values), sort_keys=False), encoding="utf-8")
    command = ["snakemake", "--cores", str(cores), "--quiet", "all", "--", *targets]
    env = environment(root) | (variables or {})
    subprocess.run(command, cwd=root, env=env, check=True, stdout=sys.stderr)


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
