"""Measure inputs one after the other, each into its own file, and sum them up. A bad one does not stop the others."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from microexpr.apps.measure import tables, written
from microexpr.apps.measure.columns import QUALITY
from microexpr.apps.measure.inputs import COLUMNS, Job, Kind, Plan, identify
from microexpr.apps.measure.tables import Table
from microexpr.apps.predict.take import Progress
from microexpr.core import outputs, store
from microexpr.core.errors import OutputError, StoreError, about
from microexpr.videos import Scan, frames

SUMMARY_EVERY = 5.0  # seconds between two writes of the summary; a killed run measures so much again
SLOWEST = 1.0  # frames a second of a video that is measured


class Outcome(NamedTuple):
    """One input, once it is measured or skipped."""

    job: Job
    table: Table | None  # None if its file was there already, and with a problem
    problem: str


def measure(path: Path, kind: Kind, fps: float | None, progress: Progress) -> Table:
    """Measure one input. Raises DataError if it cannot be read or shows no face."""
    if kind in ("video", "frames"):
        return tables.of_video(Scan(path, fps, SLOWEST, 0), progress)
    paths = frames.pictures(path) if kind == "pictures" else [path]
    return tables.of_pictures(paths, progress)


def run(plan: Plan, fps: float | None, progress: Progress) -> Iterator[Outcome]:
    """Measure the inputs of a plan, write their tables and the summary, and yield each.

    Raises OutputError or StoreError if a file cannot be written."""
    rows: dict[str, dict[str, Any]] = dict(plan.rows)
    last = time.monotonic()
    try:
        for number, job in enumerate(plan.jobs, 1):
            if job.row is None:
                outcome, rows[job.output.names[0]] = _measure_and_write(job, fps, progress)
                yield outcome
            else:
                yield Outcome(job, None, "")
            progress("inputs", number, len(plan.jobs))
            if time.monotonic() - last > SUMMARY_EVERY and number < len(plan.jobs):
                _write_summary(plan, rows)
                last = time.monotonic()
    finally:
        _write_summary(plan, rows)


def _measure_and_write(job: Job, fps: float | None, progress: Progress) -> tuple[Outcome, dict[str, Any]]:
    start, name = time.monotonic(), job.output.names[0]
    row: dict[str, Any] = {"table": name} | identify(job.path, job.kind, fps)
    try:
        table = measure(job.path, job.kind, fps, progress)
        with outputs.publish(job.output) as part:
            written.write(part / name, table)
    except (OutputError, StoreError):
        raise  # the other tables cannot be written either
    except Exception as error:  # decoders and detectors raise errors of many kinds, and a night's run goes on
        problem = about(job.path, error)
        return Outcome(job, None, problem), row | {"problem": problem}
    problem = "; ".join(table.problems)
    means = {measure: _mean(table.columns.get(measure)) for measure in QUALITY}
    return Outcome(job, table, problem), row | means | {
        "origin": written.attributes_of(table)["origin"],
        "frames": table.frames,
        "faces": table.faces,
        "share_with_face": round(table.share_with_face, 4),
        "seconds": "" if table.seconds is None else round(table.seconds, 3),
        "seconds_taken": round(time.monotonic() - start, 2),
        "reference": table.reference,
        "note": "; ".join(table.notes),
        "problem": problem,
    }


def _mean(values: np.ndarray | None) -> float | str:
    return "" if values is None or np.isnan(values).all() else round(float(np.nanmean(values)), 4)


def _write_summary(plan: Plan, rows: dict[str, dict[str, Any]]) -> None:
    with outputs.publish(plan.summary) as part:
        store.write_csv(part / plan.summary.names[0], COLUMNS, (rows[name] for name in sorted(rows)))
