"""Recognition of action units, leaving one data set out, or one subject of a data set."""

from dataclasses import replace

from microexpr.protocols import CODED, Protocol, classes
from microexpr.tasks.task import Recognition

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
TASK = Recognition(
    "units",
    {"units_table": (UNITS,), "units_loso_table": (UNITS_LOSO,)},
    "Action units",
    "Twelve action units, several at once, as Varanka et al. evaluate them: F1 of the clips that show a unit. "
    "Published figures are of licensed data.",
    protocols=(ACROSS, WITHIN, ASKED),
    floor="prevalence",
)
