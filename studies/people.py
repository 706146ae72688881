"""List what is read of public clips of people who show an expression, and what `predict` answers.

    git clone --depth 1 https://github.com/elDimasX/Microexpressions-Training-Tool \\
        clones/elDimasX/Microexpressions-Training-Tool                      # 193 MB of videos
    python studies/people.py clones

Each clip lies in a folder of the emotion that those who teach people to see micro-expressions say it shows, or Neutral.
Clips with odd numbers are read; those with even ones are left for others to try. No picture is stored or shown by us.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pages
import scipy
from sklearn.metrics import roc_auc_score

from microexpr.apps import predict
from microexpr.core.errors import DataError
from microexpr.signals.aus import ACTION_UNITS
from microexpr.videos import Scan

CLIPS = "elDimasX/Microexpressions-Training-Tool/bin/x64/Release/!Videos"
NEUTRAL = "Neutral"
CLASSES = {"Happiness": "positive", "Surprise": "surprise"}  # all others are negative
SMOOTH = 0.1  # seconds: deviation of the Gaussian over curves whose largest movement is measured


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read of one clip."""

    movement: np.ndarray  # float64[17], largest less smallest intensity of each unit, mean of both sides
    kinds: list[str]  # of its events
    classes: list[str]  # of those that have one


def main() -> int:
    arguments = pages.parser(__doc__, clones=True).parse_args()
    models = predict.Models.load(None, Path())
    answers, refused = defaultdict[str, list[Answer]](list), defaultdict[str, list[str]](list)
    paths = [path for path in (arguments.clones / CLIPS).glob("*/*.mp4") if int(path.stem) % 2]
    if not paths:
        sys.exit(f"error: {arguments.clones / CLIPS}: must have videos in folders of expressions")
    for path in sorted(paths, key=lambda path: (path.parent.name, int(path.stem))):
        try:
            answer = read(path, models)
            answers[path.parent.name].append(answer)
            print(path.parent.name, path.stem, *answer.kinds, *answer.classes, file=sys.stderr, flush=True)
        except DataError as error:
            refused[path.parent.name].append(str(error))
            print(error, file=sys.stderr, flush=True)
    neutral, expressions = answers[NEUTRAL], sorted({*answers, *refused} - {NEUTRAL})
    table = pages.Table("expression", "clips", *ACTION_UNITS, title=f"Area under the curve against {NEUTRAL}")
    for name in (name for name in expressions if answers[name]):
        values = np.stack([answer.movement for answer in (*answers[name], *neutral)])
        is_expression = np.arange(len(values)) < len(answers[name])
        areas = [roc_auc_score(is_expression, column) for column in values.T]
        table.add(name, len(answers[name]), *(f"{area:.2f}" for area in areas))
    print()
    table = pages.Table(
        *("expression", "clips", "refused", "micro-expression", "macro-expression alone", "with a class", "right"),
        title="What `predict` answers",
    )
    for name in (*expressions, NEUTRAL):
        clips, true = answers[name], CLASSES.get(name, "" if name == NEUTRAL else "negative")
        micro = sum("micro" in answer.kinds for answer in clips)
        macro = sum("macro" in answer.kinds and "micro" not in answer.kinds for answer in clips)
        right = sum(true in answer.classes for answer in clips)
        classified = sum(bool(answer.classes) for answer in clips)
        table.add(name, len(clips), len(refused[name]), micro, macro, classified, right if true else "")
    print(f"\n{pages.source()}")
    return 0


def read(path: Path, models: predict.Models) -> Answer:
    """Return what is read of a clip. Raises DataError for one that cannot be read."""
    prediction = predict.predict(Scan(path), models)
    curves = prediction.curves
    seen = curves.intensity[curves.detected].astype(float)
    movement = np.ptp(scipy.ndimage.gaussian_filter1d(seen, SMOOTH * curves.fps, axis=0), axis=0).mean(axis=-1)
    classes = [e.classes.predicted_class for e in prediction.expressions if e.classes.probabilities]
    return Answer(movement, [interval.kind for interval in prediction.intervals], classes)


if __name__ == "__main__":
    pages.start(main)
