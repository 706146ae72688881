"""Inputs with some bytes changed, cut off or repeated: each is read, or refused in a line; none ends the process."""

import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest
import skimage.data
from encoded import write
from PIL import Image

from microexpr.cli.main import main
from microexpr.datasets.layouts import facts
from microexpr.rendering.layouts.annotations import write_sheet

LONGEST = 20  # seconds of CPU of a command
HANGS = 600.0  # seconds after which it waits for something
RUNS = 12  # mutants of each input
Rng = np.random.Generator


def _flip(data: bytearray, rng: Rng, last: int = sys.maxsize, count: int = 8) -> None:
    for position in rng.integers(0, min(len(data), last), count).tolist():
        data[position] ^= int(rng.integers(1, 256))


def _cut(data: bytearray, rng: Rng) -> None:
    del data[int(rng.integers(1, len(data))) :]


def _zero(data: bytearray, rng: Rng) -> None:
    first = int(rng.integers(0, len(data)))
    length = min(len(data) - first, int(rng.integers(1, 2000)))
    data[first : first + length] = bytes(length)


def _repeat(data: bytearray, rng: Rng) -> None:
    first, last = sorted(rng.integers(0, len(data), 2).tolist())
    data[last:last] = data[first : min(last, first + 5000)]


def _grow(data: bytearray, rng: Rng) -> None:
    position = int(rng.integers(0, max(1, min(len(data) - 4, 4000))))
    data[position : position + 4] = b"\x7f\xff\xff\xff"


MUTATIONS = (_flip, partial(_flip, last=600, count=4), _cut, _zero, _repeat, _grow)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    """A small file of each kind, with a face where one fits."""
    folder = tmp_path_factory.mktemp("inputs")
    face = np.ascontiguousarray(skimage.data.astronaut()[:256, 96:352])
    images = np.stack([np.roll(face, i % 3, axis=0) for i in range(12)])
    codecs = {".mp4": "libx264", ".avi": "mjpeg", ".webm": "libvpx", ".mkv": "mpeg4", ".ts": "libx264"}
    for suffix, codec in codecs.items():
        options = {"format": "mpegts"} if suffix == ".ts" else {}
        write(folder / f"take{suffix}", images, codec=codec, **options)
    for suffix in (".jpg", ".png", ".tif", ".webp", ".gif", ".avif", ".bmp"):
        Image.fromarray(face).save(folder / f"face{suffix}")
    with h5py.File(folder / "sub01.h5", "w") as file:
        file.attrs["schema"] = "apex 1"
        file["clip/score"] = np.arange(50.0)
    coding = facts("casme2").rendered["workbooks"]["CASME2-coding-20140508.xlsx"]
    columns = [name or " " for name in coding["header"]]
    write_sheet(folder / "coding.xlsx", "Sheet1", [columns, *([1, "EP02_01f", "", 46, 59, 86],) * 9])
    (folder / "table.csv").write_text("method,full_uf1\nststnet,0.5\n")
    return {path.name: path for path in sorted(folder.iterdir())}


def commands(path: Path, out: Path) -> Iterator[list[str]]:
    """The commands that read a file of this kind."""
    if path.name.startswith("take"):
        yield ["predict", str(path), "--out", str(out), "--quiet"]
        yield ["measure", str(path), "--out", str(out / "m"), "--quiet"]
    elif path.name.startswith("face"):
        yield ["measure", str(path), "--out", str(out), "--quiet"]
        yield ["reenact", "--face", str(path), "--out", str(out / "r"), "--strength", "1", "--quiet"]
    elif path.suffix == ".h5":
        yield ["inspect", str(path)]
    elif path.suffix == ".xlsx":
        (out / "casme2").mkdir(parents=True)
        shutil.copy(path, out / "casme2/CASME2-coding-20140508.xlsx")
        yield ["check", str(out / "casme2")]
    else:
        yield ["table", str(path)]


def outcome(arguments: list[str], log: Path) -> int:
    """Return the exit status of a command in a process of its own: negative for a signal, also if it takes long."""
    start, child = time.monotonic(), os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        status = 70  # of a traceback
        try:
            status = main(arguments)
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    while time.monotonic() - start < HANGS:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


@pytest.mark.slow  # minutes; tests/unit/videos has one file of each kind of damage
def test_mutants_are_read_or_refused(inputs, tmp_path):
    faults, count = [], 0
    for name, original in inputs.items():
        for run in range(RUNS):
            rng, data = np.random.default_rng([run, *name.encode()]), bytearray(original.read_bytes())
            MUTATIONS[run % len(MUTATIONS)](data, rng)
            path, log = tmp_path / name, tmp_path / "log"
            path.write_bytes(data)
            for i, arguments in enumerate(commands(path, tmp_path / f"out{count}")):
                status = outcome(arguments, log)
                text = log.read_text(errors="replace")
                if status not in (0, 1, 3) or "Traceback" in text:
                    faults.append(f"{name}, run {run}, command {i}: {status}: {text[-300:]}")
            count += 1
    assert not faults, "\n".join(faults)
    assert count >= 180
