"""Recognition of action units, leaving one data set out, or one subject of a data set."""

from dataclasses import replace

from microexpr.datasets import OWN
from microexpr.protocols import classes
from microexpr.protocols.protocol import Protocol, Task

# data sets with action units, in meb's order, and own ones
CODED = ("casme", "casme2", "samm", "fourdme", "mmew", "casme3", *OWN)
UNITS, UNITS_LOSO, UNITS_QUESTIONS = "units_cross_dataset", "units_loso", "units_questions"
ACROSS = Protocol(
    UNITS,
    "dataset",
    CODED,
    classes.UNITS,
    classes.coded,
    several=True,
    title="Action units, leaving one data set out",
)
WITHIN = replace(
    ACROSS,
    name=UNITS_LOSO,
    unit="subject",
    alone=True,
    grouped=True,
    title="Action units, leaving subjects of one data set out",
)
ASKED = replace(
    WITHIN,
    name=UNITS_QUESTIONS,
    datasets=("casme2", "samm"),
    title="Action units of the main table's clips, leaving subjects of one data set out",
)
TASK = Task(
    "units", (ACROSS, WITHIN, ASKED), {"units_table": (UNITS,), "units_loso_table": (UNITS_LOSO,)},
    floor="prevalence",
)  # fmt: skip
