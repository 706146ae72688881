"""Signals next to the programs that researchers use for them. CPU time on one thread.

`flow.py`, `landmarks.py`, `aus.py` and `aus_readers.py` have the functions that measure; py-feat's and OpenFace's own
programs are started where they are installed.
"""

import argparse
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aus_readers
import landmarks
import numpy as np

import aus
import flow
from microexpr.signals.aus import geometry_proxy, pyfeat, regressor
from peers_parts import layout, processes

ROOT = Path(__file__).parents[2]
FRAMES = 60  # of the clip on which faces are followed
PYFEAT = "left out: `make pyfeat` installs it"
WEIGHTS = "left out: py-feat is installed without the weight files that docs/au-backends.md names"
OPENFACE = "left out: install OpenFace 2, then `--openface PATH/FeatureExtraction`"


@dataclass(frozen=True)
class Row:
    """One signal by us and by another program; None and a reason where the other was left out."""

    signal: str
    peer: str
    ours_ms: float | None = None
    peer_ms: float | None = None
    quality: str = "-"  # a figure of both, ours first
    reason: str = ""


def rows(rounds: int, run: Path, openface: str | None) -> Iterator[Row]:
    """Yield all rows, measured one after the other."""
    ours_ms, library_ms, distance = flow.tvl1_times(rounds)
    quality = f"flows differ by {distance:.4f} px"
    yield Row("TV-L1 flow of a pair, 288 x 288", "scikit-image", ours_ms, library_ms, quality)
    options = argparse.Namespace(frames=FRAMES, rounds=rounds)
    frames, truth = landmarks.clip(FRAMES)
    figures = landmarks.compared(frames, truth, options)
    (track_ms, *errors), (loop_ms, *others) = figures["ours"], figures["other"]
    quality = "error {0:.2f} and {2:.2f} %, noise {1:.2f} and {3:.2f} % of the eyes' distance".format(*errors, *others)
    yield Row("landmarks of a frame, 640 x 480", "loop of `face_recognition`", track_ms, loop_ms, quality)
    session, model = aus.rendered(aus.HELD_OUT[0])[0], regressor.load()
    for what, (ours, other) in aus.compared(session, rounds).items():
        signal, _, peer = what.rstrip(")").partition(" (")
        yield Row(
            f"{signal} of a face, for action units", {"Farneback's": "OpenCV Farnebäck"}.get(peer, peer), ours, other
        )
    reading_ms = aus.reading(session, model, rounds)[1]
    yield from proxy(session, reading_ms, rounds, run)
    whole_ms = track_ms + reading_ms
    yield detectors(session.crops, whole_ms)
    yield openface_row(openface or shutil.which("FeatureExtraction"), frames, whole_ms)


def proxy(session: aus.Session, reading_ms: float, rounds: int, run: Path) -> Iterator[Row]:
    """Yield py-feat's mesh model, which needs no weight file, next to our reading: time, and agreement on the run."""
    signal, peer = "action units of a frame, landmarks given", "py-feat's mesh, inverted"
    if not pyfeat.PACKAGE.is_dir():
        yield Row(signal, peer, reading_ms, reason=PYFEAT)
        return
    mesh = geometry_proxy.load(pyfeat.PACKAGE)
    (proxy_ms,) = aus.best([lambda: geometry_proxy.read(session.landmarks_crop, 0, mesh)], len(session.crops), rounds)
    yield Row(signal, peer, reading_ms, proxy_ms, agreement(run))


def agreement(run: Path) -> str:
    """Return the mean ICC with what rendered faces of the run show, by reader; "-" without their truth."""
    parts = []
    for (reader, kind), both in sorted(aus_readers.pairs(run / "results", run / "data/rendered/truth").items()):
        if kind == "micro":
            true, read = (np.concatenate(values) for values in zip(*both, strict=True))
            parts.append(f"{reader} {aus_readers.agreements(true, read)[1]['icc']:.2f}")
    return f"ICC of the run's clips: {', '.join(parts)}" if parts else "-"


def detectors(crops: np.ndarray, whole_ms: float) -> Row:
    """Return py-feat's detectors, from a picture to action units, in its own environment."""
    signal, peer = "action units of a frame, from pixels", "py-feat's detectors"
    python = ROOT / pyfeat.ENVIRONMENT / "bin/python"
    if not python.exists():
        return Row(signal, peer, whole_ms, reason=PYFEAT)
    with TemporaryDirectory(prefix="microexpr-peers-") as folder:
        np.save(Path(folder) / "crops.npy", crops)
        command = [str(python), str(ROOT / "benchmarks/peers_parts/pyfeat_detectors.py"), "crops.npy"]
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'envs/pyfeat'}"}
        try:
            _, (output,) = processes.run([command], Path(folder), environment)
        except processes.ProgramError as error:
            lacking = "lacks a weight file" in str(error)
            return Row(signal, peer, whole_ms, reason=WEIGHTS if lacking else f"failed: {error}")
    return Row(signal, peer, whole_ms, float(output.split()[-1]))


def openface_row(program: str | None, frames: np.ndarray, whole_ms: float) -> Row:
    """Return OpenFace's FeatureExtraction on the frames on which our faces were followed."""
    signal, peer = "action units of a frame, from pixels", "OpenFace 2"
    if program is None:
        return Row(signal, peer, whole_ms, reason=OPENFACE)
    with TemporaryDirectory(prefix="microexpr-peers-") as name:
        folder = Path(name)
        (folder / "frames").mkdir()
        for number, frame in enumerate(frames):
            layout.write_picture(folder / f"frames/{number:06d}.png", frame)
        command = [program, "-fdir", "frames", "-aus", "-au_static", "-of", "clip", "-out_dir", "tables"]
        try:
            usage, _ = processes.run([command], folder, os.environ)
        except (processes.ProgramError, OSError) as error:
            return Row(signal, peer, whole_ms, reason=f"failed: {error}")
    return Row(signal, peer, whole_ms, 1000 * usage.core_seconds / len(frames), "OpenFace's start is in its time")
