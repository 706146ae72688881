"""One subject of the population: its clips, sessions and scenes."""

from adapter import logged

with logged() as snakemake:
    from microexpr.signals import faces, flow
    from reader_fits import population
    from reader_fits.population.subject import write_subject

    write_subject(
        snakemake.output[0],
        snakemake.wildcards.subject,
        population.Params(**snakemake.config["population"]),
        faces.Params(**snakemake.params.faces),
        flow.Params(**snakemake.params.flow),
    )
