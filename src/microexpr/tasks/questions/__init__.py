"""Questions on the faces of clips and long videos, as the challenges of MEGC ask them since 2025."""

from microexpr.tasks.task import Task

TASK = Task(
    "questions",
    {"megc2026_table": ()},
    "Questions",
    "Questions on faces, as the challenges of MEGC ask them since 2025, answered by guesses, measurements and methods. "
    "Published figures are of licensed data.",
    rules=("questions", "questions_measure", "questions_program", "questions_table"),
    has_clip_datasets=False,
    after=("emotion", "units", "spot"),
)
