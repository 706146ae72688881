"""Answer questions on short clips by measurement: the class, the emotion and the action units.

The most probable micro-expression of the video counts; where none is spotted, the change from its first frame to the
one that differs most. The emotion is the one, of the class, with the display nearest to the units that moved. No clip
of a challenge is learnt from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microexpr.apps import predict
from microexpr.apps.predict import Models, pair, written
from microexpr.apps.read.take import Progress, silent
from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError, nearest
from microexpr.core.facs import NAMES, Side
from microexpr.datasets.layout import label_of
from microexpr.evaluation.questions import Facts, answer
from microexpr.evaluation.questions.lines import Line
from microexpr.rendering.display import DISPLAYS
from microexpr.videos import Scan, Video, search

PRESENT = 0.4  # of the largest change, from which a unit counts as shown: most like the truth in rendered clips
ONE_SIDED = 0.5  # of the stronger side's change, below which the weaker side shows nothing
GUESS = Facts("negative", "disgust", {4: "both"})  # where no face is found: the most frequent of CASME II


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements in a clip, and the facts that they give."""

    facts: Facts
    seconds: tuple[float, float, float]  # onset, apex, offset; those of a clip without a spotted expression are its own
    spotted: bool
    probabilities: Mapping[str, float]  # by class
    changes: Mapping[str, float]  # by sided unit, the largest first: FACS intensity since rest

    def __str__(self) -> str:
        """Return the evidence in one line."""
        onset, apex, offset = self.seconds
        units = ", ".join(f"{unit} {NAMES[int(unit[2:-1])]} +{amount:.1f}" for unit, amount in self.changes.items())
        classes = ", ".join(f"{name} {share:.2f}" for name, share in self.probabilities.items())
        what = "micro-expression" if self.spotted else "no micro-expression spotted; the whole clip"
        return f"{what} {onset:.2f} to {offset:.2f} s, apex {apex:.2f} s; {classes}; {units or 'no unit moves clearly'}"


def measure(source: Scan | Video, models: Models, progress: Progress = silent) -> Measured:
    """Return what a clip shows. Raises DataError if no face is found."""
    result = predict.predict(source, models, progress)
    times = result.video.seconds
    micro = [expression for expression in result.expressions if expression.classes.probabilities]
    if micro:
        best = max(micro, key=lambda expression: expression.interval.score)
        interval, probabilities = best.interval, best.classes.probabilities
        numbers, changes = (interval.onset, interval.apex, interval.offset), interval.action_units
    else:
        frames = result.curves.numbers
        apex = frames[np.abs(result.signal.change).sum((1, 2)).argmax()]
        numbers = (frames[0], max(apex, frames[1]), frames[-1])
        onset_frame, apex_frame = result.video.read([*numbers[:2]])
        both = pair.predict(onset_frame, apex_frame, models, str(result.video.path))
        probabilities, changes = both.classes.probabilities, dict(both.action_units)
    onset, apex, offset = (float(times[number]) for number in numbers)
    return Measured(facts(probabilities, changes), (onset, apex, offset), bool(micro), probabilities, changes)


def answers(
    lines: Sequence[Line], folder: Path, models: Models, fps: float | None = None, progress: Progress = silent
) -> tuple[list[str], list[str]]:
    """Return the answer to each question on a clip in a folder, and a line on each clip that was not measured.

    Raises DataError, before any is measured, for a clip that is not there, or there several times."""
    paths = clips(lines, folder, fps)
    of_clip, notes = dict[Path, Facts](), list[str]()
    different = dict.fromkeys(paths)
    for number, path in enumerate(different, 1):
        try:
            of_clip[path] = measure(Scan(path, fps), models).facts
        except DataError as error:
            of_clip[path] = GUESS
            notes.append(f"{error}; its answers are guesses: {GUESS.coarse}, {GUESS.fine}, {NAMES[4]}")
        progress("measuring clips", number, len(different))
    return [answer(line.question, of_clip[path]) for line, path in zip(lines, paths, strict=True)], notes


def clips(lines: Sequence[Line], folder: Path, fps: float | None = None) -> list[Path]:
    """Return the recording of each question: a file called like it, or a folder of frames, below its subject's."""
    items = [item for item in search.find([folder], "videos", fps) if not item.reason]
    paths: dict[tuple[str, str], list[Path]] = {}
    for item in items:
        name = Path(item.name) if item.kind == "frames" else Path(item.name).with_suffix("")
        for part in (name.as_posix(), name.name):
            for subject in ("", *name.parts[:-1]):
                paths.setdefault((subject, part), []).append(item.path)
    result = []
    for line in lines:
        matches = {*paths.get((line.subject, line.clip), paths.get(("", line.clip), []))}
        if len(matches) != 1:
            several = ", ".join(map(str, sorted(matches))) or "none"
            hint = f"{nearest(line.clip, (part for _, part in paths))}; --fps reads folders of pictures" * (not matches)
            raise DataError(
                f"{folder}: must have one recording of {line.clip} for question {line.id}, not {several}{hint}"
            )
        result.append(matches.pop())
    return result


def facts(probabilities: Mapping[str, float], changes: Mapping[str, float]) -> Facts:
    """Return the facts for classes with these probabilities and sided units that changed so much."""
    coarse = max(probabilities, key=lambda name: probabilities[name])
    amounts = written.stronger_sides(dict(changes))
    largest = max(amounts.values(), default=0.0)
    present = [unit for unit, amount in amounts.items() if amount >= PRESENT * largest]
    return Facts(coarse, emotion(coarse, amounts), {int(unit[2:]): _side(unit, changes) for unit in present})


def _side(unit: str, changes: Mapping[str, float]) -> Side:
    left, right = (changes.get(f"{unit}{side}", 0.0) for side in "LR")
    if min(left, right) >= ONE_SIDED * max(left, right):
        return "both"
    return "left" if left > right else "right"


def emotion(coarse: str, amounts: Mapping[str, float]) -> str:
    """Return the emotion of a class with the display nearest to units that changed by these amounts."""

    def cosine(weights: Mapping[str, float]) -> float:
        product = sum(amounts.get(unit, 0.0) * weight for unit, weight in weights.items())
        lengths = np.linalg.norm([*weights.values()]) * np.linalg.norm([*amounts.values()])
        return float(product / lengths) if lengths else 0.0

    of_class = [name for name in DISPLAYS if (label := label_of(name)) is not None and LABELS[label] == coarse]
    similarity = {name: max(cosine(display.action_units) for _, display in DISPLAYS[name]) for name in of_class}
    return max(similarity, key=lambda name: similarity[name])
