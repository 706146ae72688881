"""Milliseconds a frame of following a face and of reading its gradients, beside the usual way in the same run.

    python benchmarks/signals.py [--frames 30] [--rounds 3]

Prints for each pair `<what>: ours_ms=... other_ms=... ratio=...` (CPU time on one thread, best of the rounds).
"""

import argparse
import time
from collections.abc import Callable

import cv2
import face_recognition
import numpy as np
from skimage.feature import hog

from microexpr import faces
from microexpr.aus.features import features, sides
from microexpr.generated.face import Face
from microexpr.luma import luma
from microexpr.seeds import generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    frames = clip(options.frames)
    found = faces.track(lambda: frames, faces.Params(), "benchmark")
    seen = list(zip(luma(found.crop), found.landmarks_crop, strict=True))
    compare(
        "faces (landmarks, pose and crop; face_recognition: landmarks)",
        lambda: faces.track(lambda: frames, faces.Params(), "benchmark"),
        lambda: [face_recognition.face_landmarks(frame) for frame in frames],
        options,
    )
    compare(
        "gradients of three sides (scikit-image)",
        lambda: [features(*pair) for pair in seen],
        lambda: [gradients(picture) for pair in seen for picture, _ in sides(*pair)],
        options,
    )


def clip(count: int) -> list[np.ndarray]:
    """uint8[480, 640, 3] each: a face that smiles a little, before a noisy camera."""
    face, rng = Face(3), generator(0, "benchmarks", "signals")
    pictures = [face.render({"AU12L": value, "AU12R": value}).image for value in np.linspace(0, 1, count)]
    return [np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8) for picture in pictures]


def gradients(picture: np.ndarray) -> np.ndarray:
    return hog(picture, orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), block_norm="L2-Hys")


def compare(what: str, ours: Callable[[], object], other: Callable[[], object], options: argparse.Namespace) -> None:
    times: dict[str, list[float]] = {"ours": [], "other": []}
    for _ in range(options.rounds):
        for side, call in (("ours", ours), ("other", other)):
            start = time.process_time()
            call()
            times[side].append(1000 * (time.process_time() - start) / options.frames)
    best = {side: min(values) for side, values in times.items()}
    ratio = best["other"] / best["ours"]
    print(f"{what}: ours_ms={best['ours']:.2f} other_ms={best['other']:.2f} ratio={ratio:.1f}")


if __name__ == "__main__":
    main()
