"""Local regions' Figures 3, 5 and 7, of this run's clips."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.datasets import index
    from microexpr.models.recognisers.localregions import LocalRegions
    from microexpr.reporting.plots import localregions
    from microexpr.reporting.plots.drawing import plot

    clips, values, results = index.read_all(snakemake.input.index), snakemake.params, Path("results")
    shrink, outputs = LocalRegions.Params(**values.method).shrink, snakemake.output
    plot(localregions.fig3, clips, results, values.show, path=outputs.fig3)
    plot(localregions.fig5, clips, results, shrink, values.show, path=outputs.fig5)
    plot(localregions.fig7, clips, results, values.show, path=outputs.fig7)
