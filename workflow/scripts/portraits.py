"""The portraits of one subject of the population."""

from adapter import Snakemake, logged

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    from microexpr import population
    from microexpr.population.portraits import write_portraits

    write_portraits(
        snakemake.output[0], snakemake.wildcards.subject, population.Params(**snakemake.config["population"])
    )
