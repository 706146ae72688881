"""`python workflow/plan.py [WORD...]` prints the trainings of a run, of those with all words: `units ststnet`."""

import sys

import pandas as pd
from stage import planned_run


def main(words: list[str]) -> None:
    plans = planned_run().recognition.values()
    rows = (training.row() for plan in plans for training in plan.trainings)
    lines = [row for row in rows if {*words} <= {word for value in row.values() for word in str(value).split()}]
    print(pd.DataFrame(lines).to_string(index=False) if lines else "no training has all of these words")


if __name__ == "__main__":
    main(sys.argv[1:])
