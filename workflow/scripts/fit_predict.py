"""The shipped recogniser of `microexpr predict`, trained on the clips of the population."""

from adapter import logged, progress_bar

with logged() as snakemake:
    from microexpr.training import train
    from microexpr.training.checkpoint import CheckpointDir
    from reader_fits import population
    from reader_fits import predict as fit
    from reader_fits.population.scenes import clips_of

    params = population.Params(**snakemake.config["population"])
    training, held_out = (
        clips_of(params, names, {"micro"}) for names in (params.training_subjects(), params.held_out_subjects())
    )
    fit.run(
        (fit.make_job(training, train.Params(**snakemake.config["train"])), snakemake.input.training),
        (held_out, snakemake.input.held_out),
        snakemake.output[0],
        progress_bar("predict"),
        CheckpointDir("work/checkpoints/shipped/fit/predict", snakemake.params.code),
    )
