"""`python workflow/plan.py [WORD...]` prints the trainings of a run, of those with all words: `units ststnet`."""

import sys

import pandas as pd
from stage import planned_run

from microexpr.protocols import TASKS


def main(words: list[str]) -> None:
    plan = planned_run().plan
    rows = (training.row() for name in TASKS for training in plan.of_task(name))
    lines = [row for row in rows if {*words} <= {word for value in row.values() for word in str(value).split()}]
    print(pd.DataFrame(lines).to_string(index=False) if lines else "no training has all of these words")


if __name__ == "__main__":
    main(sys.argv[1:])
