"""Clips of generators that are trained apart from recognisers, for methods to learn from."""

from microexpr.tasks.task import Task

TASK = Task("synthesise", {}, rules=("synthesise", "evaluate_clips"), has_clip_datasets=False)
