"""The programs of docs/readers.md, which use the weights without the package, read what the package reads."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import microexpr
from microexpr.core.files import WEIGHTS
from microexpr.signals.aus import regressor
from microexpr.signals.landmarks import face_box

PAGE = Path(__file__).parents[3] / "docs/readers.md"


def program(language: str) -> str:
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def printed(*command: object) -> np.ndarray:
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return np.array(result.stdout.split(), float)


def test_python(tmp_path: Path) -> None:
    video = microexpr.read_video(microexpr.example_video("example"))
    (frame,) = video.read([47])
    cv2.imwrite(str(tmp_path / "picture.png"), frame[..., ::-1])
    box = face_box(microexpr.track_faces(video).landmarks[0].astype(float))
    position = *(box.centre + 5), 1.1 * box.side
    read = printed(sys.executable, "-c", program("python"), WEIGHTS, tmp_path / "picture.png", *position)
    expected = microexpr.action_units(tmp_path / "picture.png").xs("both", axis=1, level="side").to_numpy()[0]
    assert expected.max() > 0.3 and read.clip(0, 5) == pytest.approx(expected, abs=0.1)


def has_onnxruntime_web() -> bool:
    node = shutil.which("node")
    return bool(node) and not subprocess.run([node, "-e", "require('onnxruntime-web')"], capture_output=True).returncode


@pytest.mark.skipif(not has_onnxruntime_web(), reason=f"no onnxruntime-web in {os.environ.get('NODE_PATH')}")
def test_javascript(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:128, :128]
    face = (128 + 60 * np.sin(rows / 9) * np.cos(columns / 7)).astype(np.uint8)
    (tmp_path / "face.bin").write_bytes(face.tobytes())
    (tmp_path / "readers.js").write_text(program("javascript"), encoding="utf-8")
    read = printed("node", tmp_path / "readers.js", regressor.MODEL, tmp_path / "face.bin")
    assert read == pytest.approx(regressor.load().alone([face]).values[0].mean(axis=0), abs=1e-4)
