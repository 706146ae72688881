"""Which methods are told apart: each two of them on the same clips, from what evaluation wrote of their predictions.

What may not come in: scores, and a selection that reads test clips.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from microexpr.core import seeds, store
from microexpr.core.errors import StoreError
from microexpr.evaluation import metrics
from microexpr.evaluation.rows import AGAIN, FULL, PREDICTIONS, Row
from microexpr.protocols import Protocol

COLUMNS = (
    *("first", "second", "metric", "difference", "low", "high", "p", "p_holm"),
    *("clips", "subjects", "origin", "selection", "seeds"),
)
FIGURES = ("difference", "low", "high", "p", "p_holm")
COUNTS = ("clips", "subjects", "seeds")
COMPARED = ("uf1", "uar")
SELECTION = "last"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one method said of N clips under S seeds."""

    clips: tuple[str, ...]
    truth: np.ndarray  # int64[N]
    predicted: np.ndarray  # int64[S, N], UNTESTED where the seed's draw does not test a clip
    origin: str

    @property
    def asked(self) -> tuple[object, ...]:
        """What must be the same for two methods to be a pair."""
        return self.clips, self.truth.tolist(), (self.predicted != metrics.UNTESTED).tolist()


def answers(path: str | Path, classes: Sequence[str]) -> Answers:
    """The last epoch's of a method's `_predictions.csv`. Raises StoreError where it is not there or not such a file."""
    rows = [row for row in store.read_csv(path, PREDICTIONS, AGAIN) if row["selection"] == SELECTION]
    if not rows:
        raise StoreError(f"{path}: must hold predictions of selection {SELECTION}; rerun stage evaluate")
    number = {name: place for place, name in enumerate(classes)}
    truth = {row["clip"]: number[row["truth"]] for row in rows}
    place = {clip: position for position, clip in enumerate(sorted(truth))}
    predicted = np.full((1 + max(int(row["seed"]) for row in rows), len(place)), metrics.UNTESTED)
    for row in rows:
        predicted[int(row["seed"]), place[row["clip"]]] = number[row["predicted"]]
    return Answers(tuple(place), np.array([truth[clip] for clip in place]), predicted, rows[0]["origin"])


def compared(paths: Mapping[str, str | Path], protocol: Protocol, resamples: int, seed: int) -> list[Row]:
    """Rows of `COLUMNS` for each pair of methods, in their order, and each of `COMPARED`, over all clips pooled.

    `paths` are `_predictions.csv` by method. `difference` is the first's figure less the second's, of the last epoch,
    meaned over seeds; `p` is of one pair, `p_holm` corrected for all pairs of the metric. People are resampled as for
    the intervals of `evaluate`. Raises StoreError when methods were not asked about the same clips.
    """
    found = {method: answers(path, protocol.classes) for method, path in paths.items()}
    if len(found) < 2:
        return []
    first, *others = found
    for other in others:
        if found[other].asked != found[first].asked:
            same = f"must hold the clips, true classes and seeds of {paths[first]}"
            raise StoreError(f"{paths[other]}: {same}; rerun stage evaluate")
    drawn = seeds.spawn(seed, "evaluate", protocol.name, FULL)
    return [row for name in COMPARED for row in _rows(name, found, len(protocol.classes), resamples, drawn)]


def _rows(
    name: str, found: Mapping[str, Answers], classes: int, resamples: int, drawn: np.random.SeedSequence
) -> Iterator[Row]:
    """Of one metric."""
    one = next(iter(found.values()))
    subjects = np.array([clip.rsplit("/", 1)[0] for clip in one.clips])
    predicted, metric = [each.predicted for each in found.values()], metrics.METRICS[name]
    differences = metrics.all_pairs(one.truth, predicted, subjects, metric, resamples, seeds.generator(drawn), classes)
    corrected = metrics.holm([of.p for of in differences])
    about = {
        "clips": len(one.clips),
        "subjects": len(set(subjects)),
        "selection": SELECTION,
        "seeds": len(one.predicted),
    }
    for (first, second), of, p_holm in zip(combinations(found, 2), differences, corrected, strict=True):
        figures = {"difference": of.value, "low": of.low, "high": of.high, "p": of.p, "p_holm": float(p_holm)}
        origins = {part for method in (first, second) for part in found[method].origin.split("+")}
        origin = "+".join(sorted(origins, reverse=True))  # licensed+generated
        yield {"first": first, "second": second, "metric": name, **figures, **about, "origin": origin}


def write(path: str | Path, rows: Iterable[Row]) -> None:
    """Rows as CSV: differences with six decimals, p with four digits. The header alone where there are none."""
    digits = dict.fromkeys(FIGURES, ".6f") | {"p": ".4g", "p_holm": ".4g"}
    store.write_csv(path, COLUMNS, ({key: format(row[key], digits.get(key, "")) for key in COLUMNS} for row in rows))


def read(path: str | Path) -> list[Row]:
    """The inverse of `write`. Raises StoreError when the file is missing or has other columns."""
    kinds = dict.fromkeys(FIGURES, float) | dict.fromkeys(COUNTS, int)
    rows = store.read_csv(path, COLUMNS, AGAIN)
    return [{key: kinds.get(key, str)(value) for key, value in row.items()} for row in rows]
