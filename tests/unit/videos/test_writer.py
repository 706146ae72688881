"""A virtual camera in place of a real one: frames of a ramp that moves, at a rate of its own."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from microexpr.cli.main import main
from microexpr.videos import open_video, writer

RATE, START = 25.0, 0.6  # frames a second, and seconds to the first


class Camera:
    """Gives a frame each 1/25 s of a clock that stands still otherwise."""

    frames = 1000

    def __init__(self, number: int):
        self.number, self.time, self.released = number, 0.0, False

    def isOpened(self) -> bool:
        return self.number == 0

    def read(self) -> tuple[bool, Any]:
        self.time += 1 / RATE if self.time else START
        return (self.time - START) * RATE < self.frames, np.full((48, 64, 3), round(self.time * RATE) % 200, np.uint8)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> list[Camera]:
    opened: list[Camera] = []
    monkeypatch.setattr(cv2, "VideoCapture", lambda number: opened.append(Camera(number)) or opened[-1])
    return opened


def test_a_recording_has_the_rate_that_the_camera_has(virtual: list[Camera], tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / writer.FILE
    reports: list[tuple[str, int, int]] = []
    fps = writer.record(path, 0, 2, lambda *report: reports.append(report), lambda: virtual[0].time if virtual else 0)
    assert fps == pytest.approx(RATE, rel=0.05) and virtual[0].released
    assert reports[-1] == ("recording", len(reports), len(reports)) and len(reports) == round(2 * fps)
    monkeypatch.undo()
    video = open_video(path)
    assert (len(video), video.generated) == (len(reports), False) and video.fps == pytest.approx(fps, rel=0.01)
    assert next(video.read()).shape == (48, 64, 3)


def test_a_camera_that_slows_down_gives_each_frame_its_own_time(virtual: list[Camera], tmp_path: Path) -> None:
    def slow_down(what: str, done: int, total: int) -> None:
        virtual[0].time += 0.02 if done > 25 else 0.0

    writer.record(tmp_path / writer.FILE, 0, 2, slow_down, lambda: virtual[0].time if virtual else 0)
    steps = np.diff(open_video(tmp_path / writer.FILE).seconds)
    assert steps[:25] == pytest.approx(1 / RATE, abs=0.002)
    assert steps[26:] == pytest.approx(1 / RATE + 0.02, abs=0.002) and len(steps) > 40


def test_a_camera_that_is_not_there_or_stops_is_named(virtual, tmp_path, monkeypatch, capsys) -> None:
    out = str(tmp_path / "out")
    assert main(["predict", "--camera", "7", "--out", out]) == 1
    assert "camera 7: is not there, or another program uses it" in capsys.readouterr().err
    monkeypatch.setattr(Camera, "frames", 3)
    for arguments, message in {
        "--seconds 2": "camera 0: gives no more frames",
        "--seconds 0": "--seconds must be 1 to 600, not 0",
        **dict.fromkeys(("--truth t.csv", "--fps 30", "take.avi"), "error: "),
    }.items():
        assert main(["predict", *arguments.split(), "--camera", "0", "--out", out]) == 1
        assert message in capsys.readouterr().err
    assert len(virtual) == 2 and not list(tmp_path.glob("out/*"))


WRITE = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from microexpr.core.errors import StoreError
from microexpr.videos import writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
rng = np.random.default_rng(0)
try:
    with writer.writer(Path(sys.argv[1]), 25, b"mark") as write:
        for number in range(40):
            write(rng.integers(0, 256, (48, 64, 3), np.uint8), number / 25)
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("suffix", ["avi", "mkv"])
@pytest.mark.parametrize("largest", [100, 30_000, 76_000])  # in the header, in the frames, in what closes the file
def test_a_full_disk_is_a_line_although_the_file_cannot_be_closed(suffix, largest, tmp_path):
    path = tmp_path / f"take.{suffix}"
    command = [sys.executable, "-c", WRITE, str(path), str(largest)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}: cannot be written: no file may be as large here (ulimit -f)\n" and not done.stderr
    assert not [*tmp_path.iterdir()]
