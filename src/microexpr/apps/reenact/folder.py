"""The folder that `microexpr reenact` writes: frames, a video, curves, figures, each marked as synthesised."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from microexpr.apps.reenact.onto import Reenactment
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.signals.aus import ACTION_UNITS

WORD = "synthesised by microexpr's FAMGAN: not a recording"
SHORT = "synthesised"  # on the frames of videos
SLOWER = 4  # videos show a micro-expression 4 times slower than it was
LONGEST = 480  # pixels, side of the animation


def write(
    folder: str | Path, reenactment: Reenactment, read_back: np.ndarray, rows: Iterable[dict[str, str]]
) -> list[Path]:
    """Write frames/*.png, reenactment.{mp4,gif}, curves.csv and metrics.csv into a folder without such files.

    `read_back` are the changes of intensity [K, 17, 2] read off the frames, `rows` those of metrics.csv. Raises
    StoreError if the folder cannot be written."""
    root, frames = Path(folder), reenactment.result.frames
    comment = PngInfo()
    comment.add_text("Comment", WORD)
    for i, frame in enumerate(frames, 1):
        with store.atomic(root / f"frames/{i:04d}.png") as part:
            Image.fromarray(frame).save(part, "PNG", pnginfo=comment)
    fps = max(reenactment.driving.movement.fps / SLOWER, 1.0)
    labelled = np.stack([_label(frame) for frame in frames])
    _write_video(root / "reenactment.mp4", labelled, fps)
    _write_animation(root / "reenactment.gif", labelled, fps)
    store.write_text(root / "curves.csv", _curves(reenactment, read_back))
    rows = [row | {"origin": _origin(reenactment)} for row in rows]
    store.write_csv(root / "metrics.csv", list(rows[0]), rows)
    return [root / name for name in ("frames", "reenactment.mp4", "reenactment.gif", "curves.csv", "metrics.csv")]


def _origin(reenactment: Reenactment) -> str:
    """Return the value of column origin, such as "made of generated"."""
    return f"made of {reenactment.origin}"


def _label(frame: np.ndarray) -> np.ndarray:
    """Return the frame with `SHORT` in its lower left corner."""
    size, corner = max(frame.shape[0] / 900, 0.3), (6, frame.shape[0] - 8)
    labelled = np.ascontiguousarray(frame)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        labelled = cv2.putText(
            labelled.copy(), SHORT, corner, cv2.FONT_HERSHEY_SIMPLEX, size, colour, thickness, cv2.LINE_AA
        )
    return np.asarray(labelled)


def _write_video(path: Path, frames: np.ndarray, fps: float) -> None:
    """Write MPEG-4 with even sides, which players need."""
    height, width = (side - side % 2 for side in frames.shape[1:3])
    with TemporaryDirectory() as folder:
        video = Path(folder) / "film.mp4"
        writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
        for frame in frames:
            writer.write(np.ascontiguousarray(frame[:height, :width, ::-1]))
        writer.release()
        if not video.is_file() or not video.stat().st_size:
            raise StoreError(f"{path}: OpenCV here writes no MPEG-4")
        with store.atomic(path) as part:
            part.write_bytes(video.read_bytes())


def _write_animation(path: Path, frames: np.ndarray, fps: float) -> None:
    share = min(LONGEST / max(frames.shape[1:3]), 1)
    size = tuple(round(side * share) for side in frames.shape[2:0:-1])
    pages = [Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS) for frame in frames]
    with store.atomic(path) as part:
        pages[0].save(
            part, "GIF", save_all=True, append_images=pages[1:], duration=round(1000 / fps), loop=0, comment=WORD
        )


def _curves(reenactment: Reenactment, read_back: np.ndarray) -> str:
    """Return CSV with a row for each frame, AU and side: the target AU, and changes since the first frame."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["frame", "unit", "side", "source_change", "asked", "asked_change", "read_back_change", "origin"])
    target_aus = reenactment.target_aus
    changes = target_aus - target_aus[:1]
    for frame, unit, side in np.ndindex(target_aus.shape):
        values = (array[frame, unit, side] for array in (reenactment.true_changes, target_aus, changes, read_back))
        cells = (f"{value:.4f}" for value in values)
        out.writerow([frame + 1, ACTION_UNITS[unit], ("left", "right")[side], *cells, _origin(reenactment)])
    return text.getvalue()
