"""Score answers to questions on clips: classes, action units and sides by the field's figures, and all as words.

Classes: UF1 and UAR; any other answer is one more class for UF1. Action units: F1 over all clips and units, also those
that FACS does not have. Times: F1 of intervals that share half of their union with a true one. Words: BLEU (Papineni et
al. 2002, smoothed by the first method of Chen and Cherry 2014) and the recall of ROUGE-1 (Lin 2004), means over
questions, as github.com/Humphrey-0125/MEGC2025 computes them.

Axes: U subjects, K classes. Units and intervals are counted as one label, [1, 2, 2]: those that are neither true nor
answered, answered alone, true alone, both.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from statistics import fmean

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.seeds import generator
from microexpr.evaluation.metrics import Metric, accuracy, by_subject, macro_f1, sum_by_subject, uar, uf1
from microexpr.evaluation.metrics.intervals import differences, interval
from microexpr.evaluation.questions import NUMBERS, Topic, is_understood, long_videos, named, parts
from microexpr.evaluation.questions.lines import Line, by_clip
from microexpr.evaluation.questions.long_videos import plain
from microexpr.signals.spotting.hits import Span, match

Row = dict[str, str | float | int]
COLUMNS = ("questions", "figure", "value", "low", "high", "shuffled", "count")
TITLES: dict[Topic, str] = {
    "coarse": "coarse class", "fine": "fine class", "units": "action units", "shown": "shown or not",
    "side": "left or right", "all": "all at once", "micro count": "number of micro-expressions",
    "macro count": "number of macro-expressions", "times": "times", "classes": "classes of micro-expressions",
}  # fmt: skip
CONTRADICTION = ("of a clip", "no contradiction")
COUNTS: tuple[Topic, ...] = ("micro count", "macro count")  # topics whose answer is a number
SHUFFLES = 20
BINS = 10  # of confidences
SHOWN = 3  # answers in a note
FRAMES = 1000  # in a second of an answer's times


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A figure of answers, by subject."""

    matrices: np.ndarray  # int64[U, 1, K, K], true and answered, or of a label int64[U, 1, 1, 2, 2]
    metric: Metric
    count: int  # of answers

    @property
    def value(self) -> float:
        """The figure of all subjects."""
        return float(self.metric(self.matrices.sum((0, 1)), left_out=True))


Figures = dict[tuple[str, str], Figure]  # by title of the questions and name
Cells = list[list[list[int]]]  # counts of a label, [1, 2, 2]


def rows(
    truth: Sequence[Line], answers: Mapping[str, str], resamples: int, of_answers: Figures | None = None
) -> list[Row]:
    """Return the figures of answers, by the ids of questions with true answers; `of_answers` are those with intervals.

    Intervals are over subjects; clips without one count as of one subject, whose interval is 0 to 1. `shuffled` is the
    mean of the figure when clips get the answers to the same question of other clips. Raises DataError for a question
    without an answer."""
    of_answers = of_answers or figures(truth, answers)
    others = [by_topic(truth, shuffled(truth, answers, i)) for i in range(SHUFFLES)]
    result = list[Row]()
    for key, figure in of_answers.items():
        metric = partial(figure.metric, left_out=True)
        low, high = interval(figure.matrices, metric, resamples, generator(0, "answers", *key))
        row: Row = {"questions": key[0], "figure": key[1], "value": figure.value, "low": low, "high": high}
        if key in others[0]:
            row["shuffled"] = fmean(other[key].value for other in others)
        result.append(row | {"count": figure.count})
    return result + _numbers(truth, answers) + _words([(str(line.answer), answers[line.id]) for line in truth])


def calibration(
    truth: Sequence[Line], answers: Mapping[str, str], confidences: Mapping[str, float | None]
) -> list[Row]:
    """Return the row of the calibration error of coarse classes with a confidence; none where no answer has one.

    It is the distance of mean confidence and share of right answers, of bins of equal width (Guo et al. 2017)."""
    pairs = [
        (confidence, plain(answers[line.id]) == plain(str(line.answer)))
        for line in truth
        if line.question.topic == "coarse" and (confidence := confidences.get(line.id)) is not None
    ]
    if not pairs:
        return []
    confidence, right = np.array(pairs, float).T
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs((confidence - right)[bins == i].sum()) for i in range(BINS)]
    error = float(sum(gaps)) / len(pairs)
    return [{"questions": TITLES["coarse"], "figure": "calibration error", "value": error, "count": len(pairs)}]


def compare(first: Figure, second: Figure, resamples: int, *stream: str) -> float:
    """Return p of no difference between the same figure of two answerers, paired by resampled subjects."""
    classes, matrices = max(figure.matrices.shape[-1] for figure in (first, second)), list[np.ndarray]()
    for figure in (first, second):  # one may have answers in more words, which no clip has and no answer names
        missing = (0, classes - figure.matrices.shape[-1])
        matrices.append(np.pad(figure.matrices, [(0, 0)] * (figure.matrices.ndim - 2) + [missing, missing]))
    metric = partial(first.metric, left_out=True)
    return differences(matrices, metric, resamples, generator(0, "answers", *stream))[0].p


def figures(truth: Sequence[Line], answers: Mapping[str, str]) -> Figures:
    """Return the figures of answers that have an interval.

    Raises DataError for a question without an answer, and for a true number or time that is not understood."""
    for line in truth:
        if line.id not in answers:
            raise DataError(f"question {line.id}: must have an answer, not none")
        if line.question.topic in long_videos.FORMS and not is_understood(line.question.topic, str(line.answer)):
            raise DataError(f"question {line.id}: the true answer is not understood: {line.answer!r}")
    consistent = [(_is_consistent(clip, answers), clip[0].subject_id) for clip in by_clip(truth).values()]
    return by_topic(truth, answers) | {CONTRADICTION: _right(*zip(*consistent, strict=True))}


def notes(truth: Sequence[Line], answers: Mapping[str, str]) -> list[str]:
    """Return a line on the answers that can only be wrong, for their words; none if there are none."""
    words = defaultdict[Topic, set[str]](set)  # of true answers
    for line in truth:
        words[line.question.topic].update(long_videos.classes(str(line.answer)))
    wrong = list[str]()
    for line in truth:
        topic, text = line.question.topic, answers[line.id]
        is_of_class = topic not in ("coarse", "fine", "classes") or {*long_videos.classes(text)} <= words[topic]
        wrong += [f"{line.id} {text!r:.60}"] * (not is_understood(topic, text) or not is_of_class)
    ids = ", ".join(wrong[:SHOWN]) + f" and {len(wrong) - SHOWN} more" * (len(wrong) > SHOWN)
    reason = "are not understood, or of a class that no true answer has, and count as wrong"
    return [f"{len(wrong)} answers {reason}: {ids}"] * bool(wrong)


def by_topic(truth: Sequence[Line], answers: Mapping[str, str]) -> Figures:
    """Return the figures of questions that are alike."""
    result: Figures = {}
    for topic, title in TITLES.items():
        lines = [line for line in truth if line.question.topic == topic]
        pairs = [(plain(str(line.answer)), plain(answers[line.id])) for line in lines]
        subjects, count = [line.subject_id for line in lines], len(lines)
        if not lines:
            continue
        if topic in ("coarse", "fine"):
            names = sorted({text for text, _ in pairs})
            names += sorted({answer for _, answer in pairs} - {*names})  # answers in other words are the last
            true, answered = (np.array([names.index(text) for text in texts]) for texts in zip(*pairs, strict=True))
            matrices = by_subject(true, answered, np.array(subjects), max(2, len(names)))
            result |= {(title, "UF1"): Figure(matrices, uf1, count), (title, "UAR"): Figure(matrices, uar, count)}
        if topic == "units":
            result[title, "F1"] = Figure(sum_by_subject(_units(pairs), subjects), macro_f1, count)
        if topic in ("times", "classes"):
            if cells := _intervals(truth, answers, topic == "classes"):
                counts, subjects_of_counts = zip(*cells, strict=True)
                result[title, "F1"] = Figure(sum_by_subject(np.array(counts), subjects_of_counts), macro_f1, count)
            continue
        meaning = partial(parts, topic) if topic not in COUNTS else long_videos.number
        result[title, "right"] = _right([meaning(true) == meaning(answer) for true, answer in pairs], subjects)
    return result


def shuffled(truth: Sequence[Line], answers: Mapping[str, str], number: int) -> dict[str, str]:
    """Return the answers, each that to the same question of another clip; the order of clips is random."""
    clips = sorted({line.clip_id for line in truth})
    position = dict(zip(clips, generator(0, "answers", "shuffled", number).permutation(len(clips)), strict=True))
    of_text = defaultdict[str, list[Line]](list)
    for line in sorted(truth, key=lambda line: position[line.clip_id]):
        of_text[line.text.casefold()].append(line)
    return {line.id: answers[lines[i - 1].id] for lines in of_text.values() for i, line in enumerate(lines)}


def _right(right: Sequence[bool], subjects: Sequence[str]) -> Figure:
    matrices = by_subject(np.ones(len(right)), np.array(right), np.array(subjects))
    return Figure(matrices, accuracy, len(right))


def _units(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Return the counts of each clip's units, int64[N, 1, 2, 2]."""
    cells = []
    for true, answered in ([parts("units", text)[0] for text in pair] for pair in pairs):
        neither = len({*NUMBERS.values()} - true - answered)
        cells.append([[[neither, len(answered - true)], [len(true - answered), len(true & answered)]]])
    return np.array(cells)


def _intervals(truth: Sequence[Line], answers: Mapping[str, str], with_class: bool) -> list[tuple[Cells, str]]:
    """Return the counts of micro-expressions of each video, and its subject; `with_class`: of the same class.

    Where an answer does not name a class for each of its intervals, none has one."""
    cells = list[tuple[Cells, str]]()
    for lines in by_clip(truth).values():
        of_topic = {line.question.topic: line for line in lines}
        times, classes = of_topic.get("times"), of_topic.get("classes")
        if not times or (with_class and not classes):
            continue
        true, true_classes = _spans(str(times.answer), str(classes.answer) if classes else "")
        spotted, spotted_classes = _spans(answers[times.id], answers[classes.id] if classes else "")
        hits = match(spotted, true)
        count = sum(not with_class or spotted_classes[i] == true_classes[j] for i, j in hits.items())
        cells.append(([[[0, len(spotted) - count], [len(true) - count, count]]], times.subject_id))
    return cells


def _spans(times: str, classes: str) -> tuple[list[Span], list[str | None]]:
    """Return the intervals of an answer, in 1 / `FRAMES` s, and their classes."""
    spans = [(round(FRAMES * start), round(FRAMES * end)) for start, end in long_videos.spans(times) or ()]
    names = long_videos.classes(classes)
    return spans, [*names] if len(names) == len(spans) else [None] * len(spans)


def _is_consistent(clip: Sequence[Line], answers: Mapping[str, str]) -> bool:
    """Return whether the answers on a clip agree.

    They contradict if a unit is named and is not shown, if the sentence on all at once has other classes or units, in
    whatever form it is, or if the micro-expressions of a long video have another number than times or classes."""
    texts = {line.question.topic: plain(answers[line.id]) for line in clip}
    sentence, units = texts.get("all"), texts.get("units")
    contradicts = any(sentence and texts.get(topic, "") not in sentence for topic in ("coarse", "fine"))
    if units is not None:
        about_units = [line for line in clip if line.question.topic == "shown"]
        yes = {line.question.unit: parts("shown", answers[line.id])[1] == "yes" for line in about_units}
        contradicts |= any((unit in named(units)) != is_shown for unit, is_shown in yes.items())
        contradicts |= sentence is not None and named(sentence) != named(units)
    if "micro count" in texts:
        count = long_videos.number(texts["micro count"])
        contradicts |= "times" in texts and len(long_videos.spans(texts["times"]) or ()) != count
        contradicts |= "classes" in texts and len(long_videos.classes(texts["classes"])) != count
    return not contradicts


def _numbers(truth: Sequence[Line], answers: Mapping[str, str]) -> list[Row]:
    """Return the mean error of numbers of expressions; an answer without a number counts as 0."""
    errors = defaultdict[Topic, list[int]](list)
    for line in truth:
        if line.question.topic in COUNTS:
            true, answered = (long_videos.number(text) or 0 for text in (str(line.answer), answers[line.id]))
            errors[line.question.topic].append(abs(answered - true))
    return [
        {"questions": TITLES[topic], "figure": "mean error", "value": fmean(errors[topic]), "count": len(errors[topic])}
        for topic in COUNTS
        if topic in errors
    ]


def _words(pairs: Sequence[tuple[str, str]]) -> list[Row]:
    from nltk.stem.porter import PorterStemmer  # take a second to import
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smooth, stem = SmoothingFunction().method1, cache(PorterStemmer().stem)

    @cache  # many answers are alike
    def of_pair(true: str, answer: str) -> tuple[float, float]:
        bleu = sentence_bleu([true.split()], answer.split(), smoothing_function=smooth)
        words = [Counter(map(stem, re.findall(r"[a-z0-9]+", text))) for text in (true, answer)]
        return bleu, (words[0] & words[1]).total() / max(words[0].total(), 1)

    bleu, recall = zip(*(of_pair(true.casefold(), answer.casefold()) for true, answer in pairs), strict=True)
    figures = {"BLEU": fmean(bleu), "ROUGE-1 recall": fmean(recall)}
    return [{"questions": "all as words", "figure": n, "value": v, "count": len(pairs)} for n, v in figures.items()]
