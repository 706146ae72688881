"""Action units of one long video, and what the spotter of `microexpr predict` finds in it."""

from adapter import logged, logger

with logged() as snakemake:
    from microexpr import datasets
    from microexpr.apps import spot
    from microexpr.core.clip import Clip

    clip, params = Clip.from_row(snakemake.params.video), spot.Params(**snakemake.params.spot, methods={"predict": {}})
    numbers, footage = spot.open_clip(clip, datasets.frames(clip))
    count = spot.write(snakemake.output[0], clip, numbers, footage, params)
    logger.info("%s: %d frames read of %d", clip.id, count, clip.frames)
