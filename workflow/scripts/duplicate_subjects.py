"""Subjects who look like one person, and how many were compared."""

from adapter import logged

with logged(snakemake.log[0]):
    from microexpr import index, people

    clips = index.read_all(snakemake.input.index)
    found = people.report(clips, snakemake.input.faces, people.Params(**snakemake.params.section))
    people.write(snakemake.output.duplicates, found.pairs)
    people.write_compared(snakemake.output.compared, found.compared)
