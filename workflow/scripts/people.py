"""Subjects who look like one person, and how many were compared."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr.datasets import index
    from microexpr.evaluation import duplicate_subjects

    clips = index.read_all(snakemake.input.index)
    found = duplicate_subjects.report(
        clips, snakemake.input.faces, duplicate_subjects.Params(**snakemake.params.people)
    )
    duplicate_subjects.write(snakemake.output.duplicates, found.pairs)
    duplicate_subjects.write_compared(snakemake.output.compared, found.compared)
