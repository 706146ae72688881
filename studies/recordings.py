"""Measure `predict` on compressed video: rendered films as calls, browsers and phones store them.

    python studies/recordings.py --write-docs          # seeds 11 to 16, the table of docs/recordings.md
    python studies/recordings.py --first 31 --seeds 3 --rates 30 --keep FOLDER     # other seeds, to choose settings on

Each film is encoded again by FFmpeg's encoders, as PyAV carries them; limits were chosen on seeds from 31 on.
"""

import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pages

from microexpr.apps import predict
from microexpr.apps.predict import truth
from microexpr.core import arithmetic, store
from microexpr.core.files import file_digest, value_digest
from microexpr.rendering import film, take
from microexpr.signals.spotting.hits import Counts, count
from microexpr.videos import Scan, open_video

PAGE, MARK = "docs/recordings.md", "study-recordings"
FILM = {"seconds": 14, "micro": 4, "macro": 1, "blinks": 2}


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
    options = pages.parser(__doc__, PAGE)
    options.add_argument("--first", type=int, default=11, help="the least seed, default %(default)s")
    options.add_argument("--seeds", type=int, default=6, help="how many from there on, default %(default)s")
    options.add_argument("--rates", type=int, nargs="+", default=[30, 60], help="frames a second, default %(default)s")
    options.add_argument("--cores", type=int, default=2, help="videos at once, default %(default)s")
    options.add_argument("--keep", type=Path, help="a folder for films and results, to resume; else a temporary one")
    arguments = options.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    with nullcontext(arguments.keep) if arguments.keep else tempfile.TemporaryDirectory() as folder:
        jobs = [
            (Path(folder), seed, rate, i) for seed in seeds for rate in arguments.rates for i in range(len(CODINGS))
        ]
        with ProcessPoolExecutor(arguments.cores) as pool:
            films = [(folder, seed, rate, 0) for _, seed, rate, i in jobs if i == 0]
            list(pool.map(_render, films))
            counts: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
            for (_, _, rate, i), result in zip(jobs, pool.map(_measure, jobs), strict=True):
                counts[rate, i].update(result)
    about = f"Seeds {seeds[0]} to {seeds[-1]}. "
    pages.publish(PAGE, MARK, table(counts, arguments.rates), about, arguments.write_docs)
    return 0


def table(counts: Mapping[tuple[int, int], Counter[str]], rates: list[int]) -> Iterator[str]:
    """Yield the lines of a table, a row for each coding, of counts by rate and position of the coding."""
    columns = [f"{rate} a second: of | hits | false | sure | of these right" for rate in rates]
    yield f"| stored as | {' | '.join(columns)} |"
    yield "|" + " --- |" * (1 + 5 * len(rates))
    for i, coding in enumerate(CODINGS):
        cells = [str(counts[rate, i][name]) for rate in rates for name in ("micro", "hits", "false", "sure", "right")]
        yield f"| {coding.name} | {' | '.join(cells)} |"


def _render(job: tuple[Path, int, int, int]) -> Path:
    folder, seed, rate, _ = job
    path = folder / f"film_{seed}_{rate}.avi"
    if not path.with_suffix(".csv").exists():
        film.write(path, take.Params(**FILM, fps=rate), seed)
    return path


def _measure(job: tuple[Path, int, int, int]) -> dict[str, int]:
    """Return counts of one film in one coding; what was found in it is kept, for other limits."""
    folder, seed, rate, i = job
    coding, source = CODINGS[i], _render(job)
    path = source if i == 0 else encode(source, folder / f"film_{seed}_{rate}_{i}{coding.suffix}", coding, rate)
    cached = folder / f"{path.stem}_{_code()}.json"
    if not cached.exists():
        store.write_text(cached, json.dumps(_found(path, source.with_suffix(".csv"))))
    document = json.loads(cached.read_text())
    sure = [each for each in document["expressions"] if each["certainty"] == "sure"]
    right = sum(each["class"] == each["true_class"] for each in sure)
    return {name: document[name] for name in ("micro", "hits", "false")} | {"sure": len(sure), "right": right}


def _found(path: Path, truth_path: Path) -> dict[str, Any]:
    """Return counts of one video, and each micro-expression that was found."""
    true = truth.read(truth_path)
    prediction = predict.predict(Scan(path), _models())
    hits = truth.match(prediction.spans, true)
    counts: Counts = count(prediction.spans, [event.span for event in true])
    expressions = []
    for expression in prediction.expressions:
        interval, classes = expression.interval, expression.classes
        if interval.kind == "micro":
            hit = hits.get((interval.onset, interval.offset))
            expressions.append({
                "onset": interval.onset, "offset": interval.offset, "score": interval.score,
                "class": classes.predicted_class, "true_class": hit.true_class if hit else "",
                "certainty": classes.certainty, "classes": classes.probabilities, "reasons": classes.reasons,
                "action_units": dict(interval.action_units),
            })  # fmt: skip
    print(path.name, json.dumps(expressions), file=sys.stderr, flush=True)
    return {"micro": len(true), "hits": counts.hits, "false": counts.false, "expressions": expressions}


def encode(source: Path, path: Path, coding: Coding, rate: int) -> Path:
    """Encode a film again, unless that exists; return its path."""
    if path.exists():
        return path
    bits = coding.kilobits * 1000
    options = coding.options | {"maxrate": str(bits), "bufsize": str(bits)}
    with store.atomic(path) as part, part.open("wb") as file, av.open(
        file, "w", format=path.suffix[1:].replace("mkv", "matroska")
    ) as container:  # fmt: skip
        stream: Any = container.add_stream(coding.codec, rate=Fraction(rate), options=options)
        stream.bit_rate, stream.pix_fmt = bits, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.thread_count = round(coding.key_seconds * rate), 1
        for i, image in enumerate(open_video(source)):
            if i == 0:
                stream.height, stream.width = image.shape[:2]
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
            picture.pts, picture.time_base = i, Fraction(1, rate)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
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
    return value_digest([file_digest(file) for file in files])[:12]


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
