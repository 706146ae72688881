"""Parts of Snakemake that its documentation does not name: tried with 9.27.1, found nowhere else here.

Each function says what would be lost without it. A test finds other uses.
"""

from typing import Any


def is_main(workflow: Any) -> bool:
    """Return whether this process is the one that a user started: each job starts Snakemake once more.

    Else every job would read all outputs, and print all notes."""
    return bool(workflow.is_main_process)


def runs_jobs_here(workflow: Any) -> bool:
    """Return whether jobs are processes of this machine, which a server can fork, not of a cluster."""
    return bool(workflow.local_exec)


def config_files(workflow: Any) -> list[str]:
    """Return the files of --configfile: of two equal keys in one Snakemake would take the last."""
    return [*workflow.overwrite_configfiles]


def disable_job_rate_limiter(workflow: Any) -> None:
    """Lets Snakemake look for ready jobs when a job has ended, and at no other time.

    No option turns its limit on jobs per second off: --max-jobs-per-timespan needs a count and a time, and the
    scheduler is created after the Snakefile was read. With a limit, Snakemake 9.27 sets a timer after each look, and
    each job that ends adds a look: hundreds a second at the end of a run of a few hundred jobs."""
    workflow.scheduler.job_rate_limiter = None


def quote_python() -> None:
    """Lets Snakemake start scripts by a Python with a blank or an apostrophe in its path.

    Snakemake 9.27 quotes the path of the script alone (its issue 2645)."""
    from snakemake.script import PythonScript  # type: ignore[import-untyped]

    execute = PythonScript._execute_cmd

    def execute_quoted(script: Any, command: str, **values: Any) -> Any:
        return execute(script, command.replace("{py_exec}", "{py_exec:q}"), **values)

    PythonScript._execute_cmd = execute_quoted
