"""Spotting of micro- and macro-expressions in long videos, leaving subjects out."""

from microexpr.tasks.task import Task

TASK = Task(
    "spot",
    {"megc2025_table": ()},
    "Long videos",
    "Micro- and macro-expressions spotted in long videos, counted as in the challenges of MEGC. Published figures are "
    "of licensed data.",
    rules=("render_long_{long}", "annotation_{long}", "spot", "spot_movement", "spot_find", "spot_table"),
    has_clip_datasets=False,
)
