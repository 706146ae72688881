"""MTMNet's Figure 1, of this run's clips."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.datasets import index
    from microexpr.reporting.plots import drawing, mtmnet

    clips = index.read_all(snakemake.input.index)
    drawing.plot(mtmnet.fig1, clips, Path("results"), snakemake.params.show, path=snakemake.output[0])
