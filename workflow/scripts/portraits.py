"""The portraits of one subject of the population."""

from adapter import logged

with logged() as snakemake:
    from reader_fits import population
    from reader_fits.population.portraits import write_portraits

    write_portraits(
        snakemake.output[0], snakemake.wildcards.subject, population.Params(**snakemake.config["population"])
    )
