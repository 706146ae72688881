"""What the evaluate stage wrote of the table's methods, read for a page. Counts clips; computes no figure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from microexpr.core import store
from microexpr.evaluation import CONFUSION, FULL, PREDICTIONS, curves
from microexpr.evaluation.rows import RERUN_HINT

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
        """Data sets; all of them together is none of these."""
        return [scope for selection, scope in self.confusions if selection == LAST and scope != FULL]

    def right(self) -> dict[str, tuple[int, int]]:
        """By person: how many clips the last epoch said right, and of how many; over all seeds."""
        good: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for row in self.predictions:
            if row["selection"] == LAST:
                person = row["clip"].rsplit("/", 1)[0]
                total[person] += 1
                good[person] += row["truth"] == row["predicted"]
        return {person: (good[person], total[person]) for person in sorted(total)}

    def said(self, clip: str) -> tuple[str, str, str]:
        """The method's name, and what it said of a clip, of last epoch and oracle; seeds apart by commas."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for row in self.predictions:
            if row["clip"] == clip:
                found[row["selection"]].append(row["predicted"])
        last, oracle = (", ".join(dict.fromkeys(found[name])) or "not tested" for name in (LAST, ORACLE))
        return self.name, last, oracle

    def truth(self, clip: str) -> str:
        """The clip's class, "" for one that is not tested."""
        return next((row["truth"] for row in self.predictions if row["clip"] == clip), "")


def read(folder: Path, name: str) -> Method:
    """A method's files below results/evaluate/<protocol>. Raises StoreError for one that cannot be read."""
    predictions = store.read_csv(folder / f"{name}_predictions.csv", PREDICTIONS, RERUN_HINT)
    counted = store.read_csv(folder / f"{name}_confusion.csv", CONFUSION, RERUN_HINT)
    classes = list(dict.fromkeys(row["truth"] for row in counted))
    return Method(
        name,
        "+".join(dict.fromkeys(row["origin"] for row in predictions)),
        classes,
        _matrices(counted, classes),
        store.read_csv(folder / "curves" / f"{name}.csv", curves.COLUMNS, RERUN_HINT),
        predictions,
    )


def _matrices(counted: Sequence[Mapping[str, str]], classes: list[str]) -> dict[tuple[str, str], Matrix]:
    cells = {(row["selection"], row["scope"], row["truth"], row["predicted"]): int(row["clips"]) for row in counted}
    kinds = dict.fromkeys((row["selection"], row["scope"]) for row in counted)
    return {kind: [[cells[*kind, true, said] for said in classes] for true in classes] for kind in kinds}
