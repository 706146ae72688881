"""Intervals of one spotter in all long videos, trained on those of other subjects."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from functools import partial

    from microexpr.apps import spot
    from microexpr.apps.predict.recognition import SHIPPED, load
    from microexpr.core.clip import Fold, LongVideo
    from microexpr.models import spotters
    from microexpr.training import spot as training

    values, name = snakemake.params, snakemake.wildcards.spotter
    videos = [LongVideo.from_row(row) for row in values.videos]
    measured = [snakemake.input.curves, *filter(None, [snakemake.input.movement])]
    files = dict(zip((video.clip.id for video in videos), zip(*measured, strict=True), strict=True))
    folds = [Fold(fold["name"], tuple(fold["train"]), tuple(fold["test"])) for fold in values.folds]
    recogniser = load(SHIPPED)
    spotter, seeds = (
        spotters.build(name, values.params, values.side),
        [values.seed + number for number in range(values.seeds)],
    )
    classify, bar = partial(spot.classify, recogniser), progress_bar(name)
    output, seen = snakemake.output[0], recogniser.fitted_on
    training.run(name, spotter, videos, files, folds, seeds, output, classify, seen, bar, origin=videos[0].clip.origin)
