"""The folder that `microexpr reenact` writes: frames, a video, curves, figures, each marked as synthesised."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from microexpr.apps.reenact.alone import METRICS, Reenactment
from microexpr.core import store
from microexpr.core.errors import StoreError
from microexpr.signals.aus import ACTION_UNITS, SIDES

WORD = "synthesised by microexpr's FAMGAN: not a recording"
SHORT = "synthesised"  # on the frames of videos
SLOWER = 4  # videos show a micro-expression 4 times slower than it was
LONGEST = 480  # pixels, side of the animation
SAMPLED = 4  # frames that give the animation its colours, at most
MAGNIFIED = 4  # factor of differences in the comparison
CURVES = ("strength", "face", "frame", "unit", "side", "asked_change", "read_back_change", "origin")


def write(folder: str | Path, reenactment: Reenactment) -> None:
    """Write frames/*.png, reenactment.{mp4,gif}, comparison.mp4 and two tables into a folder without such files.

    Videos and animation have the strengths one after the other, and in a frame all faces; the comparison shows the part
    of the photograph that moves, at rest, in motion, and their difference. Raises StoreError if the folder cannot be
    written."""
    root, comment = Path(folder), PngInfo()
    comment.add_text("Comment", WORD)
    for strength in reenactment.strengths:
        for number, frame in enumerate(reenactment.frames(strength), 1):
            with store.atomic(root / f"frames/{strength:g}x_{number:04d}.png") as part:
                Image.fromarray(frame).save(part, "PNG", pnginfo=comment)
    fps = max(reenactment.driving.fps / SLOWER, 1.0)
    _write_video(root / "reenactment.mp4", _labelled(reenactment), fps)
    _write_animation(root / "reenactment.gif", _labelled(reenactment), fps)
    _write_video(root / "comparison.mp4", _labelled(reenactment, is_compared=True), fps)
    store.write_csv(root / "curves.csv", CURVES, _curves(reenactment))
    store.write_csv(root / "metrics.csv", ("strength", "face", *METRICS, "origin"), metrics(reenactment))


def _labelled(reenactment: Reenactment, is_compared: bool = False) -> Iterator[np.ndarray]:
    """Yield the frames of all strengths with `SHORT` and the strength in their lower left corner. To compare, a frame
    is the moving part at rest, in motion, and `MAGNIFIED` times their difference, side by side."""
    window = reenactment.window
    still = reenactment.photograph.image[window]
    for strength in reenactment.strengths:
        for frame in reenactment.frames(strength):
            text = f"{SHORT}, strength {strength:g}"
            if is_compared:
                part, text = frame[window], f"{text}; change x {MAGNIFIED}"
                difference = MAGNIFIED * (part.astype(np.int16) - still) + 128
                frame = np.concatenate([still, part, np.clip(difference, 0, 255).astype(np.uint8)], 1)
            labelled = np.ascontiguousarray(frame).copy()
            at = text, (6, frame.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, max(frame.shape[0] / 900, 0.3)
            for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
                cv2.putText(labelled, *at, colour, thickness, cv2.LINE_AA)
            yield labelled


def _write_video(path: Path, frames: Iterator[np.ndarray], fps: float) -> None:
    """Write MPEG-4 with even sides, which players need."""
    with TemporaryDirectory() as folder:
        video, writer = Path(folder) / "film.mp4", cv2.VideoWriter()
        for frame in frames:
            height, width = (side - side % 2 for side in frame.shape[:2])
            if not writer.isOpened():
                writer.open(str(video), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
            writer.write(np.ascontiguousarray(frame[:height, :width, ::-1]))
        writer.release()
        if not video.is_file() or not video.stat().st_size:
            raise StoreError(f"{path}: OpenCV here writes no MPEG-4")
        with store.atomic(path) as part:
            part.write_bytes(video.read_bytes())


def _write_animation(path: Path, frames: Iterator[np.ndarray], fps: float) -> None:
    pages = []
    for frame in frames:
        share = min(LONGEST / max(frame.shape[:2]), 1)
        height, width = (round(side * share) for side in frame.shape[:2])
        pages.append(Image.fromarray(frame).resize((width, height), Image.Resampling.LANCZOS))
    # the colours of some frames serve all: to choose them for each takes longer than anything else here
    sample = np.concatenate([np.asarray(page) for page in pages[:: -(-len(pages) // SAMPLED)]])
    palette = Image.fromarray(sample).quantize()
    first, *others = (page.quantize(palette=palette, dither=Image.Dither.NONE) for page in pages)
    with store.atomic(path) as part:
        first.save(part, "GIF", save_all=True, append_images=others, duration=round(1000 / fps), loop=0, comment=WORD)


def metrics(reenactment: Reenactment) -> Iterator[dict[str, str]]:
    """Yield a row for each strength and face."""
    for outcome in reenactment.outcomes:
        row = {"strength": f"{outcome.strength:g}", "face": str(outcome.number)}
        row["origin"] = f"made of {reenactment.origin}"
        yield row | {name: f"{value:.4f}" for name, value in outcome.metrics.items()}


def _curves(reenactment: Reenactment) -> Iterator[dict[str, str]]:
    """Yield a row for each strength, face, frame, AU and side: target AU and the one read, changes since the first."""
    for outcome, row in zip(reenactment.outcomes, metrics(reenactment), strict=True):
        for frame, unit, side in np.ndindex(outcome.target_aus.shape):
            yield {name: row[name] for name in ("strength", "face", "origin")} | {
                "frame": str(frame + 1),
                "unit": ACTION_UNITS[unit],
                "side": SIDES[side],
                "asked_change": f"{outcome.target_aus[frame, unit, side]:.4f}",
                "read_back_change": f"{outcome.read_back[frame, unit, side]:.4f}",
            }
