"""The official MEGC2019 log, written and read: anyone's scorer can check ours, and ours anyone's log. Text only.

A header `db sub` for each fold, then one line `clip truth predicted` for each of its clips; classes are 0 negative,
1 positive, 2 surprise.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from microexpr.clip import LABELS
from microexpr.errors import DataError
from microexpr.metrics import accuracy, confusion, uar, uf1


@dataclass(frozen=True, slots=True)
class Line:
    """One clip's line, under its fold's header; `dataset` and `subject` are "" in a log without headers."""

    dataset: str
    subject: str
    clip: str
    truth: int
    predicted: int


def written(lines: Iterable[Line]) -> str:
    """The log of lines whose folds are contiguous; "\\n" ends each line."""
    text, header = [], ("", "")
    for line in lines:
        if header != (line.dataset, line.subject):
            header = (line.dataset, line.subject)
            text.append(" ".join(header))
        text.append(f"{line.clip} {line.truth} {line.predicted}")
    return "".join(f"{line}\n" for line in text)


def read(text: str, name: str) -> list[Line]:
    """The lines of a log, with either kind of line end. `name` is said in errors.

    Raises DataError with the row of a line of another form, of an unknown class, or of a clip that was there before.
    """
    lines, known = list(_parsed(text, name)), set[tuple[str, str, str]]()
    if not lines:
        raise DataError(f"{name} must hold lines 'clip truth predicted', not none")
    for line in lines:
        key = (line.dataset, line.subject, line.clip)
        if key in known:
            raise DataError(f"clip {'/'.join(filter(None, key))} must be predicted once, not twice ({name})")
        known.add(key)
    return lines


def _parsed(text: str, name: str) -> Iterator[Line]:
    dataset = subject = ""
    for row, words in enumerate(map(str.split, text.splitlines()), start=1):
        if len(words) == 2:
            dataset, subject = words
        elif len(words) == 3:
            truth, predicted = (_label(word, name, row) for word in words[1:])
            yield Line(dataset, subject, words[0], truth, predicted)
        elif words:
            raise DataError(
                f"a line must be 'db sub' or 'clip truth predicted', not {' '.join(words)!r} ({name}, row {row})"
            )


def _label(word: str, name: str, row: int) -> int:
    if word not in map(str, range(len(LABELS))):
        raise DataError(f"a class must be 0 negative, 1 positive or 2 surprise, not {word!r} ({name}, row {row})")
    return int(word)


def scores(lines: list[Line]) -> dict[str, dict[str, float]]:
    """UF1, UAR, accuracy and number of clips: pooled over all lines as `full`, then for each data set in headers."""
    datasets = sorted({line.dataset for line in lines if line.dataset})
    scopes = {"full": lines, **{dataset: [line for line in lines if line.dataset == dataset] for dataset in datasets}}
    return {scope: _figures(part) for scope, part in scopes.items()}


def _figures(lines: list[Line]) -> dict[str, float]:
    matrix = confusion(
        np.array([line.truth for line in lines]), np.array([line.predicted for line in lines]), len(LABELS)
    )
    return {
        "uf1": float(uf1(matrix)),
        "uar": float(uar(matrix)),
        "accuracy": float(accuracy(matrix)),
        "clips": len(lines),
    }
