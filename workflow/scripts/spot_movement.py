"""The movement in one long video, as published spotters read it."""

from adapter import logged

with logged() as snakemake:
    from microexpr.apps.spot.movement import write
    from microexpr.core.clip import Clip
    from microexpr.signals.spotting import movement

    clip, params = Clip.from_row(snakemake.params.video), movement.Params(**snakemake.params.movement)
    write(snakemake.output[0], snakemake.input.curves, clip, params)
