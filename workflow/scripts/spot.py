"""Action units and movement of one long video, and what the spotter of `microexpr predict` finds in it."""

from adapter import Snakemake, logged, logger

snakemake: Snakemake  # defined by Snakemake

with logged(snakemake.log[0]):
    import numpy as np

    from microexpr import datasets
    from microexpr.apps import spot
    from microexpr.core import store
    from microexpr.core.clip import Clip
    from microexpr.signals.aus import regressor
    from microexpr.signals.faces import predictors

    clip, params = Clip.from_row(snakemake.params.video), spot.Params(**snakemake.params.spot, methods={"au_noise": {}})
    reader = regressor.load()
    numbers, footage = spot.open_clip(clip, datasets.frames(clip))
    measured = spot.measure(footage, reader, params)
    with store.subject_file(snakemake.output[0], "spot", [clip], spot=snakemake.params.spot) as file:
        file.put("fitted_on", sorted({*reader.fitted_on, *predictors.fitted_on("network")}))
        file.group(clip.name).put_all(**measured.arrays(np.array(numbers)))
    logger.info("%s: %d frames read of %d", clip.id, len(measured.spotted.curves.gaze), clip.frames)
