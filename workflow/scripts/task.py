"""A job of a task: the function of its module that params `task` and `job` name, given params, inputs and outputs."""

from adapter import logged

with logged() as snakemake:
    from microexpr.tasks import TASKS

    job = TASKS[snakemake.params.task].part("jobs", snakemake.params.job)
    job(*(dict(files.items()) for files in (snakemake.params, snakemake.input, snakemake.output)))
