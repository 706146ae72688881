"""The shipped network of `au_curves`, trained on the long takes of the population."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from pathlib import Path

    from microexpr import population
    from microexpr.apps.spot import fit
    from microexpr.population import takes

    params = population.Params(**snakemake.config["population"])
    training, held_out = (
        {path: takes.video_of(params, Path(path).stem) for path in paths}
        for paths in (snakemake.input.training, snakemake.input.held_out)
    )
    fit.run(training, held_out, snakemake.output[0], progress_bar("spotter"))
