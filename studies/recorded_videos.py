"""List what `predict` spots in public recordings of people who speak, show full expressions or rest.

    cut -d, -f1 studies/recorded_videos.csv | sort -u | grep / |
        xargs -I{} git clone --depth 1 https://github.com/{} clones/{}      # some gigabytes
    python studies/recorded_videos.py clones --write-docs                   # the table of docs/predict.md

No repository says that one of these recordings has a micro-expression, so those that are spotted count as false. What a
recording shows is what its repository says, or what anyone sees. No picture is stored or shown by us.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import Counter, defaultdict
from pathlib import Path

import pages
from recorded_faces import read_list

from microexpr.apps import predict
from microexpr.core import arithmetic
from microexpr.videos import Scan

PAGE, MARK, LIST = "docs/predict.md", "study-recorded-videos", "recorded_videos.csv"
HEAD = (
    "| recordings of | number | seconds | speech or full expressions | micro-expressions | a minute | of these sure |"
)


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path, help="folder of the repositories, by owner and name")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {PAGE}")
    arguments = parser.parse_args()
    models = predict.Models.load(None, Path())
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in read_list(LIST):
        path = arguments.clones / row["repository"] / row["video"]
        prediction = predict.predict(Scan(path), models)
        kinds = Counter(expression.interval.kind for expression in prediction.expressions)
        sure = sum(expression.certainty == "sure" for expression in prediction.expressions)
        seconds = prediction.video.end
        counts[row["shows"]].update(kinds, sure=sure, seconds=seconds, number=1)
        print(
            row["shows"], row["repository"], row["video"], f"{seconds:.1f} s", dict(kinds), file=sys.stderr, flush=True
        )
    lines = [HEAD, "|" + " --- |" * 7, *(table_row(shows, about) for shows, about in counts.items())]
    text = "\n".join([*lines, "", pages.source()])
    print(text)
    if arguments.write_docs:
        pages.write(PAGE, MARK, text)
    return 0


def table_row(shows: str, about: Counter[str]) -> str:
    others, a_minute = about["speech"] + about["macro"], 60 * about["micro"] / about["seconds"]
    cells = (shows, about["number"], round(about["seconds"]), others, about["micro"], f"{a_minute:.1f}", about["sure"])
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    arithmetic.restart_pinned()
    sys.exit(main())
