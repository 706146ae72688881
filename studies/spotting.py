"""Generated people's videos through `predict`: hits, false ones, F1 at IoU 0.5, and what it takes.

Settings of spotting were chosen on seeds from 101 on; others than these are shown by default.
"""

import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path

from microexpr.apps import predict
from microexpr.apps.predict import footage, written
from microexpr.core import arithmetic
from microexpr.rendering import film, take
from microexpr.signals.spotting.hits import Counts, count


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1, help="the least seed, default 1")
    parser.add_argument("--seeds", type=int, default=3, help="how many from there on, default 3")
    parser.add_argument("--seconds", type=float, default=60, help="of a video, default 60")
    parser.add_argument("--difficulty", default="standard", help="easy, standard or hard; default standard")
    arguments = parser.parse_args()
    params = take.Params(seconds=arguments.seconds, difficulty=arguments.difficulty)
    models, total = predict.Models.load(None, Path()), Counts()
    print("| seed | hits | false | missed | F1 | seconds |\n| --- | --- | --- | --- | --- | --- |")
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            video = Path(folder) / "take.avi"
            truth = film.write(video, params, seed)
            started = time.monotonic()
            made = predict.predict(footage.open_footage(video, None), models)
            took = time.monotonic() - started
            found = count(made.spans, written.true_spans(truth))
        total += found
        print(row(str(seed), found, f"{took:.0f}"), flush=True)
    print(row("all", total, ""))
    return 0


def row(name: str, found: Counts, took: str) -> str:
    return f"| {name} | {found.hits} | {found.false} | {found.missed} | {found.f1:.3f} | {took} |"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
