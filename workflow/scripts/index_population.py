"""The index CSV of rendered subjects of no corpus: the rows that the DAG was built with."""

from adapter import logged

with logged() as snakemake:
    from microexpr.core.clip import Clip
    from microexpr.datasets import index

    index.write(snakemake.output[0], [Clip.from_row(row) for row in snakemake.params.rows])
