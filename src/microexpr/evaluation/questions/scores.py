"""Score answers to questions on clips: classes, action units and sides by the field's figures, and all as words.

Classes: UF1 and UAR; words that are no clip's class are one more class. Action units: F1 over all clips and units.
Words: BLEU (Papineni et al. 2002, smoothed by the first method of Chen and Cherry 2014) and the recall of ROUGE-1 (Lin
2004), means over questions, as github.com/Humphrey-0125/MEGC2025 computes them.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from microexpr.core.errors import DataError
from microexpr.core.seeds import generator
from microexpr.evaluation.metrics import Metric, accuracy, interval, uar, uf1
from microexpr.evaluation.metrics.figures import by_subject, label_f1
from microexpr.evaluation.questions import NUMBERS, Topic, named, parts
from microexpr.evaluation.questions.lines import Line

Row = dict[str, str | float | int]
COLUMNS = ("questions", "figure", "value", "low", "high", "count")
TITLES: dict[Topic, str] = {
    "coarse": "coarse class", "fine": "fine class", "units": "action units", "shown": "shown or not",
    "side": "left or right", "all": "all at once",
}  # fmt: skip


def rows(truth: Sequence[Line], answers: Mapping[str, str], resamples: int) -> list[Row]:
    """Return the figures of answers, by the ids of questions with true answers.

    Intervals are over subjects; clips without one count as of one subject, whose interval is 0 to 1. Raises DataError
    for a question without an answer."""
    for line in truth:
        if line.id not in answers:
            raise DataError(f"question {line.id}: must have an answer, not none")
    result = list[Row]()
    for topic, title in TITLES.items():
        lines = [line for line in truth if line.question.topic == topic]
        pairs = [(str(line.answer), answers[line.id].strip()) for line in lines]
        subjects = [line.subject for line in lines]
        figures: dict[str, tuple[np.ndarray, Metric]] = {}
        if topic in ("coarse", "fine") and lines:
            matrices = _classes(pairs, subjects)
            figures = {"UF1": (matrices, uf1), "UAR": (matrices, uar)}
        if topic == "units" and lines:
            figures = {"F1": (_units(pairs, subjects), _f1)}
        if lines:
            right = [parts(topic, true) == parts(topic, answer) for true, answer in pairs]
            figures["right"] = _right(right, subjects), accuracy
        for name, (matrices, metric) in figures.items():
            result.append(_row(title, name, matrices, metric, resamples, len(lines)))
    consistent, subjects = _consistent(truth, answers)
    matrices = _right(consistent, subjects)
    result.append(_row("of a clip", "no contradiction", matrices, accuracy, resamples, len(consistent)))
    return result + _words([(str(line.answer), answers[line.id]) for line in truth])


def _row(title: str, name: str, matrices: np.ndarray, metric: Metric, resamples: int, count: int) -> Row:
    figure = partial(metric, left_out=True)
    low, high = interval(matrices, figure, resamples, generator(0, "answers", title, name))
    return dict(zip(COLUMNS, (title, name, float(figure(matrices.sum((0, 1)))), low, high, count), strict=True))


def _f1(matrix: np.ndarray, *, left_out: bool = False) -> np.ndarray:
    return label_f1(matrix)


def _classes(pairs: Sequence[tuple[str, str]], subjects: Sequence[str]) -> np.ndarray:
    """Return clips by subject, true and answered class, int64[U, 1, K + 1, K + 1]; the last is any other word."""
    names = sorted({true.casefold() for true, _ in pairs})
    number_of = {name: number for number, name in enumerate(names)}
    truth, answered = (
        [number_of.get(text.casefold(), len(names)) for text in texts] for texts in zip(*pairs, strict=True)
    )
    return by_subject(np.array(truth), np.array(answered), np.array(subjects), len(names) + 1)


def _units(pairs: Sequence[tuple[str, str]], subjects: Sequence[str]) -> np.ndarray:
    """Return units of clips by subject, whether shown and whether answered, int64[U, 1, 2, 2]."""
    units = ([parts("units", text)[0] for text in texts] for texts in zip(*pairs, strict=True))
    truth, answered = ([[name in names for name in NUMBERS] for names in of_clips] for of_clips in units)
    of_units = np.repeat(np.array(subjects), len(NUMBERS))
    return by_subject(np.ravel(truth), np.ravel(answered), of_units)


def _right(right: Sequence[bool], subjects: Sequence[str]) -> np.ndarray:
    return by_subject(np.ones(len(right)), np.array(right), np.array(subjects))


def _consistent(lines: Sequence[Line], answers: Mapping[str, str]) -> tuple[list[bool], list[str]]:
    """Return for each clip whether its answers agree, and its subject.

    They contradict if a unit is named and is not shown, or if the sentence on all at once has other classes or units,
    in whatever form it is."""
    of_clip = defaultdict[tuple[str, str], list[Line]](list)
    for line in lines:
        of_clip[line.subject, line.clip].append(line)
    agree = list[bool]()
    for clip in of_clip.values():
        texts = {line.question.topic: answers[line.id].strip().casefold() for line in clip}
        sentence, units = texts.get("all"), texts.get("units")
        contradicts = any(sentence and texts.get(topic, "") not in sentence for topic in ("coarse", "fine"))
        if units is not None:
            about_units = [line for line in clip if line.question.topic == "shown"]
            yes = {line.question.unit: answers[line.id].strip().casefold() == "yes" for line in about_units}
            contradicts |= any((unit in named(units)) != is_shown for unit, is_shown in yes.items())
            contradicts |= sentence is not None and named(sentence) != named(units)
        agree.append(not contradicts)
    return agree, [subject for subject, _ in of_clip]


def _words(pairs: Sequence[tuple[str, str]]) -> list[Row]:
    from nltk.stem.porter import PorterStemmer  # take a second to import
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smooth, stem = SmoothingFunction().method1, PorterStemmer().stem
    pairs = [(true.casefold(), answer.casefold()) for true, answer in pairs]
    bleu = [sentence_bleu([true.split()], answer.split(), smoothing_function=smooth) for true, answer in pairs]
    counts = [[Counter(stem(word) for word in re.findall(r"[a-z0-9]+", text)) for text in pair] for pair in pairs]
    recall = [(true & answer).total() / max(true.total(), 1) for true, answer in counts]
    figures = {"BLEU": float(np.mean(bleu)), "ROUGE-1 recall": float(np.mean(recall))}
    return [{"questions": "all as words", "figure": n, "value": v, "count": len(pairs)} for n, v in figures.items()]
