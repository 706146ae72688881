"""MTMNet's Figure 1, of this run's clips."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.datasets import index
    from microexpr.reporting.plots import mtmnet

    clips = index.read_all(snakemake.input.index)
    mtmnet.fig1(snakemake.output[0], clips, Path("results"), snakemake.params.show)
