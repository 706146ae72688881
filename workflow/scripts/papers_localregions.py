"""Local regions' Figures 3, 5 and 7, of this run's clips."""

from pathlib import Path

from adapter import logged

with logged() as snakemake:
    from microexpr.datasets import index
    from microexpr.models.recognisers.localregions import LocalRegions
    from microexpr.reporting.plots import localregions

    clips, values, results = index.read_all(snakemake.input.index), snakemake.params, Path("results")
    params = LocalRegions.Params(**values.method)
    localregions.fig3(snakemake.output.fig3, clips, results, values.show)
    localregions.fig5(snakemake.output.fig5, clips, results, params.shrink, values.show)
    localregions.fig7(snakemake.output.fig7, clips, results, values.show)
