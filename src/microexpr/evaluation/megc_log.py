"""Write and read the official MEGC2019 log, so that any scorer can check ours, and ours any log. Text only.

A header `db sub` for each subject, then one line `clip truth predicted` for each of the subject's clips; classes are
0 negative, 1 positive, 2 surprise, or, of another protocol than MEGC2019's, its classes in their order.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from microexpr.core.clip import LABELS
from microexpr.core.errors import DataError
from microexpr.core.recordings import Name, group, may_be_of_one_subject
from microexpr.core.subjects import Subjects
from microexpr.evaluation.metrics import METRICS, confusion

COMPOSITE = {"smic": 164, "casme2": 145, "samm": 133}  # clips of MEGC2019 by data set (See et al. 2019)


@dataclass(frozen=True, slots=True)
class Line:
    """One clip's line, under its subject's header; `dataset` and `subject` are "" in a log without headers."""

    dataset: str
    subject: str
    clip: str
    truth: int
    predicted: int


def format_log(lines: Iterable[Line]) -> str:
    """Return the log of lines with contiguous subjects, each ended by a line feed."""
    text, header = [], ("", "")
    for line in lines:
        if header != (line.dataset, line.subject):
            header = (line.dataset, line.subject)
            text.append(" ".join(header))
        text.append(f"{line.clip} {line.truth} {line.predicted}")
    return "".join(f"{line}\n" for line in text)


def read(text: str, name: str, classes: int = len(LABELS), datasets: Collection[str] = tuple(COMPOSITE)) -> list[Line]:
    """Return the lines of a log, with either kind of line end. `name` is the log's, for errors.

    Raises DataError with the row of a line of another form, of a data set other than `datasets`, of an unknown class,
    of a clip that occurred before, is in another subject's folder or above the first of the headers, and for clips and
    subjects that could be one.
    """
    lines, rows, headers = list[Line](), list[int](), dict[str, dict[str, str]]()
    dataset = subject = ""
    for row, words in enumerate(map(str.split, text.splitlines()), start=1):
        if len(words) == 2:
            dataset, subject = words[0].lower(), words[1]
            if dataset not in datasets:
                expected = f"'db sub' with a data set of {', '.join(datasets)}"
                raise DataError(f"a header must be {expected}, not {' '.join(words)!r} ({name}, row {row})")
            if rows and not headers:
                raise DataError(f"a clip must stand below a header 'db sub', as others do ({name}, row {rows[0]})")
            headers.setdefault(dataset, {}).setdefault(subject, f"{name}, row {row}")
        elif len(words) == 3:
            for word in words[1:]:
                if word not in map(str, range(classes)):
                    megc = "0 negative, 1 positive or 2 surprise"
                    expected = megc if classes == len(LABELS) else f"in 0..{classes - 1}"
                    raise DataError(f"a class must be {expected}, not {word!r} ({name}, row {row})")
            lines.append(Line(dataset, subject, words[0], int(words[1]), int(words[2])))
            rows.append(row)
        elif words:
            expected = "'db sub' or 'clip truth predicted'"
            raise DataError(f"a line must be {expected}, not {' '.join(words)!r} ({name}, row {row})")
    if not lines:
        raise DataError(f"{name} must hold lines 'clip truth predicted', not none")
    clips: dict[str, dict[Name, int]] = {}
    for row, line in zip(rows, lines, strict=True):
        clips.setdefault(line.dataset, {})[Name(line.clip, line.subject, where=f"{name}, row {row}")] = row
    for dataset, row_of in clips.items():
        subjects = Subjects(headers.get(dataset, {}))
        for clip in row_of:
            if not may_be_of_one_subject(clip, Name(clip.path), subjects):
                raise DataError(f"a clip must be in a folder of its header's subject, not {clip} ({clip.where})")
        for first, *others in group(row_of, subjects):
            for other in others:
                path, both = "/".join(filter(None, (dataset, *other[1::-1]))), f"{row_of[first]} and {row_of[other]}"
                raise DataError(f"clip {path} must be predicted once, not twice ({name}, rows {both})")
    return lines


def difference(lines: Iterable[Line]) -> str:
    """Describe how the numbers of clips differ from MEGC2019's, by data set; "" if they do not."""
    counts = Counter(line.dataset for line in lines)
    if counts == COMPOSITE or counts == {"": sum(COMPOSITE.values())}:
        return ""
    parts = []
    for name, expected in COMPOSITE.items() if any(counts) else ():
        count = counts[name]
        words = f"{expected - count} missing" if count < expected else f"{count - expected} too many"
        parts.append(f"{name} {count} of {expected}" + f" ({words})" * (count != expected))
    parts += [f"{name} {counts[name]}" for name in sorted({*counts} - {*COMPOSITE, ""})]
    return f"{counts.total()} clips, not MEGC2019's {sum(COMPOSITE.values())}" + (f": {', '.join(parts)}" * bool(parts))


def scores(lines: list[Line], classes: int = len(LABELS)) -> dict[str, dict[str, float]]:
    """Return UF1, UAR, accuracy and number of clips: of all lines as `full`, then of each data set in headers."""
    datasets = sorted({line.dataset for line in lines if line.dataset})
    scopes = {"full": lines, **{dataset: [line for line in lines if line.dataset == dataset] for dataset in datasets}}
    figures: dict[str, dict[str, float]] = {}
    for scope, part in scopes.items():
        truth, predicted = (np.array([getattr(line, side) for line in part]) for side in ("truth", "predicted"))
        matrix = confusion(truth, predicted, classes)
        figures[scope] = {name: float(METRICS[name](matrix)) for name in ("uf1", "uar", "accuracy")}
        figures[scope]["clips"] = len(part)
    return figures
