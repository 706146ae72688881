"""Subjects who may be the same person, and how many were compared."""

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from microexpr.datasets import index
    from microexpr.evaluation import duplicate_subjects

    clips = index.read_all(snakemake.input.index)
    report = duplicate_subjects.report(
        clips, snakemake.input.faces, duplicate_subjects.Params(**snakemake.params.section)
    )
    duplicate_subjects.write(snakemake.output.duplicates, report.pairs)
    duplicate_subjects.write_compared(snakemake.output.compared, report.compared)
