"""Following a face beside looking for it anew in each frame: time and error, on the same frames in the same run.

    python benchmarks/landmarks.py [--frames 100] [--rounds 3]

The frames are a rendered person's micro-expression, 640 x 480, before a noisy camera; the truth is known. `ours` is all
of the faces stage but decoding: landmarks, pose and crops. `other` is a loop of `face_recognition.face_landmarks`.
CPU time on one thread, best of the rounds. Error is the mean distance of the landmarks from the true ones, in percent
of the distance between the outer corners of the eyes; noise is what of it changes from frame to frame. Then the steps
of the stage one by one: noise, and how much of the mouth's true movement from onset to apex is found beside the nose.
"""

import argparse
import time
from collections.abc import Callable

import face_recognition
import numpy as np

from microexpr.core import arithmetic
from microexpr.core.seeds import generator
from microexpr.rendering.camera import expose
from microexpr.rendering.face import Face
from microexpr.rendering.performance import DIFFICULTIES, Performer, perform
from microexpr.signals import faces
from microexpr.signals.face_regions import eye_distance

FPS = 200
SIZE = (640, 480)
STEPS = {
    "predicted": faces.Params(settle=0, smooth=0),
    "predicted, smoothed": faces.Params(settle=0),
    "settled": faces.Params(smooth=0),
    "settled, smoothed": faces.Params(),
}
# The order in which `face_landmarks` gives the 68 points by name; its lips repeat some points.
PARTS = {
    "chin": range(17), "left_eyebrow": range(17, 22), "right_eyebrow": range(22, 27), "nose_bridge": range(27, 31),
    "nose_tip": range(31, 36), "left_eye": range(36, 42), "right_eye": range(42, 48), "top_lip": range(48, 55),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    frames, truth = clip(options.frames)
    figures = compared(frames, truth, options)
    for name, (ms, error, noise) in figures.items():
        print(f"{name}: ms_a_frame={ms:.2f} frames_a_second={1000 / ms:.0f} error={error:.2f}% noise={noise:.2f}%")
    print(f"ratio={figures['other'][0] / figures['ours'][0]:.1f}")
    for name, params in STEPS.items():
        points = faces.track(lambda: frames, params, "benchmark", FPS).landmarks
        print(f"{name}: noise={errors(points, truth, truth)[1]:.2f}% movement_kept={kept(points, truth):.0f}%")


def compared(
    frames: np.ndarray, truth: np.ndarray, options: argparse.Namespace
) -> dict[str, tuple[float, float, float]]:
    """Milliseconds a frame, error and noise, in percent, of "ours" and the "other"."""
    ours_ms, track = best(lambda: faces.track(lambda: frames, faces.Params(), "benchmark", FPS), options)
    other_ms, named = best(lambda: [face_recognition.face_landmarks(frame) for frame in frames], options)
    indices = sorted(point for points in PARTS.values() for point in points)
    loop = np.array([points_of(detected[0]) for detected in named])
    points = {"ours": (ours_ms, track.landmarks[:, indices]), "other": (other_ms, loop)}
    return {name: (ms, *errors(values, truth[:, indices], truth)) for name, (ms, values) in points.items()}


def clip(count: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8[T, 480, 640, 3] and its landmarks float32[T, 68, 2]: a faint smile by a head that is never quite still."""
    rng = generator(0, "benchmarks", "landmarks")
    face, performer = Face(3), Performer.sample(generator(0, "benchmarks", "performer"))
    difficulty = DIFFICULTIES["standard"]
    onset, apex, offset = count // 4, count // 2, 3 * count // 4
    played = perform(performer, {"AU12L": 1, "AU12R": 1, "AU6L": 1}, onset, apex, offset, count, FPS, difficulty, rng)
    frames, landmarks = [], []
    for units, pose, shift, gaze in zip(played.action_units, played.pose, played.shift, played.gaze, strict=True):
        seen = face.render(units, pose, shift, performer.light, SIZE, performer.zoom, gaze)
        frames.append(expose(seen.image, rng, difficulty.noise, 1.0))
        landmarks.append(seen.landmarks)
    return np.stack(frames), np.stack(landmarks)


def best(call: Callable[[], object], options: argparse.Namespace) -> tuple[float, object]:
    """Milliseconds a frame, and what was returned."""
    times, result = [], None
    for _ in range(options.rounds):
        start = time.process_time()
        result = call()
        times.append(1000 * (time.process_time() - start) / options.frames)
    return min(times), result


def points_of(named: dict[str, list[tuple[int, int]]]) -> np.ndarray:
    """float64[55, 2] in the order of the markup, of what `face_landmarks` says of one face."""
    return np.concatenate([np.array(named[part][: len(points)], float) for part, points in PARTS.items()])


def errors(landmarks_found: np.ndarray, true: np.ndarray, landmarks: np.ndarray) -> tuple[float, float]:
    """Mean distance, and root mean square of what changes over time, in percent of the outer-eye distance."""
    away = 100 * (landmarks_found - true) / eye_distance(landmarks)[:, None, None]
    change = away - away.mean(axis=0)
    return float(np.linalg.norm(away, axis=-1).mean()), float(np.sqrt((change**2).sum(axis=-1).mean()))


def kept(landmarks: np.ndarray, true: np.ndarray) -> float:
    """Percent of the true movement from onset to apex that is found, of the mouth and the nose's distance to it."""
    onset, apex = len(true) // 4, len(true) // 2
    moves = []
    for points in (true, landmarks):
        change = points[apex] - points[onset]
        moves.append((change - change[27:36].mean(axis=0))[48:])
    return float(100 * (moves[0] * moves[1]).sum() / (moves[0] ** 2).sum())


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
