"""The authors' programs and our engine on the same clips and folds: what each reads and how it is started."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from microexpr.core import arithmetic
from microexpr.core.errors import DataError
from peers_parts import drive, layout, processes, scores

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
ENGINE = "microexpr"
MAX_NAMES = 8  # of a folder's content, in an error


@dataclass(frozen=True)
class Program:
    """One network of an author's repository, and ours that is trained on the same arrays, if there is one."""

    clone: str  # name of the option that has its folder
    title: str
    network: str
    batch: int  # in the authors' code
    rate: float  # Adam's learning rate there
    epochs: int  # the benchmark's default
    folds: int  # the same; 0: all
    ours: str | None
    pictures: bool  # whether it reads pictures of 8 bits, not flow in pixels


PROGRAMS = {
    "ststnet": Program("ststnet", "christy1206/STSTNet", "STSTNet", 256, 5e-5, 60, 0, "ststnet", True),
    "meb.STSTNet": Program("meb", "tvaranka/meb", "STSTNet", 32, 1e-4, 5, 0, "ststnet", False),
    "meb.OffApexNet": Program("meb", "tvaranka/meb", "OFF-ApexNet", 32, 1e-4, 5, 0, "off_apexnet", False),
    "htnet": Program("htnet", "wangzhifengharrison/HTNet", "HTNet", 256, 5e-5, 2, 2, None, True),
}
CLONES = {"ststnet": "main.py", "htnet": "main_HTNet.py", "meb": "meb/core/train_eval.py"}


@dataclass(frozen=True)
class Row:
    """One trained program; without a usage it failed, for a reason."""

    program: str  # key of PROGRAMS
    title: str
    network: str
    clips: int
    folds: int
    epochs: int
    batch: int
    usage: processes.Usage | None
    last: float | None = None
    best: float | None = None
    reason: str = ""


def check_clone(option: str, folder: Path) -> None:
    """Raise DataError unless the folder is a clone of the repository that the option is for."""
    if not (folder / CLONES[option]).is_file():
        content = "no folder"
        if folder.is_dir():
            names = sorted(path.name for path in folder.iterdir())
            content = ", ".join(names[:MAX_NAMES] + ["..."] * (len(names) > MAX_NAMES)) or "nothing"
        raise DataError(f"--{option} {folder}: must be a clone that has {CLONES[option]}, found {content}")


def train(
    name: str, clone: Path, source: Path, epochs: int, folds: int, cores: int, python: str, work: Path
) -> Iterator[tuple[Row, list[str]]]:
    """Yield the author's row, then ours if there is one, each with the stand-ins that its driver named.

    `source` is the folder of a finished run; layouts are written below `work`, and are removed.
    """
    program, run, folder = PROGRAMS[name], layout.read_run(source, folds), work / name
    write(program, run, source, folder)
    counts = (len(run.clips), len(run.folds), epochs)
    command = [python, str(HERE / "drive.py"), name, str(clone), str(epochs)]
    environment = {key: value for key, value in os.environ.items() if key not in arithmetic.settings()}
    environment |= processes.threads(cores)
    row, outputs = _row(name, program.title, program.network, *counts, program.batch, [command], folder, environment)
    yield row, scores.stand_ins("\n".join(outputs))
    if program.ours:
        shares = 1 if torch.cuda.is_available() else min(cores, len(run.folds))
        batch = min(program.batch, len(run.clips))
        numbers = (str(epochs), str(batch), str(program.rate))
        commands = [
            [sys.executable, str(HERE / "ours.py"), program.ours, "arrays.npz", *numbers, str(share), str(shares)]
            for share in range(shares)
        ]
        environment = os.environ | arithmetic.settings() | {"PYTHONPATH": str(ROOT / "src")}
        yield _row(name, ENGINE, program.ours, *counts, batch, commands, folder, environment)[0], []
    shutil.rmtree(folder)


def write(program: Program, run: layout.Run, source: Path, folder: Path) -> None:
    """Write what the author's program and our engine read."""
    flow = run.pictures().transpose(0, 3, 1, 2) if program.pictures else run.flow
    layout.write_arrays(folder / "arrays.npz", run, flow)
    if program.clone == "ststnet":
        layout.write_folders(folder / "norm_u_v_os", run)
    elif program.clone == "htnet":
        faces = layout.read_input(source / "results", run.clips, "apex", ("apex", "faces"), layout.APEX_SHAPE)
        layout.write_htnet(folder, run, faces.transpose(0, 2, 3, 1))


def _row(
    name: str,
    title: str,
    network: str,
    clips: int,
    folds: int,
    epochs: int,
    batch: int,
    commands: list[list[str]],
    folder: Path,
    environment: dict[str, str],
) -> tuple[Row, list[str]]:
    """Return a row and what the processes printed."""
    labels = (name, title, network, clips, folds, epochs, batch)
    try:
        usage, outputs = processes.run(commands, folder, environment)
        return Row(*labels, usage, *scores.pooled_uf1(outputs)), outputs
    except (processes.ProgramError, DataError) as error:
        return Row(*labels, None, reason=f"failed: {error}"), []


assert {name.split(".")[0] for name in PROGRAMS} == {*drive.FILES}
