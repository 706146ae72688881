"""The index CSV of a data set, held to the rows that the DAG was built with."""

from adapter import logged, logger

with logged() as snakemake:
    from microexpr.core.clip import Clip
    from microexpr.datasets import index

    clips = [Clip.from_row(row) for row in snakemake.params.rows]
    for note in index.verify(snakemake.wildcards.dataset, clips, index.Params(**snakemake.params.index)):
        logger.info(note)
    index.write(snakemake.output[0], clips, index.detections(snakemake.input.faces))
