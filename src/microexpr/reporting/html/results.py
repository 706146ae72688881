"""The evaluate stage's results for the table's methods, read for a page. Counts clips; computes no figure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from microexpr.core import store
from microexpr.evaluation import CONFUSION_COLUMNS, FULL, PREDICTION_COLUMNS, curves

Rows = list[dict[str, str]]
Matrix = list[list[int]]
LAST, ORACLE = "last", "oracle_best_test"


@dataclass(frozen=True, slots=True)
class Method:
    """One method under a protocol."""

    name: str
    origin: str
    classes: list[str]
    confusions: Mapping[tuple[str, str], Matrix]  # by selection and scope
    curve: Rows  # by epoch
    predictions: Rows

    @property
    def scopes(self) -> list[str]:
        """The data sets, without the scope of all of them together."""
        return [scope for selection, scope in self.confusions if selection == LAST and scope != FULL]

    @property
    def has_curve(self) -> bool:
        """Whether its test UF1 is known after more than one epoch."""
        return sum(bool(row["uf1"]) for row in self.curve) > 1

    def correct_by_subject(self) -> dict[str, tuple[int, int]]:
        """Return, by subject, the correct clips of the last epoch and all clips; over all seeds."""
        correct: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for row in self.predictions:
            if row["selection"] == LAST:
                subject = row["clip"].rsplit("/", 1)[0]
                total[subject] += 1
                correct[subject] += row["truth"] == row["predicted"]
        return {subject: (correct[subject], total[subject]) for subject in sorted(total)}

    def predictions_of(self, clip: str) -> tuple[str, str, str]:
        """Return the method's name, and its classes for a clip by last epoch and oracle.

        Classes of several seeds are separated by commas.
        """
        predicted: defaultdict[str, list[str]] = defaultdict(list)
        for row in self.predictions:
            if row["clip"] == clip:
                predicted[row["selection"]].append(row["predicted"])
        last, oracle = (", ".join(dict.fromkeys(predicted[name])) or "not tested" for name in (LAST, ORACLE))
        return self.name, last, oracle

    def true_class(self, clip: str) -> str:
        """Return the clip's class, "" for one that is not tested."""
        return next((row["truth"] for row in self.predictions if row["clip"] == clip), "")


def read(folder: Path, name: str) -> Method:
    """Read a method's files below results/evaluate/<protocol>. Raises StoreError for one that cannot be read."""
    predictions = store.read_csv(folder / f"{name}_predictions.csv", PREDICTION_COLUMNS)
    confusions = store.read_csv(folder / f"{name}_confusion.csv", CONFUSION_COLUMNS)
    classes = list(dict.fromkeys(row["truth"] for row in confusions))
    return Method(
        name,
        "+".join(dict.fromkeys(row["origin"] for row in predictions)),
        classes,
        _matrices(confusions, classes),
        store.read_csv(folder / "curves" / f"{name}.csv", curves.COLUMNS),
        predictions,
    )


def _matrices(rows: Sequence[Mapping[str, str]], classes: list[str]) -> dict[tuple[str, str], Matrix]:
    cells = {(row["selection"], row["scope"], row["truth"], row["predicted"]): int(row["clips"]) for row in rows}
    kinds = dict.fromkeys((row["selection"], row["scope"]) for row in rows)
    return {kind: [[cells[*kind, true, predicted] for predicted in classes] for true in classes] for kind in kinds}
