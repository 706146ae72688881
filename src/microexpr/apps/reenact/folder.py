"""What `microexpr transfer` leaves: frames, a film, curves, figures. Every file says that nobody moved so."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from microexpr.apps.reenact.onto import Transfer
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.signals.aus import ACTION_UNITS

WORD = "made by microexpr's FAMGAN: nobody moved like this"
SHORT = "made: nobody moved so"  # on the pictures of films
SLOWER = 4  # films show a micro-expression so many times slower than it was
LONGEST = 480  # pixels, side of the animation


def write(folder: str | Path, one: Transfer, changed: np.ndarray, rows: Iterable[dict[str, str]]) -> list[Path]:
    """Write frames/*.png, transfer.mp4, transfer.gif, curves.csv and metrics.csv into a folder without such files.

    `changed` are the intensities [K, 17, 2] read off the frames, as changes. Raises StoreError where the folder cannot
    be written."""
    root, frames = Path(folder), one.result.frames
    about = PngInfo()
    about.add_text("Comment", WORD)
    for number, frame in enumerate(frames, 1):
        with store.atomic(root / f"frames/{number:04d}.png") as part:
            Image.fromarray(frame).save(part, "PNG", pnginfo=about)
    fps = max(one.source.movement.fps / SLOWER, 1.0)
    shown = np.stack([_said(frame) for frame in frames])
    _film(root / "transfer.mp4", shown, fps)
    _animation(root / "transfer.gif", shown, fps)
    store.write_text(root / "curves.csv", _curves(one, changed))
    rows = [row | {"origin": _origin(one)} for row in rows]
    store.write_csv(root / "metrics.csv", list(rows[0]), rows)
    return [root / name for name in ("frames", "transfer.mp4", "transfer.gif", "curves.csv", "metrics.csv")]


def _origin(one: Transfer) -> str:
    """Of whose movement and whose face it is made."""
    return f"made of {one.origin}"


def _said(frame: np.ndarray) -> np.ndarray:
    """The frame with the word in its lower left corner."""
    size, place = max(frame.shape[0] / 900, 0.3), (6, frame.shape[0] - 8)
    found = np.ascontiguousarray(frame)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        found = cv2.putText(found.copy(), SHORT, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA)
    return np.asarray(found)


def _film(path: Path, frames: np.ndarray, fps: float) -> None:
    """MPEG-4, of even sides as players want it."""
    height, width = (side - side % 2 for side in frames.shape[1:3])
    with TemporaryDirectory() as folder:
        made = Path(folder) / "film.mp4"
        writer = cv2.VideoWriter(str(made), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[:height, :width, ::-1]))
        writer.release()
        if not made.is_file() or not made.stat().st_size:
            raise StoreError(f"{path}: OpenCV here writes no MPEG-4")
        with store.atomic(path) as part:
            part.write_bytes(made.read_bytes())


def _animation(path: Path, frames: np.ndarray, fps: float) -> None:
    share = min(LONGEST / max(frames.shape[1:3]), 1)
    size = tuple(round(side * share) for side in frames.shape[2:0:-1])
    pages = [Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS) for frame in frames]
    with store.atomic(path) as part:
        pages[0].save(
            part, "GIF", save_all=True, append_images=pages[1:], duration=round(1000 / fps), loop=0, comment=WORD
        )


def _curves(one: Transfer, changed: np.ndarray) -> str:
    """A row for each frame, unit and side: asked, and read off the frame, as changes since the first."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["frame", "unit", "side", "source_change", "asked", "asked_change", "read_back_change", "origin"])
    since = one.asked - one.asked[:1]
    for frame, unit, side in np.ndindex(one.asked.shape):
        values = (array[frame, unit, side] for array in (one.true, one.asked, since, changed))
        said = (f"{value:.4f}" for value in values)
        out.writerow([frame + 1, ACTION_UNITS[unit], ("left", "right")[side], *said, _origin(one)])
    return text.getvalue()
