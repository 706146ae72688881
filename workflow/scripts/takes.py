"""A long take of one subject of the population, as `microexpr predict` reads three recordings of it."""

from adapter import logged

with logged() as snakemake:
    from reader_fits import measured_takes, population

    measured_takes.write(
        snakemake.output[0], snakemake.wildcards.subject, population.Params(**snakemake.config["population"])
    )
