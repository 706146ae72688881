"""Time the signals next to the programs that researchers use for them, and the renderer. CPU time on one thread.

    python benchmarks/signals.py [render landmarks flow ...] [--rounds 3]

render     milliseconds of a rendered frame at 256 x 256 and 640 x 480, the camera's noise included
landmarks  the faces stage against a loop of `face_recognition.face_landmarks`: 100 rendered frames of 640 x 480; error
           and its change from frame to frame (noise), in percent of the distance between the outer corners of the eyes
flow       TV-L1 against scikit-image's on the same pair of frames, and how far the two flows are apart; a whole clip
           with each algorithm of the flow stage, head motion included

A time is the best of the rounds, in which the sides take turns. A ratio above 1 is in favour of this project.
"""

import argparse
import time
from collections.abc import Callable, Sequence

import face_recognition
import numpy as np
from skimage.registration import optical_flow_tvl1

from facs_faces.camera import expose
from facs_faces.face import Face
from facs_faces.performance import DIFFICULTIES, Performer, perform
from microexpr.core import arithmetic
from microexpr.core.arrays import luma
from microexpr.core.seeds import generator
from microexpr.signals import faces, flow
from microexpr.signals.face_regions import eye_distance
from microexpr.signals.flow.tvl1 import tvl1

FPS, FRAMES = 200, 100
PAIR = (faces.CROP, faces.CROP)
RENDERED = {(256, 256): 1.3, (640, 480): 1.0}  # width and height: zoom
# The order in which `face_landmarks` gives the 68 points by name; its lips repeat some points.
PARTS = {
    "chin": range(17), "left_eyebrow": range(17, 22), "right_eyebrow": range(22, 27), "nose_bridge": range(27, 31),
    "nose_tip": range(31, 36), "left_eye": range(36, 42), "right_eye": range(42, 48), "top_lip": range(48, 55),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], default=[*MEASURES], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    for name in chosen.names:
        MEASURES[name](chosen.rounds)


def best(calls: Sequence[Callable[[], object]], rounds: int, frames: int = 1) -> tuple[list[float], list[object]]:
    """Return the milliseconds of each call, and its result. The first calls, which compile, are not counted."""
    answers, times = [call() for call in calls], np.zeros((rounds, len(calls)))
    for turn, number in np.ndindex(times.shape):
        start = time.process_time()
        calls[number]()
        times[turn, number] = 1000 * (time.process_time() - start) / frames
    return times.min(axis=0).tolist(), answers


def compared(what: str, ours_ms: float, other_ms: float, more: str = "") -> None:
    """Print both sides and their ratio."""
    print(f"{what}: ours_ms={ours_ms:.2f} other_ms={other_ms:.2f} ratio={other_ms / ours_ms:.1f}{more}", flush=True)


def film(face: Face, size: tuple[int, int], zoom: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8[T, H, W, 3] and landmarks float32[T, 68, 2]: a faint smile by a head that is never quite still."""
    rng = generator(0, "benchmarks", "landmarks")
    performer = Performer.sample(generator(0, "benchmarks", "performer"))
    difficulty = DIFFICULTIES["standard"]
    onset, apex, offset = count // 4, count // 2, 3 * count // 4
    played = perform(performer, {"AU12L": 1, "AU12R": 1, "AU6L": 1}, onset, apex, offset, count, FPS, difficulty, rng)
    frames, landmarks = [], []
    for units, pose, shift, gaze in zip(played.action_units, played.pose, played.shift, played.gaze, strict=True):
        seen = face.render(units, pose, shift, performer.light, size, zoom * performer.zoom, gaze)
        frames.append(expose(seen.image, rng, difficulty.noise, 1.0))
        landmarks.append(seen.landmarks)
    return np.stack(frames), np.stack(landmarks)


def measure_rendering(rounds: int) -> None:
    """Print the cost of a frame with its face and light prepared."""
    face = Face(3)
    for size, zoom in RENDERED.items():
        (spent,), _ = best([lambda size=size, zoom=zoom: film(face, size, zoom, 20)], rounds, 20)
        print(f"render a frame at {size[0]}x{size[1]}: ms={spent:.1f}", flush=True)


def measure_landmarks(rounds: int) -> None:
    """Print time, error and noise of the faces stage and of the usual loop."""
    frames, true = film(Face(3), (640, 480), 1.0, FRAMES)
    calls = [
        lambda: faces.track(lambda: frames, faces.Params(), "benchmark", FPS).landmarks,
        lambda: [face_recognition.face_landmarks(frame)[0] for frame in frames],
    ]
    (ours_ms, other_ms), (ours, named) = best(calls, rounds, FRAMES)
    compared("landmarks of a frame", ours_ms, other_ms)
    indices = sorted(point for points in PARTS.values() for point in points)
    other = [np.concatenate([face[part][: len(PARTS[part])] for part in PARTS]) for face in named]
    for side, points in (("ours", np.asarray(ours)[:, indices]), ("other", np.array(other, float))):
        away = 100 * (points - true[:, indices]) / eye_distance(true)[:, None, None]
        change = away - away.mean(axis=0)
        error, noise = np.linalg.norm(away, axis=-1).mean(), np.sqrt((change**2).sum(axis=-1).mean())
        print(f"landmarks, {side}: error={error:.2f}% noise={noise:.2f}%", flush=True)


def measure_flow(rounds: int) -> None:
    """Print the time of TV-L1 on a pair, ours and scikit-image's, and of a whole clip by each algorithm."""
    face, rng = Face(3), generator(0, "benchmarks", "flow")
    pictures = [
        luma(face.render({"AU12L": value, "AU12R": value}, size=PAIR, zoom=1.3).image) for value in np.linspace(0, 1, 9)
    ]
    crop = np.stack([np.clip(p + rng.normal(0, 3, p.shape), 0, 255).astype(np.uint8) for p in pictures])
    first, second = (frame.astype(np.float32) / 255 for frame in (crop[0], crop[-1]))
    used = flow.Params().tvl1
    settings = {"attachment": used.attachment, "tightness": used.tightness, "tol": used.tolerance}
    settings |= {"num_warp": used.warps, "num_iter": used.iterations, "prefilter": used.median}
    calls = [lambda: tvl1(first, second, **dict(used)), lambda: optical_flow_tvl1(first, second, **settings)]
    (ours_ms, other_ms), (ours, other) = best(calls, rounds)
    distance = np.hypot(ours[..., 0] - other[1], ours[..., 1] - other[0]).mean()
    compared("flow, TV-L1 of a pair", ours_ms, other_ms, f" apart_px={distance:.5f}")
    for algorithm in ("tvl1", "farneback"):
        params = flow.Params(algorithm=algorithm)
        (spent,), _ = best([lambda params=params: flow.clip_flow(crop, 1, len(crop) - 2, params)], rounds)
        print(f"flow of a clip, {algorithm}: ms={spent:.1f}", flush=True)


MEASURES: dict[str, Callable[[int], None]] = {
    "render": measure_rendering,
    "landmarks": measure_landmarks,
    "flow": measure_flow,
}

if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
