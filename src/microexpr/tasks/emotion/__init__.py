"""Recognition of emotions: the main table, and what papers' tables and figures are made of."""

from microexpr.protocols import MEGC2019
from microexpr.protocols.emotion import EMOTION
from microexpr.tasks.task import MAIN_TASK, Recognition

TASK = Recognition(
    MAIN_TASK, {"megc2019_table": (MEGC2019,)}, protocols=EMOTION, floor="majority", after=("synthesise",)
)  # fmt: skip
