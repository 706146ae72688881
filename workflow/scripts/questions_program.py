"""Answers of an outside program to the questions on one data set."""

from adapter import logged

with logged() as snakemake:
    from microexpr.apps.answer import run_program

    values, files = snakemake.params, snakemake.input
    run_program(values.command, files.to_answer, values.videos, snakemake.output[0], snakemake.wildcards.program)
