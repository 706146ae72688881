"""Subjects who may be the same person, and how many were compared."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core import store
    from microexpr.datasets import index
    from microexpr.evaluation import duplicate_subjects

    clips = index.read_all(snakemake.input.index)
    compared, pairs = duplicate_subjects.report(
        clips, snakemake.input.faces, duplicate_subjects.Params(**snakemake.params.section)
    )
    store.write_csv(snakemake.output.duplicates, duplicate_subjects.PAIR, pairs)
    store.write_csv(snakemake.output.compared, duplicate_subjects.COMPARED, compared)
