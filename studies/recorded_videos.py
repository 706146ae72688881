"""List what `predict` spots in public recordings of people who speak, show full expressions or rest.

    cut -d, -f1 studies/recorded_videos.csv | sort -u | grep / |
        xargs -I{} git clone --depth 1 https://github.com/{} clones/{}      # some gigabytes
    python studies/recorded_videos.py clones --write-docs                   # the table of docs/predict.md

No repository says that one of these recordings has a micro-expression, so those that are spotted count as false. What a
recording shows is what its repository says, or what anyone sees. No picture is stored or shown by us.
"""

import sys
from collections import Counter, defaultdict
from pathlib import Path

import pages

from microexpr.apps import predict
from microexpr.videos import Scan

PAGE, MARK = "docs/predict.md", "study-recorded-videos"
COLUMNS = ("recordings of", "number", "seconds", "speech or full expressions", "micro-expressions", "a minute",
           "of these sure")  # fmt: skip


def main() -> int:
    arguments = pages.parser(__doc__, PAGE, clones=True).parse_args()
    models = predict.Models.load(None, Path())
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in pages.read_list("recorded_videos.csv"):
        path = arguments.clones / row["repository"] / row["video"]
        prediction = predict.predict(Scan(path), models)
        kinds = Counter(expression.interval.kind for expression in prediction.expressions)
        sure = sum(expression.classes.certainty == "sure" for expression in prediction.expressions)
        seconds = prediction.video.end
        counts[row["shows"]].update(kinds, sure=sure, seconds=seconds, number=1)
        print(*row.values(), f"{seconds:.1f} s", dict(kinds), file=sys.stderr, flush=True)
    table = pages.Table(*COLUMNS)
    for shows, about in counts.items():
        others, minute = about["speech"] + about["macro"], 60 * about["micro"] / about["seconds"]
        cells = (about["number"], round(about["seconds"]), others, about["micro"], f"{minute:.1f}", about["sure"])
        table.add(shows, *cells)
    table.publish(PAGE, MARK, writes=arguments.write_docs)
    return 0


if __name__ == "__main__":
    pages.start(main)
