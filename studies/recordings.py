"""Measure `predict` on compressed video: rendered films as calls, browsers and phones store them.

    python studies/recordings.py --write-docs          # seeds 11 to 16, the table of docs/recordings.md
    python studies/recordings.py --first 31 --seeds 3 --keep FOLDER     # other seeds, to choose settings on

Each film is encoded again by FFmpeg's encoders, as PyAV carries them; limits were chosen on seeds from 31 on.
"""

import json
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pages
import spotting
from checkout import folder

from facs_faces import take
from microexpr.apps import predict
from microexpr.core import store
from microexpr.core.files import file_digest, value_digest
from microexpr.signals.spotting.hits import Counts
from microexpr.videos import open_video
from microexpr.videos.writer import encoder

PAGE, MARK = "docs/recordings.md", "study-recordings"
FILM = take.Params(seconds=14, fps=30, micro=4, macro=1, blinks=2)


class Coding(NamedTuple):
    """How a film is encoded again."""

    name: str
    codec: str = ""  # "": as the renderer stores it
    kilobits: int = 0  # a second
    key_seconds: float = 4  # between key frames
    suffix: str = ".mp4"
    options: dict[str, str] = {}


H264 = [Coding(f"H.264, {rate} kbit/s, a key frame every {'second' if key == 1 else f'{key} s'}", "libx264", rate, key,
               options={"preset": "veryfast"})
        for rate in (150, 300, 600, 1500) for key in (1, 4)]  # fmt: skip
CODINGS = [
    Coding("as rendered, Motion JPEG"),
    *H264,
    Coding("HEVC, 400 kbit/s", "libx265", 400, options={"preset": "veryfast", "x265-params": "log-level=error"}),
    Coding("VP9, as browsers record, 400 kbit/s", "libvpx-vp9", 400, suffix=".webm",
           options={"deadline": "realtime", "cpu-used": "8"}),
]  # fmt: skip


def main() -> int:
    """Print the table, and write it into its page where this is asked for."""
    arguments = pages.parser(__doc__, PAGE, first=11, seeds=6, cores=2, keep=None).parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    with folder(arguments.keep) as root, ProcessPoolExecutor(arguments.cores) as pool:
        jobs = [(root, seed, i) for seed in seeds for i in range(len(CODINGS))]
        list(pool.map(_render, [job for job in jobs if job[-1] == 0]))
        for (*_, i), result in zip(jobs, pool.map(_measure, jobs), strict=True):
            counts[i].update(result)
    columns = (f"{FILM.fps} a second: of", "hits", "false", "a minute", "F1", "sure", "right")
    table, minutes = pages.Table("stored as", *columns), len(seeds) * FILM.seconds / 60
    for i, coding in enumerate(CODINGS):
        micro, hits, false, sure, right = (counts[i][name] for name in ("micro", "hits", "false", "sure", "right"))
        f1 = Counts(hits, false, micro - hits).f1
        table.add(coding.name, micro, hits, false, f"{false / minutes:.1f}", f"{f1:.2f}", sure, right)
    table.publish(PAGE, MARK, f"Seeds {seeds[0]} to {seeds[-1]}. ", arguments.write_docs)
    return 0


def _render(job: tuple[Path, int, int]) -> Path:
    root, seed, _ = job
    return spotting.render(root / f"film_{seed}.avi", FILM, seed)


def _measure(job: tuple[Path, int, int]) -> dict[str, int]:
    """Return counts of one film in one coding; what was found in it is kept, for other limits."""
    root, seed, i = job
    coding, source = CODINGS[i], _render(job)
    path = source if i == 0 else encode(source, root / f"film_{seed}_{i}{coding.suffix}", coding)
    cached = root / f"{path.stem}_{_code()}.json"
    if not cached.exists():
        store.write_text(cached, json.dumps(spotting.measure(path, source.with_suffix(".csv"), _models())))
    document = json.loads(cached.read_text())
    print(path.name, document, file=sys.stderr, flush=True)
    sure = [expression for expression in document["expressions"] if expression["sure"]]
    right = sum(expression["right"] for expression in sure)
    return {name: document[name] for name in ("micro", "hits", "false")} | {"sure": len(sure), "right": right}


def encode(source: Path, path: Path, coding: Coding) -> Path:
    """Encode a film again, unless that exists; return its path."""
    if path.exists():
        return path
    key = round(coding.key_seconds * FILM.fps)
    with encoder(path, FILM.fps, coding.kilobits, key, coding.codec, **coding.options) as write:
        for number, image in enumerate(open_video(source)):
            write(image, number)
    return path


@cache
def _models() -> predict.Models:
    return predict.Models.load(None, Path("results/refit"))


@cache
def _code() -> str:
    """Return a digest of what results depend on, so that kept ones of other code are not taken."""
    root = Path(predict.__file__).parents[2]
    parts = ("apps/predict", "signals", "videos", "weights")
    files = sorted(
        file for part in parts for file in (root / part).rglob("*") if file.suffix in (".py", ".safetensors", ".onnx")
    )
    return value_digest([file_digest(file) for file in (*files, Path(spotting.__file__))])[:12]


if __name__ == "__main__":
    pages.start(main)
