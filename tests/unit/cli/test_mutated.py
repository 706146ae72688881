"""Inputs with some bytes changed, cut off or repeated: each is read, or refused in a line; none ends the process."""

import multiprocessing
import resource
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
import skimage.data
from encoded import write
from PIL import Image

from microexpr.cli.main import main
from microexpr.coding import elan, praat, tables
from microexpr.datasets.layouts import facts
from microexpr.rendering.layouts.annotations import write_sheets

LONGEST = 20  # seconds of CPU of a command
HANGS = 600.0  # seconds after which it waits for something
RUNS = 12  # mutants of each input, two by each mutation
HEADER = 600  # bytes


def mutant(data: np.ndarray, run: int, rng: np.random.Generator) -> np.ndarray:
    """Bytes uint8[n] with some changed, in the header alone, or cut off, zero, repeated, or a large number."""
    first, last = sorted(rng.integers(1, len(data), 2).tolist())
    match run % 6:
        case 0:
            data[rng.integers(0, len(data), 8)] ^= rng.integers(1, 256, 8, np.uint8)
        case 1:
            data[rng.integers(0, min(len(data), HEADER), 4)] ^= rng.integers(1, 256, 4, np.uint8)
        case 2:
            data = data[:first]
        case 3:
            data[first : first + rng.integers(1, 2000)] = 0
        case 4:
            data = np.concatenate([data[:last], data[first : min(last, first + 5000)], data[last:]])
        case 5:
            data[rng.integers(0, min(len(data) - 4, 4000)) :][:4] = 0x7F, 0xFF, 0xFF, 0xFF
    return data


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
    write_sheets(folder / "coding.xlsx", {"Sheet1": [columns, *([1, "EP02_01f", "", 46, 59, 86],) * 9]})
    (folder / "table.csv").write_text("method,full_uf1\nststnet,0.5\n")
    marks = [elan.Mark("micro", 80, 280, 160, 200, "happiness", "R12"), elan.Mark("macro", 300, 440, 320, 360, "fear")]
    (folder / "own.eaf").write_text(elan.text(marks, "own.mp4"))
    (folder / "own.TextGrid").write_text(praat.text(marks, 0.48))
    (folder / "annotations.csv").write_text(
        f"{','.join(tables.COLUMNS)}\ns01/own.mp4,s01,micro,2,4,6,happiness,R12,anna\n"
    )
    (folder / "dataset.yaml").write_text("subject: '^([a-z0-9]+)/'\nsubjects: {6: s06}\nemotions: {glad: positive}\n")
    return {path.name: path for path in sorted(folder.iterdir())}


def commands(path: Path, out: Path, video: Path) -> Iterator[list[str]]:
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
    elif path.stem in ("own", "annotations", "dataset"):
        (out / "mine/s01").mkdir(parents=True)
        shutil.copy(video, out / "mine/s01/own.mp4")
        shutil.copy(path, out / "mine" / ("s01" if path.stem == "own" else ""))
        yield ["check", str(out / "mine")]
    else:
        yield ["table", str(path)]


def run_command(arguments: list[str], log: Path) -> None:
    """Run a command that prints into a file, a traceback too."""
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    sys.stdout = sys.stderr = log.open("w", buffering=1)
    sys.exit(main(arguments))


def outcome(arguments: list[str], log: Path) -> int | None:
    """Return the exit status of a command in a process of its own: negative for a signal, also if it takes long."""
    process = multiprocessing.get_context("fork").Process(target=run_command, args=(arguments, log))
    process.start()
    process.join(HANGS)
    process.kill()
    process.join()
    return process.exitcode


@pytest.mark.slow  # minutes; tests/unit/videos has one file of each kind of damage
def test_mutants_are_read_or_refused(inputs, tmp_path):
    faults, count = [], 0
    for name, original in inputs.items():
        for run in range(RUNS):
            rng, data = np.random.default_rng([run, *name.encode()]), np.frombuffer(original.read_bytes(), np.uint8)
            path, log = tmp_path / name, tmp_path / "log"
            path.write_bytes(mutant(data.copy(), run, rng))
            for i, arguments in enumerate(commands(path, tmp_path / f"out{count}", inputs["take.mp4"])):
                status = outcome(arguments, log)
                text = log.read_text(errors="replace")
                if status not in (0, 1, 3) or "Traceback" in text:
                    faults.append(f"{name}, run {run}, command {i}: {status}: {text[-300:]}")
            count += 1
    assert not faults, "\n".join(faults)
    assert count >= 228
