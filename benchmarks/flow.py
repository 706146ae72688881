"""Milliseconds of a clip's flow: TV-L1 beside scikit-image's in the same run, and each algorithm as the stage has it.

    python benchmarks/flow.py [--rounds 3] [--truth easy standard hard]

Prints `tvl1: ours_ms=... library_ms=... ratio=... apart_px=...` (CPU time on one thread, best of the rounds; the mean
distance between the two flows) and `<algorithm>: ms=...` for a whole clip, head motion with it. With `--truth`, of each
difficulty and setting the end-point error in percent of the true length on people who are in no corpus, by region, as
the truth stage measures it.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml
from skimage.registration import optical_flow_tvl1

from microexpr import datasets
from microexpr.core import arithmetic, store
from microexpr.core.clip import Clip
from microexpr.core.grayscale import luma
from microexpr.core.seeds import generator
from microexpr.datasets import MICRO
from microexpr.rendering import corpus, plan
from microexpr.rendering.face import Face
from microexpr.reporting import signal_benchmark
from microexpr.reporting.signal_benchmark import person
from microexpr.signals import apex, face_regions, faces, flow
from microexpr.signals.flow.tvl1 import tvl1
from microexpr.signals.motion import steady

FRAMES = 9
SETTINGS = {
    "tvl1, rigid (default)": {},
    **{f"tvl1, {how}": {"stabilise": how} for how in ("none", "median", "similarity", "nose")},
    "tvl1, one frame each": {"average": 0},
    "tvl1, lamps as they are": {"equalise": False},
    "tvl1, size 128": {"size": 128},
    "farneback, rigid": {"algorithm": "farneback"},
    "farneback, similarity, 128, one frame": {
        "algorithm": "farneback", "stabilise": "similarity", "size": 128, "average": 0, "equalise": False,
    },
}  # fmt: skip
STEADY = "tvl1, none, of the steady clip"  # what `motion.steady` leaves of the head, and of the expression


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--truth", nargs="+", default=[], choices=signal_benchmark.DIFFICULTIES)
    options = parser.parse_args()
    timed(options.rounds)
    for difficulty in options.truth:
        measured(difficulty)


def timed(rounds: int) -> None:
    ours_ms, library_ms, difference = tvl1_times(rounds)
    times = f"ours_ms={ours_ms:.1f} library_ms={library_ms:.0f} ratio={library_ms / ours_ms:.1f}"
    print(f"tvl1: {times} apart_px={difference:.5f}")
    crop = clip()
    for algorithm in ("tvl1", "farneback"):
        params = flow.Params(algorithm=algorithm)
        print(
            f"{algorithm}: ms={best(rounds, lambda params=params: flow.clip_flow(crop, 1, FRAMES - 2, params))[0]:.1f}"
        )


def tvl1_times(rounds: int) -> tuple[float, float, float]:
    """Milliseconds of one pair's TV-L1, ours and scikit-image's, and the mean distance of the two flows in pixels."""
    crop = clip()
    first, second = (frame.astype(np.float32) / 255 for frame in (crop[0], crop[-1]))
    settings = flow.Params().tvl1
    ours_ms, flow_ours = best(rounds, lambda: tvl1(first, second, settings))
    library_ms, flow_library = best(rounds, lambda: theirs(first, second, settings))
    difference = np.hypot(flow_ours[..., 0] - flow_library[1], flow_ours[..., 1] - flow_library[0]).mean()
    return ours_ms, library_ms, float(difference)


def clip() -> np.ndarray:
    """uint8[FRAMES, 288, 288]: a face that smiles a little, before a noisy camera."""
    face, rng = Face(3), generator(0, "benchmarks", "flow")
    size, zoom = (faces.CROP, faces.CROP), 1.3
    pictures = [
        luma(face.render({"AU12L": value, "AU12R": value}, size=size, zoom=zoom).image)
        for value in np.linspace(0, 1, FRAMES)
    ]
    return np.stack([np.clip(p + rng.normal(0, 3, p.shape), 0, 255).astype(np.uint8) for p in pictures])


def theirs(first: np.ndarray, second: np.ndarray, params: flow.TvL1) -> np.ndarray:
    return optical_flow_tvl1(
        first, second, attachment=params.attachment, tightness=params.tightness, num_warp=params.warps,
        num_iter=params.iterations, tol=params.tolerance, prefilter=params.median,
    )  # fmt: skip


def best(rounds: int, call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Least CPU time in ms, and the answer. The first call, which compiles or reads kernels, is not counted."""
    answer, times = call(), []
    for _ in range(rounds):
        start = time.process_time()
        answer = call()
        times.append(1000 * (time.process_time() - start))
    return min(times), answer


def measured(difficulty: str) -> None:
    """Errors of every setting on the signal benchmark's subjects of the micro-expression sets."""
    sums = {
        name: np.zeros((3, len(face_regions.FLOW_REGIONS))) for name in (*SETTINGS, STEADY)
    }  # pixels, errors, lengths
    count = 0
    for crop, true, skin, landmarks, signals in read(difficulty):
        count += 1
        at = [signals.position(event) for event in ("onset", "apex")]
        still = steady.hold_still(crop[..., None], steady.head_path(crop, at[0]))[..., 0]
        cases = [(name, crop, settings) for name, settings in SETTINGS.items()]
        cases.append((STEADY, still, SETTINGS["tvl1, none"]))
        for name, film, settings in cases:
            answer = flow.clip_flow(film, *at, flow.Params(**settings))
            errors = person.flow_errors(true, skin, landmarks, dataclasses.replace(signals, flow=answer))
            sums[name] += [errors[f"flow_{kind}"] for kind in ("pixels", "error", "length")]
    print(
        f"{difficulty}: {count} clips; error in % of the true length: all | {', '.join(face_regions.FLOW_REGIONS)}; "
        "all in pixels"
    )
    pixels, _, length = sums[STEADY]
    print(
        "true length, px: "
        + ", ".join(f"{part} {px:.2f}" for part, px in zip(face_regions.FLOW_REGIONS, length / pixels, strict=True))
    )
    for name, (pixels, error, length) in sums.items():
        parts = " ".join(f"{value:4.0f}" for value in 100 * error / length)
        print(f"{name:38} {100 * error.sum() / length.sum():6.1f} | {parts} | {error.sum() / pixels.sum():.3f} px")


def read(difficulty: str) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, person.Signals]]:
    """Yield of each clip grey crops, true flow, visible skin, true landmarks at the onset, and faces and events."""
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    render, seed = plan.Params(**params["render"]), signal_benchmark.root_seed(params["seed"])
    scene = corpus.Scene(difficulty, render.width, render.height)
    for dataset in MICRO:
        planned = signal_benchmark.plan_clips(
            dataset, signal_benchmark.Params(**params["signal_benchmark"]), render, params["seed"]
        )
        for subject in sorted({planned_clip.clip.subject for planned_clip in planned}):
            subject_clips = [planned_clip for planned_clip in planned if planned_clip.clip.subject == subject]
            face = Face(corpus.performer_of(subject_clips[0].clip, seed).face_seed)
            with TemporaryDirectory(prefix="microexpr-flow-") as home:
                corpus.write_person(subject_clips, scene, seed, home, Path(home) / "truth.h5")
                with store.open_file(Path(home) / "truth.h5", "truth") as truth:
                    for planned_clip in subject_clips:
                        signals = seen(planned_clip.clip, Path(home), params)
                        true, skin = person.true_flow(planned_clip, face, scene, seed, signals)
                        landmarks = truth[planned_clip.clip.name]["landmarks"][signals.position("onset")]
                        yield luma(signals.faces["crop"]), true, skin, landmarks, signals


def seen(clip: Clip, home: Path, params: dict[str, Any]) -> person.Signals:
    """A clip as the faces and apex stages find it, with no flow yet."""
    numbers, pictures = datasets.frame_reader(clip, home)
    arrays = faces.track(pictures, faces.Params(**params["faces"]), clip.id, clip.fps).arrays()
    arrays["frame"] = np.array(numbers)
    events = apex.locate(clip, arrays, apex.Params(**params["apex"])).arrays()
    size = flow.Params().stored_size
    written = {name: np.asarray(value) for name, value in events.items()}
    return person.Signals(faces=arrays, events=written, curves={}, flow=np.zeros((3, size, size), np.float32))


if __name__ == "__main__":
    arithmetic.restart_pinned()
    main()
