"""The long take of one subject of the population, as the stage `spot` measures it."""

from adapter import logged

with logged() as snakemake:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from microexpr import population
    from microexpr.apps import spot
    from microexpr.population import takes

    params, subject = population.Params(**snakemake.config["population"]), snakemake.wildcards.subject
    clip = takes.video_of(params, subject).clip
    with TemporaryDirectory(prefix="take-") as folder:
        frames = list(
            zip(range(clip.first, clip.last + 1), takes.film_take(Path(folder), params, subject), strict=True)
        )
        numbers, footage = spot.open_clip(clip, frames)
        settings = spot.Params(**snakemake.params.spot, methods={"au_noise": {}})
        spot.write(snakemake.output[0], clip, numbers, footage, settings)
