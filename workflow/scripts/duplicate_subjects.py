"""Subjects who may be the same person, and how many were compared."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import duplicate_subjects

    clips = index.read_all(snakemake.input.index)
    report = duplicate_subjects.report(
        clips, snakemake.input.faces, duplicate_subjects.Params(**snakemake.params.section)
    )
    duplicate_subjects.write(snakemake.output.duplicates, report.pairs)
    store.write_csv(snakemake.output.compared, duplicate_subjects.COMPARED, report.compared)
